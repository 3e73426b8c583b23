"""The week by mail: to each officer once, in their language, and only when there is something."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.incidents.tables import IncidentClock
from sandbox.oversight import commands
from sandbox.people import commands as people_commands
from sandbox.people.person import Person
from tests import factories
from tests.harness import Visitor, mails
from tests.system.test_cases import submitted
from tests.system.test_consequences import breached
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


def morning() -> datetime:
    """Seven of the first working day of the week after this one, at the officers' own desk."""
    pack = library.current()
    calendar = pack.calendar_of(pack.lead_of("healthcare").key)
    today = calendar.day_of(clock.now())
    monday = today + timedelta(days=7 - today.weekday())
    return datetime.combine(calendar.next_working(monday), time(7), calendar.zone)


async def digests(person: Person) -> list[dict[str, Any]]:
    """The weekly mails that were written to them."""
    return [one for one in await mails(person.email) if one["template"] == "oversight/digest"]


async def test_each_officer_is_told_once_what_happened_and_what_is_due(
    people: dict[str, Person],
) -> None:
    pilot, _breach = await breached(people)
    before = morning()
    with clock.at(before - timedelta(minutes=1)):
        assert await commands.send_digests() == 0
    day = library.current().jurisdiction.calendar().day_of(before)
    await fetch("UPDATE milestone SET due_on = $1", day + timedelta(days=2))
    with clock.at(before):
        await asyncio.gather(commands.send_digests(), commands.send_digests())
        assert await commands.send_digests() == 0
    (mail,) = await digests(people["officer"])
    assert mail["subject"].startswith("Your week: ")
    text = mail["text"]
    told = f"– {pilot.title} ({pilot.reference})"
    assert f": Testing began {told}" in text
    assert f": A condition is not kept {told}" in text
    assert f": Incident reported {told}" in text
    assert f": Milestone {told}" in text.split("What happened")[0]
    assert "/pilots/risk" in text
    assert text.count("/account") == 1
    for role in ("founder", "maker", "reviewer"):
        assert await digests(people[role]) == []
    with clock.at(before + timedelta(days=3)):
        assert await commands.send_digests() == 0, "once a week"


async def test_where_there_is_nothing_to_say_no_mail_comes_all_week(
    people: dict[str, Person],
) -> None:
    with clock.at(morning()):
        assert await commands.send_digests() == 0
    await live(people)
    with clock.at(morning() + timedelta(days=1)):
        assert await commands.send_digests() == 0
    assert await digests(people["officer"]) == []


async def test_it_goes_later_in_the_week_if_nobody_was_there_to_send_it(
    people: dict[str, Person],
) -> None:
    await live(people)
    with clock.at(morning() + timedelta(days=2)):
        assert await commands.send_digests() == 1


async def test_other_sectors_and_conflicts_are_told_nothing(people: dict[str, Person]) -> None:
    pilot = await live(people)
    elsewhere = await factories.officer("finance")
    conflicted = await factories.officer()
    await fetch(
        'INSERT INTO review (id, "case", reviewer, reviewer_name, state, asked_at) '
        "VALUES (gen_random_uuid(), $1, $2, 'x', 'declined_conflict', now())",
        pilot.case, conflicted.id,
    )  # fmt: skip
    with clock.at(morning()):
        assert await commands.send_digests() == 1
    assert await digests(elsewhere) == await digests(conflicted) == []


async def test_cases_are_told_too_and_their_clocks(people: dict[str, Person]) -> None:
    application = await submitted(people["founder"])
    with clock.at(morning()):
        due = clock.now() + timedelta(days=1)
        await fetch("UPDATE application SET due_at = $1", due)
        await commands.send_digests()
    (mail,) = await digests(people["officer"])
    assert f": Next step of a case – {application.title}" in mail["text"]
    assert f": Application submitted – {application.title}" in mail["text"]


async def test_it_is_written_in_the_language_of_its_reader(people: dict[str, Person]) -> None:
    await live(people)
    await people_commands.speak(people["officer"], "ms")
    with clock.at(morning()):
        await commands.send_digests()
    (mail,) = await digests(people["officer"])
    assert mail["language"] == "ms"
    assert "Ujian bermula" in mail["text"]
    assert "Your" not in mail["subject"] + mail["text"]


async def test_what_is_the_same_on_a_day_is_told_once(people: dict[str, Person]) -> None:
    await breached(people)
    (incident,) = await fetch('SELECT id, "case" FROM incident')
    with clock.at(morning()):
        for number in range(30):
            await IncidentClock(
                case=incident["case"], incident=incident["id"], regime="x", authority="x",
                stage="initial", started_at=clock.now(),
                due_at=clock.now() + timedelta(hours=number * 5),
            ).save()  # fmt: skip
        await commands.send_digests()
    (mail,) = await digests(people["officer"])
    assert "Report to an authority about an incident × " in mail["text"]


async def test_an_officer_stops_it_and_takes_it_up_again(
    client: Visitor, people: dict[str, Person]
) -> None:
    await live(people)
    desk = await client.sign_in(people["officer"])
    assert f"It comes to {people['officer'].email}" in await desk.text("/account")
    answer = await desk.submit("/account/weekly-mail", {"wanted": "no"}, follow_redirects=True)
    assert "The weekly mail is stopped." in answer.text
    assert "You have stopped it." in answer.text
    with clock.at(morning()):
        assert await commands.send_digests() == 0
    answer = await desk.submit("/account/weekly-mail", {"wanted": "yes"}, follow_redirects=True)
    assert "The weekly mail comes again." in answer.text
    with clock.at(morning()):
        assert await commands.send_digests() == 1
    firm = await client.another().sign_in(people["founder"])
    assert "Your week by mail" not in await firm.text("/account")
    assert (await firm.submit("/account/weekly-mail", {"wanted": "no"})).status_code == 403


async def test_what_is_due_after_the_week_waits_for_the_next_one(
    people: dict[str, Person],
) -> None:
    pilot = await live(people)
    first = morning()
    day = library.current().jurisdiction.calendar().day_of(first)
    await fetch("UPDATE milestone SET due_on = $1", _sunday(day) + timedelta(days=1))
    with clock.at(first):
        await commands.send_digests()
    (mail,) = await digests(people["officer"])
    assert mail["subject"] == "Your week: nothing is due"
    with clock.at(first + timedelta(days=7)):
        await commands.send_digests()
    newest = (await digests(people["officer"]))[-1]
    assert newest["subject"] == "Your week: 1 thing is due"
    assert f": Milestone – {pilot.title}" in newest["text"]


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())
