"""The weekly mail: which week it is about, and when it goes. Pure.

It goes on the first working day of the week, in the morning: the calendar of the reader's own
authority says which day that is, as weekends and holidays differ. It tells what happened in the
week that is over and what is due in the one that begins.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from sandbox.foundation.i18n import N_
from sandbox.framework.clocks import Calendar

SENT_FROM = time(7)
"""The hour of the local day from which on it goes."""
_WEEK = timedelta(days=7)


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """A week that has begun: what happened from ``since`` to ``begins`` is told, and what is due
    until ``ends``. ``first`` is its first local day, ``sent_from`` when its mail goes.

    After a week without a working day, for which no mail could go, ``since`` lies a week earlier.
    """

    first: date
    since: datetime
    begins: datetime
    ends: datetime
    sent_from: datetime


def week_of(calendar: Calendar, moment: datetime) -> Week:
    """The week that ``moment`` lies in."""
    today = calendar.day_of(moment)
    first = today - timedelta(days=(today.weekday() - first_weekday(calendar)) % 7)
    since = first - _WEEK
    while not _works(calendar, since) and first - since < 4 * _WEEK:
        since -= _WEEK
    return Week(
        first=first, since=_at(calendar, since), begins=_at(calendar, first),
        ends=_at(calendar, first + _WEEK),
        sent_from=_at(calendar, calendar.next_working(first), SENT_FROM),
    )  # fmt: skip


def first_weekday(calendar: Calendar) -> int:
    """The weekday after the weekend (Monday is 0); Monday where there is none."""
    begins = (
        day for day in range(7)
        if day not in calendar.weekend and (day - 1) % 7 in calendar.weekend
    )  # fmt: skip
    return next(begins, 0)


def _works(calendar: Calendar, first: date) -> bool:
    """Whether the week from ``first`` on has a working day."""
    return any(calendar.works_on(first + timedelta(days=n)) for n in range(7))


def _at(calendar: Calendar, day: date, hour: time = time()) -> datetime:
    return datetime.combine(day, hour, calendar.zone).astimezone(UTC)


# In words ------------------------------------------------------------------------------------

HAPPENED = {
    "submitted": N_("Application submitted"),
    "decided": N_("Application decided"),
    "go_live": N_("Testing began"),
    "suspend": N_("Pilot suspended"),
    "resume": N_("Pilot resumed"),
    "extend": N_("Testing extended"),
    "begin_exit": N_("Testing ended"),
    "stop": N_("Stopped by the firm"),
    "terminate": N_("Terminated"),
    "close": N_("Pilot closed"),
    "breach": N_("A condition is not kept"),
    "cured": N_("A condition is kept again"),
    "incident": N_("Incident reported"),
    "incident_closed": N_("Incident closed"),
    "exit_report_in": N_("Exit report handed in"),
}
"""What is told of the week that is over, in words; no key of it is one of :data:`DUE`."""

DUE = {
    "case": N_("Next step of a case"),
    "suspension": N_("Decision on a suspension"),
    "report": N_("Report to an authority about an incident"),
    "explanation": N_("Explanation of a breach"),
    "evidence": N_("Decision on evidence"),
    "exit_decision": N_("Decision on an exit report"),
    "condition": N_("Document or report"),
    "milestone": N_("Milestone"),
    "exit_report": N_("Exit report"),
    "ends": N_("Last day of testing"),
    "follow_up": N_("Follow-up after the exit"),
}
"""What is due in the week that begins, in words."""
