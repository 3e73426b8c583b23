"""Suspensions that breaches call for: proposed by the clock, decided by a person.

Telemetry proposes them, and drops them again, inside works of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from sandbox.foundation.work import Work, work_of
from sandbox.framework.clocks import ClockName
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots import rules
from sandbox.pilots.commands.common import (
    due,
    open_part,
    pack_of,
    tell_authority,
    tell_central,
    tell_decision_makers,
    tell_firm,
)
from sandbox.pilots.commands.life import suspend_within
from sandbox.pilots.tables import Condition, Pilot, Suspension


async def propose_within(
    work: Work, pilot: Pilot, condition: Condition, *, breach: UUID, facts: Mapping[str, str]
) -> Suspension:
    """Put a suspension before the decision makers, and tell both sides that it waits.

    ``facts``: what happened, by language.
    """
    proposed = Suspension(
        id=uuid4(), case=pilot.case, pilot=pilot.id, condition=condition.id, breach=breach,
        facts=dict(facts), state=rules.SUSPENSION.initial, state_since=work.now,
        proposed_at=work.now,
        decide_by=due(pack_of(pilot), ClockName.SUSPENSION_DECISION, work.now, pilot.authority),
    )  # fmt: skip
    await work.save(proposed)
    work.record("suspension.proposed", proposed, condition=condition.number)
    context = {"suspension": proposed, "condition": condition}
    await tell_decision_makers(work, pilot, "suspension_proposed", **context)
    await tell_firm(work, pilot, "suspension_waits", **context)
    return proposed


async def decide_suspension(
    person: Person, suspension_id: UUID, *, confirmed: bool, reason: str
) -> Suspension:
    """Suspend the pilot as proposed, or decline to; the firm is told either way.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: it was decided before, or the pilot is no longer live.
    """
    async with work_of(person) as work:
        pilot, suspension = await open_part(
            work, person, Suspension, suspension_id, "decide_suspension"
        )
        rules.decide_suspension(
            suspension, confirmed=confirmed, reason=reason, by=person, at=work.now
        )
        await work.save(suspension)
        work.record(f"suspension.{suspension.state}", suspension)
        if confirmed:
            await suspend_within(work, pilot, reason=suspension.reason)
        else:
            context = {"suspension": suspension, "reason": suspension.reason}
            await tell_firm(work, pilot, "suspension_declined", **context)
            await tell_authority(work, pilot, "suspension_declined", **context)
    return suspension


async def escalate_suspension(suspension_id: UUID) -> bool:
    """Nobody decided in time: the decision makers hear again, and the centre too, once."""
    async with work_of(SYSTEM) as work:
        pilot, suspension = await open_part(work, SYSTEM, Suspension, suspension_id, "read")
        waits = suspension.state == "proposed" and suspension.decide_by < work.now
        if not waits or suspension.escalated_at is not None:
            return False
        suspension.escalated_at = work.now
        await work.save(suspension)
        work.record("suspension.escalated", suspension)
        await tell_decision_makers(work, pilot, "suspension_overdue", suspension=suspension)
        await tell_central(work, pilot, "suspension_overdue", suspension=suspension)
    return True
