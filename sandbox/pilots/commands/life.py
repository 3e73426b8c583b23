"""The steps of a pilot's life: ready, live, suspended, resumed, ended."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from sandbox.foundation.work import Work, work_of
from sandbox.framework.clocks import ClockName, add_months
from sandbox.people.person import Person
from sandbox.pilots import closing, rules
from sandbox.pilots.commands.common import (
    day_of,
    due,
    note,
    open_pilot,
    pack_of,
    parts,
    rhythm_of,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.tables import Condition, ExitReport, Milestone, Pilot, Relief, Suspension


async def declare_ready(person: Person, pilot_id: UUID) -> Pilot:
    """The firm says that it is ready to go live.

    :raises RuleBroken: a condition precedent is open.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "declare_ready")
        rules.declare_ready(pilot, await parts(Condition, pilot.id), at=work.now)
        await work.save(pilot)
        await note(work, pilot, "declare_ready")
        work.record("pilot.declared_ready", pilot)
        await tell_authority(work, pilot, "ready")
    return pilot


async def go_live(person: Person, pilot_id: UUID) -> Pilot:
    """Start the testing period today: the authority's word after the firm's.

    Standing conditions come into force, milestones and reliefs get their days.

    :raises RuleBroken: what is missing, by name.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "go_live")
        conditions = await parts(Condition, pilot.id)
        rules.go_live(pilot, conditions, today=_today(pilot, work), at=work.now)
        await work.save(pilot)
        await _date_parts(work, pilot, conditions)
        await note(work, pilot, "go_live")
        work.record("pilot.went_live", pilot, starts_on=pilot.starts_on, ends_on=pilot.ends_on)
        await tell_firm(work, pilot, "went_live")
    return pilot


async def _date_parts(work: Work, pilot: Pilot, conditions: list[Condition]) -> None:
    """Everything counted from the first day live gets its day."""
    rhythm = rhythm_of(pilot)
    start = rhythm.start
    for condition in conditions:
        if condition.every and condition.due_on is None:
            condition.due_on = rhythm.first(start, condition.every)
    milestones = await parts(Milestone, pilot.id)
    for milestone in milestones:
        if milestone.due_on is None and milestone.month:
            day = add_months(start, milestone.month)
            milestone.due_on = rhythm.calendar.next_working(day)
    reliefs = await parts(Relief, pilot.id)
    for relief in reliefs:
        relief.from_on, relief.until_on = start, pilot.ends_on
    await work.save(*conditions, *milestones, *reliefs)


async def suspend(person: Person, pilot_id: UUID, *, reason: str) -> Pilot:
    """Suspend a live pilot; both sides are told. ``SYSTEM`` may, when a threshold says so.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "suspend")
        await suspend_within(work, pilot, reason=reason)
    return pilot


async def suspend_within(work: Work, pilot: Pilot, *, reason: str) -> None:
    """:func:`suspend` inside a work of another slice, on a pilot that it has locked."""
    reason = rules.suspend(pilot, reason=reason, at=work.now)
    await work.save(pilot)
    await _drop_proposals(work, pilot)
    step = await note(work, pilot, "suspend", reason)
    work.later("build_pilot_letter", step.id, queue="documents")
    work.record("pilot.suspended", pilot)
    await tell_firm(
        work, pilot, "suspended", reason=reason, letter=pack_of(pilot).letters.suspended
    )
    await tell_authority(work, pilot, "suspended_for_authority", reason=reason)


async def resume(person: Person, pilot_id: UUID, *, reason: str) -> Pilot:
    """Let a suspended pilot go on.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "resume")
        reason = rules.resume(pilot, reason=reason, at=work.now)
        await work.save(pilot)
        step = await note(work, pilot, "resume", reason)
        work.later("build_pilot_letter", step.id, queue="documents")
        work.record("pilot.resumed", pilot)
        letter = pack_of(pilot).letters.resumed
        await tell_firm(work, pilot, "resumed", reason=reason, letter=letter)
    return pilot


async def stop(person: Person, pilot_id: UUID, *, reason: str) -> Pilot:
    """The firm stops its pilot; before going live that closes it at once.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "stop")
        reason = rules.stop(pilot, reason=reason, today=_today(pilot, work), at=work.now)
        await _end(work, pilot, "stop", "pilot.stopped", reason)
        await tell_authority(work, pilot, "ended", reason=reason, event="stop")
    return pilot


async def terminate(person: Person, pilot_id: UUID, *, reason: str) -> Pilot:
    """The authority ends the pilot against the firm's will.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "terminate")
        reason = rules.terminate(pilot, reason=reason, today=_today(pilot, work), at=work.now)
        await _end(work, pilot, "terminate", "pilot.terminated", reason)
        await tell_firm(work, pilot, "ended", reason=reason, event="terminate")
    return pilot


async def begin_exit(person: Person, pilot_id: UUID, *, reason: str = "") -> Pilot:
    """End the testing period; the exit report falls due.

    :raises InvalidInput: it is not over and no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "begin_exit")
        reason = rules.begin_exit(pilot, reason=reason, today=_today(pilot, work), at=work.now)
        await _end(work, pilot, "begin_exit", "pilot.testing_ended", reason)
        await tell_firm(work, pilot, "ended", reason=reason, event="begin_exit")
    return pilot


async def _end(work: Work, pilot: Pilot, event: str, recorded: str, reason: str) -> None:
    """Save the end; a pilot that ran owes an exit report, one that never did is closed."""
    if pilot.state == "closed":
        conditions = await parts(Condition, pilot.id)
        closing.lapse(conditions, at=work.now)
        await work.save(*conditions)
    else:
        await work.save(_report(work, pilot))
    reliefs = await parts(Relief, pilot.id)
    rules.end_reliefs(pilot, reliefs)
    await work.save(pilot, *reliefs)
    await _drop_proposals(work, pilot)
    await note(work, pilot, event, reason)
    work.record(recorded, pilot)


async def _drop_proposals(work: Work, pilot: Pilot) -> None:
    """A pilot that is no longer live needs nobody to decide whether it should be."""
    for suspension in await parts(Suspension, pilot.id):
        if suspension.state == "proposed":
            await drop_within(work, suspension)


async def drop_within(work: Work, suspension: Suspension) -> None:
    """Take a proposal back: its breach is withdrawn, or the pilot is no longer live."""
    rules.SUSPENSION.move(suspension, "drop", at=work.now)
    await work.save(suspension)
    work.record("suspension.dropped", suspension)


def _today(pilot: Pilot, work: Work) -> date:
    return day_of(pack_of(pilot), work.now)


def _report(work: Work, pilot: Pilot) -> ExitReport:
    return ExitReport(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        state=rules.EXIT_REPORT.initial,
        state_since=work.now,
        due_at=due(pack_of(pilot), ClockName.EXIT_REPORT, work.now, pilot.authority),
    )
