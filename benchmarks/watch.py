"""How soon a breach is known, and what it costs to judge figures.

Five hundred live pilots, each with twenty metrics and ten thresholds, one point a minute and
metric, sent ten times as fast as they would come. Now and then a figure passes a limit: the
seconds from sending it until the breach is on record, where its page reads it, and its mails are
queued. Then the same judging of one new point, after a day of history and after a year of it;
and the page of a metric that draws that year.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from benchmarks import firms, ground
from benchmarks.firms import METRICS, Firm, Sender
from benchmarks.ingest import otlp_body
from tests.site import Site

PILOTS, TIMES_REAL, SENDERS = 500, 10, 8
WARM, SECONDS = 12, 60
BREACHES_EVERY = 20  # deliveries
MINUTE = timedelta(minutes=1)
DAY, YEAR = 24 * 60, 365 * 24 * 60  # minutes
KEPT, PASSED = 0.5, 100.0

CONDITIONS: Sequence[dict[str, Any]] = (
    {"aggregate": "max", "window": {"unit": "hour"}, "comparator": "<=", "limit": 50},
    {"aggregate": "mean", "window": {"unit": "day"}, "comparator": "<=", "limit": 50},
    {"aggregate": "mean", "window": {"unit": "day", "length": 7}, "comparator": ">=", "limit": 0.1},
    {"aggregate": "p95", "window": {"unit": "day"}, "comparator": "<=", "limit": 50},
    {"aggregate": "sum", "window": {"kind": "calendar"}, "comparator": "<=", "limit": 1e9},
    {"aggregate": "sum", "window": {"kind": "cumulative"}, "comparator": "<=", "limit": 1e9},
    {"aggregate": "min", "window": {"unit": "day"}, "comparator": ">=", "limit": 0.1},
    {"aggregate": "rate", "window": {"unit": "hour"}, "comparator": "<=", "limit": 1e9},
    {"aggregate": "last", "window": {"unit": "hour"}, "comparator": "<=", "limit": 1e9},
    {"aggregate": "mean", "window": {"unit": "day"}, "comparator": "<=", "limit": 9,
     "over": "metric_10"},
)  # fmt: skip
"""A condition of each kind; that of ``metric_0`` is the one that is broken."""


async def settle(connection: firms.asyncpg.Connection, own: Sequence[Firm], **how: int) -> None:
    """Pilots with a threshold on each of the first metrics, and an officer who is told."""
    await firms.settle(connection, own, **how)
    await connection.executemany(
        'INSERT INTO condition (id, "case", pilot, number, kind, title, text, threshold, state,'
        " state_since) VALUES ($1, $2, $3, $4, 'threshold', $5, $5, $6, 'in_force', now())",
        [
            (
                uuid4(), firm.case, firm.pilot, number + 1,
                json.dumps({"en": f"Condition {number + 1}"}),
                json.dumps({"metric": f"metric_{number}", **threshold}),
            )
            for firm in own
            for number, threshold in enumerate(CONDITIONS)
        ],
    )  # fmt: skip


# Live --------------------------------------------------------------------------------------


class Feed:
    """Every pilot's next minute when it is due, until the end; a limit is passed now and then."""

    def __init__(self, site: Site, own: Sequence[Firm]) -> None:
        self.site, self.own = site, own
        self.begun = time.monotonic()
        self.first = datetime.now(UTC) - (WARM + SECONDS) * TIMES_REAL * timedelta(seconds=1)
        self.sent: dict[UUID, float] = {}
        self.behind: list[float] = []
        self._due = iter(self._dues())
        self._chance = Random(1)

    def _dues(self) -> Any:
        step = 60 / TIMES_REAL / len(self.own)
        for number in range(int((WARM + SECONDS) / step)):
            yield number * step, self.own[number % len(self.own)], number // len(self.own)

    async def run(self) -> None:
        await asyncio.gather(*(self._send() for _ in range(SENDERS)))

    async def _send(self) -> None:
        sender = await Sender(self.site).open()
        for due, firm, minute in self._due:
            wait = self.begun + due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            elif due > WARM:
                self.behind.append(-wait)
            break_it = (
                due > WARM and firm.pilot not in self.sent
                and self._chance.randrange(BREACHES_EVERY) == 0
            )  # fmt: skip
            body = otlp_body([self.first + minute * MINUTE], METRICS, KEPT)
            if break_it:
                body += otlp_body([self.first + minute * MINUTE + MINUTE / 2], 1, PASSED)
                self.sent[firm.pilot] = time.monotonic()
            status = await sender.post("/v1/metrics", body, firm.key, "application/x-protobuf")
            assert status == 200, (status, sender.last)
        sender.close()


_TOLD = """
SELECT b.pilot FROM breach b WHERE EXISTS (SELECT FROM mail m WHERE m."case" = b."case")
AND NOT b.pilot = ANY($1)
"""


async def noticed(connection: firms.asyncpg.Connection, feed: Feed) -> list[float]:
    """Seconds from sending to being on record with a mail, of each breach."""
    seen: dict[UUID, float] = {}
    end = feed.begun + WARM + SECONDS + 30
    while time.monotonic() < end:
        rows = await connection.fetch(_TOLD, list(seen))
        seen |= {row["pilot"]: time.monotonic() for row in rows}
        if time.monotonic() > feed.begun + WARM + SECONDS and len(seen) >= len(feed.sent):
            break
        await asyncio.sleep(0.05)
    lost = set(feed.sent) - set(seen)
    assert not lost, f"{len(lost)} breaches were never noticed"
    return [seen[pilot] - sent for pilot, sent in feed.sent.items()]


