"""A breach on record: opened with what its threshold says, cured or withdrawn."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from sandbox.foundation.work import Work, work_of
from sandbox.framework.thresholds import OnBreach, Threshold, threshold_of
from sandbox.people.person import SYSTEM
from sandbox.pilots.commands import common, conditions, life, suspensions
from sandbox.pilots.rules import FINAL
from sandbox.pilots.tables import Condition, Pilot, Suspension
from sandbox.telemetry.commands import explaining, telling
from sandbox.telemetry.commands.announcing import announce
from sandbox.telemetry.tables import Breach


def begun(
    work: Work, pilot: Pilot, condition: Condition, threshold: Threshold, *, at: datetime
) -> Breach:
    """A breach that begins with the figure (or the silence) of ``at``."""
    return Breach(
        id=uuid4(), case=pilot.case, pilot=pilot.id, condition=condition.id,
        metric=threshold.metric, opened_at=work.now, last_seen_at=work.now, at=at,
        limit=threshold.limit, explain_asked_at=work.now,
        explain_by=explaining.explain_by(pilot, threshold, work.now),
    )  # fmt: skip


async def open_within(
    work: Work, pilot: Pilot, condition: Condition, threshold: Threshold, breach: Breach
) -> None:
    """Put a breach on record and do what the threshold says of it."""
    await work.save(breach)
    work.record("breach.opened", breach, condition=condition.number)
    await announce(work, pilot, condition, breach, "breach.opened")
    await conditions.breach_within(work, condition)
    await telling.tell_of_opening(work, pilot, condition, breach)
    if threshold.on_breach is OnBreach.INCIDENT:
        work.later("open_incident_from_breach", breach.id)
    if threshold.on_breach is OnBreach.SUSPEND and pilot.state == "live":
        facts = telling.facts(pilot, condition, threshold, breach)
        await suspensions.propose_within(work, pilot, condition, breach=breach.id, facts=facts)


async def end(
    work: Work, pilot: Pilot, condition: Condition, breach: Breach,
    how: Literal["cured", "withdrawn"],
) -> None:  # fmt: skip
    """Cure or withdraw a breach; the condition is kept again where none of its is open."""
    breach.cured_at, breach.state, breach.recovering_since = work.now, how, None
    breach.until = breach.until or breach.at
    await work.save(breach)
    work.record(f"breach.{how}", breach, condition=condition.number)
    await announce(work, pilot, condition, breach, f"breach.{how}")
    if how == "withdrawn":
        await _drop_suspension(work, breach)
    open_ = (Breach.condition == condition.id) & Breach.cured_at.is_null()
    if condition.state in {"breached", "escalated"} and not await Breach.exists().where(open_):
        await conditions.cure_within(work, condition)
    told = {"condition": condition, "breach": breach}
    await telling.tell_firm(work, pilot, f"breach_{how}", **told)
    await telling.tell_authority(work, pilot, f"breach_{how}_for_authority", **told)


async def _drop_suspension(work: Work, breach: Breach) -> None:
    """A breach that was none calls for nothing."""
    waiting = (Suspension.breach == breach.id) & (Suspension.state == "proposed")
    for suspension in await Suspension.objects().where(waiting).output(load_json=True):
        await life.drop_within(work, suspension)


async def reopen(work: Work, pilot: Pilot, condition: Condition, breach: Breach) -> None:
    """Open a breach again that late figures show to have been cured too soon."""
    breach.cured_at = None
    breach.state = "explained" if breach.explained_at else "open"
    await work.save(breach)
    work.record("breach.reopened", breach, condition=condition.number)
    await announce(work, pilot, condition, breach, "breach.reopened")
    await conditions.breach_within(work, condition)
    await telling.tell_of_opening(work, pilot, condition, breach, again=True)


async def settle_breaches(condition_id: UUID) -> None:
    """Bring open breaches in line with a condition that was waived, discharged or brought back.

    Nobody owes an explanation of what binds nobody any more; what binds again is explained anew.
    Done twice it changes nothing the second time.
    """
    async with work_of(SYSTEM) as work:
        pilot, condition = await common.open_part(work, SYSTEM, Condition, condition_id, "read")
        own = (Breach.condition == condition_id) & Breach.cured_at.is_null()
        if condition.waived_until is not None:
            return
        for breach in await Breach.objects().where(own & (Breach.state != "closed")):
            if condition.state in FINAL:
                breach.state = "closed"
                await work.save(breach)
                work.record("breach.closed", breach)
            elif condition.state == "in_force":
                await _renew(work, pilot, condition, breach)


async def _renew(work: Work, pilot: Pilot, condition: Condition, breach: Breach) -> None:
    threshold = threshold_of(condition.threshold)
    if breach.explained_at is None and breach.explain_by is not None:
        breach.explain_asked_at = work.now
        breach.explain_by = explaining.explain_by(pilot, threshold, work.now)
        await work.save(breach)
    work.record("breach.reopened", breach, condition=condition.number)
    await announce(work, pilot, condition, breach, "breach.reopened")
    await conditions.breach_within(work, condition)
    await telling.tell_of_opening(work, pilot, condition, breach, again=True)


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
