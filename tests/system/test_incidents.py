"""An incident from its report to its closing, over the pages of both sides."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.foundation import i18n
from sandbox.foundation.clock import now
from sandbox.framework import library
from sandbox.incidents.tables import CorrectiveAction, Incident, IncidentClock
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Pilot
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
    missing = await firm.submit(new, {"title": "A patient was sent home"})
    assert missing.status_code == 422
    assert "A patient was sent home" in missing.text
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
        for clock in await IncidentClock.objects():
            sent = {"clock": str(clock.id), "report": "All that is known."}
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
