"""The page of life cycles says what the rules say."""

from __future__ import annotations

from scripts import life_cycles


def test_the_page_is_what_the_rules_say() -> None:
    assert life_cycles.PAGE.read_text() == life_cycles.page(), "run `make life-cycles`"
