"""Histograms of firms' own tools as figures: their mean, and the parts that the plan names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import cramjam
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import commands
from sandbox.telemetry.wire import otlp, remote_write
from tests.harness import Visitor, words
from tests.rules.test_spreads import BOUNDS, explicit, exponential, native
from tests.system.test_collectors import PROTOBUF, key, pilot, send, stored
from tests.system.test_pilots import people

__all__ = ["key", "people", "pilot"]  # the fixtures

BEGAN = [0.2] * 100
"""Values of before: each total below holds them, and they must not show."""


def minute(number: int) -> datetime:
    """A minute of the last hour."""
    return clock.now().replace(second=0, microsecond=0) - timedelta(minutes=50 - number)


def nanos(number: int) -> int:
    """The same as OTLP says it."""
    return int(minute(number).timestamp()) * 10**9


def request(kind: str, *totals: list[float]) -> bytes:
    """Cumulative histograms ``latency`` of these values, a minute each."""
    asked = ExportMetricsServiceRequest()
    metric = asked.resource_metrics.add().scope_metrics.add().metrics.add(name="latency")
    data = getattr(metric, kind)
    data.aggregation_temporality = otlp.CUMULATIVE
    for number, values in enumerate(totals):
        point = data.data_points.add(time_unix_nano=nanos(number), count=len(values))
        point.sum = sum(values)
        if kind == "histogram":
            held = explicit(values)
            point.explicit_bounds.extend(BOUNDS)
            point.bucket_counts.extend(int(held.counts.get(n, 0)) for n in range(len(BOUNDS) + 1))
        else:
            held = exponential(values, 4)
            first, last = min(held.counts), max(held.counts)
            point.scale, point.positive.offset = 4, first
            point.positive.bucket_counts.extend(
                int(held.counts.get(n, 0)) for n in range(first, last + 1)
            )
    return asked.SerializeToString()


def remote(form: str, *totals: list[float], scale: int = 4) -> bytes:
    """The same as Prometheus sends its native histograms."""
    asked = remote_write._MESSAGES[form]()
    series = asked.timeseries.add()
    if form == remote_write.ONE:
        series.labels.add(name="__name__", value="latency")
    else:
        asked.symbols.extend(["", "__name__", "latency"])
        series.labels_refs.extend([1, 2])
    for number, values in enumerate(totals):
        one = native(values, scale, form)
        one.timestamp = nanos(number) // 10**6
        series.histograms.append(one)
    return bytes(cramjam.snappy.compress_raw(asked.SerializeToString()))


async def name(people: dict[str, Person], pilot: Pilot, *parts: str) -> None:
    """Say that these parts of the histogram are metrics of the plan."""
    metrics = [row["key"] for row in await fetch("SELECT key FROM metric ORDER BY key DESC")]
    for part, metric in zip(parts, metrics, strict=False):
        await commands.map_name(people["founder"], pilot.id, name=f"latency{part}", metric=metric)


async def by_name() -> dict[str, list[tuple[float, int]]]:
    """What was stored, by the metric's name as the sender spells it."""
    rows = await fetch(
        "SELECT coalesce(m.name, s.metric) AS name, p.value, p.n FROM point p "
        "JOIN series s ON s.id = p.series LEFT JOIN mapping m ON m.metric = s.metric ORDER BY p.at"
    )
    found: dict[str, list[tuple[float, int]]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append((row["value"], row["n"]))
    return found


GROWN = [BEGAN, BEGAN + [4.0] * 10, BEGAN + [4.0] * 10, BEGAN + [4.0] * 10 + [0.75] * 30]
"""Ten values near 4, then none, then thirty near 0.75."""


@pytest.mark.parametrize("kind", ["histogram", "exponential_histogram"])
async def test_percentiles_are_of_what_came_in_between(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot, kind: str
) -> None:
    await name(people, pilot, "_p95")
    for _again in range(2):  # the same body twice changes nothing
        answer = await send(client, "/v1/metrics", request(kind, *GROWN), key)
        assert answer.status_code == 200
        assert ExportMetricsServiceResponse.FromString(answer.content).ByteSize() == 0
    found = await by_name()
    assert list(found) == ["latency_p95"], "the mean is not kept aside where a part is named"
    (first, n), (second, m) = found["latency_p95"]
    assert (n, m) == (10, 30)
    assert 2.5 < first <= 5.0
    assert 0.5 < second <= 1.0


@pytest.mark.parametrize("form", [remote_write.ONE, remote_write.TWO])
async def test_native_histograms_are_taken_over_several_requests(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot, form: str
) -> None:
    await name(people, pilot, "_p50")
    headers = {"content-encoding": "snappy", "content-type": f"{PROTOBUF};proto={form}"}
    for number in range(1, len(GROWN) + 1):  # each with all before it, as after a lost answer
        answer = await send(client, "/api/v1/write", remote(form, *GROWN[:number]), key, **headers)
        assert answer.status_code == 200, answer.text
        if form == remote_write.TWO:
            told = "x-prometheus-remote-write-{}-written"
            assert answer.headers[told.format("histograms")] == str(number)
            assert answer.headers[told.format("samples")] == "0"
    ((first, n), (second, m)) = (await by_name())["latency_p50"]
    assert (n, m) == (10, 30)
    assert first == pytest.approx(4.0, rel=0.05)
    assert second == pytest.approx(0.75, rel=0.05)


async def test_without_a_name_for_a_part_a_histogram_is_its_mean(client: Visitor, key: str) -> None:
    answer = await send(client, "/v1/metrics", request("histogram", *GROWN), key)
    said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert "kept aside" in said.error_message
    assert await stored() == [("latency", "", 4.0), ("latency", "", 0.75)], "and no mean of nothing"


async def test_count_and_sum_are_what_they_grew_by(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot
) -> None:
    await name(people, pilot, "_count")
    await send(client, "/v1/metrics", request("histogram", *GROWN), key)
    assert (await by_name())["latency_count"] == [(10, 1), (0, 1), (30, 1)]
    await fetch("UPDATE mapping SET name = 'latency_sum'")
    await fetch("UPDATE pilot SET plan_version = plan_version + 1")  # the book is read anew
    await fetch("TRUNCATE point, counter")
    await send(client, "/v1/metrics", request("histogram", *GROWN), key)
    assert [round(v, 6) for v, _n in (await by_name())["latency_sum"]] == [40, 0, 22.5]


async def test_a_summary_tells_its_own_percentiles(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot
) -> None:
    await name(people, pilot, "_p99")
    asked = ExportMetricsServiceRequest()
    metric = asked.resource_metrics.add().scope_metrics.add().metrics.add(name="latency")
    for number, value in enumerate([1.5, float("nan")]):
        point = metric.summary.data_points.add(time_unix_nano=nanos(number), count=9, sum=9)
        point.quantile_values.add(quantile=0.99, value=value)
    await send(client, "/v1/metrics", asked.SerializeToString(), key)
    assert (await by_name())["latency_p99"] == [(1.5, 9)]


async def test_a_refused_histogram_is_refused_once(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot
) -> None:
    await name(people, pilot, "", "_p95")
    asked = ExportMetricsServiceRequest.FromString(request("histogram", BEGAN, BEGAN))
    for point in asked.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points:
        point.time_unix_nano += 10**9 * 86_400
    answer = await send(client, "/v1/metrics", asked.SerializeToString(), key)
    said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert said.rejected_data_points == 2
    body = remote(remote_write.TWO, BEGAN, BEGAN)
    kind = f"{PROTOBUF};proto={remote_write.TWO}"
    headers = {"content-encoding": "snappy", "content-type": kind}
    with clock.at(clock.now() - timedelta(hours=2)):
        answer = await send(client, "/api/v1/write", body, key, **headers)
    assert answer.status_code == 400
    assert answer.headers["x-prometheus-remote-write-histograms-written"] == "0"


async def test_a_part_is_named_before_it_comes(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.another().sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/telemetry"
    assert "x_p95" in await firm.text(path)
    fields: dict[str, Any] = {"place": "own", "name": " ", "metric_own": "sensitivity"}
    answer = await firm.submit(f"{path}/names", fields)
    assert answer.status_code == 422
    assert "Enter the name" in words(answer.text)
    fields["name"] = "latency_p95"
    assert (await firm.submit(f"{path}/names", fields)).status_code == 303
    await send(client, "/v1/metrics", request("histogram", *GROWN), key)
    assert {metric for metric, _slice, _value in await stored()} == {"sensitivity"}
