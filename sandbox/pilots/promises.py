"""What the firm promised and shows: conditions, milestones, evidence, guidance, exit report.

Pure, like the rules beside it. Telemetry and incidents call :func:`breach` and :func:`cure`
inside works of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.framework.conditions import ConditionKind
from sandbox.framework.publishing import ExitSection
from sandbox.people.person import Person
from sandbox.pilots.rhythms import Rhythm
from sandbox.pilots.rules import (
    CONDITION,
    EXIT_REPORT,
    MILESTONE,
    OPEN_STATES,
    STANDING_KINDS,
    given,
)
from sandbox.pilots.tables import Condition, Evidence, ExitReport, Guidance, Milestone

BINDING = frozenset({"pending", "in_force", "breached", "cured", "escalated"})
"""States of a condition in which it binds the firm, or will."""
_BROKEN = frozenset({"breached", "escalated"})
SOON = timedelta(days=7)
"""How long before its day both sides are reminded of what is owed."""


# Conditions --------------------------------------------------------------------------------


def breach(condition: Condition, *, at: datetime) -> bool:
    """The condition was not kept; whether that is news (it may be breached already).

    :raises RuleBroken: it binds nobody: not yet in force, waived or discharged.
    """
    if condition.state in _BROKEN:
        return False
    CONDITION.move(condition, "breach", at=at)
    condition.breached_at = condition.breached_at or at
    return True


def cure(condition: Condition, *, at: datetime) -> bool:
    """The condition is kept again; whether that is news.

    :raises RuleBroken: it was never breached.
    """
    if condition.state == "cured":
        return False
    CONDITION.move(condition, "cure", at=at)
    return True


def waive(
    condition: Condition, *, reason: str, at: datetime, until: date | None = None,
    today: date | None = None, runs: bool = True,
) -> None:  # fmt: skip
    """Release the firm from one condition, for a reason: for good, or ``until`` the end of a day.

    ``runs``: whether its pilot is in its testing period, which a waiver that ends needs.

    :raises InvalidInput: no reason is given, or the day is none that lies ahead.
    """
    CONDITION.step(condition.state, "waive")
    reason = given(reason)
    if until is not None and today is not None and until < today:
        raise InvalidInput({"until": _("Enter a day that is not over")})
    if until is not None and not (runs and condition.kind in STANDING_KINDS):
        raise InvalidInput(
            {"until": _("Only a standing condition of a running pilot is waived until a day")}
        )
    condition.reason, condition.waived_until = reason, until
    CONDITION.move(condition, "waive", at=at)


def reinstate(condition: Condition, *, at: datetime) -> None:
    """A waiver with a last day ends, and the condition binds again.

    :raises RuleBroken: it was not waived, or for good.
    """
    CONDITION.step(condition.state, "reinstate")
    if condition.waived_until is None:
        raise RuleBroken(
            "condition.reinstate.for_good", _("It was waived for good. Amend the plan instead.")
        )
    CONDITION.move(condition, "reinstate", at=at)
    condition.waived_until, condition.reason = None, ""


def discharge(condition: Condition, *, reason: str, at: datetime) -> None:
    """A condition has done its work and is no longer needed.

    :raises InvalidInput: no reason is given.
    """
    CONDITION.step(condition.state, "discharge")
    condition.reason = given(reason)
    CONDITION.move(condition, "discharge", at=at)


def is_owed(condition: Condition, waiting: Collection[UUID] = ()) -> bool:
    """Whether the firm owes a document or a report; what was waived or met is not owed, nor is
    what was handed in and is ``waiting`` to be looked at."""
    return (
        condition.due_on is not None and condition.state in BINDING and condition.id not in waiting
    )


def is_late(condition: Condition, today: date, waiting: Collection[UUID] = ()) -> bool:
    """Whether what the firm owes is overdue."""
    return is_owed(condition, waiting) and condition.due_on < today


# Milestones --------------------------------------------------------------------------------


def is_overdue(milestone: Milestone, today: date) -> bool:
    """Whether its day is over while it still waits for the firm."""
    return (
        milestone.due_on is not None and milestone.due_on < today and milestone.state in OPEN_STATES
    )


def waive_milestone(milestone: Milestone, *, reason: str, at: datetime) -> None:
    """Do without a milestone, for a reason.

    :raises InvalidInput: no reason is given.
    """
    MILESTONE.step(milestone.state, "waive")
    milestone.reason = given(reason)
    MILESTONE.move(milestone, "waive", at=at)


# Evidence ----------------------------------------------------------------------------------


def submit(
    subject: Condition | Milestone,
    earlier: Iterable[Evidence],
    *,
    text: str,
    file: UUID | None,
    at: datetime,
    attested: bool = False,
) -> None:
    """Hand in evidence for ``subject``; a milestone is then submitted. What is ``attested`` needs
    neither words nor a file.

    :raises InvalidInput: neither words nor a file.
    :raises RuleBroken: earlier evidence still waits, or nothing is owed any more.
    """
    if any(evidence.verdict == "" for evidence in earlier):
        raise RuleBroken(
            "evidence.submit.waiting", _("Your earlier evidence is still being looked at.")
        )
    if isinstance(subject, Condition) and subject.state not in BINDING:
        raise RuleBroken("evidence.submit.not_owed", _("This condition asks for nothing more."))
    if not text.strip() and file is None and not attested:
        raise InvalidInput({"text": _("Describe the evidence or attach a file")})
    if isinstance(subject, Milestone):
        MILESTONE.move(subject, "submit", at=at)
        subject.reason = ""


def judge(
    evidence: Evidence,
    subject: Condition | Milestone,
    *,
    accepted: bool,
    reason: str,
    by: UUID | None,
    at: datetime,
    rhythm: Rhythm | None = None,
) -> None:
    """Accept evidence, or return it for a reason; its subject moves along.

    ``rhythm``: that of a pilot that is live, for periodic reports.

    :raises InvalidInput: returned without a reason.
    :raises RuleBroken: it was decided before.
    """
    if evidence.verdict:
        raise RuleBroken("evidence.judge.decided", _("This evidence was decided before."))
    reason = reason.strip() if accepted else given(reason)
    if isinstance(subject, Milestone):
        MILESTONE.move(subject, "accept" if accepted else "return", at=at)
        subject.reason = reason
    elif accepted:
        _credit(subject, evidence, rhythm, at)
    evidence.verdict, evidence.verdict_reason = "accepted" if accepted else "returned", reason
    evidence.verdict_by, evidence.verdict_at = by, at


def attest(evidence: Evidence, condition: Condition, rhythm: Rhythm, *, at: datetime) -> bool:
    """Take the firm's word that it kept a duty in a period; whether it can be taken.

    It cannot where the firm says that it did not, or where the authority found so: then the
    authority looks at what it says.
    """
    if evidence.kept is not True or condition.state in _BROKEN:
        return False
    evidence.verdict, evidence.verdict_at = "attested", at
    _move_on(condition, rhythm)
    return True


def _credit(condition: Condition, evidence: Evidence, rhythm: Rhythm | None, at: datetime) -> None:
    """What accepted evidence does to a condition.

    A document or a precedent is met. The report or the attestation of a period moves its next
    day. A broken duty is cured, unless the firm itself says that it was not kept; a broken
    threshold or cap is not: only its figures cure it.
    """
    by_hand = condition.threshold is None and evidence.kept is not False
    if condition.state == "pending" or condition.kind not in STANDING_KINDS:
        if condition.state in _BROKEN:
            CONDITION.move(condition, "cure", at=at)
        CONDITION.move(condition, "meet", at=at)
        condition.met_at = at
    elif condition.state in _BROKEN and by_hand:
        CONDITION.move(condition, "cure", at=at)
    of_period = condition.kind == ConditionKind.PERIODIC_REPORT or evidence.period_from is not None
    if rhythm is not None and of_period:
        _move_on(condition, rhythm)


def _move_on(condition: Condition, rhythm: Rhythm) -> None:
    if condition.every and condition.due_on:
        condition.due_on = rhythm.after(condition.due_on, condition.every)


# Guidance ----------------------------------------------------------------------------------


def acknowledge(guidance: Guidance, person: Person, *, at: datetime) -> None:
    """The firm has read the guidance and keeps to it from now on.

    :raises RuleBroken: that was said before.
    """
    if guidance.acknowledged_at is not None:
        raise RuleBroken("guidance.acknowledge.again", _("This was acknowledged before."))
    guidance.acknowledged_at = at
    guidance.acknowledged_by, guidance.acknowledged_name = person.id, person.name


# Exit report -------------------------------------------------------------------------------


def save(report: ExitReport, answers: Mapping[str, str], *, at: datetime) -> None:
    """Keep what was written so far.

    :raises RuleBroken: the report has been submitted.
    """
    if report.state not in {"draft", "returned"}:
        raise RuleBroken("exit_report.save.submitted", _("The exit report has been submitted."))
    report.answers = {**report.answers, **answers}
    report.saved_at = at


def submit_report(
    report: ExitReport, sections: Iterable[ExitSection], *, by: UUID | None, at: datetime
) -> None:
    """Submit the exit report.

    :raises InvalidInput: naming each required part that is empty and each that is too long.
    """
    EXIT_REPORT.step(report.state, "submit")
    errors = {
        section.key: problem
        for section in sections
        if (problem := _problem(section, report.answers.get(section.key, "")))
    }
    if errors:
        raise InvalidInput(errors)
    EXIT_REPORT.move(report, "submit", at=at)
    report.submitted_at, report.submitted_by = at, by


def _problem(section: ExitSection, text: str) -> str:
    if section.required and not text.strip():
        return _("Write this part")
    if section.max_words and len(text.split()) > section.max_words:
        return _("Use at most %(n)s words") % {"n": section.max_words}
    return ""


def judge_report(
    report: ExitReport, *, accepted: bool, reason: str, by: UUID | None, at: datetime
) -> None:
    """Accept the exit report, or return it for a reason.

    :raises InvalidInput: returned without a reason.
    """
    event = "accept" if accepted else "return"
    EXIT_REPORT.step(report.state, event)
    report.reason = reason.strip() if accepted else given(reason)
    EXIT_REPORT.move(report, event, at=at)
    report.decided_at, report.decided_by = at, by
