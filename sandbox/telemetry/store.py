"""Where points lie: partitioned by month, written by COPY, replaced by corrections.

Everything here runs inside the caller's transaction, but for new partitions, which are made
beside it, since they are of no delivery.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from sandbox.foundation import takeover
from sandbox.foundation.database import DB, fetch
from sandbox.telemetry.rules.delivery import Numbers, Whole, moment

PARTITIONED = ("point", "rollup")
_Y2000 = 946_684_800_000_000
"""PostgreSQL counts its microseconds from 2000."""
_HEAD = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_TAIL = b"\xff\xff"
_ROW = np.dtype(
    [
        ("fields", ">i2"), ("l1", ">i4"), ("series", ">i4"), ("l2", ">i4"), ("at", ">i8"),
        ("l3", ">i4"), ("value", ">f8"), ("l4", ">i4"), ("n", ">i8"), ("l5", ">i4"),
        ("batch", "S16"),
    ]
)  # fmt: skip
"""A row of PostgreSQL's binary COPY format: every field is preceded by its length."""


def connection() -> asyncpg.Connection[Any]:
    """The connection of the current transaction."""
    current = DB.current_transaction.get()
    assert current is not None
    return current.connection


# Partitions --------------------------------------------------------------------------------

_there: set[tuple[str, str]] = set()
takeover.forget_with(_there.clear)


def _named(table: str) -> tuple[str, str]:
    """A table of the database at hand, which the settings give by name or as an address."""
    return DB.config.get("database") or DB.config["dsn"], table


def month_of(at: datetime) -> tuple[int, int]:
    """The month in UTC that ``at`` lies in."""
    utc = at.astimezone(UTC)
    return utc.year, utc.month


def _next(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


async def make_room(first: datetime, last: datetime) -> None:
    """See that there are partitions for the months from ``first`` to ``last``.

    The local day that a point is rolled up into may begin in the month before.
    """
    month, end = month_of(first - timedelta(days=2)), month_of(last)
    while month <= end:
        for table in PARTITIONED:
            await _make_partition(table, month)
        month = _next(month)


async def _make_partition(table: str, month: tuple[int, int]) -> None:
    """Attach an empty partition; writers of other months do not wait for it."""
    name = f"{table}_{month[0]}_{month[1]:02}"
    known = _named(name)
    if known in _there:
        return
    bounds = [f"'{year}-{number:02}-01T00:00:00Z'" for year, number in (month, _next(month))]
    statements = (  # of names that are made here and nowhere else
        f"SELECT pg_advisory_xact_lock(hashtext('{name}'));"  # noqa: S608
        f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING DEFAULTS);"
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = '{name}'::regclass) "
        f"THEN ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({bounds[0]}) "
        f"TO ({bounds[1]}); END IF; END $$"
    )
    assert DB.pool is not None
    async with DB.pool.acquire() as beside, beside.transaction():
        await beside.execute("SET LOCAL client_min_messages = warning")
        await beside.execute(statements)
    _there.add(known)


async def drop_before(table: str, oldest: datetime) -> list[str]:
    """Drop the partitions of ``table`` that end before ``oldest``; their names."""
    keep = "{}_{}_{:02}".format(table, *month_of(oldest))
    rows = await fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = $1::regclass::oid AND inhrelid::regclass::text < $2 ORDER BY 1",
        table, keep,
    )  # fmt: skip
    for row in rows:
        await fetch(f"DROP TABLE {row['name']}")
        _there.discard(_named(row["name"]))
    return [row["name"] for row in rows]


# Points ------------------------------------------------------------------------------------


async def append(
    series: Whole, at: Whole, value: Numbers, n: Whole, batch: Sequence[bytes] | bytes
) -> None:
    """Write new points by COPY; ``batch`` is one id for all, or one for each, as 16 bytes.

    The rows are made as arrays in PostgreSQL's own binary form: at ten thousand points that
    takes a tenth of the time that encoding them one by one does.
    """
    rows = np.zeros(len(series), _ROW)
    rows["fields"] = 5
    rows["l1"], rows["l5"] = 4, 16
    rows["l2"] = rows["l3"] = rows["l4"] = 8
    rows["series"], rows["at"], rows["value"], rows["n"] = series, at - _Y2000, value, n
    # A fixed-width bytes column drops trailing zeros when read one by one, not when written.
    rows["batch"] = np.frombuffer(
        batch if isinstance(batch, bytes) else b"".join(batch), np.dtype("V16")
    ).view("S16")

    async def body() -> AsyncIterator[bytes]:
        yield _HEAD + rows.tobytes() + _TAIL

    await connection().copy_to_table(
        "point", source=body(), columns=["series", "at", "value", "n", "batch"], format="binary"
    )


async def stored(
    series: Iterable[int], first: Iterable[datetime], last: Iterable[datetime]
) -> list[asyncpg.Record]:
    """The points (series, at, value, n) between two moments, both included, of each series."""
    return await connection().fetch(  # type: ignore[no-any-return]
        "SELECT w.series, (extract(epoch FROM p.at) * 1000000)::bigint AS at, p.value, p.n "
        "FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (series, a, b) "
        "JOIN LATERAL (SELECT at, value, n FROM point WHERE series = w.series "
        "AND at BETWEEN w.a AND w.b) p ON true",
        list(series), list(first), list(last),
    )  # fmt: skip


async def held(series: Whole, at: Whole, value: Numbers, n: Whole) -> tuple[int, int]:
    """Of these points, how many are stored already: as they are, and with another value."""
    (row,) = await fetch(
        "SELECT count(*) FILTER (WHERE p.value = w.v AND p.n = w.k) AS same, count(*) AS held "
        "FROM unnest($1::integer[], $2::timestamptz[], $3::float8[], $4::bigint[]) "
        "AS w (s, a, v, k) "
        "JOIN LATERAL (SELECT value, n FROM point WHERE series = w.s AND at = w.a) p ON true",
        series.tolist(), [moment(one) for one in at], value.tolist(), n.tolist(),
    )  # fmt: skip
    return row["same"], row["held"] - row["same"]


async def replace(  # noqa: PLR0917
    series: Whole, at: Whole, value: Numbers, n: Whole, batch: UUID, now: datetime
) -> None:
    """Put corrections in the place of points, which are kept as they were."""
    columns = [series.tolist(), [moment(one) for one in at], value.tolist(), n.tolist()]
    new = "unnest($1::integer[], $2::timestamptz[], $3::float8[], $4::bigint[]) AS t (s, a, v, k)"
    await connection().execute(
        "INSERT INTO replaced_point SELECT p.series, p.at, p.value, p.n, p.batch, $6, $5 "  # noqa: S608
        f"FROM {new} JOIN point p ON p.series = t.s AND p.at = t.a",
        *columns, batch, now,
    )  # fmt: skip
    await connection().execute(
        f"UPDATE point p SET value = t.v, n = t.k, batch = $5 FROM {new} "  # noqa: S608
        "WHERE p.series = t.s AND p.at = t.a",
        *columns, batch,
    )  # fmt: skip
