"""The life of a pilot and of what hangs on it: conditions, milestones, evidence, exit. Pure.

Days are days of the jurisdiction; moments are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _, format_date, ngettext
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.framework.clocks import add_months
from sandbox.framework.conditions import ConditionKind
from sandbox.people.person import Person, Role
from sandbox.pilots.tables import (
    Condition,
    Extension,
    Pilot,
    Relief,
    Suspension,
)


class Outcome(StrEnum):
    """How a pilot ended."""

    COMPLETED = "completed"
    MOVING_TO_MARKET = "moving_to_market"
    STOPPED = "stopped_by_applicant"
    TERMINATED = "terminated"


_FIRM = {Role.APPLICANT}
_AUTHORITY = {Role.OFFICER, Role.DECISION_MAKER}
_DECIDES = {Role.DECISION_MAKER}
_CLOCK = {Role.SYSTEM}

PILOT = LifeCycle(
    "pilot",
    "preparing",
    (
        transition(
            "go_live", "preparing", "live", _AUTHORITY,
            label=N_("Start the testing period"),
            precondition="every condition precedent is met and the firm has said it is ready",
        ),
        transition(
            "suspend", "live", "suspended", _AUTHORITY | _CLOCK,
            label=N_("Suspend the pilot"), precondition="a reason is given",
        ),
        transition(
            "resume", "suspended", "live", _AUTHORITY,
            label=N_("Let the pilot resume"), precondition="a reason is given",
        ),
        transition(
            "begin_exit", ("live", "suspended"), "exiting", _AUTHORITY | _CLOCK,
            label=N_("End the testing period"),
            precondition="the last day is over, or a reason is given",
        ),
        transition(
            "stop", ("live", "suspended"), "exiting", _FIRM,
            label=N_("Stop the pilot"), precondition="a reason is given",
        ),
        transition(
            "stop", "preparing", "closed", _FIRM,
            label=N_("Give the pilot up"), precondition="a reason is given",
        ),
        transition(
            "terminate", ("live", "suspended"), "exiting", _DECIDES,
            label=N_("Terminate the pilot"), precondition="a reason is given",
        ),
        transition(
            "terminate", "preparing", "closed", _DECIDES,
            label=N_("Terminate the pilot"), precondition="a reason is given",
        ),
        transition(
            "close", "exiting", "closed", _AUTHORITY,
            label=N_("Close the pilot"),
            precondition="the exit report is accepted, no incident is open, and what is still "
            "open has its reason",
        ),
    ),
)  # fmt: skip

CONDITION = LifeCycle(
    "condition",
    "pending",
    (
        transition(
            "meet", ("pending", "in_force", "cured"), "met", _AUTHORITY,
            precondition="its evidence is accepted",
        ),
        transition(
            "enter_force", ("pending", "met"), "in_force", _AUTHORITY,
            precondition="the pilot goes live; a document that is met stays met",
        ),
        transition(
            "breach", ("in_force", "met", "cured"), "breached", _AUTHORITY | _CLOCK,
            precondition="its threshold or duty was not kept",
        ),
        transition(
            "cure", ("breached", "escalated"), "cured", _AUTHORITY | _CLOCK,
            precondition="it is kept again",
        ),
        transition("escalate", "breached", "escalated", _AUTHORITY | _CLOCK, label=N_("Escalate")),
        transition(
            "waive", ("pending", "in_force", "breached", "cured", "escalated"), "waived",
            _DECIDES, label=N_("Waive"), precondition="a reason is given",
        ),
        transition(
            "reinstate", "waived", "in_force", _DECIDES | _CLOCK,
            label=N_("Bring back into force"),
            precondition="its waiver ends with a day, and the pilot runs",
        ),
        transition(
            "discharge", ("in_force", "met", "cured"), "discharged", _AUTHORITY,
            label=N_("Discharge"),
            precondition="the pilot closes, and it was kept until then; or it is no longer "
            "needed, for a reason",
        ),
        transition(
            "leave", ("pending", "in_force", "breached", "cured", "escalated"), "not_kept",
            _AUTHORITY, precondition="the pilot closes over it, for a reason",
        ),
        transition(
            "lapse", ("pending", "met"), "lapsed", _AUTHORITY | _FIRM,
            precondition="the pilot closes before it went live",
        ),
    ),
)  # fmt: skip

SUSPENSION = LifeCycle(
    "suspension",
    "proposed",
    (
        transition("confirm", "proposed", "confirmed", _DECIDES,
                   label=N_("Suspend the pilot"), precondition="a reason is given"),
        transition("decline", "proposed", "declined", _DECIDES,
                   label=N_("Do not suspend it"), precondition="a reason is given"),
        transition("drop", "proposed", "dropped", _CLOCK | _AUTHORITY | _FIRM,
                   precondition="the breach is withdrawn, or the pilot is no longer live"),
    ),
)  # fmt: skip

MILESTONE = LifeCycle(
    "milestone",
    "planned",
    (
        transition("submit", ("planned", "returned"), "submitted", _FIRM,
                   label=N_("Submit evidence")),
        transition("accept", "submitted", "accepted", _AUTHORITY, label=N_("Accept")),
        transition("return", "submitted", "returned", _AUTHORITY, label=N_("Return"),
                   precondition="a reason is given"),
        transition("waive", ("planned", "returned", "submitted"), "waived", _AUTHORITY,
                   label=N_("Waive"), precondition="a reason is given"),
        transition("leave", ("planned", "returned", "submitted"), "not_reached", _AUTHORITY,
                   precondition="the pilot closes over it, for a reason"),
    ),
)  # fmt: skip

EXIT_REPORT = LifeCycle(
    "exit_report",
    "draft",
    (
        transition("submit", ("draft", "returned"), "submitted", _FIRM,
                   label=N_("Submit the exit report"),
                   precondition="every required part is written"),
        transition("accept", "submitted", "accepted", _AUTHORITY,
                   label=N_("Accept and close the pilot")),
        transition("return", "submitted", "returned", _AUTHORITY, label=N_("Return"),
                   precondition="a reason is given"),
    ),
)  # fmt: skip

STANDING_KINDS = frozenset(
    {
        ConditionKind.DUTY,
        ConditionKind.CAP,
        ConditionKind.THRESHOLD,
        ConditionKind.PERIODIC_REPORT,
        ConditionKind.DISCLOSURE,
    }
)
"""Conditions that are kept as long as the pilot runs; a document is owed once."""

UNBOUND = frozenset({"pending", "waived", "discharged", "not_kept", "lapsed"})
"""Conditions that bind nobody: not yet, or no more."""
FINAL = UNBOUND - {"pending"}
"""Conditions to which nothing happens any more."""

OPEN_STATES = frozenset({"planned", "returned"})
"""Milestones that wait for the firm."""
RUNNING = frozenset({"live", "suspended"})
TESTING = RUNNING | {"exiting"}
"""States in which people may be touched, and figures and incidents are taken."""
TOKENS_AT_MOST = 10


def is_broken(condition: Condition) -> bool:
    """Whether a condition is not kept now."""
    return condition.state in {"breached", "escalated"}


def given(reason: str) -> str:
    """The reason, trimmed.

    :raises InvalidInput: there is none.
    """
    if not reason.strip():
        raise InvalidInput({"reason": _("Give the reason")})
    return reason.strip()


# The pilot ---------------------------------------------------------------------------------


def check_open(pilot: Pilot) -> None:
    """Nothing changes on a closed pilot.

    :raises RuleBroken: ``pilot.change.closed``.
    """
    if pilot.state == "closed":
        raise RuleBroken(
            "pilot.change.closed", _("The pilot is closed, so nothing changes any more.")
        )


def check_amendable(pilot: Pilot) -> None:
    """A plan is amended while it is being prepared or tested.

    :raises RuleBroken: ``plan.amend.ending``.
    """
    if pilot.state not in {"preparing", *RUNNING}:
        raise RuleBroken("plan.amend.ending", _("Testing has ended, so the plan stays as it is."))


def missing_precedents(conditions: Iterable[Condition]) -> list[Condition]:
    """The conditions that must be met before going live and are not."""
    return [c for c in conditions if c.precedent and c.state not in {"met", "waived"}]


def declare_ready(pilot: Pilot, conditions: Iterable[Condition], *, at: datetime) -> None:
    """The firm says that it is ready to go live.

    :raises RuleBroken: the pilot is not being prepared, or a condition precedent is open.
    """
    PILOT.step(pilot.state, "go_live")
    _check_precedents(conditions)
    pilot.ready_at = at


def go_live(pilot: Pilot, conditions: Sequence[Condition], *, today: date, at: datetime) -> None:
    """Start the testing period today; standing conditions come into force.

    :raises RuleBroken: a condition precedent is open (all missing ones are named), or the firm
        has not said that it is ready.
    """
    PILOT.step(pilot.state, "go_live")
    _check_precedents(conditions)
    if pilot.ready_at is None:
        # The firm carries the risk of the first user, so it is never started without its word.
        raise RuleBroken("pilot.go_live.not_ready", _("The firm has not said that it is ready."))
    PILOT.move(pilot, "go_live", at=at)
    pilot.starts_on = today
    pilot.ends_on = add_months(today, pilot.testing_months)
    for condition in conditions:
        _enter_force(condition, at)


def _check_precedents(conditions: Iterable[Condition]) -> None:
    missing = missing_precedents(conditions)
    if missing:
        words = ngettext(
            "Condition %(numbers)s must be met before going live.",
            "Conditions %(numbers)s must be met before going live.",
            len(missing),
        )
        numbers = ", ".join(str(condition.number) for condition in missing)
        raise RuleBroken("pilot.go_live.precedents", words % {"numbers": numbers})


def _enter_force(condition: Condition, at: datetime) -> None:
    """A pending condition comes into force; so does a standing one whose start was proven."""
    standing = condition.kind in STANDING_KINDS
    if condition.state == "pending" or (condition.state == "met" and standing):
        CONDITION.move(condition, "enter_force", at=at)


def suspend(pilot: Pilot, *, reason: str, at: datetime) -> str:
    """Suspend a live pilot; the reason, trimmed. The testing period runs on."""
    PILOT.step(pilot.state, "suspend")
    reason = given(reason)
    PILOT.move(pilot, "suspend", at=at)
    return reason


def resume(pilot: Pilot, *, reason: str, at: datetime) -> str:
    """Let a suspended pilot go on; the reason, trimmed."""
    PILOT.step(pilot.state, "resume")
    reason = given(reason)
    PILOT.move(pilot, "resume", at=at)
    return reason


def stop(pilot: Pilot, *, reason: str, today: date, at: datetime) -> str:
    """The firm stops; before going live that closes the pilot. The reason, trimmed."""
    PILOT.step(pilot.state, "stop")
    reason = given(reason)
    _end(pilot, "stop", Outcome.STOPPED, today, at)
    return reason


def terminate(pilot: Pilot, *, reason: str, today: date, at: datetime) -> str:
    """The authority ends the pilot; before going live that closes it. The reason, trimmed."""
    PILOT.step(pilot.state, "terminate")
    reason = given(reason)
    _end(pilot, "terminate", Outcome.TERMINATED, today, at)
    return reason


def begin_exit(pilot: Pilot, *, reason: str, today: date, at: datetime) -> str:
    """End the testing period: by itself after the last day, earlier for a reason.

    :raises InvalidInput: it is not over and there is no reason.
    """
    PILOT.step(pilot.state, "begin_exit")
    over = pilot.ends_on is not None and today > pilot.ends_on
    reason = reason.strip() if over else given(reason)
    _end(pilot, "begin_exit", None, today, at)
    return reason


def _end(pilot: Pilot, event: str, outcome: Outcome | None, today: date, at: datetime) -> None:
    """End the testing period; its last day is then the day on which it ended."""
    PILOT.move(pilot, event, at=at)
    pilot.ended_at = at
    pilot.outcome = outcome
    if pilot.ends_on is not None:
        pilot.ends_on = min(pilot.ends_on, today)
    if pilot.state == "closed":
        pilot.closed_at = at


def end_reliefs(pilot: Pilot, reliefs: Iterable[Relief]) -> None:
    """A rule is relaxed for testing only, so every relief ends with it.

    While a pilot is suspended nobody is tested on, and its reliefs rest
    (:func:`sandbox.pilots.reliefs.standing` says so); they need no change for that.
    """
    for relief in reliefs:
        if relief.from_on is not None:
            relief.until_on = pilot.ends_on


# Suspensions that a breach proposes ----------------------------------------------------------


def decide_suspension(
    suspension: Suspension, *, confirmed: bool, reason: str, by: Person, at: datetime
) -> None:
    """Confirm or decline a suspension that was proposed, for a reason.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: it does not wait any more.
    """
    event = "confirm" if confirmed else "decline"
    SUSPENSION.step(suspension.state, event)
    suspension.reason = given(reason)
    SUSPENSION.move(suspension, event, at=at)
    suspension.decided_at = at
    suspension.decided_by, suspension.decided_name = by.id, by.name


# More time -----------------------------------------------------------------------------------


def check_extension(
    pilot: Pilot,
    earlier: Iterable[Extension],
    *,
    months: int,
    most: int,
    times: int,
    until: datetime,
    at: datetime,
) -> None:
    """Whether ``months`` more may be asked for or given at ``at``.

    ``most`` months and ``times`` are the pack's terms; ``until`` is its clock's limit before the
    end of the testing period.

    :raises RuleBroken: the pilot does not run, was extended before, or it is too late.
    :raises InvalidInput: not a number of months that the terms allow.
    """
    if pilot.state not in RUNNING:
        raise RuleBroken("pilot.extend.not_running", _("Only a running pilot can be extended."))
    if sum(extension.state == "granted" for extension in earlier) >= times:
        raise RuleBroken("pilot.extend.again", _("A pilot cannot be extended again."))
    if at > until:
        raise RuleBroken(
            "pilot.extend.late",
            _("It is too late: an extension had to be decided by %(day)s.")
            % {"day": format_date(until)},
        )
    if not 1 <= months <= most:
        raise InvalidInput({"months": _("Enter a number from 1 to %(most)s") % {"most": most}})


def extend(
    pilot: Pilot, extension: Extension, *, reason: str, by: UUID | None, at: datetime
) -> None:
    """Grant ``extension``: the testing period ends so many months later."""
    reason = given(reason)
    assert pilot.ends_on is not None  # a running pilot has an end
    pilot.ends_on = add_months(pilot.ends_on, extension.months)
    pilot.testing_months += extension.months
    _decide_extension(extension, "granted", reason, by, at)
    extension.ends_on = pilot.ends_on


def refuse_extension(extension: Extension, *, reason: str, by: UUID | None, at: datetime) -> None:
    """Refuse an extension that was asked for."""
    if extension.state != "asked":
        raise RuleBroken("extension.refuse.decided", _("This was decided before."))
    _decide_extension(extension, "refused", given(reason), by, at)


def _decide_extension(
    extension: Extension, state: str, reason: str, by: UUID | None, at: datetime
) -> None:
    extension.state, extension.reason = state, reason
    extension.decided_by, extension.decided_at = by, at
