"""A case from submission to decision, over the pages of those who judge it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from sandbox.applications import commands, queries
from sandbox.applications.tables import Application, Review
from sandbox.demo import answering, year
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.people.person import Person
from sandbox.pilots.commands import accept_plan
from tests import factories
from tests.harness import Visitor, mails, run_jobs

CASE = next(case for case in year.cases() if case.sector == "healthcare" and not case.other_sector)


async def submitted(founder: Person) -> Application:
    """An application that has just come in."""
    pack = library.current()
    application = await commands.start_application(
        founder, title=CASE.title, lead_sector="healthcare"
    )
    answers = answering.answers_of(
        CASE, pack, firm=founder.organisation_name, number="202601012345", lead=founder.name
    )
    await commands.save_answers(founder, application.id, answers)
    return await commands.submit(founder, application.id)


def everything_holds() -> dict[str, str]:
    """A checklist on which all is well."""
    checks = library.current().screening
    return {f"check_{c.key}": "yes" for c in checks if not c.sectors or "healthcare" in c.sectors}


def review_fields() -> dict[str, str]:
    """A whole review."""
    criteria = library.current().rubric.criteria
    return {
        **{f"score_{c.key}": "3" for c in criteria},
        **{f"comment_{c.key}": "Well argued." for c in criteria},
        "recommendation": "conditions",
        "comment": "Watch the rural sites.",
    }


async def test_the_queue_begins_with_what_is_to_be_done_now(client: Visitor) -> None:
    founder, officer = await factories.applicant(), await factories.officer()
    maker = await factories.decision_maker()
    stopped, running, recommended = [await submitted(founder) for _n in range(3)]
    await fetch(
        "UPDATE application SET state = CASE id WHEN $1 THEN 'awaiting_clarification' "
        "WHEN $2 THEN 'in_review' ELSE 'recommended' END, due_at = now() + CASE id "
        "WHEN $1 THEN interval '1 day' WHEN $2 THEN interval '5 days' ELSE interval '9 days' END",
        stopped.id, running.id,
    )  # fmt: skip

    async def order(person: Person) -> list[str]:
        page = (await (await client.sign_in(person)).get("/cases")).text
        lines = re.findall(r'<th scope="row"[^>]*><a [^>]*href="/cases/([0-9a-f-]+)"', page)
        (now,) = re.findall(r'class="app-next.*?href="/cases/([0-9a-f-]+)"', page, re.DOTALL)
        assert now == lines[0]
        return lines

    elsewhere = await client.sign_in(await factories.officer("finance"))
    assert "No cases here" in await elsewhere.text("/cases")
    ids = [str(one.id) for one in (stopped, running, recommended)]
    assert await order(officer) == [ids[1], ids[2], ids[0]]
    assert await order(maker) == [ids[2], ids[1], ids[0]]


async def test_from_submission_to_decision(client: Visitor) -> None:  # noqa: PLR0915  (a story)
    founder, officer = await factories.applicant(), await factories.officer()
    reviewer, maker = await factories.reviewer(), await factories.decision_maker()
    application = await submitted(founder)
    case = f"/cases/{application.id}"
    desk = await client.sign_in(officer)
    assert CASE.title in await desk.text("/cases")
    assert "Begin screening" in await desk.text(case)
    await desk.submit(f"{case}/steps/begin")
    answer = await desk.submit(f"{case}/screening", {**everything_holds(), "outcome": "accepted"})
    assert answer.status_code == 303, answer.text
    answer = await desk.submit(f"{case}/reviews", {"reviewer": str(reviewer.id)})
    assert answer.status_code == 303, answer.text
    review = await Review.objects().first()
    assert review is not None

    async with client.another() as second:
        await second.sign_in(reviewer)
        assert CASE.summary not in await second.text(f"/reviews/{review.id}")
        assert (await second.get(case)).status_code == 404
        await second.submit(f"/reviews/{review.id}/declare", {"has_conflict": "no"})
        assert CASE.summary in await second.text(f"/reviews/{review.id}")
        half = await second.submit(f"/reviews/{review.id}", {"recommendation": "conditions"})
        assert half.status_code == 422
        saved = await second.submit(f"/reviews/{review.id}/autosave", {"score_need": "2"})
        assert saved.status_code == 200
        assert "Saved" in saved.text
        done = await second.submit(f"/reviews/{review.id}", review_fields())
        assert done.status_code == 303, done.text

    answer = await desk.submit(f"{case}/questions", {"text": "Which sites?", "question": ""})
    assert answer.status_code == 303
    found = await Application.objects().get(Application.id == application.id)
    assert found is not None
    assert found.state == "awaiting_clarification"
    (question,) = (await queries.case(officer, application.id)).clarifications
    await commands.answer_clarification(founder, question.id, "Two in Sabah.")
    assert "Two in Sabah." in await desk.text(f"{case}/questions")
    fields = {"outcome": "admitted_with_conditions", "text": "Sound, within limits."}
    answer = await desk.submit(f"{case}/recommendation", fields)
    assert answer.status_code == 303, answer.text

    async with client.another() as third:
        await third.sign_in(maker)
        page = await third.text(f"{case}/decision")
        assert "Sound, within limits." in page
        refused = await third.submit(f"{case}/decision", {"outcome": "refused", "text": "No."})
        assert refused.status_code == 422
        assert "No." in refused.text
        answer = await third.submit(f"{case}/decision", decision())
        assert answer.status_code == 303, answer.text
        await run_jobs()
        page = await third.text(f"{case}/decision")
        assert "Decision letter (PDF)" in page
        assert "Sensitivity" in page
        assert "Decided" in await third.text(f"{case}/history")
    told = [mail["subject"] for mail in await mails(founder.email)]
    assert any("decided" in subject for subject in told), told


async def test_an_admission_that_nobody_accepts_lapses(client: Visitor) -> None:
    founder, officer = await factories.applicant(), await factories.officer()
    application = await admitted(founder, officer)
    assert application.clock == ClockName.PLAN_ACCEPTANCE
    path = f"/applications/{application.id}"

    with clock.at(application.due_at - timedelta(days=2)):
        assert await commands.sweep() == 1
        assert await commands.sweep() == 0
    with clock.at(application.due_at + timedelta(minutes=1)):
        assert await commands.sweep() == 1
        assert await commands.sweep() == 0
        firm = await client.sign_in(founder)
        assert "the admission has lapsed" in await firm.text(path)
        late = await firm.submit(f"{path}/plan", {"agreed": "yes"})

    found = await Application.objects().get(Application.id == application.id)
    assert found is not None
    assert (found.state, found.due_at) == ("lapsed", None)
    assert late.status_code == 409
    assert "Your admission has lapsed" in (await mails(founder.email))[-1]["subject"]
    assert "An admission has lapsed" in (await mails(officer.email))[-1]["subject"]


@pytest.mark.usefixtures("database")
async def test_an_accepted_admission_does_not_lapse() -> None:
    founder, officer = await factories.applicant(), await factories.officer()
    application = await admitted(founder, officer)
    await accept_plan(founder, application.id)

    with clock.at(clock.now() + timedelta(days=90)):
        assert await commands.sweep() == 0


async def admitted(founder: Person, officer: Person) -> Application:
    """A case just decided, whose plan waits to be accepted."""
    reviewer, maker = await factories.reviewer(), await factories.decision_maker()
    case = (await submitted(founder)).id
    checks = {key.removeprefix("check_"): "yes" for key in everything_holds()}
    await commands.begin_screening(officer, case)
    await commands.screen(officer, case, outcome="accepted", checks=checks, reasons={})
    review = await commands.assign_reviewer(officer, case, reviewer.id)
    await commands.declare(reviewer, review.id, conflict="")
    scores = {criterion.key: 3 for criterion in library.current().rubric.criteria}
    written = commands.Written(
        scores=scores, comments=dict.fromkeys(scores, "Shown."), recommendation="admit"
    )
    await commands.submit_review(reviewer, review.id, written)
    await commands.recommend(officer, case, outcome="admitted", text="Sound.")
    terms = commands.Terms(reasons=["meets_criteria"], months=6)
    await commands.decide(maker, case, outcome="admitted", terms=terms)
    found = await Application.objects().get(Application.id == case)
    assert found is not None
    return found


def decision() -> dict[str, Any]:
    """An admission with a limit that the decision maker changed."""
    return {
        "outcome": "admitted_with_conditions",
        "reasons.admitted_with_conditions": ["risks_need_limits"],
        "months": "12",
        "condition": ["sensitivity_floor", "switch_off"],
        "limit.sensitivity_floor": "0.9",
        "own.1.title": "Weekly call",
        "own.1.text": "Call the officer once a week.",
        "milestone": ["plan.0", "mid_term"],
        "relief": ["0"],
        "text": "Welcome.",
    }


async def test_a_returned_application_says_why(client: Visitor) -> None:
    founder, officer = await factories.applicant(), await factories.officer()
    application = await submitted(founder)
    desk = await client.sign_in(officer)
    await desk.submit(f"/cases/{application.id}/steps/begin")
    checks = {**everything_holds(), "check_rule_named": "no", "outcome": "returned"}
    path = f"/cases/{application.id}/screening"
    assert (await desk.submit(path, checks)).status_code == 422
    checks["reason_rule_named"] = "Name the clause."
    accepted = await desk.submit(path, {**checks, "outcome": "accepted"})
    assert accepted.status_code == 409
    assert (await desk.submit(path, checks)).status_code == 303
    assert any("Name the clause." in mail["text"] for mail in await mails(founder.email))


async def test_the_only_reviewer_does_not_decide(database: str) -> None:
    founder, officer = await factories.applicant(), await factories.officer()
    both = await factories.reviewer()
    application = await submitted(founder)
    await commands.begin_screening(officer, application.id)
    checks = {key[6:]: value for key, value in everything_holds().items()}
    await commands.screen(officer, application.id, outcome="accepted", checks=checks, reasons={})
    review = await commands.assign_reviewer(officer, application.id, both.id)  # type: ignore[arg-type]
    await commands.declare(both, review.id, conflict="")
    criteria = library.current().rubric.criteria
    written = commands.Written(
        scores={c.key: 3 for c in criteria},
        comments={c.key: "Shown well enough." for c in criteria}, recommendation="admit",
    )  # fmt: skip
    await commands.submit_review(both, review.id, written)
    await commands.recommend(officer, application.id, outcome="admitted", text="Good.")
    import msgspec

    from sandbox.people.person import Role

    maker = msgspec.structs.replace(both, roles=frozenset({Role.DECISION_MAKER}))
    terms = commands.Terms(reasons=["meets_criteria"], months=12)
    with pytest.raises(RuleBroken) as refused:
        await commands.decide(maker, application.id, outcome="admitted", terms=terms)
    assert refused.value.rule == "application.decide.sole_reviewer"
