"""What changes a plan that was agreed: an extension, an amendment."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation import i18n
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework import clocks
from sandbox.people.person import Person
from sandbox.pilots import amendments, plan, rules
from sandbox.pilots.commands.acceptance import condition_row, milestone_row
from sandbox.pilots.commands.common import (
    day_of,
    note,
    open_pilot,
    pack_of,
    parts,
    rhythm_of,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.plan import PlanContent, PlannedCondition, PlannedMilestone
from sandbox.pilots.tables import Condition, Extension, Milestone, Pilot, Plan, Relief

_Planned = PlannedCondition | PlannedMilestone | None

# Extension ---------------------------------------------------------------------------------


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


# Amendment ---------------------------------------------------------------------------------


async def amend_plan(
    person: Person, pilot_id: UUID, *, changes: amendments.Changes, reason: str, language: str = ""
) -> Plan:
    """Offer the firm a new version of the plan; it holds once the firm accepts it.

    ``language``: that in which new texts are written (default: the current one).

    :raises RuleBroken: an earlier offer is still open, or the pilot is ending.
    :raises InvalidInput: nothing is changed, or no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "amend_plan")
        rules.check_amendable(pilot)
        versions = await parts(Plan, pilot.id)
        if _offered(versions):
            raise RuleBroken("plan.amend.open", _("An amendment is waiting for the firm."))
        reason = rules.given(reason)
        held = plan.read(_in_force(pilot, versions).content)
        content = amendments.amend(
            pack_of(pilot),
            held,
            changes,
            language=language or i18n.current_language(),
            at=work.now,
        )
        offered = Plan(
            id=uuid4(),
            case=pilot.case,
            pilot=pilot.id,
            version=max(version.version for version in versions) + 1,
            content=plan.stored(content),
            reason=reason,
            offered_at=work.now,
            offered_by=person.id,
        )
        await work.save(offered)
        work.record("plan.amendment_offered", offered, version=offered.version)
        await tell_firm(work, pilot, "amendment_offered", offered=offered)
    return offered


async def accept_amendment(person: Person, pilot_id: UUID) -> Pilot:
    """The firm agrees; conditions and milestones now read as the new version says.

    :raises RuleBroken: nothing is offered.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "accept_amendment")
        versions = await parts(Plan, pilot.id)
        offered, held = _wanted(versions), _in_force(pilot, versions)
        offered.accepted_at, offered.accepted_by = work.now, person.id
        offered.accepted_name = person.name
        pilot.plan_version = offered.version
        await work.save(offered, pilot)
        await _apply(work, pilot, held, offered)
        work.record("plan.amendment_accepted", offered, version=offered.version)
        await tell_authority(work, pilot, "amendment_answered", offered=offered)
    return pilot


async def decline_amendment(person: Person, pilot_id: UUID, *, reason: str) -> Plan:
    """The firm does not agree; the version in force stays.

    :raises RuleBroken: nothing is offered.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "accept_amendment")
        offered = _wanted(await parts(Plan, pilot.id))
        offered.declined_at, offered.declined_reason = work.now, rules.given(reason)
        await work.save(offered)
        work.record("plan.amendment_declined", offered, version=offered.version)
        await tell_authority(work, pilot, "amendment_answered", offered=offered)
    return offered


async def withdraw_amendment(person: Person, pilot_id: UUID) -> Plan:
    """The authority takes its offer back.

    :raises RuleBroken: nothing is offered.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "amend_plan")
        offered = _wanted(await parts(Plan, pilot.id))
        offered.declined_at = work.now
        await work.save(offered)
        work.record("plan.amendment_withdrawn", offered, version=offered.version)
    return offered


def _offered(versions: list[Plan]) -> Plan | None:
    open_ones = (v for v in versions if v.accepted_at is None and v.declined_at is None)
    return next(open_ones, None)


def _wanted(versions: list[Plan]) -> Plan:
    offered = _offered(versions)
    if offered is None:
        raise RuleBroken("plan.amendment.none", _("No amendment is waiting for an answer."))
    return offered


def _in_force(pilot: Pilot, versions: list[Plan]) -> Plan:
    return next(version for version in versions if version.version == pilot.plan_version)


async def _apply(work: Work, pilot: Pilot, held: Plan, offered: Plan) -> None:
    """Make the rows say what the plan says."""
    old, new = plan.read(held.content), plan.read(offered.content)
    for condition in await parts(Condition, pilot.id):
        planned = new.condition(condition.number)
        if planned is not None:
            condition.title, condition.text = planned.title, planned.text
            condition.threshold = planned.threshold
            _move_day(condition, old.condition(condition.number), planned)
        elif condition.state not in {"met", "waived", "discharged"}:
            condition.reason = offered.reason
            rules.CONDITION.move(condition, "waive", at=work.now)
        await work.save(condition)
    for milestone in await parts(Milestone, pilot.id):
        _move_day(milestone, old.milestone(milestone.number), new.milestone(milestone.number))
        await work.save(milestone)
    await _add_new(work, pilot, new)


def _move_day(row: Condition | Milestone, old: _Planned, new: _Planned) -> None:
    """A day that the amendment leaves alone stays, for it may have moved on with a report."""
    if old is not None and new is not None and old.due_on != new.due_on:
        row.due_on = new.due_on


async def _add_new(work: Work, pilot: Pilot, content: PlanContent) -> None:
    known = {condition.number for condition in await parts(Condition, pilot.id)}
    for planned in content.conditions:
        if planned.number not in known:
            row = condition_row(pilot, planned)
            row.state_since = work.now
            if pilot.state in rules.RUNNING:
                rules.CONDITION.move(row, "enter_force", at=work.now)
                if row.every and row.due_on is None:
                    row.due_on = rhythm_of(pilot).after(day_of(pack_of(pilot), work.now), row.every)
            await work.save(row)
    reached = {milestone.number for milestone in await parts(Milestone, pilot.id)}
    for agreed in content.milestones:
        if agreed.number not in reached:
            await work.save(milestone_row(pilot, agreed))
