"""Changes of a plan that was agreed: offered and accepted, or tightened by the authority alone."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from sandbox.foundation import clock, i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _, format_date
from sandbox.foundation.work import Work, work_of
from sandbox.framework import clocks
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots import amendments, plan, rules, versions
from sandbox.pilots.commands.acceptance import condition_row, milestone_row
from sandbox.pilots.commands.common import (
    day_of,
    open_pilot,
    pack_of,
    parts,
    rhythm_of,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.plan import PlanContent, PlannedCondition, PlannedMilestone
from sandbox.pilots.tables import Condition, Milestone, Pilot, Plan

_Planned = PlannedCondition | PlannedMilestone | None


async def amend_plan(
    person: Person, pilot_id: UUID, *, changes: amendments.Changes, reason: str, language: str = ""
) -> Plan:
    """Offer the firm a new version of the plan; it holds once the firm accepts it.

    ``language``: that in which new texts are written (default: the current one).

    :raises RuleBroken: an earlier change is still open, or the pilot is ending.
    :raises InvalidInput: nothing is changed, or no reason is given.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "amend_plan")
        offered, _held = await _drawn(work, pilot, changes, reason, language)
        await work.save(offered)
        work.record("plan.amendment_offered", offered, version=offered.version)
        await tell_firm(work, pilot, "amendment_offered", offered=offered)
    return offered


async def tighten(
    person: Person, pilot_id: UUID, *, changes: amendments.Changes, from_on: date | None,
    reason: str, language: str = "",
) -> Plan:  # fmt: skip
    """Announce a stricter limit that binds from ``from_on`` on, whether the firm accepts or not.

    As :func:`amend_plan` else.

    :raises RuleBroken: the terms do not let the authority do so.
    :raises InvalidInput: it is not stricter, or comes sooner than the notice that the terms give.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "amend_plan")
        earliest = tightened_from(pilot)
        if earliest is None:
            raise RuleBroken(
                "plan.tighten.not_allowed", _("The terms let nobody change a limit alone.")
            )
        announced, held = await _drawn(work, pilot, changes, reason, language)
        amendments.check_tighter(held, plan.read(announced.content))
        if from_on is None or from_on < earliest:
            words = _("Enter a date from %(day)s on: the firm has notice until then")
            raise InvalidInput({"from_on": words % {"day": format_date(earliest)}})
        announced.imposed_on = from_on
        await work.save(announced)
        work.record("plan.tightening_announced", announced, version=announced.version)
        await tell_firm(work, pilot, "tightening_announced", offered=announced)
    return announced


def tightened_from(pilot: Pilot) -> date | None:
    """The first day on which a limit announced now can bind; ``None``: the terms allow none."""
    pack = pack_of(pilot)
    notice = pack.terms.tightening_notice
    if notice is None:
        return None
    calendar = pack.calendar_of(pilot.authority)
    return calendar.day_of(clocks.due(notice, clock.now(), calendar))


async def _drawn(
    work: Work, pilot: Pilot, changes: amendments.Changes, reason: str, language: str
) -> tuple[Plan, PlanContent]:
    """The next version of the plan, not yet kept, and what is in force."""
    rules.check_amendable(pilot)
    every = await parts(Plan, pilot.id)
    if any(versions.is_offered(one) or versions.is_announced(one) for one in every):
        raise RuleBroken("plan.amend.open", _("Another change of the plan waits. Settle it first."))
    reason = rules.given(reason)
    held = plan.read(_in_force(pilot, every).content)
    language = language or i18n.current_language()
    content = amendments.amend(pack_of(pilot), held, changes, language=language, at=work.now)
    drawn = Plan(
        id=uuid4(), case=pilot.case, pilot=pilot.id,
        version=max(one.version for one in every) + 1, content=plan.stored(content),
        reason=reason, offered_at=work.now, offered_by=work.person.id,
        offered_name=work.person.name,
    )  # fmt: skip
    return drawn, held


async def impose_due(latest: date) -> int:
    """Put announced limits into force whose day has come; how many that were.

    ``latest``: the day that it is wherever it is latest; whether a day has come at the pilot's
    own place, each work sees for itself.
    """
    rows = await fetch(
        "SELECT pilot FROM plan WHERE imposed_on IS NOT NULL AND accepted_at IS NULL "
        "AND declined_at IS NULL AND imposed_on <= $1",
        latest,
    )
    return sum([await _impose(row["pilot"]) for row in rows])


async def _impose(pilot_id: UUID) -> bool:
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        every = await parts(Plan, pilot.id)
        due = next((one for one in every if versions.is_announced(one)), None)
        today = day_of(pack_of(pilot), work.now)
        if (
            due is None
            or due.imposed_on > today
            or pilot.state not in {"preparing", *rules.RUNNING}
        ):
            return False
        await _enter(work, pilot, every, due)
        work.record("plan.tightened", due, version=due.version)
        await tell_firm(work, pilot, "tightened", offered=due)
        await tell_authority(work, pilot, "tightened", offered=due)
    return True


async def _enter(work: Work, pilot: Pilot, every: list[Plan], version: Plan) -> None:
    """Make ``version`` the one in force."""
    held = _in_force(pilot, every)
    version.accepted_at = work.now
    pilot.plan_version = version.version
    await work.save(version, pilot)
    await _apply(work, pilot, held, version)


async def accept_amendment(person: Person, pilot_id: UUID) -> Pilot:
    """The firm agrees; conditions and milestones now read as the new version says.

    :raises RuleBroken: nothing is offered.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "accept_amendment")
        every = await parts(Plan, pilot.id)
        offered = _wanted(every)
        offered.accepted_by, offered.accepted_name = person.id, person.name
        await _enter(work, pilot, every, offered)
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
    """The authority takes back what it offered or announced.

    :raises RuleBroken: nothing waits.
    """
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "amend_plan")
        every = await parts(Plan, pilot.id)
        offered = next((one for one in every if versions.is_announced(one)), None)
        offered = offered or _wanted(every)
        offered.declined_at = work.now
        await work.save(offered)
        work.record("plan.amendment_withdrawn", offered, version=offered.version)
        if offered.imposed_on:
            await tell_firm(work, pilot, "tightening_withdrawn", offered=offered)
    return offered


def _wanted(every: list[Plan]) -> Plan:
    offered = next((one for one in every if versions.is_offered(one)), None)
    if offered is None:
        raise RuleBroken("plan.amendment.none", _("No amendment is waiting for an answer."))
    return offered


def _in_force(pilot: Pilot, every: list[Plan]) -> Plan:
    return next(version for version in every if version.version == pilot.plan_version)


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
            condition.waived_until = None
            work.later("settle_breaches", condition.id)
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
                    row.due_on = rhythm_of(pilot).first(day_of(pack_of(pilot), work.now), row.every)
            await work.save(row)
    reached = {milestone.number for milestone in await parts(Milestone, pilot.id)}
    for agreed in content.milestones:
        if agreed.number not in reached:
            await work.save(milestone_row(pilot, agreed))
