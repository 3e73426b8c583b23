"""The figures that a demo pilot sends: quiet, with a time past the limit where one is told.

Values fit their units: counts are whole, shares lie between nothing and all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from sandbox.demo.year import content
from sandbox.framework.thresholds import Aggregate, Comparator, Threshold, threshold_of
from sandbox.pilots.tables import Condition, Metric
from sandbox.telemetry.rules.delivery import Reading

_PARTS = {
    "site": ("Tawau", "Kota Bharu", "Klang"),
    "language": ("ta", "ms", "en"),
    "state": ("Sabah", "Kelantan", "Selangor"),
}
_WHOLE = frozenset({"people", "cases", "reports", "decisions", "transactions", "sites", "ringgit"})
_TOPS = {"percent": 100.0, "ratio": 1.0}
_DIGITS = {"ratio": 3, "index": 3, "percent": 2}
_AT_LEAST = frozenset({Comparator.AT_LEAST, Comparator.ABOVE})
_DAY = timedelta(days=1)
_FILLING = 120  # days until as much of a cap is used as ever will be
_GROWING = 56  # days until as many take part as ever will


class Trouble(msgspec.Struct, frozen=True):
    """When one metric is past its limit."""

    metric: str
    since: datetime
    until: datetime


class Feed:
    """All that a pilot measures, from going live until ``until``."""

    def __init__(
        self, metrics: list[Metric], conditions: list[Condition], since: datetime, seed: int
    ) -> None:
        self.metrics = metrics
        self.since = since
        self.seed = seed
        self.limits: dict[str, list[Threshold]] = {}
        for condition in conditions:
            if (threshold := threshold_of(condition.threshold)) is not None:
                self.limits.setdefault(threshold.metric, []).append(threshold)

    def trouble(self, since: datetime) -> Trouble | None:
        """A bad time of the first watched metric, long enough that its threshold tells it."""
        for key, (threshold, *_others) in self.limits.items():
            if threshold.window.kind == "cumulative":
                continue  # what is used up does not come back
            cadence = next(m.cadence_seconds for m in self.metrics if m.key == key)
            length = max(18 * _DAY, timedelta(seconds=cadence * 1.3))
            if threshold.aggregate is Aggregate.MEAN:
                length = max(length, threshold.window.duration * 0.9)
            return Trouble(key, since, since + length)
        return None

    def quietest(self) -> Metric | None:
        """A metric whose silence is no breach: noticed, and nothing more."""
        return next(
            (
                metric
                for metric in reversed(self.metrics)
                if metric.cadence_seconds <= 7 * _DAY.total_seconds()
                and all(one.on_missing != "breach" for one in self.limits.get(metric.key, ()))
            ),
            None,
        )

    def readings(
        self, until: datetime, *, trouble: Trouble | None = None, quiet: bool = False
    ) -> list[Reading]:
        """Every point until ``until``, by time. ``quiet``: one metric stops some time before."""
        ends = {}
        if quiet and (metric := self.quietest()) is not None:
            ends[metric.key] = until - _DAY - timedelta(seconds=metric.cadence_seconds * 2.2)
        points = [
            point
            for metric in self.metrics
            for place, part in enumerate(self._parts(metric.key))
            for point in self._series(
                metric, part, ends.get(metric.key, until),
                trouble if trouble and trouble.metric == metric.key and place < 2 else None,
            )
        ]  # fmt: skip
        return sorted(points, key=lambda point: point.at)

    def _parts(self, metric: str) -> list[dict[str, str]]:
        """The whole, and each part that a threshold looks at by itself."""
        parts = {
            one.slice.dimension: one.slice.value for one in self.limits.get(metric, ()) if one.slice
        }
        whole: list[dict[str, str]] = [{}]
        return whole + [
            {dimension: value}
            for dimension, only in parts.items()
            for value in ((only,) if only else _PARTS.get(dimension, ("A", "B")))
        ]

    def _series(
        self, metric: Metric, part: dict[str, str], until: datetime, trouble: Trouble | None
    ) -> Iterator[Reading]:
        chance = Random(f"{self.seed}{metric.key}{part}")
        step = max(timedelta(seconds=metric.cadence_seconds), _DAY)
        usual, past, spread = self._levels(metric)
        samples = self._samples(metric.key, step)
        at = self.since + step
        while at <= until:
            bad = trouble is not None and trouble.since <= at < trouble.until
            value = (past if bad else usual) + spread * chance.uniform(-1, 1)
            if (most := self._most(metric.key)) is not None:
                value = most * _share(self.seed) * min(1.0, ((at - self.since) / _DAY) / _FILLING)
            if metric.unit in {"people", "decisions"} and metric.direction == "up":
                value *= min(1.0, 0.3 + 0.7 * ((at - self.since) / _DAY) / _GROWING)
            yield Reading(
                metric=metric.key, at=at, value=fitting(value, metric.unit),
                n=samples + chance.randrange(40, 160), slice=part,
            )  # fmt: skip
            at += step

    def _most(self, metric: str) -> float | None:
        """The cap that a metric fills up, where it does."""
        limits = self.limits.get(metric, [])
        return next((one.limit for one in limits if one.window.kind == "cumulative"), None)

    def _samples(self, metric: str, step: timedelta) -> int:
        """As many a point as make a window's least number, where one is asked for."""
        return max(
            (
                math.ceil(one.min_samples / max(one.window.duration / step, 1))
                for one in self.limits.get(metric, ())
            ),
            default=0,
        )

    def _levels(self, metric: Metric) -> tuple[float, float, float]:
        """The usual value, one past the limit, and how far values stray."""
        limits = self.limits.get(metric.key)
        if not limits:
            aim = metric.target if metric.target is not None else _aim(metric)
            return aim, aim, _stray(aim, metric.unit)
        top = _TOPS.get(metric.unit, math.inf)
        usual, past = _around(limits[0], top)
        return usual, past, 0.0 if usual in {0, top} else abs(usual - past) * 0.12


def _share(seed: int) -> float:
    """How much of its cap a pilot uses in the end."""
    return (0.45, 0.62, 0.88, 0.97)[seed % 4]


def _around(threshold: Threshold, top: float) -> tuple[float, float]:
    """A value on the good side of the limit and one on the bad."""
    limit = threshold.limit
    if threshold.comparator in _AT_LEAST:
        room = min((top - limit) / 2, limit * 0.2)
        return limit + room, limit - max(room * 0.8, limit * 0.02)
    return (limit * 0.6, limit * 1.25) if limit else (0.0, 1.0)


def _aim(metric: Metric) -> float:
    """What the demo's firms aim at, where the plan names nothing."""
    known: dict[str, Any] = content("answers")["targets"]
    top = _TOPS.get(metric.unit, 10.0)
    return float(known.get(metric.key, top * (0.9 if metric.direction == "up" else 0.05)))


def _stray(aim: float, unit: str) -> float:
    top = _TOPS.get(unit)
    return 0.3 * min(aim, top - aim) if top and 0 <= aim <= top else 0.12 * abs(aim)


def fitting(value: float, unit: str) -> float:
    """``value`` as the unit allows it."""
    if unit in _WHOLE:
        return float(max(round(value), 0))
    return round(min(value, _TOPS.get(unit, math.inf)), _DIGITS.get(unit, 1))
