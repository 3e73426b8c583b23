"""Closing a pilot: nothing open is passed over in silence, and what was kept is told as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.applications.tables import Application
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import format_date, today
from sandbox.framework import library
from sandbox.incidents import commands as incidents
from sandbox.incidents import rules as incident_rules
from sandbox.incidents.tables import Incident
from sandbox.people.person import Person
from sandbox.pilots import commands, queries
from sandbox.pilots.tables import Condition, Milestone, Pilot, Relief
from tests.harness import Visitor, run_jobs
from tests.system.test_pilots import CASE, TERMS, admitted, live, people
from tests.system.test_telemetry import points, send

__all__ = ["people"]  # the fixture

PLAIN: dict[str, Any] = {
    **TERMS,
    "reliefs": [{"rule": "Section 40", "relaxed": "A later signature", "replacement": "A call"}],
    "conditions": [
        {**TERMS["conditions"][0], "threshold": {**TERMS["conditions"][0]["threshold"],
                                                 "on_breach": "warn"}},
        TERMS["conditions"][1],
        {"template": None, "kind": "document", "title": {"en": "Bias report"},
         "text": {"en": "Hand in a bias report."}, "precedent": False},
        {"template": None, "kind": "duty", "title": {"en": "Keep logs"},
         "text": {"en": "Keep logs."}, "precedent": False},
    ],
}  # fmt: skip


async def _ended(people: dict[str, Person], **terms: Any) -> Pilot:
    """A pilot whose testing has ended early and whose exit report is in."""
    pilot = await live(people, **(terms or PLAIN))
    await commands.begin_exit(people["officer"], pilot.id, reason="The sample is complete")
    await _report(people, pilot)
    return await _again(pilot)


async def _report(people: dict[str, Person], pilot: Pilot) -> None:
    answers = {s.key: "Much was learned." for s in library.current().reports.exit_sections}
    await commands.save_exit_report(people["founder"], pilot.id, answers)
    await commands.submit_exit_report(people["founder"], pilot.id)


async def _again(pilot: Pilot) -> Pilot:
    found = await Pilot.objects().get(Pilot.id == pilot.id)
    assert found is not None
    return found


async def _condition(pilot: Pilot, title: str) -> Condition:
    rows = await Condition.objects().where(Condition.pilot == pilot.id).output(load_json=True)
    return next(row for row in rows if row.title["en"] == title)


async def _tile(desk: Visitor, pilot: Pilot, label: str) -> str:
    """The figure under ``label`` on the pilot's first page."""
    page = await desk.text(f"/pilots/{pilot.id}")
    return page.split(f"{label} ")[1].split(" ")[0]


async def test_nothing_open_is_closed_over_in_silence(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people, **PLAIN)
    threshold = await _condition(pilot, "Sensitivity")
    report = await _condition(pilot, "Bias report")
    key = await commands.issue_token(people["founder"], pilot.id, "Server")
    await send(client, pilot, key, points(0.5))
    await run_jobs()
    with clock.at(clock.now() + timedelta(days=100)):
        await commands.begin_exit(people["officer"], pilot.id, reason="Complete")
        await _report(people, pilot)
        (milestone,) = await Milestone.objects().where(Milestone.pilot == pilot.id)
        desk = await client.sign_in(people["officer"])
        path = f"/pilots/{pilot.id}/exit"
        page = await desk.text(path)
        for words in ("Still open", "Sensitivity", "Bias report", "First hundred people"):
            assert words in page
        assert "Keep logs" not in page
        verdict = {"verdict": "accepted", "outcome": "completed"}
        refused = await desk.submit(f"{path}/verdict", verdict)
        assert refused.status_code == 422
        assert (await _again(pilot)).state == "exiting"
        left = {
            f"left.{threshold.id}": "Mended too late", f"left.{report.id}": "Never written",
            f"left.{milestone.id}": "Too few people",
        }  # fmt: skip
        done = await desk.submit(f"{path}/verdict", {**verdict, **left})
        assert done.status_code == 303, done.text
        await run_jobs()
    assert (await _condition(pilot, "Sensitivity")).state == "not_kept"
    assert (await _condition(pilot, "Bias report")).reason == "Never written"
    assert (await _condition(pilot, "Keep logs")).state == "discharged"
    page = await desk.text(f"/pilots/{pilot.id}")
    assert "Mended too late" in page
    assert await _tile(desk, pilot, "Conditions kept") == "2/4"
    assert await _tile(desk, pilot, "Milestones accepted") == "0/1"
    figures = await desk.text(f"/pilots/{pilot.id}/telemetry")
    assert "Explanation due" not in figures


