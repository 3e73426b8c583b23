"""The terms of a decision say the same in the letter, in the plan and on the pilot's pages."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from pdfminer.high_level import extract_text

from sandbox.applications import commands as applications
from sandbox.applications import decision_form, letter, rules, terms
from sandbox.applications.tables import Application, Decision, Review
from sandbox.foundation import clock, i18n
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import format_date
from sandbox.framework import library
from sandbox.framework.clocks import Calendar
from sandbox.people.person import Person
from sandbox.pilots import commands
from sandbox.pilots.rhythms import Rhythm
from sandbox.pilots.tables import Condition, Milestone
from tests import factories
from tests.harness import Visitor, run_jobs
from tests.system.test_pilots import admitted, people

__all__ = ["people"]  # the fixture

PACK = library.current()


def picked(key: str) -> dict[str, Any]:
    """A condition of the library as the decision's page sends it."""
    template = PACK.condition(key)
    return {
        "template": key, "kind": template.kind.value, "title": dict(template.title),
        "text": dict(template.text), "source": {}, "precedent": template.precedent,
        "due_on": None, "every": template.every or "",
        "threshold": msgspec.to_builtins(template.threshold) if template.threshold else None,
    }  # fmt: skip


CAP = next(c.key for c in PACK.conditions if c.cap and c.cap.of == "people")
TERMS = {
    "conditions": [picked("sensitivity_floor"), picked(CAP), picked("liability_insurance")],
    "milestones": [{"title": {"en": "First hundred people"}, "evidence": {"en": "Figures"},
                    "month": 2}],
}  # fmt: skip


async def _letter(key: Any) -> str:
    """The words of the newest decision's letter."""
    decision = await Decision.objects().where(Decision.case == key).order_by(
        Decision.decided_at, ascending=False
    ).first().output(load_json=True)  # fmt: skip
    application = await Application.objects().get(Application.id == key)
    assert application is not None
    sent, _language = await letter._sent(application, decision)
    return " ".join(extract_text(io.BytesIO(await letter.letter_of(sent, PACK, "en"))).split())


async def test_letter_plan_and_pages_number_and_date_alike(
    client: Visitor, people: dict[str, Person]
) -> None:
    key = await admitted(*people.values(), **TERMS)
    firm = await client.sign_in(people["founder"])
    promised = PACK.condition("liability_insurance").title.in_("en")
    owed = "Before going live, within 30 days of accepting the plan"
    offered = await firm.text(f"/applications/{key}/plan")
    told = await _letter(key)
    for text in (offered, told):
        assert owed in text
        assert text.index(f"1 {promised}") < text.index("2 Sensitivity") < text.index("3 At most")
        assert "A breach opens an incident." in text
    pilot = await commands.accept_plan(people["founder"], key)
    rows = await Condition.objects().where(Condition.pilot == pilot.id)
    due = next(row.due_on for row in rows if row.number == 1)
    words = f"Before going live, by {format_date(due)}"
    calendar = PACK.jurisdiction.calendar()
    assert calendar.works_on(due)
    assert due >= calendar.day_of(clock.now()) + timedelta(days=30)
    assert words in await firm.text(f"/pilots/{pilot.id}/plan")
    assert words in await firm.text(f"/pilots/{pilot.id}/conditions")
    assert f"1. {promised}" in await firm.text(
        f"/pilots/{pilot.id}/conditions/{next(row.id for row in rows if row.number == 1)}"
    )


async def test_a_cap_says_what_the_application_asks_for(
    client: Visitor, people: dict[str, Person]
) -> None:
    key = await admitted(*people.values(), **TERMS)
    found = await Application.objects().get(Application.id == key).output(load_json=True)
    assert found is not None
    most = i18n.format_number(min(int(found.answers["people_limit"]), 2000))
    firm = await client.sign_in(people["founder"])
    page = await firm.text(f"/applications/{key}/plan")
    assert f"At most {most} participants" in page
    assert f"People at most {most}" in page


