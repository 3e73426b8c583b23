"""Histograms as figures: the parts of them that the plan uses, and percentiles of what they
grew by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandbox.foundation.database import fetch
from sandbox.telemetry.books import Book
from sandbox.telemetry.commands.parcels import Sound
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules import spreads
from sandbox.telemetry.rules.delivery import Delivery, Name
from sandbox.telemetry.rules.spreads import PARTS, PERCENTILES, Buckets, Spread

_Made = tuple[Name, float, int]
"""A point made of a histogram: its name, value and number of samples."""


# What a histogram tells ---------------------------------------------------------------------


def unfolded(delivery: Delivery, book: Book) -> Delivery:
    """The delivery with those parts of its histograms that the plan knows by their names.

    A histogram x is its mean; ``x_count``, ``x_sum``, ``x_p50`` to ``x_p99`` are made only where
    the plan, or a mapping, has a name for them: nobody wants six unknown names kept aside for
    one. Where it knows a part and not x, then x itself is not kept aside either.
    """
    if not delivery.spreads:
        return delivery
    parts: dict[str, list[str]] = {}
    made: list[tuple[Spread, _Made]] = []
    dropped: set[int] = set()
    for spread in delivery.spreads:
        metric = spread.metric
        if metric not in parts:
            parts[metric] = [part for part in PARTS if book.spells(f"{metric}_{part}")]
        if parts[metric]:
            made += [(spread, point) for point in _points(spread, parts[metric])]
            if not book.spells(metric):
                dropped.add(spread.line)
    return _with(delivery, made, dropped) if made or dropped else delivery


def _points(spread: Spread, parts: Sequence[str]) -> Iterator[_Made]:
    for part in parts:
        metric = f"{spread.metric}_{part}"
        total = Name(metric, spread.attributes, "total" if spread.running else "")
        if part == "count":
            yield total, float(spread.count), 1
        elif part == "sum":
            yield total, spread.sum, 1
        elif (point := _percentile(spread, metric, part)) is not None:
            yield point


def _percentile(spread: Spread, metric: str, part: Any) -> _Made | None:
    told = spread.quantiles.get(PERCENTILES[part])
    if told is not None:
        return Name(metric, spread.attributes), told, max(spread.count, 1)
    buckets = None if spread.quantiles else spread.buckets()
    if buckets is None:
        return None
    if spread.running:  # what it grew by is known once the one before is
        return Name(metric, spread.attributes, part), 0.0, max(spread.count, 1)
    value = spreads.percentile(buckets, PERCENTILES[part])
    return None if value is None else (Name(metric, spread.attributes), value, spread.count)


def _with(delivery: Delivery, made: Sequence[tuple[Spread, _Made]], dropped: set[int]) -> Delivery:
    kept = ~np.isin(delivery.line, list(dropped))
    places: dict[Name, int] = {}  # of what is left: a name makes a series
    before = {
        place: places.setdefault(delivery.names[place], len(places))
        for place in np.unique(delivery.name[kept]).tolist()
    }
    name = [before[place] for place in delivery.name[kept].tolist()]
    name += [places.setdefault(point[0], len(places)) for _spread, point in made]

    def joined(column: NDArray[Any], new: list[Any]) -> NDArray[Any]:
        return np.concatenate([column[kept], np.array(new, column.dtype)])

    return Delivery(
        names=list(places), name=np.array(name, np.int64),
        at=joined(delivery.at, [spread.at for spread, _point in made]),
        value=joined(delivery.value, [value for _spread, (_name, value, _n) in made]),
        n=joined(delivery.n, [n for _spread, (_name, _value, n) in made]),
        line=joined(delivery.line, [spread.line for spread, _point in made]),
        spreads=delivery.spreads,
    )  # fmt: skip


# What it grew by ----------------------------------------------------------------------------


async def estimate(sound: Sound, name: NDArray[Any], used: NDArray[Any]) -> None:
    """Put percentiles of what running histograms grew by in their points; mark those ``used``.

    As with other running totals, the first one only sets the mark.
    """
    names, points = sound.parcel.delivery.names, sound.points
    ours = np.array([one.counter in PERCENTILES for one in names])[name]
    if not ours.any():
        return
    came = {spread.line: spread for spread in sound.parcel.delivery.spreads}
    marks = await _marks(np.unique(points.series[ours]).tolist())
    for series in np.unique(points.series[ours]).tolist():
        places = np.flatnonzero((points.series == series) & ours)
        places = places[np.argsort(points.at[places], kind="stable")]
        share = PERCENTILES[names[int(name[places[0]])].counter]
        factor = sound.known[int(name[places[0]])].factor
        for place in places.tolist():
            at, now = int(points.at[place]), came[int(points.line[place])].buckets()
            before = marks.get(series)
            if now is None or (before and at <= before[0]):
                continue
            marks[series] = (at, now)
            grown = spreads.increase(before[1], now) if before else None
            value = spreads.percentile(grown, share) if grown else None
            if grown and value is not None and abs(value * factor) <= rules.LARGEST:
                points.value[place] = value * factor
                points.n[place] = max(round(grown.total), 1)
                used[place] = True
    await _mark(marks)


async def _marks(series: list[int]) -> dict[int, tuple[int, Buckets]]:
    rows = await fetch(
        "SELECT series, at, buckets::text AS buckets FROM counter "
        "WHERE series = ANY($1::integer[]) AND buckets IS NOT NULL",
        series,
    )
    return {
        row["series"]: (row["at"], msgspec.json.decode(row["buckets"], type=Buckets))
        for row in rows
    }


async def _mark(marks: dict[int, tuple[int, Buckets]]) -> None:
    await fetch(
        "INSERT INTO counter (series, at, value, buckets) SELECT s, a, 0, b::jsonb "
        "FROM unnest($1::integer[], $2::bigint[], $3::text[]) AS t (s, a, b) "
        "ON CONFLICT (series) DO UPDATE SET at = excluded.at, buckets = excluded.buckets",
        list(marks), [at for at, _buckets in marks.values()],
        [msgspec.json.encode(buckets).decode() for _at, buckets in marks.values()],
    )  # fmt: skip
