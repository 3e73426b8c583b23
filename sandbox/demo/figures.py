"""The figures that a demo pilot sends: quiet, with a time past the limit where one is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import msgspec

from sandbox.framework.thresholds import Comparator, Threshold, threshold_of
from sandbox.pilots.tables import Condition, Metric
from sandbox.telemetry.rules import Reading

_PARTS = {
    "site": ("Kota Bharu", "Tawau", "Klang"),
    "language": ("ms", "en"),
    "state": ("Kelantan", "Sabah", "Selangor"),
}


class Trouble(msgspec.Struct, frozen=True):
    """When the first watched metric is past its limit."""

    since: datetime
    until: datetime


def readings(
    metrics: list[Metric],
    conditions: list[Condition],
    *,
    since: datetime,
    until: datetime,
    trouble: Trouble | None,
    seed: int,
) -> Iterator[Reading]:
    """Every point between two moments, metric by metric."""
    limits = {t.metric: t for c in conditions if (t := threshold_of(c.threshold)) is not None}
    watched = next((metric.key for metric in metrics if metric.key in limits), "")
    for metric in metrics:
        threshold = limits.get(metric.key)
        chance = Random(f"{seed}{metric.key}")
        told = trouble if metric.key == watched else None
        for part in _parts(threshold):
            yield from _series(metric, threshold, part, since, until, told, chance)


def _parts(threshold: Threshold | None) -> list[dict[str, str]]:
    if threshold is None or threshold.slice is None:
        return [{}]
    dimension = threshold.slice.dimension
    values = (threshold.slice.value,) if threshold.slice.value else ()
    return [{dimension: value} for value in values or _PARTS.get(dimension, ("A", "B"))]


def _series(  # noqa: PLR0917
    metric: Metric,
    threshold: Threshold | None,
    part: dict[str, str],
    since: datetime,
    until: datetime,
    trouble: Trouble | None,
    chance: Random,
) -> Iterator[Reading]:
    step = max(timedelta(seconds=metric.cadence_seconds), timedelta(days=1))
    usual, past = _levels(metric, threshold)
    at = since + step
    while at <= until:
        bad = trouble is not None and trouble.since <= at < trouble.until
        level = past if bad else usual
        value = level + abs(level - past) * 0.12 * chance.uniform(-1, 1)
        samples = max(threshold.min_samples if threshold else 0, chance.randrange(40, 160))
        yield Reading(metric=metric.key, at=at, value=round(value, 3), n=samples, slice=part)
        at += step


def _levels(metric: Metric, threshold: Threshold | None) -> tuple[float, float]:
    """The usual value and one past the limit."""
    if threshold is None:
        aim = metric.target or (90.0 if metric.direction == "up" else 5.0)
        return aim, aim * 0.9
    limit = threshold.limit
    if threshold.comparator in {Comparator.AT_LEAST, Comparator.ABOVE}:
        room = (1 - limit) * 0.5 if 0 < limit < 1 else max(abs(limit) * 0.06, 0.5)
        return limit + room, limit - room
    if limit == 0:
        return 0.0, 2.0
    return limit * 0.6, limit * 1.25
