"""The way out: exit report, outcome, promises settled, follow-ups set."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework.clocks import ClockName
from sandbox.people.person import Person
from sandbox.pilots import closing, promises, queries, rules
from sandbox.pilots.commands.common import (
    day_of,
    due,
    note,
    open_part,
    open_pilot,
    pack_of,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.commands.evidence import close_waiting
from sandbox.pilots.tables import Condition, ExitReport, FollowUp, Milestone, Pilot


async def save_exit_report(
    person: Person, pilot_id: UUID, answers: Mapping[str, str]
) -> ExitReport:
    """Keep what was written so far; parts the pack does not ask for are left out.

    :raises RuleBroken: it has been submitted.
    """
    async with work_of(person) as work:
        pilot, report = await _open(work, person, pilot_id, "write_exit_report")
        known = {section.key for section in pack_of(pilot).reports.exit_sections}
        kept = {key: str(text) for key, text in answers.items() if key in known}
        promises.save(report, kept, at=work.now)
        await work.save(report)
    return report


async def submit_exit_report(person: Person, pilot_id: UUID) -> ExitReport:
    """Submit what was saved; the authority is told.

    :raises InvalidInput: naming each required part that is empty and each that is too long.
    """
    async with work_of(person) as work:
        pilot, report = await _open(work, person, pilot_id, "write_exit_report")
        pack = pack_of(pilot)
        promises.submit_report(report, pack.reports.exit_sections, by=person.id, at=work.now)
        report.decision_due_at = due(pack, ClockName.EXIT_DECISION, work.now, pilot.authority)
        await work.save(report)
        work.record("exit_report.submitted", report)
        await tell_authority(work, pilot, "exit_report_submitted", report=report)
    return report


async def return_exit_report(person: Person, pilot_id: UUID, *, reason: str) -> ExitReport:
    """Ask for more before the pilot closes.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot, report = await _open(work, person, pilot_id, "judge_exit_report")
        promises.judge_report(report, accepted=False, reason=reason, by=person.id, at=work.now)
        await work.save(report)
        work.record("exit_report.returned", report)
        await tell_firm(work, pilot, "exit_report_returned", report=report)
    return report


async def accept_exit_report(
    person: Person,
    pilot_id: UUID,
    *,
    outcome: rules.Outcome | None = None,
    words: str = "",
    left: Mapping[UUID, str] | None = None,
) -> Pilot:
    """Accept the exit report and close the pilot: promises settled, tokens revoked.

    ``outcome`` is needed unless the pilot was stopped or terminated, which it then stays.
    ``left``: why the pilot may close over a condition or milestone that is still open.

    :raises RuleBroken: an incident is open.
    :raises InvalidInput: the outcome is missing, or a reason for something that is open.
    """
    async with work_of(person) as work:
        pilot, report = await _open(work, person, pilot_id, "judge_exit_report")
        closing.check_incidents(len(await queries.open_incidents(pilot.id)))
        promises.judge_report(report, accepted=True, reason=words, by=person.id, at=work.now)
        promised = await queries.promised(pilot.id)
        closing.close(pilot, promised, outcome=outcome, left=left or {}, at=work.now)
        await work.save(pilot, report, *promised.conditions, *promised.milestones)
        await work.save(*_follow_ups(work, pilot))
        await _let_go(work, pilot, promised)
        await _revoke_tokens(work, pilot)
        await note(work, pilot, "close", report.reason)
        work.record("exit_report.accepted", report)
        work.record("pilot.closed", pilot, outcome=pilot.outcome)
        work.later("close_breaches", pilot.id)
        letter = pack_of(pilot).letters.closed
        await tell_firm(work, pilot, "closed", report=report, letter=letter)
    return pilot


async def _let_go(work: Work, pilot: Pilot, promised: closing.Promised) -> None:
    """Put on record what the pilot closed over, and let evidence wait no more."""
    subjects: list[Condition | Milestone] = [*promised.conditions, *promised.milestones]
    for subject in subjects:
        if subject.state in {"not_kept", "not_reached"}:
            await note(work, pilot, subject.state, subject.reason, subject.id)
            work.record(f"{subject._meta.tablename}.{subject.state}", subject,
                        number=subject.number)  # fmt: skip
        if subject.id in promised.waiting:
            await close_waiting(work, subject.id)


async def _open(
    work: Work, person: Person, pilot_id: UUID, action: str
) -> tuple[Pilot, ExitReport]:
    pilot = await open_pilot(work, person, pilot_id, action)
    report: ExitReport | None = (
        await ExitReport.objects()
        .where(ExitReport.pilot == pilot.id)
        .first()
        .output(load_json=True)
    )
    if report is None:
        raise RuleBroken(
            "exit_report.submit.too_early", _("The exit report begins when testing ends.")
        )
    return pilot, report


def _follow_ups(work: Work, pilot: Pilot) -> list[FollowUp]:
    """One for each clock that the pack starts when a pilot closes."""
    pack = pack_of(pilot)
    return [
        FollowUp(
            id=uuid4(),
            case=pilot.case,
            pilot=pilot.id,
            clock=clock.key,
            due_on=day_of(pack, due(pack, clock.key, work.now, pilot.authority)),
        )
        for clock in pack.clocks
        if clock.starts == "pilot.closed"
    ]


async def _revoke_tokens(work: Work, pilot: Pilot) -> None:
    await fetch(
        "UPDATE api_token SET revoked_at = $2 WHERE pilot = $1 AND revoked_at IS NULL",
        pilot.id,
        work.now,
    )


async def answer_follow_up(person: Person, follow_up_id: UUID, *, answer: str) -> FollowUp:
    """Note how things went after the exit.

    :raises InvalidInput: nothing is said.
    """
    async with work_of(person) as work:
        _pilot, follow_up = await open_part(
            work, person, FollowUp, follow_up_id, "answer_follow_up"
        )
        if follow_up.answered_at is not None:
            raise NotFound
        follow_up.answer, follow_up.answered_at = rules.given(answer), work.now
        follow_up.answered_by = person.id
        await work.save(follow_up)
        work.record("follow_up.answered", follow_up)
    return follow_up
