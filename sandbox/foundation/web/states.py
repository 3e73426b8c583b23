"""The word and the colour of every state: the same everywhere, in pages, letters and reports.

Red is kept for breach, overdue and danger, amber for what waits or is near, green for
what is met. The word always stands beside the colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sandbox.foundation import clock, i18n
from sandbox.foundation.i18n import N_, _

NEAR_DAYS = 3


@dataclass(frozen=True)
class Shown:
    """A state as people see it; ``word`` is not yet translated."""

    word: str
    colour: str


GREY, BLUE, GREEN, AMBER, RED, PURPLE = "grey", "blue", "green", "amber", "red", "purple"

STATES: dict[str, Shown] = {
    # Applications
    "draft": Shown(N_("Draft"), GREY),
    "submitted": Shown(N_("Submitted"), BLUE),
    "screening": Shown(N_("In screening"), BLUE),
    "returned": Shown(N_("Returned"), AMBER),
    "in_review": Shown(N_("In review"), BLUE),
    "awaiting_clarification": Shown(N_("Awaiting clarification"), AMBER),
    "recommended": Shown(N_("Recommended"), PURPLE),
    "decided": Shown(N_("Decided"), PURPLE),
    "reconsidering": Shown(N_("Being reconsidered"), PURPLE),
    "upheld": Shown(N_("Upheld"), GREY),
    "decided_anew": Shown(N_("Decided anew"), PURPLE),
    "admitted": Shown(N_("Admitted"), GREEN),
    "admitted_with_conditions": Shown(N_("Admitted with conditions"), GREEN),
    "refused": Shown(N_("Refused"), GREY),
    "redirected": Shown(N_("No sandbox needed"), GREY),
    "withdrawn": Shown(N_("Withdrawn"), GREY),
    "lapsed": Shown(N_("Lapsed"), GREY),
    # Reviews
    "asked": Shown(N_("Asked"), AMBER),
    "declined_conflict": Shown(N_("Conflict declared"), GREY),
    "reviewing": Shown(N_("Reviewing"), BLUE),
    # Sections of a form
    "not_started": Shown(N_("Not started"), BLUE),
    "in_progress": Shown(N_("In progress"), AMBER),
    "complete": Shown(N_("Complete"), GREEN),
    "incomplete": Shown(N_("Incomplete"), AMBER),
    "cannot_start": Shown(N_("Cannot start yet"), GREY),
    "optional": Shown(N_("Optional"), GREY),
    # Pilots
    "preparing": Shown(N_("Preparing"), BLUE),
    "live": Shown(N_("Live"), GREEN),
    "suspended": Shown(N_("Suspended"), RED),
    "exiting": Shown(N_("Exiting"), PURPLE),
    "closed": Shown(N_("Closed"), GREY),
    "completed": Shown(N_("Completed"), GREEN),
    "moving_to_market": Shown(N_("Completed and moving to market"), GREEN),
    "stopped_by_applicant": Shown(N_("Stopped by applicant"), GREY),
    "terminated": Shown(N_("Terminated by authority"), RED),
    # Suspensions that a breach proposed
    "proposed": Shown(N_("Waits for a decision"), RED),
    "confirmed": Shown(N_("Pilot suspended"), RED),
    "declined": Shown(N_("Declined"), GREY),
    "dropped": Shown(N_("No longer needed"), GREY),
    # Milestones
    "planned": Shown(N_("Planned"), GREY),
    "accepted": Shown(N_("Accepted"), GREEN),
    "attested": Shown(N_("Attested"), GREEN),
    "overdue": Shown(N_("Overdue"), RED),
    "waived": Shown(N_("Waived"), GREY),
    # Conditions
    "pending": Shown(N_("Pending"), GREY),
    "in_force": Shown(N_("In force"), BLUE),
    "met": Shown(N_("Met"), GREEN),
    "breached": Shown(N_("Breached"), RED),
    "cured": Shown(N_("Cured"), GREEN),
    "escalated": Shown(N_("Escalated"), RED),
    "discharged": Shown(N_("Discharged"), GREY),
    "not_kept": Shown(N_("Not kept"), RED),
    "not_reached": Shown(N_("Not reached"), AMBER),
    # Breaches and telemetry
    "open": Shown(N_("Open"), RED),
    "explained": Shown(N_("Explained"), AMBER),
    "asked_again": Shown(N_("Asked again"), AMBER),
    "arriving": Shown(N_("Arriving"), GREEN),
    "silent": Shown(N_("Silent"), AMBER),
    "no_data": Shown(N_("No data yet"), GREY),
    # Incidents
    "reported": Shown(N_("Reported"), AMBER),
    "triaged": Shown(N_("Triaged"), BLUE),
    "investigating": Shown(N_("Investigating"), BLUE),
    "corrective_action": Shown(N_("Corrective action"), AMBER),
    "resolved": Shown(N_("Resolved"), GREEN),
    "reopened": Shown(N_("Reopened"), AMBER),
    "issue": Shown(N_("Issue"), GREY),
    "near_miss": Shown(N_("Near miss"), GREY),
    "limited": Shown(N_("Limited"), BLUE),
    "substantial": Shown(N_("Substantial"), AMBER),
    "serious": Shown(N_("Serious"), RED),
    "widespread": Shown(N_("Widespread"), RED),
    "reportable": Shown(N_("Reportable"), RED),
    "not_reportable": Shown(N_("Not reportable"), GREY),
    "drill": Shown(N_("Drill"), PURPLE),
    # Reports of the public
    "received": Shown(N_("Received"), AMBER),
    "looked_into": Shown(N_("Being looked at"), BLUE),
    "answered": Shown(N_("Answered"), GREEN),
    "alleged": Shown(N_("Alleged"), PURPLE),
    # Lessons
    "cleared": Shown(N_("Cleared"), BLUE),
    "published": Shown(N_("Published"), GREEN),
    "superseded": Shown(N_("Superseded"), GREY),
    "adopted": Shown(N_("Adopted"), GREEN),
    "adapted": Shown(N_("Adapted"), BLUE),
    "not_applicable": Shown(N_("Not applicable"), GREY),
    # Reports
    "requested": Shown(N_("Requested"), GREY),
    "building": Shown(N_("Building"), BLUE),
    "approved": Shown(N_("Approved"), BLUE),
    "cancelled": Shown(N_("Cancelled"), GREY),
    "failed": Shown(N_("Failed"), RED),
    # Clocks
    "running": Shown(N_("Running"), BLUE),
    "near": Shown(N_("Due soon"), AMBER),
    "stopped": Shown(N_("Clock stopped"), GREY),
    "missed": Shown(N_("Missed"), RED),
    # Webhooks
    "paused": Shown(N_("Paused"), GREY),
    "failing": Shown(N_("Failing"), RED),
    "gone": Shown(N_("Gone"), RED),
    "waiting": Shown(N_("Waiting"), AMBER),
    "delivered": Shown(N_("Delivered"), GREEN),
    "given_up": Shown(N_("Given up"), RED),
    "not_sent": Shown(N_("Not sent"), GREY),
    # Anything
    "done": Shown(N_("Done"), GREEN),
    "active": Shown(N_("Active"), GREEN),
    "invited": Shown(N_("Invited"), AMBER),
    "revoked": Shown(N_("Revoked"), GREY),
    "expired": Shown(N_("Expired"), GREY),
    "queued": Shown(N_("Queued"), GREY),
    "dead": Shown(N_("Dead"), RED),
    "sent": Shown(N_("Sent"), GREEN),
    "kept": Shown(N_("Kept here"), GREY),
}


def state(name: object) -> Shown:
    """How ``name`` (a state or its enum) is shown; an unknown one in grey, by its own name."""
    text = str(getattr(name, "value", name) or "")
    return STATES.get(text) or Shown(text.replace("_", " ").capitalize(), GREY)


def word(name: object) -> str:
    """The state's word in the current language."""
    return _(state(name).word)


