"""Clocks: by when somebody must have acted. Pure arithmetic over the pack's calendar.

How limits count:

- ``hours`` run through nights and weekends, to the minute.
- ``days``, ``working_days`` and ``months`` end with the last second of a local day; the day of
  the start does not count (as in section 54 of the Interpretation Acts 1948 and 1967, and in
  article 3 of Regulation (EEC, Euratom) 1182/71). A month ends on the same day number, or
  on the month's last day where it has no such day.
- A stop pushes the limit. Hours lose exactly the time stopped; the others lose every day at
  whose end the clock stood, so that a question asked and answered within a day costs nobody
  anything.
- ``before`` counts back from the start, which is then the event that must not be reached late
  (the end of a pilot); stops do not move it.

Moments are aware datetimes; results are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from sandbox.framework.struct import Key, Named, Part, Positive
from sandbox.framework.text import Text

Stop = tuple[datetime, datetime | None]
"""From when and until when a clock stood; ``None``: it still does."""


class Unit(StrEnum):
    """What a limit counts."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"


class Limit(Part, frozen=True, kw_only=True):
    """An amount of time. ``before``: counted back from the start."""

    amount: Positive
    unit: Unit
    before: bool = False


class ClockName(StrEnum):
    """The clocks that the system starts by name: every pack has each of them."""

    COMPLETENESS = "completeness"
    SCREENING = "screening"
    REVIEW = "review"
    DECISION = "decision"
    RETURNED = "returned"
    CLARIFICATION = "clarification"
    DRAFT = "draft"
    PLAN_ACCEPTANCE = "plan_acceptance"
    RECONSIDERATION = "reconsideration"
    RECONSIDERATION_ANSWER = "reconsideration_answer"
    EVIDENCE_DECISION = "evidence_decision"
    BREACH_EXPLANATION = "breach_explanation"
    CORRECTIVE_ACTION = "corrective_action"
    SUSPENSION_DECISION = "suspension_decision"
    SUSPENSION_REVIEW = "suspension_review"
    EXTENSION = "extension"
    EXIT_REPORT = "exit_report"
    EXIT_DECISION = "exit_decision"


EVENTS = (
    "application.submitted", "application.acknowledged", "application.complete",
    "application.last_edited", "application.screening_started", "application.returned",
    "application.accepted_for_review", "application.decided", "reconsideration.asked",
    "review.asked", "review.submitted", "clarification.asked", "clarification.answered",
    "plan.accepted", "evidence.submitted", "evidence.decided", "breach.opened",
    "breach.explained", "corrective_action.asked", "corrective_action.done",
    "suspension.proposed", "suspension.decided",
    "pilot.suspended", "pilot.resumed", "pilot.ends", "extension.decided", "pilot.exiting",
    "exit_report.submitted", "pilot.closed", "follow_up.answered",
)  # fmt: skip
"""What a clock may run from and to: each happens in the system."""

STOPPING = ("returned", "awaiting_clarification")
"""The states of an application in which clocks may stand: the applicant has the ball."""

Actor = Literal["applicant", "authority", "central", "reviewer", "system"]


class Clock(Named, frozen=True, kw_only=True):
    """A limit of the pack: from ``starts`` (an event) until ``ends``, standing in states ``stops``.

    ``roll``: where the last day is no working day the limit is the next working day.
    ``near``: from so much before the limit it is shown as near (same unit; default a fifth).
    ``grace``: how long after the limit ``on_expiry`` still waits.
    """

    name: Text
    limit: Limit
    starts: str
    ends: str
    stops: tuple[Key, ...] = ()
    who: Actor
    roll: bool = False
    near: Positive | None = None
    grace: Limit | None = None
    on_expiry: Text | None = None
    source: Text
    public: bool = False


class Holidays(Protocol):
    """The holidays of a place; the objects of the ``holidays`` package are such."""

    def __contains__(self, day: object, /) -> bool: ...


@dataclass(frozen=True)
class Calendar:
    """Where days begin and which of them are worked."""

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({5, 6})
    holidays: Holidays = field(default_factory=frozenset, compare=False)

    def works_on(self, day: date) -> bool:
        """Whether ``day`` is a working day."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def day_of(self, moment: datetime) -> date:
        """The local day of ``moment``."""
        return moment.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last second of the local ``day``, in UTC."""
        return datetime.combine(day, time(23, 59, 59), self.zone).astimezone(UTC)

    def next_working(self, day: date) -> date:
        """``day`` itself where it is worked, else the next day that is."""
        while not self.works_on(day):
            day += timedelta(days=1)
        return day