async def live(site: Site) -> dict[str, float]:
    connection = await firms.connect(site)
    own = [Firm(number) for number in range(PILOTS)]
    await settle(connection, own)
    worker = site.process_of("worker")
    feed = Feed(site, own)
    busy = sum(worker.cpu_times()[:4])
    _done, took = await asyncio.gather(feed.run(), noticed(connection, feed))
    busy = (sum(worker.cpu_times()[:4]) - busy) / (time.monotonic() - feed.begun)
    await connection.close()
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    print(f"{PILOTS} pilots × {METRICS} metrics × {len(CONDITIONS)} conditions, "
          f"{TIMES_REAL} times real time, {len(took)} breaches")  # fmt: skip
    print(f"  noticed after {statistics.median(took):.2f} s (median), {p95:.2f} s (p95), "
          f"{took[-1]:.2f} s (longest)")  # fmt: skip
    late = statistics.median(feed.behind) if feed.behind else 0.0
    print(f"  the worker uses {busy:.2f} of a core; deliveries late by {late:.2f} s")
    return {"breach_p95_s": round(p95, 2)}


# History -----------------------------------------------------------------------------------


async def history() -> dict[str, float]:
    """Judging a new minute of twenty metrics, after a day of history and after a year."""
    from sandbox.foundation.database import DB
    from sandbox.telemetry import commands, store

    connection = await firms.asyncpg.connect(**DB.config)
    now = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=6)
    spans = {"a day": DAY, "a year": YEAR}
    own = {name: Firm(number) for number, name in enumerate(spans)}
    await settle(connection, list(own.values()), days=370)
    await store.make_room(now - YEAR * MINUTE, now + timedelta(days=1))
    for name, minutes in spans.items():
        await _fill(connection, own[name], now, minutes)
        await commands.evaluate(own[name].pilot)
    await connection.execute("VACUUM (ANALYZE) point, rollup")

    async def judge(name: str, at: datetime) -> None:
        await _deliver(connection, own[name], at)
        begun = time.perf_counter()
        await commands.evaluate(own[name].pilot)
        took[name].append(time.perf_counter() - begun)

    took: dict[str, list[float]] = {name: [] for name in spans}
    for minute in range(1, 220):  # over several full hours
        for name in spans:
            await judge(name, now + minute * MINUTE)
    await connection.close()
    chart = await year_chart(own["a year"])
    figures = {name: statistics.median(several) * 1000 for name, several in took.items()}
    ratio = figures["a year"] / figures["a day"]
    print("Judging a minute of a pilot, by what lies behind it")
    for name, milliseconds in figures.items():
        print(f"  {name:<7} {milliseconds:7.2f} ms")
    print(f"  a year costs {ratio:.2f} times a day")
    return {"history_ratio": round(ratio, 3), "year_chart_ms": round(chart, 1)}


async def year_chart(firm: Firm) -> float:
    """Milliseconds to answer with a metric's page over a year: queries, drawing and HTML."""
    from sandbox.app import create_app
    from sandbox.people import queries as people
    from tests.harness import Visitor

    path = f"/pilots/{firm.pilot}/metrics/metric_0?window=year"
    async with Visitor(create_app()) as visitor:
        await visitor.sign_in(await people.person(firm.person))
        assert "<svg" in (await visitor.get(path)).text
        took = (await ground.pages(visitor, {"year": path}, rounds=15))["year"]
    print(f"A year of minutes ({YEAR:,} figures) is drawn in {took:.0f} ms")
    return took


async def _series(connection: firms.asyncpg.Connection, firm: Firm) -> list[int]:
    rows = await connection.fetch(
        "INSERT INTO series (pilot, metric, slice, aside, made_at) "
        "SELECT $1, 'metric_' || g, '', false, now() FROM generate_series(0, $2 - 1) g "
        "ON CONFLICT (pilot, metric, slice) DO UPDATE SET aside = false RETURNING id",
        firm.pilot, METRICS,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _fill(
    connection: firms.asyncpg.Connection, firm: Firm, until: datetime, minutes: int
) -> None:
    for series in await _series(connection, firm):
        await connection.execute(
            "INSERT INTO point SELECT $1, $2::timestamptz - g * interval '1 minute', $5, 1, $3 "
            "FROM generate_series(0, $4 - 1) g",
            series, until, firm.pilot, minutes, KEPT,
        )  # fmt: skip
    await _arrived(connection, firm, until - minutes * MINUTE, until)


async def _deliver(connection: firms.asyncpg.Connection, firm: Firm, at: datetime) -> None:
    await connection.execute(
        "INSERT INTO point SELECT id, $2, $3, 1, $1 FROM series WHERE pilot = $1",
        firm.pilot, at, KEPT,
    )  # fmt: skip
    await _arrived(connection, firm, at, at)


async def _arrived(
    connection: firms.asyncpg.Connection, firm: Firm, since: datetime, until: datetime
) -> None:
    await connection.execute(
        "INSERT INTO arrival (id, pilot, series, since, until) "
        "SELECT gen_random_uuid(), $1, array_agg(id), $2, $3 FROM series WHERE pilot = $1",
        firm.pilot, since, until,
    )  # fmt: skip


def main() -> None:
    with Site(LOG_LEVEL="error", WEB_WORKERS="") as site:
        figures = asyncio.run(live(site))

    async def rest() -> None:
        figures.update(await history())

    ground.run(rest)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
