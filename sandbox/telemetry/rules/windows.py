"""What a window says: which time it covers, which roll-ups make it up, its value. Pure.

A point stands for the time that ended with it, so a window is open at its start and closed at
its end, and so is every hour and day that is rolled up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from sandbox.framework.clocks import Calendar
from sandbox.framework.thresholds import Aggregate, Window
from sandbox.telemetry.rules.delivery import Numbers, Whole

HOUR = timedelta(hours=1)
_MICRO = timedelta(microseconds=1)
SHARES = {Aggregate.P50: 0.5, Aggregate.P95: 0.95, Aggregate.P99: 0.99}
"""The percentiles as shares."""


def window_start(window: Window, until: datetime, calendar: Calendar, begin: datetime) -> datetime:
    """From when (excluded) points count in the window that ends ``until`` (included).

    The midnight of a calendar window is told in UTC: on a day whose clocks go on from midnight
    the local one does not exist.
    """
    if window.kind == "cumulative":
        return begin - _MICRO
    if window.kind == "rolling":
        return until - window.duration
    moment = (until - _MICRO).astimezone(calendar.zone)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if window.unit == "week":
        start -= timedelta(days=start.weekday())
    if window.unit == "month":
        start = start.replace(day=1)
    return start.astimezone(UTC)


def hours_of(window: Window, start: datetime, until: datetime) -> float:
    """The length that a rate is by."""
    length = until - start if window.kind == "cumulative" else window.duration
    return max(length / HOUR, 1.0)


# Which pieces make up a window -------------------------------------------------------------


class Piece(msgspec.Struct, frozen=True):
    """A part of a window: points (level 0), hours (1) or days (2), after ``a`` up to ``b``."""

    level: int
    a: datetime
    b: datetime


def hour_of(at: datetime) -> datetime:
    """The start, in UTC, of the hour that a point of ``at`` belongs to.

    An hour is one of UTC: those of a zone may begin at half past.
    """
    at = at.astimezone(UTC)
    floor = at.replace(minute=0, second=0, microsecond=0)
    return floor - HOUR if floor == at else floor


def pieces(
    start: datetime, until: datetime, rolled_until: datetime | None, calendar: Calendar
) -> Iterator[Piece]:
    """The window as points at its edges and hours and local days between, where rolled up."""
    first = hour_of(start) + HOUR
    last = min(hour_of(until + _MICRO), rolled_until or start)
    if first >= last:
        yield Piece(0, start, until)
        return
    if start < first:
        yield Piece(0, start, first)
    yield from _hours_and_days(first, last, calendar)
    if last < until:
        yield Piece(0, last, until)


def _hours_and_days(first: datetime, last: datetime, calendar: Calendar) -> Iterator[Piece]:
    day, end = _midnight(first, calendar, up=True), _midnight(last, calendar, up=False)
    if day >= end or day.minute or end.minute:  # a zone may be half an hour off
        yield Piece(1, first, last)
        return
    if first < day:
        yield Piece(1, first, day)
    yield Piece(2, day, end)
    if end < last:
        yield Piece(1, end, last)


def _midnight(at: datetime, calendar: Calendar, *, up: bool) -> datetime:
    """The local midnight at or after ``at``, or at or before it, in the zone of ``at``."""
    local = at.astimezone(calendar.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if up and midnight < local:
        midnight = (midnight + timedelta(days=1, hours=12)).replace(hour=0)
    return midnight.astimezone(at.tzinfo)


# Its value ---------------------------------------------------------------------------------


class Summary(msgspec.Struct, kw_only=True):
    """A window's points in sums, extremes and its last value."""

    points: int = 0
    n: int = 0
    total: float = 0.0
    weighted: float = 0.0
    lowest: float = math.nan
    highest: float = math.nan
    last: float = math.nan

    def value(self, aggregate: Aggregate, hours: float) -> float:  # noqa: PLR0911
        """What the window says by ``aggregate``; percentiles need the points themselves."""
        match aggregate:
            case Aggregate.LAST:
                return self.last
            case Aggregate.MEAN:
                return self.weighted / self.n
            case Aggregate.SUM:
                return self.total
            case Aggregate.COUNT:
                return float(self.n)
            case Aggregate.MIN:
                return self.lowest
            case Aggregate.MAX:
                return self.highest
            case Aggregate.RATE:
                return self.total / hours
        raise ValueError(aggregate)


def rank(count: int, share: float) -> int:
    """The place, from 0, of the nearest-rank percentile among ``count`` sorted values."""
    return max(math.ceil(share * count) - 1, 0)


def sweep(  # noqa: PLR0917
    aggregate: Aggregate, at: Whole, value: Numbers, n: Whole, spans: Whole, hours: Numbers
) -> tuple[Numbers, Whole]:
    """Many windows over one series at once: their values (NaN where empty) and samples.

    ``spans``: for each window its start (excluded) and end (included). Every sum is taken over
    its own window, not as a difference of running sums, so that zeros add up to zero.
    """
    low = np.searchsorted(at, spans[:, 0], side="right")
    high = np.searchsorted(at, spans[:, 1], side="right")
    full = high > low
    values, samples = np.full(len(spans), np.nan), np.zeros(len(spans), np.int64)
    if not full.any():
        return values, samples
    edges = np.column_stack([low[full], high[full]]).ravel()
    samples[full] = _reduced(np.add, n, edges)
    if aggregate in SHARES:
        share = SHARES[aggregate]
        values[full] = [
            np.partition(value[a:b], rank(b - a, share))[rank(b - a, share)]
            for a, b in zip(low[full].tolist(), high[full].tolist(), strict=True)
        ]
        return values, samples
    values[full] = _swept(aggregate, value, n, edges, samples[full], hours[full], high[full])
    return values, samples


def _swept(  # noqa: PLR0917
    aggregate: Aggregate, value: Numbers, n: Whole, edges: Whole, samples: Whole, hours: Numbers,
    high: Whole,
) -> Numbers:  # fmt: skip
    match aggregate:
        case Aggregate.LAST:
            return value[high - 1]
        case Aggregate.MEAN:
            return _reduced(np.add, value * n, edges) / samples
        case Aggregate.COUNT:
            return samples.astype(np.float64)
        case Aggregate.MIN:
            return _reduced(np.minimum, value, edges)
        case Aggregate.MAX:
            return _reduced(np.maximum, value, edges)
    total = _reduced(np.add, value, edges)
    return total / hours if aggregate is Aggregate.RATE else total


def _reduced(how: np.ufunc, column: Numbers | Whole, edges: Whole) -> Numbers:
    """``how`` over each ``[edges[2i], edges[2i + 1])``; one more element makes every end one."""
    padded = np.append(column, column[-1:] * 0)
    return how.reduceat(padded, edges)[::2]
