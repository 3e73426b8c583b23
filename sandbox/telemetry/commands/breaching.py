"""A breach on record: opened with what its threshold says, cured or withdrawn."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from sandbox.foundation.work import Work, work_of
from sandbox.framework.clocks import ClockName
from sandbox.framework.thresholds import OnBreach, Threshold
from sandbox.people.person import SYSTEM
from sandbox.pilots.commands import common, conditions, life
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry.commands import telling
from sandbox.telemetry.tables import Breach


def begun(
    work: Work, pilot: Pilot, condition: Condition, threshold: Threshold, *, at: datetime
) -> Breach:
    """A breach that begins with the figure (or the silence) of ``at``."""
    return Breach(
        id=uuid4(), case=pilot.case, pilot=pilot.id, condition=condition.id,
        metric=threshold.metric, opened_at=work.now, last_seen_at=work.now, at=at,
        limit=threshold.limit,
        explain_by=common.due(
            common.pack_of(pilot), ClockName.BREACH_EXPLANATION, work.now, pilot.authority
        ),
    )  # fmt: skip


async def open_within(
    work: Work, pilot: Pilot, condition: Condition, threshold: Threshold, breach: Breach
) -> None:
    """Put a breach on record and do what the threshold says of it."""
    await work.save(breach)
    work.record("breach.opened", breach, condition=condition.number)
    await conditions.breach_within(work, condition)
    context = {"condition": condition, "breach": breach}
    await telling.tell_firm(work, pilot, "breach_opened", **context)
    await telling.tell_authority(work, pilot, "breach_opened_for_authority", **context)
    if threshold.on_breach is OnBreach.INCIDENT:
        work.later("open_incident_from_breach", breach.id)
    if threshold.on_breach is OnBreach.SUSPEND and pilot.state == "live":
        await life.suspend_within(work, pilot, reason=telling.suspension(condition))


async def end(
    work: Work, pilot: Pilot, condition: Condition, breach: Breach,
    how: Literal["cured", "withdrawn"],
) -> None:  # fmt: skip
    """Cure or withdraw a breach; the condition is kept again where none of its is open."""
    breach.cured_at, breach.state, breach.recovering_since = work.now, how, None
    breach.until = breach.until or breach.at
    await work.save(breach)
    work.record(f"breach.{how}", breach, condition=condition.number)
    open_ = (Breach.condition == condition.id) & Breach.cured_at.is_null()
    if condition.state in {"breached", "escalated"} and not await Breach.exists().where(open_):
        await conditions.cure_within(work, condition)
    await telling.tell_firm(work, pilot, f"breach_{how}", condition=condition, breach=breach)


async def reopen(work: Work, pilot: Pilot, condition: Condition, breach: Breach) -> None:
    """Open a breach again that late figures show to have been cured too soon."""
    breach.cured_at = None
    breach.state = "explained" if breach.explained_at else "open"
    await work.save(breach)
    work.record("breach.reopened", breach, condition=condition.number)
    await conditions.breach_within(work, condition)
    await telling.tell_firm(work, pilot, "breach_opened", condition=condition, breach=breach)


async def close_breaches(pilot_id: UUID) -> None:
    """A closed pilot owes no explanation any more; a breach that was not cured stays uncured.

    Done twice it changes nothing the second time.
    """
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        if pilot.state != "closed":
            return
        uncured = (Breach.pilot == pilot_id) & Breach.cured_at.is_null()
        for breach in await Breach.objects().where(uncured & (Breach.state != "closed")):
            breach.state = "closed"
            await work.save(breach)
            work.record("breach.closed", breach)
