"""More time to test: asked for, granted, refused."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework import clocks
from sandbox.people.person import Person
from sandbox.pilots import rules
from sandbox.pilots.commands.common import (
    note,
    open_pilot,
    pack_of,
    parts,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.tables import Extension, Pilot, Relief


async def ask_extension(person: Person, pilot_id: UUID, *, months: int, why: str) -> Extension:
    """The firm asks for ``months`` more of testing.

    :raises RuleBroken: it is too late, was granted before, or is being looked at.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "ask_extension")
        earlier = await _checked(work, pilot, months)
        if any(extension.state == "asked" for extension in earlier):
            raise RuleBroken("pilot.extend.asked", _("You have asked; it is being looked at."))
        extension = Extension(
            id=uuid4(),
            case=pilot.case,
            pilot=pilot.id,
            months=months,
            why=rules.given(why),
            asked_by=person.id,
            asked_at=work.now,
        )
        await work.save(extension)
        work.record("extension.asked", extension, months=months)
        await tell_authority(work, pilot, "extension_asked", extension=extension)
    return extension


async def extend(person: Person, pilot_id: UUID, *, months: int, reason: str) -> Pilot:
    """Grant ``months`` more, whether the firm asked or not: a decision of its own.

    :raises RuleBroken: it is too late or was granted before.
    :raises InvalidInput: no reason is given, or more months than the terms allow.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "decide_extension")
        earlier = await _checked(work, pilot, months)
        asked = next((e for e in earlier if e.state == "asked"), None)
        extension = asked or Extension(id=uuid4(), case=pilot.case, pilot=pilot.id)
        extension.months = months
        rules.extend(pilot, extension, reason=reason, by=person.id, at=work.now)
        await work.save(pilot, extension)
        await _move_reliefs(work, pilot)
        await note(work, pilot, "extend", extension.reason)
        work.record("pilot.extended", pilot, months=months, ends_on=pilot.ends_on)
        await tell_firm(work, pilot, "extension_decided", extension=extension)
    return pilot


async def refuse_extension(person: Person, pilot_id: UUID, *, reason: str) -> Extension:
    """Refuse the extension that the firm asked for.

    :raises RuleBroken: it asked for none.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "decide_extension")
        asked = next((e for e in await parts(Extension, pilot.id) if e.state == "asked"), None)
        if asked is None:
            raise RuleBroken(
                "extension.refuse.not_asked", _("The firm has not asked for more time.")
            )
        rules.refuse_extension(asked, reason=reason, by=person.id, at=work.now)
        await work.save(asked)
        work.record("extension.refused", asked)
        await tell_firm(work, pilot, "extension_decided", extension=asked)
    return asked


async def _checked(work: Work, pilot: Pilot, months: int) -> list[Extension]:
    """The pilot's extensions so far, after the terms have been checked."""
    pack = pack_of(pilot)
    earlier = await parts(Extension, pilot.id)
    until = work.now
    if pilot.ends_on is not None:
        calendar = pack.calendar_of(pilot.authority)
        end = calendar.end_of(pilot.ends_on)
        until = clocks.due(pack.clock(clocks.ClockName.EXTENSION).limit, end, calendar)
    rules.check_extension(
        pilot,
        earlier,
        months=months,
        most=pack.terms.extension_months,
        times=pack.terms.extensions,
        until=until,
        at=work.now,
    )
    return earlier


async def _move_reliefs(work: Work, pilot: Pilot) -> None:
    for relief in await parts(Relief, pilot.id):
        relief.until_on = pilot.ends_on
        await work.save(relief)
