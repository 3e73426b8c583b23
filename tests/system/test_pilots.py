"""A pilot from its plan to its exit, over the pages of both sides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sandbox.applications import commands as applications
from sandbox.demo import answering, year
from sandbox.foundation import clock
from sandbox.framework import library
from sandbox.people.person import Person
from sandbox.pilots import commands
from sandbox.pilots.commands.sweeping import sweep
from sandbox.pilots.tables import Condition, Milestone, Pilot
from tests import factories
from tests.harness import Visitor, mails

CASE = next(case for case in year.cases() if case.sector == "healthcare" and not case.other_sector)


async def admitted(
    founder: Person, officer: Person, reviewer: Person, maker: Person, **terms: Any
) -> UUID:
    """An application that has been admitted; its id."""
    pack = library.current()
    application = await applications.start_application(
        founder, title=CASE.title, lead_sector="healthcare"
    )
    answers = answering.answers_of(
        CASE, pack, firm=founder.organisation_name, number="202601012345", lead=founder.name
    )
    key: UUID = application.id
    await applications.save_answers(founder, key, answers)
    await applications.submit(founder, key)
    await applications.begin_screening(officer, key)
    checks = {c.key: "yes" for c in pack.screening if not c.sectors or "healthcare" in c.sectors}
    await applications.screen(officer, key, outcome="accepted", checks=checks, reasons={})
    assert reviewer.id is not None
    review = await applications.assign_reviewer(officer, key, reviewer.id)
    await applications.declare(reviewer, review.id, conflict="")
    scores = {criterion.key: 3 for criterion in pack.rubric.criteria}
    comments = dict.fromkeys(scores, "Shown well enough.")
    written = applications.Written(scores=scores, comments=comments, recommendation="conditions")
    await applications.submit_review(reviewer, review.id, written)
    await applications.recommend(
        officer, key, outcome="admitted_with_conditions", text="Within limits."
    )
    await applications.decide(
        maker, key, outcome="admitted_with_conditions",
        terms=applications.Terms(reasons=["risks_need_limits"], months=6, **(terms or TERMS)),
    )  # fmt: skip
    return key


TERMS: dict[str, Any] = {
    "conditions": [
        {"template": "sensitivity_floor", "kind": "threshold", "title": {"en": "Sensitivity"},
         "text": {"en": "At least 0.9."}, "precedent": False, "threshold": {
             "metric": "sensitivity", "aggregate": "mean",
             "window": {"kind": "rolling", "unit": "day", "length": 7}, "comparator": ">=",
             "limit": 0.9, "unit": "ratio", "on_breach": "incident"}},
        {"template": None, "kind": "document", "title": {"en": "Insurance"},
         "text": {"en": "Show that people are insured."}, "precedent": True},
    ],
    "milestones": [{"title": {"en": "First hundred people"}, "evidence": {"en": "Figures"},
                    "month": 2}],
}  # fmt: skip


@pytest.fixture
async def people(database: str) -> dict[str, Person]:
    """The four people of a case."""
    return {
        "founder": await factories.applicant(),
        "officer": await factories.officer(),
        "reviewer": await factories.reviewer(),
        "maker": await factories.decision_maker(),
    }


async def live(people: dict[str, Person], **terms: Any) -> Pilot:
    """A pilot that is live."""
    key = await admitted(*people.values(), **terms)
    pilot = await commands.accept_plan(people["founder"], key)
    own = Condition.pilot == pilot.id
    for condition in await Condition.objects().where(own & Condition.precedent.eq(True)):
        evidence = await commands.submit_evidence(people["founder"], condition.id, text="Policy")
        await commands.judge_evidence(people["officer"], evidence.id, accepted=True)
    await commands.declare_ready(people["founder"], pilot.id)
    return await commands.go_live(people["officer"], pilot.id)


async def test_from_plan_to_live(client: Visitor, people: dict[str, Person]) -> None:
    key = await admitted(*people.values())
    firm = await client.sign_in(people["founder"])
    assert "Accept the plan" in await firm.text(f"/applications/{key}/plan")
    assert (await firm.submit(f"/applications/{key}/plan")).status_code == 409
    answer = await firm.submit(f"/applications/{key}/plan", {"agreed": "yes"})
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    assert "1 condition comes before going live" in await firm.text(path)
    assert "Insurance" in await firm.text(f"{path}/conditions")
    condition = await Condition.objects().get(Condition.precedent.eq(True))
    assert condition is not None
    where = f"{path}/conditions/{condition.id}"
    assert (await firm.submit(f"{where}/evidence")).status_code == 422
    policy = {"file": ("policy.pdf", b"%PDF-1.7\n%", "application/pdf")}
    answer = await firm.submit(f"{where}/evidence", {"text": "The policy."}, files=policy)
    assert answer.status_code == 303, answer.text
    assert "policy.pdf" in await firm.text(where)
    early = await firm.submit(f"{path}/steps/declare-ready")
    assert "must be met before going live" in early.text

    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        assert CASE.title in await desk.text("/pilots")
        html = (await desk.get(where)).text
        evidence = html.split(f"{path}/evidence/")[1].split('"')[0]
        returned = await desk.submit(f"{path}/evidence/{evidence}", {"verdict": "returned"})
        assert returned.status_code == 422
        answer = await desk.submit(f"{path}/evidence/{evidence}", {"verdict": "accepted"})
        assert answer.status_code == 303, answer.text
        await firm.submit(f"{path}/steps/declare-ready")
        answer = await desk.submit(f"{path}/steps/go-live", follow_redirects=True)
        assert "The pilot is live." in answer.text
    assert "live" in (await mails(people["founder"].email))[-1]["subject"]


async def test_suspended_with_a_reason_and_resumed(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    desk = await client.sign_in(people["officer"])
    path = f"/pilots/{pilot.id}"
    assert (await desk.submit(f"{path}/steps/suspend")).status_code == 422
    await desk.submit(f"{path}/steps/suspend", {"reason": "Two wrong results"})
    assert "Two wrong results" in await desk.text(path)
    told = (await mails(people["founder"].email))[-1]["text"]
    assert "Suspended on" in told
    assert "stated below" not in told
    await desk.submit(f"{path}/steps/resume", {"reason": "Mended"})
    answer = await desk.submit(f"{path}/guidance", {"subject": "Logs", "text": "Keep a year."})
    assert answer.status_code == 303
    async with client.another() as firm:
        await firm.sign_in(people["founder"])
        assert "Keep a year." in await firm.text(path)
        assert (await firm.submit(f"{path}/steps/terminate", {"reason": "x"})).status_code == 403


async def test_a_key_is_shown_once(client: Visitor, people: dict[str, Person]) -> None:
    pilot = await live(people)
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/tokens"
    shown = await firm.submit(path, {"name": "Server"})
    plain = shown.text.split('app-secret">')[1].split("<")[0]
    assert plain.startswith("rintis_")
    assert plain not in (await firm.get(path)).text
    answer = await firm.get(
        f"/api/v1/pilots/{pilot.id}", headers={"authorization": f"Bearer {plain}"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["reference"] == pilot.reference


async def test_milestones_and_exit(client: Visitor, people: dict[str, Person]) -> None:
    pilot = await live(people)
    path = f"/pilots/{pilot.id}"
    milestone = await Milestone.objects().first()
    assert milestone is not None
    firm = await client.sign_in(people["founder"])
    await firm.submit(f"{path}/milestones/{milestone.id}/evidence", {"text": "A hundred and two."})
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        html = (await desk.get(f"{path}/milestones/{milestone.id}")).text
        evidence = html.split(f"{path}/evidence/")[1].split('"')[0]
        await desk.submit(f"{path}/evidence/{evidence}", {"verdict": "accepted"})
        assert "Accepted" in await desk.text(f"{path}/milestones")
        await desk.submit(f"{path}/steps/begin-exit", {"reason": "Sample complete"})
        sections = library.current().reports.exit_sections
        assert (await firm.submit(f"{path}/exit", {})).status_code == 422
        answers = {section.key: "Much was learned." for section in sections}
        assert (await firm.submit(f"{path}/exit", answers)).status_code == 303
        refused = await desk.submit(f"{path}/exit/verdict", {"verdict": "accepted"})
        assert refused.status_code == 422
        done = await desk.submit(
            f"{path}/exit/verdict", {"verdict": "accepted", "outcome": "completed"}
        )
        assert done.status_code == 303, done.text
        assert "Completed" in await desk.text(path)
        assert "Draft a lesson" in await desk.text(f"{path}/exit")


async def test_more_time_and_a_changed_plan(client: Visitor, people: dict[str, Person]) -> None:
    pilot = await live(people)
    path = f"/pilots/{pilot.id}"
    firm = await client.sign_in(people["founder"])
    answer = await firm.submit(f"{path}/extension", {"months": "2", "why": "Harvest is late"})
    assert answer.status_code == 303, answer.text
    async with client.another() as maker:
        await maker.sign_in(people["maker"])
        granted = {"verdict": "granted", "months": "2", "reason": "Fair"}
        answer = await maker.submit(f"{path}/extension/decision", granted)
        assert answer.status_code == 303, answer.text
        offered = {"limit.2": "0.85", "reason": "New cameras"}
        answer = await maker.submit(f"{path}/plan", offered)
        assert answer.status_code == 303, answer.text
    assert "New cameras" in await firm.text(f"{path}/plan")
    await firm.submit(f"{path}/plan/accept")
    assert "Version 2, in force" in await firm.text(f"{path}/plan")


async def test_other_firms_and_sectors_find_nothing(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    for stranger in (await factories.applicant(), await factories.officer("finance")):
        async with client.another() as other:
            await other.sign_in(stranger)
            assert (await other.get(f"/pilots/{pilot.id}")).status_code == 404
            assert pilot.reference not in await other.text("/pilots")


async def test_the_clocks_tell_once_and_end_the_testing(people: dict[str, Person]) -> None:
    pilot = await live(people)
    assert pilot.ends_on is not None
    with clock.at(clock.now() + timedelta(days=75)):
        assert await sweep() > 0
        assert await sweep() == 0
    told = [mail["subject"] for mail in await mails(people["founder"].email)]
    assert any("milestone is overdue" in subject for subject in told), told
    with clock.at(clock.now() + timedelta(days=200)):
        await sweep()
    found = await Pilot.objects().get(Pilot.id == pilot.id)
    assert found is not None
    assert found.state == "exiting"