@dataclass(frozen=True)
class Chip:
    """A clock in a few words: its colour, the words, and the moment it is about."""

    colour: str
    words: str


def clock_state(
    due: datetime | date | None,
    *,
    stopped: bool = False,
    met: datetime | date | None = None,
    near_days: int = NEAR_DAYS,
) -> Chip:
    """A clock as a chip: stopped, met (in time or late), overdue, near or running."""
    if met is not None:
        late = due is not None and _is_after(met, due)
        return Chip(RED, _("met late")) if late else Chip(GREEN, _("met in time"))
    if stopped:
        return Chip(GREY, _("clock stopped"))
    if due is None:
        return Chip(GREY, _("no limit"))
    if is_past(due):
        return Chip(RED, i18n.time_left(due))
    return Chip(AMBER if i18n.days_until(due) <= near_days else BLUE, i18n.time_left(due))


def is_past(due: datetime | date) -> bool:
    """Whether ``due`` has passed; a plain date passes when its day ends."""
    if isinstance(due, datetime):
        return clock.now() > due
    return i18n.days_until(due) < 0


def used_share(begun: datetime | date, due: datetime | date) -> int:
    """How much of the time from ``begun`` to ``due`` is used by now, in whole percent."""
    first, last = _moment(begun), _moment(due)
    if last <= first:
        return 100
    return round(100 * min(1.0, max(0.0, (clock.now() - first) / (last - first))))


def _moment(when: datetime | date) -> datetime:
    """A plain date stands for the first moment of its day, UTC: close enough for a bar."""
    return when if isinstance(when, datetime) else datetime.combine(when, time(), UTC)


def _is_after(moment: datetime | date, due: datetime | date) -> bool:
    if isinstance(moment, datetime) and isinstance(due, datetime):
        return moment > due
    return i18n.local_date(moment) > i18n.local_date(due)
