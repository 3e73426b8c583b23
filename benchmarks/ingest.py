"""What it costs to take figures in, over HTTP, committed, beside PostgreSQL's own COPY.

Ten thousand points a batch: OTLP/HTTP, our JSON and Prometheus remote write, each in turn with
asyncpg's COPY of as many rows into the same partitioned, indexed table of the same server.
Then requests of twenty points as fast as sixteen senders can. The site runs as `sandbox up`
runs it, with its worker judging what comes, and with commits that reach the disk.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import cramjam
import psutil
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from benchmarks import firms
from benchmarks.firms import METRICS, Firm, Sender
from tests.site import Site

POINTS = 10_000
EACH = POINTS // METRICS
ROUNDS = 15
SMALL = 20
SENDERS, SECONDS = 16, 10


class Times:
    """Moments that no earlier batch had."""

    def __init__(self) -> None:
        self.next = datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)

    def take(self, count: int) -> list[datetime]:
        first, self.next = self.next, self.next + timedelta(seconds=count)
        return [first + timedelta(seconds=number) for number in range(count)]


def otlp_body(moments: list[datetime], metrics: int = METRICS, value: float = 0.5) -> bytes:
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    for number in range(metrics):
        metric = scope.metrics.add(name=f"metric_{number}")
        for at in moments:
            metric.gauge.data_points.add(
                time_unix_nano=int(at.timestamp()) * 10**9, as_double=value
            )
    return request.SerializeToString()


def json_body(moments: list[datetime]) -> bytes:
    points = [
        {"metric": f"metric_{number}", "at": at.isoformat(), "value": 0.5}
        for number in range(METRICS)
        for at in moments
    ]
    return json.dumps({"points": points}).encode()


def remote_write_body(moments: list[datetime]) -> bytes:
    from sandbox.telemetry.wire import remote_write

    request = remote_write._MESSAGES[remote_write.ONE]()
    for at in moments:
        for number in range(METRICS):
            series = request.timeseries.add()
            series.labels.add(name="__name__", value=f"metric_{number}")
            series.samples.add(value=0.5, timestamp=int(at.timestamp() * 1000))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


async def timed(step: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await step()
    return time.perf_counter() - begun


async def batches(site: Site, connection: firms.asyncpg.Connection) -> dict[str, float]:
    """The median seconds of a batch of each kind, all kinds in turn."""
    firm = {name: Firm(number) for number, name in enumerate(("otlp", "json", "remote"), 1)}
    await firms.settle(connection, firm.values())
    times, sender = Times(), await Sender(site).open()
    took: dict[str, list[float]] = {name: [] for name in ("copy", *firm)}

    async def posted(path: str, body: bytes, name: str, media_type: str, **more: str) -> None:
        status = await sender.post(path, body, firm[name].key, media_type, **more)
        assert status == 200, (name, status, sender.last[:300])

    # The first points make the partitions that COPY needs too.
    ends = otlp_body([times.next - timedelta(seconds=1), datetime.now(UTC)])
    await posted("/v1/metrics", ends, "otlp", "application/x-protobuf")
    for number in range(ROUNDS + 3):
        moments = times.take(EACH)
        rows = [(2_000_000_000 + m, at, 0.5, 1, firm["otlp"].pilot)
                for m in range(METRICS) for at in moments]  # fmt: skip
        bodies = otlp_body(moments), json_body(moments), remote_write_body(moments)
        steps = {
            "copy": lambda rows=rows: connection.copy_records_to_table(
                "point", records=rows, columns=["series", "at", "value", "n", "batch"]
            ),
            "otlp": lambda body=bodies[0]: posted(
                "/v1/metrics", body, "otlp", "application/x-protobuf"
            ),
            "json": lambda body=bodies[1]: posted(
                firms.parts(firm["json"].pilot), body, "json", "application/json"
            ),
            "remote": lambda body=bodies[2]: posted(
                "/api/v1/write", body, "remote", "application/x-protobuf",
                **{"Content-Encoding": "snappy"},
            ),
        }  # fmt: skip
        for name, step in steps.items():
            seconds = await timed(step)
            if number >= 3:
                took[name].append(seconds)
    sender.close()
    return {name: statistics.median(several) for name, several in took.items()}


async def small(site: Site, own: Sequence[Firm], times: Times, seconds: float) -> float:
    """Requests of :data:`SMALL` points a second, from a sender for each of several pilots."""
    bodies = [otlp_body([at], SMALL) for at in times.take(int(seconds * 400))]
    end = time.perf_counter() + seconds

    async def send(firm: Firm) -> int:
        sender, sent = await Sender(site).open(), 0
        for body in bodies:
            status = await sender.post("/v1/metrics", body, firm.key, "application/x-protobuf")
            assert status == 200, (status, sender.last)
            sent += 1
            if time.perf_counter() > end:
                break
        sender.close()
        return sent

    begun = time.perf_counter()
    sent = sum(await asyncio.gather(*(send(firm) for firm in own)))
    return sent / (time.perf_counter() - begun)


async def main(site: Site) -> None:
    connection = await firms.connect(site)
    webs = site.web_processes()
    warm = await Sender(site).open()
    await warm.post("/v1/metrics", b"", "none", "application/x-protobuf")
    warm.close()
    idle = _memory(webs)
    figures = await batches(site, connection)
    grown = _memory(webs) - idle
    own = [Firm(100 + number) for number in range(SENDERS)]
    await firms.settle(connection, own)
    rate = await small(site, own, Times(), SECONDS)
    grown = max(grown, _memory(webs) - idle)
    await connection.close()
    print(f"Batches of {POINTS:,} points, committed (medians of {ROUNDS})")
    for name, seconds in figures.items():
        ratio = figures["copy"] / seconds
        print(f"  {name:<8} {seconds * 1000:8.1f} ms  {POINTS / seconds:10,.0f} points/s  "
              f"{ratio:5.2f} of COPY")  # fmt: skip
    print(f"Requests of {SMALL} points from {SENDERS} senders: {rate:,.0f} a second")
    print(f"Memory of the {len(webs)} web processes above idle: {grown:.0f} MB")
    keys = {
        f"{name}_vs_copy": round(figures["copy"] / figures[short], 3)
        for name, short in (("otlp", "otlp"), ("json", "json"), ("remote_write", "remote"))
    }
    print(json.dumps({**keys, "small_requests_per_s": round(rate), "rss_growth_mb": round(grown)}))


def _memory(processes: list[psutil.Process]) -> float:
    return sum(float(process.memory_info().rss) for process in processes) / 1e6


if __name__ == "__main__":
    with Site(LOG_LEVEL="error", WEB_WORKERS="") as running:  # as many as `sandbox up` takes
        asyncio.run(main(running))
