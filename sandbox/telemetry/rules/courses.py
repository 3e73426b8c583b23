"""Which time of a metric is looked at, how finely, and which limits stood in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sandbox.framework.telemetry import TelemetryTerms
from sandbox.framework.thresholds import Aggregate, Threshold, threshold_of

DAY = timedelta(days=1)
LENGTHS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY}
"""The windows that have a name, beside ``all``."""
FEW_POINTS, FEW_HOURS = 1_500, 2_300
"""Of one line: as many as can be told apart, or are loaded at once."""


class Level(IntEnum):
    """How finely figures are looked at; the numbers are those of the roll-ups."""

    POINT = 0
    HOUR = 1
    DAY = 2


_LENGTHS = {Level.HOUR: timedelta(hours=1), Level.DAY: DAY}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A time that is looked at: after ``since`` up to ``until``. ``name``: as it was asked for."""

    since: datetime
    until: datetime
    name: str = ""

    def level(self, points: int, terms: TelemetryTerms, now: datetime) -> Level:
        """How finely to look where the fullest line holds so many ``points`` in it.

        Points and hours that are kept no longer cannot be looked at.
        """
        hours = (self.until - self.since) / _LENGTHS[Level.HOUR]
        if points <= FEW_POINTS and self.since >= now - timedelta(days=terms.keep_points_days):
            return Level.POINT
        if hours <= FEW_HOURS and self.since >= now - timedelta(days=terms.keep_hours_days):
            return Level.HOUR
        return Level.DAY


def named(name: str, *, first: datetime, last: datetime) -> View:
    """The window called ``name`` that ends with ``last``; ``first``: where all figures begin."""
    since = last - LENGTHS[name] if name in LENGTHS else min(first, last - DAY)
    return View(since=since, until=last, name=name if name in LENGTHS else "all")


def between(first: date, last: date, zone: ZoneInfo) -> View:
    """The local days from ``first`` to ``last``, both included."""
    return View(
        since=datetime.combine(first, time(), zone).astimezone(UTC),
        until=datetime.combine(last + DAY, time(), zone).astimezone(UTC),
    )


def length_of(level: Level, cadence: timedelta) -> timedelta:
    """How long the time is that one mark of a line stands for."""
    return max(_LENGTHS.get(level, cadence), cadence)


# Limits ------------------------------------------------------------------------------------


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold of a condition, from when until when it stood, by which plan versions."""

    number: int
    threshold: Threshold
    since: datetime
    until: datetime
    versions: tuple[int, ...]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the plan that was accepted, with its thresholds by condition number."""

    number: int
    since: datetime
    thresholds: Mapping[int, Any]


def stood(
    versions: Iterable[Version], metric: str, ended: Mapping[int, datetime], until: datetime
) -> list[Stood]:
    """The limits that ``metric`` was under, each as long as it stayed the same.

    ``ended``: when a condition stopped binding, by its number.
    """
    ordered = sorted(versions, key=lambda one: one.number)
    found: dict[int, list[Stood]] = {}
    for place, version in enumerate(ordered):
        end = ordered[place + 1].since if place + 1 < len(ordered) else until
        for number, data in version.thresholds.items():
            threshold = threshold_of(data)
            if threshold is None or threshold.metric != metric:
                continue
            last = min(end, ended.get(number, end))
            known = found.setdefault(number, [])
            before = known[-1] if known else None
            if before and before.threshold == threshold and before.until == version.since:
                known[-1] = msgspec.structs.replace(
                    before, until=last, versions=(*before.versions, version.number)
                )
            elif last > version.since:
                known.append(
                    Stood(number=number, threshold=threshold, since=version.since, until=last,
                          versions=(version.number,))
                )  # fmt: skip
    return [one for number in sorted(found) for one in found[number]]


_OF_ONE_KIND = frozenset(
    {Aggregate.LAST, Aggregate.MEAN, Aggregate.MIN, Aggregate.MAX}
    | {Aggregate.P50, Aggregate.P95, Aggregate.P99}
)


def comparable(threshold: Threshold, cadence: timedelta, level: Level) -> bool:
    """Whether a limit may stand beside the figures as they are drawn.

    A limit on a sum is beside single figures only where its window holds one of them; one on a
    count, a rate, a share of another metric or a gap between parts never is.
    """
    gap = threshold.slice is not None and threshold.slice.across == "gap"
    if threshold.over or gap:
        return False
    if threshold.aggregate in _OF_ONE_KIND:
        return True
    alone = threshold.window.kind != "cumulative" and threshold.window.duration <= cadence
    return threshold.aggregate is Aggregate.SUM and alone and level is Level.POINT


# Lines -------------------------------------------------------------------------------------

MOST_LINES = 6


def chosen(slices: Sequence[str], asked: Sequence[str]) -> list[str]:
    """The slices to draw: those asked for, else the whole, else the first few parts."""
    known = [one for one in slices if one in asked]
    if known:
        return known[:MOST_LINES]
    return [""] if "" in slices else list(slices[:MOST_LINES])
