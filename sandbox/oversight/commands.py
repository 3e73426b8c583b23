"""The weekly mail to officers."""

from __future__ import annotations

from datetime import timedelta

from sandbox.foundation import clock
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.framework.clocks import Calendar
from sandbox.oversight import digest_queries as queries
from sandbox.oversight.rules import digest
from sandbox.people import queries as people
from sandbox.people.person import SYSTEM, Person


async def send_digests() -> int:
    """Send the weekly mail to each officer for whom it is time; how many were sent now.

    Once a week each, however often it is asked for. Where nobody was there to send it in the
    morning of its day, it goes later in the same week; then it is over.
    """
    return sum([await _send(person) for person in await people.weekly_readers()])


async def _send(person: Person) -> bool:
    calendar = _calendar(person)
    week = digest.week_of(calendar, clock.now())
    if clock.now() < week.sent_from:
        return False
    async with work_of(SYSTEM) as work:
        if not await work.once(f"digest:{person.id}:{week.first}"):
            return False
        told = await queries.digest_of(person, week, calendar)
        if told.empty:
            return False
        await work.mail(
            person.email, "oversight/digest", person.language, name=person.name, week=week,
            told=told, most=queries.MOST, since=calendar.day_of(week.since),
            until=week.first - timedelta(days=1), last=week.first + timedelta(days=6),
        )  # fmt: skip
    return True


def _calendar(person: Person) -> Calendar:
    """The working days of the officer's own desk; of somebody without one, the country's."""
    pack = library.current()
    known = {authority.key for authority in pack.authorities}
    if person.authority in known:
        return pack.calendar_of(person.authority)
    return pack.jurisdiction.calendar()
