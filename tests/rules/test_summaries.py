"""Error summaries name the question of each line."""

from __future__ import annotations

from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.summaries import name_lines
from sandbox.foundation.web.templating import environment
from tests.harness import words

PAGE = """
{{ error_summary(form) }}
{{ text_field(form, "name", "Your name & title") }}
{{ radios_field(form, "scope", "Is it in scope?", [("yes", "Yes"), ("no", "No")]) }}
{{ checkbox_field(form, "agreed", "I agree to the terms") }}
{{ rows_field(form, "risks", "Risks of the test", [{"key": "what", "label": "What"}]) }}
{% call fieldset("Everything below") %}
{{ text_field(form, "inner", "Inner") }}
{{ radios_field(form, "inner_scope", "Once more?", [("yes", "Yes"), ("no", "No")]) }}
{{ checkbox_field(form, "also", "I also agree") }}
{% endcall %}
"""


def _lines(**errors: str) -> str:
    form = Form({}, errors)
    page = name_lines(environment().from_string(PAGE).render(form=form))
    return page.partition('<div class="govuk-form-group')[0]


def test_each_line_names_its_question() -> None:
    errors = dict.fromkeys(("name", "scope", "agreed", "risks", "inner"), "Choose an answer")
    told = words(_lines(**errors))
    assert told == (
        "There is a problem Your name & title: Choose an answer Is it in scope? Choose an answer "
        "I agree to the terms: Choose an answer Risks of the test: Choose an answer "
        "Inner: Choose an answer"
    )


def test_a_line_of_no_field_stays_as_it_is() -> None:
    assert words(_lines(**{"": "Too late.", "gone": "Not here"})) == (
        "There is a problem Too late. Not here"
    )


def test_a_name_is_written_as_text() -> None:
    assert "Your name &amp; title: " in _lines(name="Enter it")
