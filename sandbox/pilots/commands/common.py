"""What the commands share: opening a pilot, its parts, and telling both sides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from piccolo.table import Table

from sandbox.applications import queries as applications
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work
from sandbox.framework import clocks, library
from sandbox.framework.pack import Pack
from sandbox.people import queries as people
from sandbox.people.person import Person, Role
from sandbox.pilots import queries
from sandbox.pilots.rhythms import Rhythm
from sandbox.pilots.tables import Pilot, PilotStep

Part = TypeVar("Part", bound=Table)


async def open_pilot(work: Work, person: Person, pilot_id: UUID, action: str) -> Pilot:
    """The pilot, locked: whoever changes anything of it waits here.

    :raises NotFound: there is none, or not for this person.
    :raises Forbidden: they may read it but not do ``action``.
    """
    pilot = await work.lock(Pilot, pilot_id)
    await queries.check_visible(person, pilot.id)
    allow(person, action, pilot)
    return pilot


async def open_part(
    work: Work, person: Person, table: type[Part], part_id: UUID, action: str
) -> tuple[Pilot, Part]:
    """A part of a pilot with its pilot, which is locked first, so that no two works cross."""
    rows = await fetch(
        f"SELECT pilot FROM {table._meta.tablename} WHERE id = $1",  # noqa: S608
        part_id,
    )
    if not rows:
        raise NotFound
    pilot = await open_pilot(work, person, rows[0]["pilot"], action)
    return pilot, await work.lock(table, part_id)


async def parts(table: type[Part], pilot_id: UUID) -> list[Part]:
    """All rows of ``table`` that belong to the pilot, in the order of their numbers."""
    found: list[Part] = (
        await table.objects()
        .where(table._meta.get_column_by_name("pilot") == pilot_id)
        .output(load_json=True)
    )
    return sorted(found, key=lambda row: getattr(row, "number", 0))


def pack_of(pilot: Pilot) -> Pack:
    """The pack under which the case began."""
    return library.pack_of(pilot.pack_version)


def day_of(pack: Pack, moment: datetime) -> date:
    """The jurisdiction's day of ``moment``."""
    return pack.jurisdiction.calendar().day_of(moment)


def rhythm_of(pilot: Pilot) -> Rhythm:
    """When the pilot's periodic reports are due; it is live, so it has a first day."""
    assert pilot.starts_on is not None
    pack = pack_of(pilot)
    return Rhythm(pilot.starts_on, pack.jurisdiction.calendar(), pack.terms.report_within)


def due(pack: Pack, clock: str, start: datetime, authority: str = "") -> datetime:
    """When the pack's ``clock``, started at ``start``, ends by the calendar of ``authority``."""
    found = pack.clock(clock)
    calendar = pack.calendar_of(authority) if authority else pack.jurisdiction.calendar()
    return clocks.due(found.limit, start, calendar, roll=found.roll)


async def note(
    work: Work, pilot: Pilot, event: str, reason: str = "", subject: UUID | None = None
) -> PilotStep:
    """Keep why something was done: words that the trail must not hold."""
    step = PilotStep(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        subject=subject,
        event=event,
        reason=reason,
        by=work.person.id,
        by_name=work.person.name,
        at=work.now,
    )
    await work.save(step)
    return step


async def tell_firm(work: Work, pilot: Pilot, template: str, **context: Any) -> None:
    """Mail the firm's members."""
    await _tell(work, pilot, await people.members(pilot.organisation), template, context)


async def tell_authority(work: Work, pilot: Pilot, template: str, **context: Any) -> None:
    """Mail the case officer; where none is named, the officers of the lead sector."""
    await _tell(work, pilot, await officers(pilot), template, context)


async def officers(pilot: Pilot) -> list[Person]:
    """Who looks after the case."""
    rows = await fetch("SELECT case_officer FROM application WHERE id = $1", pilot.case)
    named = rows[0]["case_officer"] if rows else None
    found = await people.person(named) if named else None
    if found is not None:
        return [found]
    everybody = await people.staff(role=Role.OFFICER, sector=pilot.lead_sector)
    return await applications.without_conflict(pilot.case, everybody)


async def tell_decision_makers(work: Work, pilot: Pilot, template: str, **context: Any) -> None:
    """Mail those who may decide on the case."""
    await _tell(work, pilot, await decision_makers(pilot), template, context)


async def tell_central(work: Work, pilot: Pilot, template: str, **context: Any) -> None:
    """Mail the central office."""
    await _tell(work, pilot, await people.staff(role=Role.CENTRAL), template, context)


async def decision_makers(pilot: Pilot) -> list[Person]:
    """Who decides on the case: the decision makers of the lead sector, without a conflict."""
    several = await people.staff(role=Role.DECISION_MAKER, sector=pilot.lead_sector)
    return await applications.without_conflict(pilot.case, several)


async def _tell(
    work: Work,
    pilot: Pilot,
    to: Iterable[Person],
    template: str,
    context: dict[str, Any],
) -> None:
    for person in to:
        if person.id != work.person.id:
            await work.mail(
                person.email,
                f"pilots/{template}",
                person.language,
                case=pilot.case,
                pilot=pilot,
                name=person.name,
                **context,
            )
