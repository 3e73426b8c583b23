"""Clocks are watched before and after their limit, and the record proves what went where when."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from sandbox.foundation import clock
from sandbox.incidents import commands
from sandbox.incidents.tables import IncidentNotice
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.harness import Visitor, mails
from tests.system.test_incidents import clock_of, told
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


async def subjects(person: Person, words: str) -> int:
    """How many mails to a person say so in their subject."""
    return sum(words in mail["subject"] for mail in await mails(person.email))


@pytest.mark.parametrize("in_time", [True, False])
async def test_reminded_before_told_at_and_escalated_after(
    client: Visitor, people: dict[str, Person], pilot: Pilot, in_time: bool
) -> None:
    central = await factories.central()
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot, rights_breach="yes")
    await firm.submit(f"{path}/response", {"response": "Switched off."})
    owed = await clock_of("sandbox")
    founder, officer, maker = people["founder"], people["officer"], people["maker"]
    with clock.at(owed.due_at - (owed.due_at - owed.started_at) * 0.3):
        assert await commands.sweep_clocks() == 0
    with clock.at(owed.due_at - (owed.due_at - owed.started_at) * 0.2):
        assert await commands.sweep_clocks() == 1
        assert await commands.sweep_clocks() == 0
    assert await subjects(founder, "is due soon") == 1
    assert await subjects(officer, "is due soon") == 0
    if in_time:
        report = {"clock": str(owed.id), "report": "All that is known."}
        assert (await firm.submit(f"{path}/reports", report)).status_code == 303
    with clock.at(owed.due_at + timedelta(hours=1)):
        assert await commands.sweep_clocks() == (0 if in_time else 1)
    assert await subjects(maker, "stays overdue") == 0
    with clock.at(owed.due_at + timedelta(hours=25)):
        assert await commands.sweep_clocks() == (0 if in_time else 1)
        assert await commands.sweep_clocks() == 0
    for person in (maker, officer, central):
        assert await subjects(person, "stays overdue") == (0 if in_time else 1)
    assert await subjects(founder, "stays overdue") == 0
    owed = await clock_of("sandbox")
    assert (owed.escalated_at is None) == in_time


async def test_the_record_proves_what_was_handed_in_and_who_was_told(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot, rights_breach="yes")
    owed = await clock_of("sandbox")
    with clock.at(owed.due_at + timedelta(hours=3)):
        await commands.sweep_clocks()
        founder = people["founder"]
        await commands.submit_report(founder, incident.id, text="All of it.", clock_id=owed.id)
        await commands.submit_report(founder, incident.id, text="More.")
    shown = await firm.text(f"{path}/record")
    for words in (
        "Late", "Report 1", "A further report", hashlib.sha256(b"More.").hexdigest(),
        people["founder"].email, "An incident report is overdue",
    ):  # fmt: skip
        assert words in shown
    assert people["officer"].email not in shown
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        shown = await desk.text(f"{path}/record")
        assert people["officer"].email in shown
        assert people["founder"].email in shown
    kept = IncidentNotice.incident == incident.id
    assert await IncidentNotice.count().where(kept) >= 4


async def test_the_countdown_is_on_the_pages_of_the_pilot_and_the_list(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    assert "Next incident report" not in await firm.text(f"/pilots/{pilot.id}")
    await told(firm, pilot, rights_breach="yes")
    assert "Next incident report" in await firm.text(f"/pilots/{pilot.id}")
    assert "Incident report" in await firm.text("/pilots")
    assert "app-clock__due" in (await firm.get("/incidents")).text
