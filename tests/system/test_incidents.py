"""An incident from its report to its closing, over the pages of both sides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.foundation import clock, i18n
from sandbox.foundation.clock import now
from sandbox.framework import library
from sandbox.incidents import commands
from sandbox.incidents.tables import Assessment, CorrectiveAction, Incident, IncidentClock
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry import commands as telemetry
from sandbox.telemetry.rules.delivery import Reading, of_readings
from sandbox.telemetry.tables import Breach
from tests import factories
from tests.harness import Visitor, mails
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


def fields(**facts: str) -> dict[str, Any]:
    """What a person types who reports an incident."""
    answers = {
        f"fact_{question.key}": "no"
        for question in library.current().incidents.questions
        if not question.shown_when
    }
    return {
        "title": "A patient was sent home",
        "what": "The system read a scan as harmless.",
        "aware_at": now().astimezone(i18n.current_zone()).strftime("%Y-%m-%dT%H:%M"),
        "people_affected": "1",
        "harms_actual": ["physical"],
        **answers,
        **{f"fact_{key}": value for key, value in facts.items()},
    }


async def test_reported_triaged_set_right_and_closed(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    new = f"/pilots/{pilot.id}/incidents/new"
    wrong = {"title": "A patient was sent home", "people_affected": "some"}
    missing = await firm.submit(new, wrong)
    assert missing.status_code == 422
    for words in ("A patient was sent home", "Enter a number", "Describe what happened"):
        assert words in missing.text
    answer = await firm.submit(new, fields(serious_health_harm="yes"))
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    incident = await Incident.objects().first()
    assert incident is not None
    assert incident.severity == "serious"
    assert await IncidentClock.count() == 2
    assert any("incident" in m["subject"] for m in await mails(people["officer"].email))

    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        assert incident.title in await desk.text("/incidents")
        lighter = {"severity": "limited", "vulnerabilities": ["over_reliance"]}
        assert (await desk.submit(f"{path}/triage", lighter)).status_code == 422
        done = await desk.submit(f"{path}/triage", {**lighter, "severity": "serious"})
        assert done.status_code == 303, done.text
        await desk.submit(f"/pilots/{pilot.id}/steps/suspend", {"reason": "A serious incident"})
        assert (await desk.submit(f"{path}/steps/investigate")).status_code == 303
        asked = {"text": "Read every scan twice.", "owner": "Head of operations"}
        assert (await desk.submit(f"{path}/actions", asked)).status_code == 303
        early = await desk.submit(f"{path}/steps/resolve", {"root_cause": "A dark lens"})
        assert early.status_code == 409
        action = await CorrectiveAction.objects().first()
        assert action is not None
        await firm.submit(f"{path}/actions/{action.id}/done", {"done": "Since Monday."})
        await desk.submit(f"{path}/actions/{action.id}/verify")
        done = await desk.submit(f"{path}/steps/resolve", {"root_cause": "A dark lens"})
        assert done.status_code == 303, done.text
        assert "has not come in yet" in (await desk.submit(f"{path}/steps/close")).text
        for owed in await IncidentClock.objects():
            sent = {"clock": str(owed.id), "report": "All that is known."}
            assert (await firm.submit(f"{path}/reports", sent)).status_code == 303
        await desk.submit(f"/pilots/{pilot.id}/steps/resume", {"reason": "Set right"})
        assert (await desk.submit(f"{path}/steps/close")).status_code == 303
        page = await desk.text(path)
        assert "A dark lens" in page
        assert "Closed" in page


async def test_a_machine_reports_and_the_rules_weigh(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    facts = {q.key: False for q in library.current().incidents.questions if not q.shown_when}
    answer = await client.post(
        f"/api/v1/pilots/{pilot.id}/incidents",
        json={
            "title": "Wrong patient", "what": "Two records were mixed up.",
            "aware_at": now().isoformat(), "harms_potential": ["physical"], "facts": facts,
        },
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    assert answer.json()["severity"] == "near_miss"
    empty = await client.post(
        f"/api/v1/pilots/{pilot.id}/incidents",
        json={"title": "", "what": "", "aware_at": now().isoformat()},
        headers={"authorization": f"Bearer {key}"},
    )
    assert empty.status_code == 422
    assert "title" in empty.json()["errors"]


async def test_strangers_find_nothing(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    answer = await firm.submit(f"/pilots/{pilot.id}/incidents/new", fields())
    path = answer.headers["location"]
    async with client.another() as other:
        await other.sign_in(await factories.applicant())
        assert (await other.get(path)).status_code == 404
        assert (await other.get(f"/pilots/{pilot.id}/incidents")).status_code == 404


# Weighed anew ------------------------------------------------------------------------------


async def told(firm: Visitor, pilot: Pilot, **facts: str) -> tuple[str, Incident]:
    """An incident that the firm reports: its path, and itself."""
    answer = await firm.submit(f"/pilots/{pilot.id}/incidents/new", fields(**facts))
    assert answer.status_code == 303, answer.text
    incident = await Incident.objects().first()
    assert incident is not None
    return answer.headers["location"], incident


def answers(**facts: str) -> dict[str, Any]:
    """What is typed where an incident is weighed anew."""
    typed = fields(**facts)
    return {key: value for key, value in typed.items() if key not in {"title", "what"}}


async def clock_of(regime: str, stage: str = "initial") -> IncidentClock:
    """The one clock of that kind."""
    found = await IncidentClock.objects().get(
        (IncidentClock.regime == regime) & (IncidentClock.stage == stage)
    )
    assert found is not None
    return found


async def test_a_death_learned_later_weighs_more_and_starts_its_clocks(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    assert await IncidentClock.count() == 0
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        assert (await desk.submit(f"{path}/triage", {"severity": "limited"})).status_code == 303
        page = await firm.text(f"{path}/assess")
        assert "What is new" in page
        assert "Your decision" not in page
        look = await firm.submit(f"{path}/assess", {**answers(death="yes"), "look": "yes"})
        assert look.status_code == 200
        assert "By the rules: Serious" in look.text
        assert await Assessment.count() == 2
        sent = await firm.submit(f"{path}/assess", answers(death="yes"))
        assert sent.status_code == 303, sent.text
        assert any("weighed anew" in m["subject"] for m in await mails(people["officer"].email))
        owed = await clock_of("sandbox")
        assert owed.authority == pilot.authority
        page = await desk.text(path)
        assert "The framework proposes to suspend the pilot" in page
        assert "Within 30 days of the first report" in page
        assert "Did anyone die?" in page.split("How it was weighed")[1]
        lighter = await firm.submit(f"{path}/assess", answers())
        assert lighter.status_code == 422
        assert "weighs less than before" in lighter.text
        done = await desk.submit(f"{path}/suspend", {"suspension": "A death."})
        assert done.status_code == 303, done.text
        assert "Let the pilot resume" in await desk.text(path)
    with clock.at(now() + timedelta(hours=3)):
        report = {"clock": str(owed.id), "report": "All that is known."}
        assert (await firm.submit(f"{path}/reports", report)).status_code == 303
    first, final = await clock_of("sandbox"), await clock_of("sandbox", "final")
    assert final.started_at == first.met_at


async def test_down_only_with_a_reason_and_evidence(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot, rights_breach="yes")
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        assert (await desk.submit(f"{path}/triage", {"severity": "serious"})).status_code == 303
        down = {**answers(rights_breach="yes"), "severity": "limited", "reason": "A mistake"}
        refused = await desk.submit(f"{path}/assess", down)
        assert refused.status_code == 422
        assert "Add what shows that it weighs less" in refused.text
        letter = {"file": ("letter.pdf", b"%PDF-1.7\n%", "application/pdf")}
        done = await desk.submit(f"{path}/assess", down, files=letter)
        assert done.status_code == 303, done.text
        page = await desk.text(path)
        assert "Owed no longer" in page
        assert page.count("A mistake") >= 2
        gone = await clock_of("sandbox")
        assert (gone.met_at, gone.cancelled_reason) == (None, "A mistake")
        row = await Assessment.objects().get(Assessment.number == 3)
        assert row is not None
        assert (row.derived, row.severity, row.regimes) == ("serious", "limited", [])
        assert (await desk.get(f"/files/{row.file}")).status_code == 200
    refused = await firm.submit(f"{path}/reports", {"clock": str(gone.id), "report": "Late."})
    assert refused.status_code == 422
    assert incident.id == row.incident


async def test_reportable_though_the_rules_do_not_say_so_and_the_other_way_round(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        more = {**answers(), "reporting": "more", "regimes": ["cyber_security"]}
        assert (await desk.submit(f"{path}/assess", more)).status_code == 422
        done = await desk.submit(f"{path}/assess", {**more, "reason": "To be sure"})
        assert done.status_code == 303, done.text
        assert (await clock_of("cyber_security")).authority == "nacsa"
        page = (await desk.get(f"{path}/assess")).text
        ticked = [part for part in page.split("<input")[1:] if "checked" in part.split(">")[0]]
        assert any('value="more"' in part for part in ticked)
        report = {"report": "It was a test of our own."}
        assert (await firm.submit(f"{path}/reports", report)).status_code == 303
        shown = (await desk.get(f"{path}/assess")).text.split('name="report"')[1]
        evidence = shown.split('<option value="')[2].split('"')[0]
        none = {**answers(), "reporting": "none", "reason": "A test", "report": evidence}
        done = await desk.submit(f"{path}/assess", none)
        assert done.status_code == 303, done.text
        assert "Shown by report 1" in await desk.text(path)
    incident = await Incident.objects().first()
    assert incident is not None
    assert not incident.reportable


async def test_an_incident_of_a_breach_is_asked_about_at_triage_in_each_language(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    reading = Reading(metric="sensitivity", at=now(), value=0.7, n=500)
    await telemetry.receive(people["founder"], pilot.id, of_readings([reading]), source="json")
    await telemetry.evaluate(pilot.id)
    breach = await Breach.objects().first()
    assert breach is not None
    incident = await commands.open_from_breach(breach.id)
    assert incident is not None
    assert await commands.open_from_breach(breach.id) is None
    condition = await Condition.objects().get(Condition.id == breach.condition)
    assert condition is not None
    assert condition.state == "breached"
    assert incident.severity == "limited"
    assert incident.respond_by is not None
    path = f"/incidents/{incident.id}"
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        assert "Answer the questions" in await desk.text(path)
        sent_on = await desk.submit(f"{path}/triage", {"severity": "limited"})
        assert sent_on.headers["location"] == f"{path}/assess"
        missing = await desk.submit(f"{path}/assess", {"severity": "rules"})
        assert missing.status_code == 422
        typed = {**answers(personal_data="yes"), "fact_data_subjects": "4000",
                 "fact_significant_harm": "yes"}  # fmt: skip
        done = await desk.submit(f"{path}/assess", typed)
        assert done.status_code == 303, done.text
        assert (await clock_of("personal_data_breach")).due_at == incident.aware_at + timedelta(
            hours=72
        )
        assert "Threshold passed" in await desk.text("/incidents")
        await desk.submit("/language/ms")
        assert "Ambang dilepasi" in await desk.text("/incidents")
        assert "Ambang dilepasi" in await desk.text(path)


async def test_the_first_response_is_asked_for_given_and_missed(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot, rights_breach="yes")
    assert incident.respond_by == incident.aware_at + timedelta(hours=6)
    with clock.at(now() + timedelta(hours=7)):
        assert await commands.sweep_clocks() == 1
        assert await commands.sweep_clocks() == 0
    for person in (people["founder"], people["officer"]):
        late = [m for m in await mails(person.email) if "first response" in m["subject"]]
        assert len(late) == 1
    assert (await firm.submit(f"{path}/response")).status_code == 422
    done = await firm.submit(f"{path}/response", {"response": "Switched off."})
    assert done.status_code == 303, done.text
    assert "Switched off." in await firm.text(path)
    again = await Incident.objects().first()
    assert again is not None
    assert again.responded_at is not None


async def test_strangers_do_not_weigh(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    for person in (await factories.officer("finance"), await factories.applicant()):
        async with client.another() as other:
            await other.sign_in(person)
            assert (await other.get(f"{path}/assess")).status_code == 404
            assert (await other.submit(f"{path}/assess", answers())).status_code == 404
    async with client.another() as reader:
        await reader.sign_in(await factories.central())
        assert (await reader.get(path)).status_code == 200
        assert (await reader.get(f"{path}/assess")).status_code == 403
