"""The values that a threshold is held against: of each slice, at each moment.

Few moments are read from roll-ups and edges; many at once (a file that came late) are swept
over the points themselves. Both say the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np

from sandbox.foundation.database import fetch
from sandbox.framework.thresholds import Threshold
from sandbox.telemetry import spans
from sandbox.telemetry.rules import windows
from sandbox.telemetry.rules.delivery import Numbers, Whole, micros
from sandbox.telemetry.rules.slices import held_to
from sandbox.telemetry.rules.verdicts import Moment
from sandbox.telemetry.spans import Ground, Share, Span

FEW = 12
"""Moments up to which each is read by itself."""
SeriesOf = Mapping[tuple[str, str], int]
"""Metric and slice -> series."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is held to the limit by itself: a slice (or all slices for their gap).

    ``pairs``: each slice's series, and that of the metric it is divided by.
    """

    key: str
    pairs: tuple[tuple[int, int | None], ...]

    @property
    def series(self) -> set[int]:
        """Every series that it is made of."""
        return {one for pair in self.pairs for one in pair if one is not None}


async def newest(
    threshold: Threshold, part: Part, most: int, ground: Ground
) -> tuple[list[Moment], bool]:
    """The newest values of ``part`` by time, of at most ``most`` moments; whether it has older
    ones."""
    rows = await fetch(
        "SELECT DISTINCT at FROM point WHERE series = ANY($1::integer[]) "
        "ORDER BY at DESC LIMIT $2",
        sorted(part.series), most + 1,
    )  # fmt: skip
    when = [row["at"] for row in reversed(rows[:most])]
    every = await many(threshold, part, when, ground) if when else []
    return [one for one in every if one.value is not None], len(rows) > most


def parts_of(threshold: Threshold, series: SeriesOf) -> list[Part]:
    """The parts of ``threshold`` that figures have come for."""
    slices = [
        key for metric, key in series if metric == threshold.metric and held_to(threshold, key)
    ]
    pairs = {
        key: (series[threshold.metric, key], series.get((threshold.over, key)))
        for key in sorted(slices)
        if not threshold.over or (threshold.over, key) in series
    }
    if threshold.slice is not None and threshold.slice.across == "gap":
        every = tuple(pairs.values())
        return [Part(key=threshold.slice.dimension, pairs=every)] if len(every) > 1 else []
    return [Part(key=key, pairs=(pair,)) for key, pair in pairs.items()]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known: a part of a threshold, at moments by time."""

    threshold: Threshold
    part: Part
    moments: Sequence[datetime]
    ground: Ground


async def values(asks: Sequence[Ask]) -> list[list[Moment]]:
    """The value of each ask at each of its moments; few moments of all asks in one query."""
    points = await _read([ask for ask in asks if len(ask.moments) <= FEW])
    return [
        [_moment(ask, until, points) for until in ask.moments]
        if len(ask.moments) <= FEW
        else await many(ask.threshold, ask.part, ask.moments, ask.ground)
        for ask in asks
    ]


# A few moments -----------------------------------------------------------------------------

Wanted = tuple[Span, Threshold]
Read = dict[Wanted, tuple[float | None, int]]


async def _read(asks: Sequence[Ask]) -> Read:
    wanted: dict[Wanted, Ground] = {
        (Span(series, _start(ask.threshold, until, ask.ground), until), ask.threshold): ask.ground
        for ask in asks
        for until in ask.moments
        for series in ask.part.series
    }
    if not wanted:
        return {}
    held = await spans.summaries({span: ground for (span, _), ground in wanted.items()})
    shares = {
        (span, threshold): Share(span, windows.SHARES[threshold.aggregate], threshold.limit)
        for span, threshold in wanted
        if threshold.aggregate in windows.SHARES and held[span].points
    }
    put = await spans.percentiles({one: wanted[key] for key, one in shares.items()})
    return {
        key: (put[shares[key]], held[key[0]].n) if key in shares else _value(*key, held[key[0]])
        for key in wanted
    }