async def test_an_open_incident_keeps_a_pilot_open(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await _ended(people)
    draft = incident_rules.Draft(
        title="Sent home", what="A scan was misread.", aware_at=clock.now(),
        facts={q.key: False for q in library.current().incidents.questions if not q.shown_when},
    )  # fmt: skip
    incident = await incidents.report_incident(people["founder"], pilot.id, draft)
    report = await _condition(pilot, "Bias report")
    desk = await client.sign_in(people["officer"])
    path = f"/pilots/{pilot.id}/exit"
    assert "1 incident is still open" in await desk.text(path)
    fields = {"verdict": "accepted", "outcome": "completed", f"left.{report.id}": "Never written"}
    refused = await desk.submit(f"{path}/verdict", fields)
    assert refused.status_code == 422
    assert "1 incident is still open." in refused.text
    await Incident.update({Incident.state: "closed"}).where(Incident.id == incident.id)
    assert (await desk.submit(f"{path}/verdict", fields)).status_code == 303


async def test_going_live_keeps_nothing_yet(client: Visitor, people: dict[str, Person]) -> None:
    key = await admitted(*people.values(), **PLAIN)
    pilot = await commands.accept_plan(people["founder"], key)
    desk = await client.sign_in(people["officer"])
    assert await _kept(people, pilot) == 0
    precedent = await _condition(pilot, "Insurance")
    evidence = await commands.submit_evidence(people["founder"], precedent.id, text="The policy")
    await commands.judge_evidence(people["officer"], evidence.id, accepted=True)
    assert await _kept(people, pilot) == 1
    await commands.declare_ready(people["founder"], pilot.id)
    await commands.go_live(people["officer"], pilot.id)
    assert await _kept(people, pilot) == 1
    assert await _tile(desk, pilot, "Conditions not kept") == "0/4"


async def _kept(people: dict[str, Person], pilot: Pilot) -> int:
    head = await queries.head(people["officer"], pilot.id)
    return (await queries.overview(head)).kept


async def test_a_breach_that_was_cured_is_still_not_kept(people: dict[str, Person]) -> None:
    pilot = await live(people, **PLAIN)
    duty = await _condition(pilot, "Keep logs")
    report = await _condition(pilot, "Bias report")
    await commands.breach_condition(people["officer"], duty.id, reason="No logs in March")
    await commands.cure_condition(people["officer"], duty.id, reason="Logs are back")
    await commands.begin_exit(people["officer"], pilot.id, reason="Complete")
    await _report(people, pilot)
    await commands.accept_exit_report(
        people["officer"], pilot.id, outcome="completed", left={report.id: "Never written"}
    )
    head = await queries.head(people["officer"], pilot.id)
    shown = await queries.overview(head)
    assert (await _condition(pilot, "Keep logs")).state == "discharged"
    assert (shown.kept, len(shown.counted)) == (2, 4)


@pytest.mark.parametrize("end", ["stop", "terminate", "begin_exit"])
async def test_reliefs_end_with_testing_and_the_public_reads_it(
    client: Visitor, people: dict[str, Person], end: str
) -> None:
    pilot = await live(people, **PLAIN)
    entry = f"/register/{pilot.reference}"
    planned = pilot.ends_on
    assert f"Until {format_date(planned)}" in await client.text(entry)
    who = {"stop": "founder", "terminate": "maker", "begin_exit": "officer"}[end]
    with clock.at(clock.now() + timedelta(days=10)):
        await getattr(commands, end)(people[who], pilot.id, reason="Enough")
        last = today()
    (relief,) = await Relief.objects().where(Relief.pilot == pilot.id)
    assert relief.until_on == last
    assert (await _again(pilot)).ends_on == last
    page = await client.text(entry)
    assert f"Ended on {format_date(last)}" in page
    assert format_date(planned) not in page
    desk = await client.another().sign_in(people["officer"])
    assert f"Ended on {format_date(last)}" in await desk.text(f"/pilots/{pilot.id}")


async def test_a_relief_rests_while_the_pilot_is_suspended(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people, **PLAIN)
    await commands.suspend(people["officer"], pilot.id, reason="Two wrong results")
    assert "Rests while the pilot is suspended" in await client.text(f"/register/{pilot.reference}")


async def test_a_pilot_that_never_ran_kept_nothing(people: dict[str, Person]) -> None:
    key = await admitted(*people.values(), **PLAIN)
    pilot = await commands.accept_plan(people["founder"], key)
    await commands.stop(people["founder"], pilot.id, reason="No money")
    states = await fetch("SELECT DISTINCT state FROM condition WHERE pilot = $1", pilot.id)
    assert [row["state"] for row in states] == ["lapsed"]


async def test_whoever_resumes_sees_what_is_open(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people, **PLAIN)
    duty = await _condition(pilot, "Keep logs")
    await commands.breach_condition(people["officer"], duty.id, reason="No logs")
    await commands.suspend(people["officer"], pilot.id, reason="No logs")
    desk = await client.sign_in(people["officer"])
    path = f"/pilots/{pilot.id}/steps/resume"
    assert "Condition 4: Keep logs" in await desk.text(path)
    assert (await desk.submit(path, {})).status_code == 422


async def test_what_to_do_now_on_an_exiting_pilot_is_its_report(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people, **PLAIN)
    duty = await _condition(pilot, "Keep logs")
    await commands.breach_condition(people["officer"], duty.id, reason="No logs")
    await commands.begin_exit(people["officer"], pilot.id, reason="Complete")
    firm = await client.sign_in(people["founder"])
    page = await firm.text(f"/pilots/{pilot.id}")
    assert "What to do now Write the exit report" in page


async def test_the_public_reads_what_a_pilot_does_where_the_firm_agreed(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people, **PLAIN)
    entry = f"/register/{pilot.reference}"
    shown = await client.text(entry)
    assert CASE.summary in shown
    assert "Keep logs" in shown
    await Application.update({Application.marks: {"summary": True}}).where(
        Application.id == pilot.case
    )
    assert CASE.summary not in await client.text(entry)
    await Application.update({Application.marks: {}}).where(Application.id == pilot.case)
    await Pilot.update({Pilot.register_consent: False}).where(Pilot.id == pilot.id)
    hidden = await client.text(entry)
    assert CASE.summary not in hidden
    assert "Keep logs" not in hidden
    assert "3 conditions written for this pilot alone" in hidden


async def test_what_is_due_after_the_exit_is_said(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await _ended(people)
    report = await _condition(pilot, "Bias report")
    await commands.accept_exit_report(
        people["officer"], pilot.id, outcome="completed", left={report.id: "Never written"}
    )
    firm = await client.sign_in(people["founder"])
    page = await firm.text(f"/pilots/{pilot.id}")
    assert "First follow-up after exit" in page
    assert "We will then ask you how things went" in page