class State(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    NEAR = "near"
    OVERDUE = "overdue"
    STOPPED = "stopped"
    MET = "met"
    MET_LATE = "met_late"


@dataclass(frozen=True)
class Reading:
    """A clock as it stands. ``due`` is provisional while it is stopped.

    ``remaining`` is time until ``due`` (negative when past, zero when met); ``days_left`` the
    days it still counts (working days for such a limit), ``None`` for hours.
    """

    state: State
    due: datetime
    remaining: timedelta
    days_left: int | None = None


def due(
    limit: Limit,
    start: datetime,
    calendar: Calendar,
    *,
    stops: Sequence[Stop] = (),
    now: datetime | None = None,
    roll: bool = False,
) -> datetime:
    """When ``limit`` from ``start`` ends, in UTC.

    An open stop counts as lasting until ``now`` (without ``now``: as nothing yet).
    """
    closed = _closed(stops, now)
    if limit.before:
        return _due_before(limit, start, calendar)
    if limit.unit == Unit.HOURS:
        return _due_hours(start.astimezone(UTC), timedelta(hours=limit.amount), closed)
    day = _due_day(limit, calendar.day_of(start), calendar, closed)
    return calendar.end_of(calendar.next_working(day) if roll else day)


def _closed(stops: Iterable[Stop], now: datetime | None) -> list[tuple[datetime, datetime]]:
    """Stops as intervals in UTC, in order, overlaps joined, empty ones dropped."""
    ended = sorted(
        (begin.astimezone(UTC), (end or now or begin).astimezone(UTC)) for begin, end in stops
    )
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in ended:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif begin < end:
            joined.append((begin, end))
    return joined


def _due_hours(
    start: datetime, amount: timedelta, stops: list[tuple[datetime, datetime]]
) -> datetime:
    end = start + amount
    for begin, finish in stops:
        if finish <= start:
            continue
        if begin >= end:
            break
        end += finish - max(begin, start)
    return end


def _due_day(
    limit: Limit, start: date, calendar: Calendar, stops: list[tuple[datetime, datetime]]
) -> date:
    wanted = limit.amount
    if limit.unit == Unit.MONTHS:
        wanted = (add_months(start, limit.amount) - start).days
    day = start
    while wanted:
        day += timedelta(days=1)
        worked = limit.unit != Unit.WORKING_DAYS or calendar.works_on(day)
        if worked and not _stands(calendar.end_of(day), stops):
            wanted -= 1
    return day


def _stands(moment: datetime, stops: list[tuple[datetime, datetime]]) -> bool:
    return any(begin <= moment < end for begin, end in stops)


def _due_before(limit: Limit, start: datetime, calendar: Calendar) -> datetime:
    if limit.unit == Unit.HOURS:
        return start.astimezone(UTC) - timedelta(hours=limit.amount)
    day = calendar.day_of(start)
    if limit.unit == Unit.MONTHS:
        return calendar.end_of(add_months(day, -limit.amount))
    wanted = limit.amount
    while wanted:
        day -= timedelta(days=1)
        if limit.unit == Unit.DAYS or calendar.works_on(day):
            wanted -= 1
    return calendar.end_of(day)


def add_months(day: date, months: int) -> date:
    """The same day number ``months`` later, or the last of a month that has no such day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return day.replace(year=year, month=month, day=min(day.day, _days_in(year, month)))


@cache
def _days_in(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def read(
    clock: Clock,
    start: datetime,
    calendar: Calendar,
    *,
    now: datetime,
    stops: Sequence[Stop] = (),
    met_at: datetime | None = None,
) -> Reading:
    """How ``clock`` stands at ``now``, having started at ``start``.

    ``met_at`` is when what it waits for was done. A stop that has not ended stands the clock.
    """
    if met_at is not None:
        stops = [(begin, end or met_at) for begin, end in stops if begin < met_at]
        until = due(clock.limit, start, calendar, stops=stops, now=met_at, roll=clock.roll)
        return Reading(State.MET if met_at <= until else State.MET_LATE, until, timedelta())
    until = due(clock.limit, start, calendar, stops=stops, now=now, roll=clock.roll)
    standing = any(begin <= now and (end is None or now < end) for begin, end in stops)
    if standing and not clock.limit.before:
        state = State.STOPPED
    elif now > until:
        state = State.OVERDUE
    else:
        near = now >= near_from(clock, start, until, calendar)
        state = State.NEAR if near else State.RUNNING
    return Reading(state, until, until - now, _days_left(clock.limit.unit, until, calendar, now))


def near_from(clock: Clock, start: datetime, until: datetime, calendar: Calendar) -> datetime:
    """From when on a clock due at ``until`` is shown as near."""
    if clock.near is not None:
        before = Limit(amount=clock.near, unit=clock.limit.unit, before=True)
        return _due_before(before, until, calendar)
    if clock.limit.before:
        return until - timedelta(days=14)
    return until - (until - start) / 5


def _days_left(unit: Unit, until: datetime, calendar: Calendar, now: datetime) -> int | None:
    if unit == Unit.HOURS:
        return None
    today, last = calendar.day_of(now), calendar.day_of(until)
    if unit != Unit.WORKING_DAYS:
        return (last - today).days
    sign = 1 if last >= today else -1
    first, last = min(today, last), max(today, last)
    span = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sign * sum(calendar.works_on(day) for day in span)