def test_a_cap_can_be_set_and_is_written_as_people_write() -> None:
    said = terms.capped(PACK.condition(CAP), 12_500, PACK)
    assert said["title"]["en"] == "At most 12,500 participants"
    assert "12,500" in said["text"]["ms"]
    assert said["cap"]["limit"] == 12_500


async def test_the_decision_page_fills_in_every_limit(
    client: Visitor, people: dict[str, Person]
) -> None:
    answers = {"people_limit": 700, "lead_sector": "healthcare"}
    opened = decision_form.proposal(PACK, answers, "admitted")
    assert opened[f"limit.{CAP}"] == "700"
    assert opened["limit.sensitivity_floor"] == "0.92"
    decided = decision_form.terms_of(
        {**opened, "condition": [CAP], f"limit.{CAP}": "1,500"},
        pack=PACK, answers=answers, language="en",
    )  # fmt: skip
    assert decided.conditions[0]["title"]["en"] == "At most 1,500 participants"


async def test_days_that_fall_on_a_holiday_move_to_a_working_day(
    people: dict[str, Person],
) -> None:
    saturday = datetime(2027, 1, 30, 4, 0, tzinfo=UTC)
    with clock.at(saturday):
        key = await admitted(*people.values(), conditions=[picked(CAP)], milestones=[
            {"title": {"en": "First"}, "evidence": {}, "month": month} for month in range(1, 7)
        ])  # fmt: skip
        pilot = await commands.accept_plan(people["founder"], key)
        await commands.declare_ready(people["founder"], pilot.id)
        await commands.go_live(people["officer"], pilot.id)
    days = [m.due_on for m in await Milestone.objects().where(Milestone.pilot == pilot.id)]
    assert all(PACK.jurisdiction.calendar().works_on(day) for day in days)


def test_a_report_moved_to_monday_does_not_move_those_after_it() -> None:
    rhythm = Rhythm(date(2026, 1, 31), Calendar(zone=PACK.jurisdiction.zone))
    first = rhythm.after(date(2026, 1, 31), "monthly")
    second = rhythm.after(first, "monthly")
    third = rhythm.after(second, "monthly")
    assert (first, second, third) == (date(2026, 3, 2), date(2026, 3, 31), date(2026, 4, 30))


async def test_the_letter_gives_the_reasons_by_criterion_and_nobodys_name_or_score(
    people: dict[str, Person],
) -> None:
    key = await admitted(*people.values(), **TERMS)
    criterion = PACK.rubric.criteria[0]
    await Review.update({Review.comments: {criterion.key: "Three sites are too few."}}).where(
        Review.case == key
    )
    told = await _letter(key)
    assert f"{criterion.name} Three sites are too few." in told
    assert people["reviewer"].name not in told


def test_a_review_without_its_reasons_is_not_taken() -> None:
    scores = {criterion.key: 3 for criterion in PACK.rubric.criteria}
    review = Review(
        case=uuid4(),
        reviewer=uuid4(),
        state="reviewing",
        recommendation="admit",
        scores=scores,
        comments={},
    )
    with pytest.raises(InvalidInput) as refused:
        rules.submit_review(review, pack=PACK, at=clock.now())
    assert set(refused.value.errors) == {f"comment_{key}" for key in scores}


async def test_reasons_of_another_outcome_are_left_out(people: dict[str, Person]) -> None:
    wrong = next(r.key for r in PACK.reasons_for("refused"))
    right = next(r.key for r in PACK.reasons_for("admitted_with_conditions"))
    key = await admitted(*people.values(), **TERMS)
    await applications.ask_reconsideration(people["founder"], key, text="Too strict")
    other = await factories.decision_maker()
    decided = await applications.decide(
        other, key, outcome="admitted_with_conditions",
        terms=applications.Terms(reasons=[wrong, right], months=6, **TERMS),
    )  # fmt: skip
    assert decided.reasons == [right]
    await run_jobs()
