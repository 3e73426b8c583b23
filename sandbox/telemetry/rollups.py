"""Hours and days rolled up, and what windows made of them say.

An hour is rolled up when a point after it has come, a local day when its last hour has been.
A late or corrected point rolls its hour up anew, from the points. So a roll-up is always what
the points say, and a window of a week costs as much after a year as after a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from ddsketch import DDSketch
from ddsketch.pb.ddsketch_pb2 import DDSketch as SketchMessage
from ddsketch.pb.proto import DDSketchProto

from sandbox.foundation.database import fetch
from sandbox.framework.clocks import Calendar
from sandbox.framework.thresholds import Threshold
from sandbox.telemetry.rules.windows import SHARES, Piece, Summary, hour_of, pieces, rank

_proto: Any = DDSketchProto  # carries no types
ACCURACY = 0.01
"""How far a sketch's percentile may be off, relative to its value."""

_HOURS = """
INSERT INTO rollup
SELECT p.series, 1, date_bin('1 hour', p.at - interval '1 microsecond', 'epoch'::timestamptz),
       count(*), sum(p.n), sum(p.value), sum(p.value * p.n), min(p.value), max(p.value),
       (array_agg(p.value ORDER BY p.at DESC))[1], max(p.at), NULL
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (series, a, b)
JOIN point p ON p.series = w.series AND p.at > w.a AND p.at <= w.b GROUP BY 1, 3
"""
_DAYS = """
INSERT INTO rollup
SELECT r.series, 2, date_trunc('day', r.at, $4), sum(r.points), sum(r.n), sum(r.total),
       sum(r.weighted), min(r.lowest), max(r.highest),
       (array_agg(r.last ORDER BY r.last_at DESC))[1], max(r.last_at), NULL
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (series, a, b)
JOIN rollup r ON r.series = w.series AND r.level = 1 AND r.at >= date_trunc('day', w.a, $4)
AND r.at < date_trunc('day', w.b, $4) GROUP BY 1, 3
"""
_REPLACE = """
ON CONFLICT (series, level, at) DO UPDATE SET points = excluded.points, n = excluded.n,
total = excluded.total, weighted = excluded.weighted, lowest = excluded.lowest,
highest = excluded.highest, last = excluded.last, last_at = excluded.last_at, sketch = NULL
"""
_VALUES = """
SELECT p.series, date_bin('1 hour', p.at - interval '1 microsecond', 'epoch'::timestamptz) AS at,
       array_agg(p.value) AS held
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (series, a, b)
JOIN point p ON p.series = w.series AND p.at > w.a AND p.at <= w.b GROUP BY 1, 2
"""
_SUMMARIES = """
WITH w AS (SELECT * FROM unnest($1::integer[], $2::integer[], $3::smallint[], $4::timestamptz[],
           $5::timestamptz[]) AS t (id, series, level, a, b))
SELECT id, sum(points)::bigint AS points, sum(n)::bigint AS n, sum(total) AS total,
       sum(weighted) AS weighted, min(lowest) AS lowest, max(highest) AS highest,
       (array_agg(last ORDER BY last_at DESC))[1] AS last
FROM (
    SELECT w.id, p.* FROM w JOIN LATERAL (
        SELECT count(*) AS points, sum(n) AS n, sum(value) AS total, sum(value * n) AS weighted,
               min(value) AS lowest, max(value) AS highest,
               (array_agg(value ORDER BY at DESC))[1] AS last, max(at) AS last_at
        FROM point WHERE series = w.series AND at > w.a AND at <= w.b
    ) p ON w.level = 0 AND p.points > 0
    UNION ALL
    SELECT w.id, r.points, r.n, r.total, r.weighted, r.lowest, r.highest, r.last, r.last_at
    FROM w JOIN rollup r ON r.series = w.series AND r.level = w.level AND w.level > 0
    AND r.at >= w.a AND r.at < w.b
) held GROUP BY id
"""


class Rolled(msgspec.Struct, frozen=True):
    """How far a series is rolled up, and its newest point."""

    until: datetime | None
    newest: datetime | None


async def roll_up(
    series: Sequence[int], since: datetime, calendar: Calendar, *, sketched: Sequence[int] = ()
) -> dict[int, Rolled]:
    """Roll up what is whole and has changed since ``since``; how far each series now is.

    ``sketched``: series of which percentiles are asked, so that their hours keep a sketch.
    Runs inside the caller's transaction.
    """
    rows = await fetch(
        "SELECT s.id, s.rolled_until, CASE WHEN s.rolled_until IS NULL THEN "
        "(SELECT min(p.at) FROM point p WHERE p.series = s.id) END AS oldest, "
        "(SELECT max(p.at) FROM point p WHERE p.series = s.id) AS newest "
        "FROM series s WHERE s.id = ANY($1::integer[])",
        list(series),
    )
    found: dict[int, Rolled] = {}
    spans: list[tuple[int, datetime, datetime]] = []
    for row in rows:
        newest, done = row["newest"], row["rolled_until"]
        until = max(hour_of(newest), done or hour_of(newest)) if newest else done
        begin = hour_of(row["oldest"] or since) if done is None else min(done, hour_of(since))
        found[row["id"]] = Rolled(until, newest)
        if until is not None and begin < until:
            spans.append((row["id"], begin, until))
    if spans:
        await _roll(spans, calendar, frozenset(sketched))
    return found


