"""Telling both sides of a breach, and hearing what the firm says of it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.people import queries as people
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry.tables import Breach


async def tell_firm(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    """Mail the firm's members."""
    await _tell(work, pilot, await people.members(pilot.organisation), template, context)


async def tell_authority(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    """Mail whoever looks after the case."""
    await _tell(work, pilot, await common.officers(pilot), template, context)


async def _tell(
    work: Work, pilot: Pilot, to: Sequence[Person], template: str, context: dict[str, object]
) -> None:
    for person in to:
        await work.mail(
            person.email, f"telemetry/{template}", person.language, case=pilot.case, pilot=pilot,
            name=person.name, **context,
        )  # fmt: skip


def suspension(condition: Condition) -> str:
    """Why a pilot is suspended by itself."""
    words = _("A threshold was passed whose breach suspends the pilot (condition %(n)s).")
    return words % {"n": condition.number}


async def explain_breach(person: Person, breach_id: UUID, text: str) -> None:
    """The firm says why a threshold was passed and what it does about it.

    :raises InvalidInput: nothing was written.
    :raises RuleBroken: it was explained before.
    """
    if not text.strip():
        raise InvalidInput({"explanation": _("Say what happened and what you do about it")})
    async with work_of(person) as work:
        rows = await fetch("SELECT pilot FROM breach WHERE id = $1", breach_id)
        if not rows:
            raise NotFound
        pilot = await common.open_pilot(work, person, rows[0]["pilot"], "explain_breach")
        breach = await work.lock(Breach, breach_id)
        if breach.explained_at is not None:
            raise RuleBroken("breach.explain.again", _("This breach was explained before."))
        breach.explanation, breach.explained_at = text.strip(), work.now
        breach.explained_by = person.name
        breach.state = "explained" if breach.cured_at is None else breach.state
        await work.save(breach)
        work.record("breach.explained", breach)
        await tell_authority(work, pilot, "breach_explained", breach=breach)
