"""What a standby costs, how far it lags, and what is left when the primary dies.

One site, one primary, one standby, each server with a disk-safe commit of its own. In turn with
no standby, with one that follows, and with one that every commit waits for: requests of twenty
points from sixteen senders, and batches of ten thousand. Then the primary is killed, with kill
-9, while senders go on, and the standby is promoted; the site's processes are not restarted. A
second before that the standby loses its primary, as when a cable is pulled: what was
acknowledged in that second is what a standby that nobody waits for has not got.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg

from benchmarks import firms, ground, watch
from benchmarks.firms import METRICS, Firm, Sender
from benchmarks.ingest import EACH, POINTS, SENDERS, SMALL, Times, otlp_body, small
from benchmarks.servers import SITE, Lag, Server
from tests.site import Site

NONE, FOLLOWS, WAITED = "no standby", "standby", "commits wait for it"
MODES = (NONE, FOLLOWS, WAITED)
ROUNDS, SECONDS, BATCHES = 3, 3.0, 4
KIND = "application/x-protobuf"

CUT = 1.0  # seconds between the cable and the death
PACE = 0.02  # seconds that a sender rests after each answer while servers die
BEFORE, AFTER = 3.0, 5.0


# What it costs -----------------------------------------------------------------------------


async def batches(site: Site, firm: Firm, times: Times) -> list[float]:
    """Points a second, of each of several batches of :data:`POINTS`."""
    sender, rates = await Sender(site).open(), []
    for _batch in range(BATCHES):
        body = otlp_body(times.take(EACH))
        begun = time.perf_counter()
        assert await sender.post("/v1/metrics", body, firm.key, KIND) == 200, sender.last
        rates.append(POINTS / (time.perf_counter() - begun))
    sender.close()
    return rates


async def throughput(site: Site, primary: Server, standby: Server) -> dict[str, float]:
    """Both loads in all modes in turn, and the lag while there is a standby."""
    connection = await firms.connect(site)
    own, times = [Firm(number) for number in range(SENDERS)], Times()
    await firms.settle(connection, own)
    await batches(site, own[0], times)
    rates: dict[str, list[float]] = {mode: [] for mode in MODES}
    points: dict[str, list[float]] = {mode: [] for mode in MODES}
    lags: dict[str, list[float]] = {FOLLOWS: [], WAITED: []}
    for number in range(ROUNDS):
        for mode in MODES[number:] + MODES[:number]:
            await _be(mode, primary, standby)
            await _judged(connection)
            lag = Lag(primary, standby)
            watching = None if mode == NONE else asyncio.create_task(lag.watch())
            rates[mode].append(await small(site, own, times, SECONDS))
            points[mode] += await batches(site, own[0], times)
            lag.stop()
            if watching is not None:
                await watching
                lags[mode] += lag.seconds
    await connection.close()
    return _told(rates, points, lags)


async def _be(mode: str, primary: Server, standby: Server) -> None:
    primary.insist("*" if mode == WAITED else "")
    if mode == NONE:
        standby.stop()
    elif not standby.runs():
        standby.start()
    if mode != NONE:
        await asyncio.to_thread(level, primary, standby)


def level(primary: Server, standby: Server) -> None:
    """Wait until the standby has what the primary has."""
    (position,) = primary.sql("SELECT pg_current_wal_flush_lsn()::text")[0]
    while not standby.sql("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position)[0][0]:
        time.sleep(0.05)


async def _judged(connection: asyncpg.Connection, seconds: float = 90) -> None:
    """Wait until the worker has judged all that came."""
    end = time.monotonic() + seconds
    while await connection.fetchval("SELECT count(*) FROM arrival"):
        assert time.monotonic() < end, "figures are not judged"
        await asyncio.sleep(0.1)


def _told(
    rates: dict[str, list[float]], points: dict[str, list[float]], lags: dict[str, list[float]]
) -> dict[str, float]:
    rate = {mode: statistics.median(several) for mode, several in rates.items()}
    point = {mode: statistics.median(several) for mode, several in points.items()}
    heads = f"{f'requests of {SMALL}/s':>20}{f'points/s in {POINTS:,}s':>23}"
    print(f"{'':<22}{heads}{'lag p50':>10}{'p95':>8}")
    figures = {}
    for mode, name in ((NONE, ""), (FOLLOWS, "async"), (WAITED, "sync")):
        line = (
            f"  {mode:<20}{rate[mode]:>10,.0f} {rate[mode] / rate[NONE]:6.2f}"
            f"{point[mode]:>15,.0f} {point[mode] / point[NONE]:6.2f}"
        )
        if mode in lags:
            ordered = sorted(lags[mode])
            p50, p95 = (ordered[int(len(ordered) * part)] * 1000 for part in (0.5, 0.95))
            line += f"{p50:>8.1f}{p95:>8.1f} ms"
            figures |= {
                f"{name}_small": round(rate[mode] / rate[NONE], 3),
                f"{name}_batches": round(point[mode] / point[NONE], 3),
                f"{name}_lag_p50_ms": round(p50, 1),
                f"{name}_lag_p95_ms": round(p95, 1),
            }
        print(line)
    return figures


# When the primary dies ---------------------------------------------------------------------


class Feed:
    """A firm that sends a moment's figures, again and again until they are acknowledged."""

    def __init__(self, site: Site, firm: Firm) -> None:
        self.site, self.firm = site, firm
        self.first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
        self.acknowledged: list[tuple[float, float, datetime]] = []
        """When each delivery was sent for the last time, when it was answered, and its time."""
        self.answers: Counter[str] = Counter()
        self.ending = False

    async def run(self) -> None:
        sender = await Sender(self.site).open()
        at = self.first
        while not self.ending:
            at += timedelta(seconds=1)
            sender = await self._send(sender, at)
            await asyncio.sleep(PACE)
        sender.close()

    async def _send(self, sender: Sender, at: datetime, value: float = watch.KEPT) -> Sender:
        body = otlp_body([at], METRICS, value)
        while True:
            sent = time.monotonic()
            try:
                answer = str(await sender.post("/v1/metrics", body, self.firm.key, KIND))
            except (OSError, EOFError):
                answer = "none"
                sender = await Sender(self.site).open()
            self.answers[answer] += 1
            if answer == "200":
                self.acknowledged.append((sent, time.monotonic(), at))
                return sender
            await asyncio.sleep(0.1)

    async def exceed(self) -> None:
        """Send figures beyond a limit."""
        self.first -= timedelta(days=1)
        (await self._send(await Sender(self.site).open(), self.first, watch.PASSED)).close()