async def _roll(
    spans: Sequence[tuple[int, datetime, datetime]], calendar: Calendar, sketched: frozenset[int]
) -> None:
    columns = [list(column) for column in zip(*spans, strict=True)]
    await fetch(_HOURS + _REPLACE, *columns)
    await fetch(_DAYS + _REPLACE, *columns, calendar.zone.key)
    await fetch(
        "UPDATE series s SET rolled_until = w.b FROM unnest($1::integer[], $2::timestamptz[]) "
        "AS w (series, b) WHERE s.id = w.series AND s.rolled_until IS DISTINCT FROM w.b",
        columns[0], columns[2],
    )  # fmt: skip
    own = [span for span in spans if span[0] in sketched]
    if own:
        await _sketch([list(column) for column in zip(*own, strict=True)])


async def _sketch(columns: list[list[Any]]) -> None:
    rows = await fetch(_VALUES, *columns)
    sketches = [_sketch_of(row["held"]) for row in rows]
    await fetch(
        "UPDATE rollup r SET sketch = w.sketch FROM unnest($1::integer[], $2::timestamptz[], "
        "$3::bytea[]) AS w (series, at, sketch) WHERE r.series = w.series AND r.level = 1 "
        "AND r.at = w.at",
        [row["series"] for row in rows], [row["at"] for row in rows], sketches,
    )  # fmt: skip


def _sketch_of(values: Sequence[float]) -> bytes:
    sketch = DDSketch(ACCURACY)
    for value in values:
        sketch.add(value)
    return bytes(_proto.to_proto(sketch).SerializeToString())


# Windows -----------------------------------------------------------------------------------


class Span(msgspec.Struct, frozen=True):
    """A window over a series: after ``start``, up to ``until``."""

    series: int
    start: datetime
    until: datetime


async def summaries(
    spans: Sequence[Span], rolled: Mapping[int, Rolled], calendar: Calendar
) -> list[Summary]:
    """What each window holds, all of them in one query."""
    parts = [
        (number, span.series, piece)
        for number, span in enumerate(spans)
        for piece in _pieces(span, rolled, calendar)
    ]
    rows = await fetch(
        _SUMMARIES,
        [number for number, _series, _piece in parts], [series for _number, series, _ in parts],
        [piece.level for _number, _series, piece in parts], [p.a for _number, _series, p in parts],
        [p.b for _number, _series, p in parts],
    )  # fmt: skip
    found = [Summary() for _span in spans]
    for row in rows:
        number = row.pop("id")
        found[number] = Summary(**row)
    return found


def _pieces(span: Span, rolled: Mapping[int, Rolled], calendar: Calendar) -> list[Piece]:
    return list(pieces(span.start, span.until, rolled[span.series].until, calendar))


async def percentile(
    span: Span, threshold: Threshold, rolled: Mapping[int, Rolled], calendar: Calendar
) -> float:
    """The nearest-rank percentile of a window that holds points.

    Its sketches decide what is clear; where they put it nearer to the limit than they are
    accurate, or are not there, the points are counted.
    """
    share = SHARES[threshold.aggregate]
    about = await _about(span, share, rolled, calendar)
    if about is not None and abs(about - threshold.limit) > 2 * ACCURACY * max(
        abs(about), abs(threshold.limit)
    ):
        return about
    (row,) = await fetch(
        "SELECT percentile_disc($4) WITHIN GROUP (ORDER BY value) AS value FROM point "
        "WHERE series = $1 AND at > $2 AND at <= $3",
        span.series, span.start, span.until, share,
    )  # fmt: skip
    return float(row["value"])


async def _about(
    span: Span, share: float, rolled: Mapping[int, Rolled], calendar: Calendar
) -> float | None:
    """The percentile as sketches of whole hours and points at the edges put it."""
    parts = _pieces(span, rolled, calendar)
    hours = [piece for piece in parts if piece.level > 0]
    if not hours:
        return None
    rows = await fetch(
        "SELECT sketch FROM rollup WHERE series = $1 AND level = 1 AND at >= $2 AND at < $3",
        span.series, hours[0].a, hours[-1].b,
    )  # fmt: skip
    if not rows or any(row["sketch"] is None for row in rows):
        return None
    whole = DDSketch(ACCURACY)
    for row in rows:
        whole.merge(_proto.from_proto(SketchMessage.FromString(row["sketch"])))
    edges = [piece for piece in parts if piece.level == 0]
    for row in await fetch(
        "SELECT p.value FROM unnest($2::timestamptz[], $3::timestamptz[]) AS w (a, b) "
        "JOIN point p ON p.series = $1 AND p.at > w.a AND p.at <= w.b",
        span.series, [piece.a for piece in edges], [piece.b for piece in edges],
    ):  # fmt: skip
        whole.add(row["value"])
    # The sketch counts ranks from 0 to n - 1; a quarter more names the nearest rank's own value.
    count = int(whole.count)
    value = whole.get_quantile_value(min((rank(count, share) + 0.25) / max(count - 1, 1), 1.0))
    return None if value is None else float(value)