def _start(threshold: Threshold, until: datetime, ground: Ground) -> datetime:
    return windows.window_start(threshold.window, until, ground.calendar, ground.begin)


def _value(span: Span, threshold: Threshold, summary: windows.Summary) -> tuple[float | None, int]:
    if not summary.points:
        return None, 0
    hours = windows.hours_of(threshold.window, span.start, span.until)
    return summary.value(threshold.aggregate, hours), summary.n


def _moment(ask: Ask, until: datetime, points: Read) -> Moment:
    start, threshold = _start(ask.threshold, until, ask.ground), ask.threshold
    shares = []
    for own, over in ask.part.pairs:
        value, samples = points[Span(own, start, until), threshold]
        divisor = points[Span(over, start, until), threshold][0] if over is not None else None
        shares.append((_divided(value, divisor, by=over is not None), samples))
    return _combined(threshold, until, shares)


def _divided(value: float | None, divisor: float | None, *, by: bool) -> float | None:
    if not by or value is None:
        return value
    return value / divisor if divisor else None


def _combined(
    threshold: Threshold, until: datetime, shares: Sequence[tuple[float | None, int]]
) -> Moment:
    """A part's value out of its slices': the one there is, or the gap between them."""
    enough = [
        (value, samples)
        for value, samples in shares
        if value is not None and samples >= max(threshold.min_samples, 1)
    ]
    samples = sum(samples for _value, samples in enough)
    if threshold.slice is not None and threshold.slice.across == "gap":
        held = [value for value, _samples in enough]
        return Moment(until, max(held) - min(held) if len(held) > 1 else None, samples)
    return Moment(until, enough[0][0] if enough else None, samples)


# Many at once ------------------------------------------------------------------------------


async def many(
    threshold: Threshold, part: Part, moments: Sequence[datetime], ground: Ground
) -> list[Moment]:
    """The values of ``part`` at ``moments`` (one at least, by time), from the points alone."""
    starts = [_start(threshold, until, ground) for until in moments]
    spans = np.array([[micros(a), micros(b)] for a, b in zip(starts, moments, strict=True)])
    hours = np.array([
        windows.hours_of(threshold.window, a, b) for a, b in zip(starts, moments, strict=True)
    ])  # fmt: skip
    columns = await _columns(part.series, min(starts), moments[-1])
    swept = {
        series: windows.sweep(threshold.aggregate, *columns[series], spans, hours)
        for series in part.series
    }
    return [
        _combined(threshold, until, [_swept(swept, pair, place) for pair in part.pairs])
        for place, until in enumerate(moments)
    ]


def _swept(
    swept: Mapping[int, tuple[Numbers, Whole]],
    pair: tuple[int, int | None],
    place: int,
) -> tuple[float | None, int]:
    own, over = pair
    value, samples = swept[own][0][place], int(swept[own][1][place])
    held = None if np.isnan(value) else float(value)
    divisor = float(swept[over][0][place]) if over is not None else None
    if divisor is not None and np.isnan(divisor):
        divisor = None
    return _divided(held, divisor, by=over is not None), samples


Columns = tuple[Whole, Numbers, Whole]


async def _columns(series: Iterable[int], start: datetime, until: datetime) -> dict[int, Columns]:
    """The points of series after ``start`` up to ``until``, as columns by time."""
    rows = await fetch(
        "SELECT series, (extract(epoch FROM at) * 1000000)::bigint AS at, value, n FROM point "
        "WHERE series = ANY($1::integer[]) AND at > $2 AND at <= $3 ORDER BY series, at",
        list(series), start, until,
    )  # fmt: skip
    held: dict[int, list[tuple[int, float, int]]] = defaultdict(list)
    for row in rows:
        held[row["series"]].append((row["at"], row["value"], row["n"]))
    return {one: _as_columns(held[one]) for one in series}


def _as_columns(rows: Sequence[tuple[int, float, int]]) -> Columns:
    at, value, n = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(at, np.int64), np.array(value, np.float64), np.array(n, np.int64)