async def failover(
    site: Site, primary: Server, standby: Server, *, insist: bool
) -> dict[str, float]:
    """Kill ``primary`` under load and promote ``standby``; what was found afterwards."""
    connection = await asyncpg.connect(primary.url(SITE))
    own = [Firm(1000 + primary.port * 10 + number) for number in range(SENDERS // 2)]
    await watch.settle(connection, own)
    await connection.close()
    primary.insist("*" if insist else "")
    await asyncio.to_thread(level, primary, standby)
    feeds = [Feed(site, firm) for firm in own]
    sending = [asyncio.create_task(feed.run()) for feed in feeds]
    await asyncio.sleep(BEFORE)
    await asyncio.to_thread(standby.cut_off)
    await asyncio.sleep(CUT)
    primary.kill()
    died = time.monotonic()
    await asyncio.to_thread(standby.promote)
    promoted = time.monotonic() - died
    await asyncio.sleep(AFTER)
    for feed in feeds:
        feed.ending = True
    await asyncio.gather(*sending)
    await feeds[0].exceed()

    connection = await asyncpg.connect(standby.url(SITE))
    await _judged(connection)
    breached = await connection.fetchval(
        "SELECT count(*) FROM breach WHERE pilot = $1", own[0].pilot
    )
    missing = twice = 0
    for feed in feeds:
        rows = await connection.fetch(
            "SELECT p.at, count(*) AS n, count(DISTINCT p.series) AS series FROM point p "
            "JOIN series s ON s.id = p.series WHERE s.pilot = $1 GROUP BY 1", feed.firm.pilot,
        )  # fmt: skip
        stored = {row["at"]: row["series"] for row in rows}
        twice += sum(row["n"] - row["series"] for row in rows)
        missing += sum(METRICS - stored.get(at, 0) for _sent, _told, at in feed.acknowledged)
    await connection.close()
    answered = [one for feed in feeds for one in feed.acknowledged]
    again = min(told for sent, told, _at in answered if sent > died) - died
    answers: Counter[str] = sum((feed.answers for feed in feeds), Counter())
    print(f"The primary dies; commits {'wait' if insist else 'do not wait'} for the standby")
    print(f"  promoted after {promoted:.2f} s, figures acknowledged again after {again:.2f} s")
    print(f"  of {len(answered) * METRICS:,} acknowledged points {missing:,} are missing, "
          f"{twice} are there twice; answers: {dict(answers)}")  # fmt: skip
    assert breached, "judging went on"
    name = "sync" if insist else "async"
    return {f"{name}_again_s": round(again, 2), f"{name}_missing": missing, f"{name}_twice": twice}


async def main(site: Site, first: Server, second: Server) -> None:
    """All of it in one run; the second failover goes back to the first server."""
    figures = await throughput(site, first, second)
    if not second.runs():
        second.start()
    before = _processes(site)
    figures |= await failover(site, first, second, insist=True)
    copied = await asyncio.to_thread(first.follow, second)
    print(f"The dead server is a standby again, by a copy that takes {copied:.1f} s")
    figures |= await failover(site, second, first, insist=False)
    assert _processes(site) == before, "none had to be started again"
    verified = site.run("audit", "verify")
    assert verified.returncode == 0, verified.stdout
    print(f"The audit trail: {verified.stdout.strip()}")
    print(json.dumps(figures))


def _processes(site: Site) -> list[int]:
    parts = ("worker", "documents", "scheduler")
    running = [*site.web_processes(), *(site.process_of(part) for part in parts)]
    return sorted(process.pid for process in running)


def run() -> None:
    """Make the servers and the site, measure, and clear all away."""
    first, second = Server("first"), Server("second")
    first.make()
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in (first, second))
    where = first.url(SITE, SITE).replace(f"127.0.0.1:{first.port}", hosts)
    site = Site(
        DATABASE_URL=f"{where}?target_session_attrs=primary", LOG_LEVEL="error", WEB_WORKERS=""
    )
    try:
        site.start()
        second.follow(first)
        asyncio.run(main(site, first, second))
    finally:
        site.stop()
        second.stop()
        first.stop()
        site.remove()
        shutil.rmtree(ground.VAR)


if __name__ == "__main__":
    run()
