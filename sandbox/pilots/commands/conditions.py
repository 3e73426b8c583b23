"""Conditions that were not kept, are kept again, weigh heavier, or are waived.

Telemetry opens and cures breaches inside works of its own, by ``promises.breach`` and
``promises.cure`` and :func:`breach_within`, :func:`cure_within`; officers do it here, for what
no machine sees.
"""

from __future__ import annotations

from uuid import UUID

from sandbox.foundation.work import Work, work_of
from sandbox.people.person import Person
from sandbox.pilots import promises, rules
from sandbox.pilots.commands.common import note, open_part, tell_firm
from sandbox.pilots.tables import Condition, Pilot


async def breach_condition(person: Person, condition_id: UUID, *, reason: str) -> Condition:
    """Record that a condition was not kept; the firm is told.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: the condition binds nobody now.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(
            work, person, Condition, condition_id, "supervise_conditions"
        )
        reason = rules.given(reason)
        if await breach_within(work, condition):
            await note(work, pilot, "breached", reason, condition.id)
            await tell_firm(work, pilot, "breached", subject=condition, reason=reason)
    return condition


async def cure_condition(person: Person, condition_id: UUID, *, reason: str) -> Condition:
    """Record that a breached condition is kept again; the firm is told.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: it was not breached.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(
            work, person, Condition, condition_id, "supervise_conditions"
        )
        reason = rules.given(reason)
        if await cure_within(work, condition):
            await note(work, pilot, "cured", reason, condition.id)
            await tell_firm(work, pilot, "cured", subject=condition, reason=reason)
    return condition


async def breach_within(work: Work, condition: Condition) -> bool:
    """Breach a condition inside another's work; whether that is news. It tells nobody."""
    news = promises.breach(condition, at=work.now)
    if news:
        await work.save(condition)
        work.record("condition.breached", condition, number=condition.number)
    return news


async def cure_within(work: Work, condition: Condition) -> bool:
    """Cure a condition inside another's work; whether that is news. It tells nobody."""
    news = promises.cure(condition, at=work.now)
    if news:
        await work.save(condition)
        work.record("condition.cured", condition, number=condition.number)
    return news


async def escalate_condition(person: Person, condition_id: UUID, *, reason: str) -> Condition:
    """Say that a breach weighs heavily enough to be looked at above; the firm is told.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(
            work, person, Condition, condition_id, "supervise_conditions"
        )
        reason = rules.given(reason)
        rules.CONDITION.move(condition, "escalate", at=work.now)
        await _told(work, pilot, condition, "escalated", reason)
    return condition


async def waive_condition(person: Person, condition_id: UUID, *, reason: str) -> Condition:
    """Release the firm from one condition.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(work, person, Condition, condition_id, "waive_condition")
        promises.waive(condition, reason=reason, at=work.now)
        await _told(work, pilot, condition, "waived", condition.reason)
    return condition


async def _told(work: Work, pilot: Pilot, condition: Condition, happened: str, reason: str) -> None:
    await work.save(condition)
    await note(work, pilot, happened, reason, condition.id)
    work.record(f"condition.{happened}", condition, number=condition.number)
    await tell_firm(work, pilot, happened, subject=condition)
