"""Hours and days rolled up, so that what a window holds need not be read from its points.

An hour is rolled up when a point after it has come, a local day when its last hour has been.
A late or corrected point rolls its hour up anew, from the points. So a roll-up is always what
the points say, and a window of a week costs as much after a year as after a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sandbox.foundation.database import fetch
from sandbox.telemetry import sketches
from sandbox.telemetry.rules.windows import hour_of

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
SELECT r.series, 2, date_trunc('day', r.at, w.zone), sum(r.points), sum(r.n), sum(r.total),
       sum(r.weighted), min(r.lowest), max(r.highest),
       (array_agg(r.last ORDER BY r.last_at DESC))[1], max(r.last_at), NULL
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[], $4::text[])
AS w (series, a, b, zone)
JOIN rollup r ON r.series = w.series AND r.level = 1 AND r.at >= date_trunc('day', w.a, w.zone)
AND r.at < date_trunc('day', w.b, w.zone) GROUP BY 1, 3
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


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a series that came: between which moments, and the zone of its days."""

    since: datetime
    until: datetime
    zone: str


async def roll_up(
    came: Mapping[int, Came], also: Iterable[int] = (), *, sketched: Collection[int] = ()
) -> dict[int, datetime | None]:
    """Roll up what is whole and has changed; how far each series is rolled up now.

    ``also``: series of which nothing came, to be told of all the same. ``sketched``: series of
    which percentiles are asked, so that their hours keep a sketch. Runs inside the caller's
    transaction.
    """
    rows = await fetch(
        "SELECT s.id, s.rolled_until, CASE WHEN s.rolled_until IS NULL THEN "
        "(SELECT min(p.at) FROM point p WHERE p.series = s.id) END AS oldest "
        "FROM series s WHERE s.id = ANY($1::integer[])",
        list({*came, *also}),
    )
    found: dict[int, datetime | None] = {}
    spans: list[tuple[int, datetime, datetime, str]] = []
    for row in rows:
        done, new = row["rolled_until"], came.get(row["id"])
        if new is None:
            found[row["id"]] = done
            continue
        # The end of an hour may be known from another series of the same delivery: what comes
        # for it afterwards rolls it up anew.
        until = found[row["id"]] = max(hour_of(new.until), done or hour_of(new.until))
        begin = hour_of(row["oldest"] or new.since) if done is None else hour_of(new.since)
        begin = min(begin, done or begin)
        if begin < until:
            spans.append((row["id"], begin, until, new.zone))
    if spans:
        await _roll(spans, frozenset(sketched))
    return found


async def _roll(
    spans: Sequence[tuple[int, datetime, datetime, str]], sketched: frozenset[int]
) -> None:
    columns = [list(column) for column in zip(*spans, strict=True)]
    await fetch(_HOURS + _REPLACE, *columns[:3])
    await fetch(_DAYS + _REPLACE, *columns)
    await fetch(
        "UPDATE series s SET rolled_until = w.b FROM unnest($1::integer[], $2::timestamptz[]) "
        "AS w (series, b) WHERE s.id = w.series AND s.rolled_until IS DISTINCT FROM w.b",
        columns[0], columns[2],
    )  # fmt: skip
    own = [span[:3] for span in spans if span[0] in sketched]
    if own:
        await _sketch([list(column) for column in zip(*own, strict=True)])


async def _sketch(columns: list[list[Any]]) -> None:
    rows = await fetch(_VALUES, *columns)
    bodies = [sketches.bytes_of(row["held"]) for row in rows]
    await fetch(
        "UPDATE rollup r SET sketch = w.sketch FROM unnest($1::integer[], $2::timestamptz[], "
        "$3::bytea[]) AS w (series, at, sketch) WHERE r.series = w.series AND r.level = 1 "
        "AND r.at = w.at",
        [row["series"] for row in rows], [row["at"] for row in rows], bodies,
    )  # fmt: skip
