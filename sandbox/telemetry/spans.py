"""What windows of series hold: from roll-ups where there are, from points at their edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sandbox.foundation.database import fetch
from sandbox.framework.clocks import Calendar
from sandbox.telemetry import sketches
from sandbox.telemetry.rules.windows import Piece, Summary, pieces

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
_SKETCHES = """
SELECT w.id, array_agg(r.sketch) AS held
FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[])
AS w (id, series, a, b)
JOIN rollup r ON r.series = w.series AND r.level = 1 AND r.at >= w.a AND r.at < w.b GROUP BY w.id
"""
_EDGES = """
SELECT w.id, array_agg(p.value) AS held
FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[])
AS w (id, series, a, b)
JOIN point p ON p.series = w.series AND p.at > w.a AND p.at <= w.b GROUP BY w.id
"""
_COUNTED = """
SELECT w.id, percentile_disc(w.share) WITHIN GROUP (ORDER BY p.value) AS value
FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::float8[])
AS w (id, series, a, b, share)
JOIN point p ON p.series = w.series AND p.at > w.a AND p.at <= w.b GROUP BY w.id, w.share
"""


class Ground(msgspec.Struct, kw_only=True):
    """What windows of a pilot lie on: how far its series are rolled up, the zone, its first day."""

    rolled: Mapping[int, datetime | None]
    calendar: Calendar
    begin: datetime


class Span(msgspec.Struct, frozen=True):
    """A window over a series: after ``start``, up to ``until``."""

    series: int
    start: datetime
    until: datetime


def _pieces(span: Span, ground: Ground) -> Iterator[Piece]:
    return pieces(span.start, span.until, ground.rolled.get(span.series), ground.calendar)


async def summaries(spans: Mapping[Span, Ground]) -> dict[Span, Summary]:
    """What each window holds, all of them in one query."""
    numbers = list(spans)
    rows = await fetch(
        _SUMMARIES,
        *_columns_of(
            (number, span.series, piece.level, piece.a, piece.b)
            for number, span in enumerate(numbers)
            for piece in _pieces(span, spans[span])
        ),
    )
    found = {span: Summary() for span in spans}
    for row in rows:
        span = numbers[row.pop("id")]
        found[span] = Summary(**row)
    return found


def _columns_of(rows: Iterable[tuple[Any, ...]], width: int = 5) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * width


class Share(msgspec.Struct, frozen=True):
    """A percentile of a window that holds points, and the limit that it is held to."""

    span: Span
    share: float
    limit: float


async def percentiles(shares: Mapping[Share, Ground]) -> dict[Share, float]:
    """The nearest-rank percentile of each window, all of them in three queries at most.

    A window's sketches decide what is clear; where they put it nearer to the limit than they are
    accurate, or are not there, its points are counted.
    """
    found = {
        one: about
        for one, about in (await _about(shares)).items()
        if abs(about - one.limit) > 2 * sketches.ACCURACY * max(abs(about), abs(one.limit))
    }
    unclear = [one for one in shares if one not in found]
    if unclear:
        rows = await fetch(
            _COUNTED,
            *_columns_of(
                (number, one.span.series, one.span.start, one.span.until, one.share)
                for number, one in enumerate(unclear)
            ),
        )
        found |= {unclear[row["id"]]: float(row["value"]) for row in rows}
    return found


async def _about(shares: Mapping[Share, Ground]) -> dict[Share, float]:
    """The percentiles as sketches of whole hours and points at the edges put them."""
    numbers = list(shares)
    hours: list[tuple[Any, ...]] = []
    edges: list[tuple[Any, ...]] = []
    for number, one in enumerate(numbers):
        parts = list(_pieces(one.span, shares[one]))
        whole = [piece for piece in parts if piece.level > 0]
        if whole:
            hours.append((number, one.span.series, whole[0].a, whole[-1].b))
            edges += [(number, one.span.series, p.a, p.b) for p in parts if p.level == 0]
    if not hours:
        return {}
    bodies = {row["id"]: row["held"] for row in await fetch(_SKETCHES, *_columns_of(hours, 4))}
    values = {row["id"]: row["held"] for row in await fetch(_EDGES, *_columns_of(edges, 4))}
    found = {
        numbers[number]: sketches.quantile(
            sketches.merged(held, values.get(number, ())), numbers[number].share
        )
        for number, held in bodies.items()
        if None not in held  # an hour that was rolled up before percentiles were asked
    }
    return {one: value for one, value in found.items() if value is not None}
