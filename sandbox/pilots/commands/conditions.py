"""Conditions that were not kept, are kept again, weigh heavier, are waived or done with.

Telemetry opens and cures breaches inside works of its own, by ``promises.breach`` and
``promises.cure`` and :func:`breach_within`, :func:`cure_within`; officers do it here, for what
no machine sees.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sandbox.foundation.work import Work, work_of
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots import promises, rules
from sandbox.pilots.commands.common import day_of, note, open_part, pack_of, tell_firm
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


async def escalate_within(work: Work, condition: Condition) -> bool:
    """Escalate a breach inside another's work; whether that is news. It tells nobody."""
    if condition.state != "breached":
        return False
    rules.CONDITION.move(condition, "escalate", at=work.now)
    await work.save(condition)
    work.record("condition.escalated", condition, number=condition.number)
    return True


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


async def waive_condition(
    person: Person, condition_id: UUID, *, reason: str, until: date | None = None
) -> Condition:
    """Release the firm from one condition, for good or ``until`` the end of a day.

    :raises InvalidInput: no reason is given, or the day is none that lies ahead.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(work, person, Condition, condition_id, "waive_condition")
        promises.waive(
            condition, reason=reason, at=work.now, until=until,
            today=day_of(pack_of(pilot), work.now), runs=pilot.state in rules.RUNNING,
        )  # fmt: skip
        await _told(work, pilot, condition, "waived", condition.reason)
        work.later("settle_breaches", condition.id)
    return condition


async def reinstate_condition(person: Person, condition_id: UUID, *, reason: str) -> Condition:
    """End a waiver before its last day; the firm is told.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: the condition is not waived, or was for good.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(work, person, Condition, condition_id, "waive_condition")
        reason = rules.given(reason)
        await _reinstate(work, pilot, condition, reason)
    return condition


async def end_waiver(condition_id: UUID) -> bool:
    """End a waiver whose last day is over; whether it was."""
    async with work_of(SYSTEM) as work:
        pilot, condition = await open_part(work, SYSTEM, Condition, condition_id, "read")
        last = condition.waived_until
        over = last is not None and last < day_of(pack_of(pilot), work.now)
        if not over or condition.state != "waived" or pilot.state not in rules.RUNNING:
            return False
        await _reinstate(work, pilot, condition, "")
    return True


async def _reinstate(work: Work, pilot: Pilot, condition: Condition, reason: str) -> None:
    promises.reinstate(condition, at=work.now)
    await _told(work, pilot, condition, "reinstated", reason)
    work.later("settle_breaches", condition.id)


async def discharge_condition(person: Person, condition_id: UUID, *, reason: str) -> Condition:
    """Say that a condition is no longer needed; the firm is told.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: it is not in force, or not kept now.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(work, person, Condition, condition_id, "waive_condition")
        promises.discharge(condition, reason=reason, at=work.now)
        await _told(work, pilot, condition, "discharged", condition.reason)
        work.later("settle_breaches", condition.id)
    return condition


async def _told(work: Work, pilot: Pilot, condition: Condition, happened: str, reason: str) -> None:
    await work.save(condition)
    await note(work, pilot, happened, reason, condition.id)
    work.record(f"condition.{happened}", condition, number=condition.number)
    await tell_firm(work, pilot, happened, subject=condition, reason=reason)
