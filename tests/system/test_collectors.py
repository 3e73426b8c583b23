"""What firms already run: OpenTelemetry's own SDK, collectors, Prometheus; and hostile bodies."""

from __future__ import annotations

import gzip
import json
import struct
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cramjam
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import DomainError
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Pilot
from sandbox.telemetry.wire import bodies, otlp, remote_write
from tests.harness import Visitor
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

DATA = Path(__file__).parents[1] / "data"
PROTOBUF = "application/x-protobuf"


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot that reports a sensitivity."""
    found = await live(people)
    await fetch("UPDATE pilot SET starts_on = current_date - 9 WHERE id = $1", found.id)
    return found


@pytest.fixture
async def key(people: dict[str, Person], pilot: Pilot) -> str:
    return await pilots.issue_token(people["founder"], pilot.id, "Collector")


async def send(client: Visitor, path: str, body: bytes, key: str, **headers: str) -> Any:
    """What the address answers to a machine's body."""
    return await client.post(
        path, content=body,
        headers={"authorization": f"Bearer {key}", "content-type": PROTOBUF, **headers},
    )  # fmt: skip


def exported(name: str, *values: float, monotonic: bool | None = None, **attributes: str) -> bytes:
    """A request with a gauge, or with a cumulative sum, a point a minute until now."""
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=name)
    data = metric.gauge if monotonic is None else metric.sum
    if monotonic is not None:
        data.is_monotonic, data.aggregation_temporality = monotonic, otlp.CUMULATIVE
    for number, value in enumerate(values):
        at = clock.now() - timedelta(minutes=len(values) - number)
        point = data.data_points.add(time_unix_nano=int(at.timestamp() * 1e9), as_double=value)
        for key, text in attributes.items():
            point.attributes.add(key=key).value.string_value = text
    return request.SerializeToString()


async def stored() -> list[tuple[str, str, float]]:
    """Every point: metric, slice, value; by time."""
    rows = await fetch(
        "SELECT s.metric, s.slice, p.value FROM point p JOIN series s ON s.id = p.series "
        "ORDER BY p.at, s.metric, s.slice"
    )
    return [tuple(row.values()) for row in rows]


# OTLP --------------------------------------------------------------------------------------


async def test_an_otlp_gauge_is_taken_and_twice_is_once(client: Visitor, key: str) -> None:
    body = exported("sensitivity", 0.9, 0.95)
    for _ in range(2):
        answer = await send(client, "/v1/metrics", body, key)
        assert answer.status_code == 200, answer.text
        assert ExportMetricsServiceResponse.FromString(answer.content).ByteSize() == 0
    assert await stored() == [("sensitivity", "", 0.9), ("sensitivity", "", 0.95)]


async def test_what_another_process_has_written_is_no_new_figure(client: Visitor, key: str) -> None:
    """This process takes what is later than all it knows of for new, and finds out otherwise."""
    await send(client, "/v1/metrics", exported("sensitivity", 0.9), key)
    later = clock.now() + timedelta(minutes=3)
    bodies_of = {value: _gauge(later, value) for value in (0.8, 0.7)}
    await fetch(
        "INSERT INTO point SELECT series, $1, 0.8, 1, batch FROM point LIMIT 1",
        later.replace(microsecond=later.microsecond // 1000 * 1000),
    )
    for value, counted in ((0.8, (0, 1, 0)), (0.7, (0, 0, 1))):
        answer = await send(client, "/v1/metrics", bodies_of[value], key)
        assert answer.status_code == 200, answer.text
        (batch,) = await fetch(
            "SELECT points, duplicates, corrected FROM batch ORDER BY received_at DESC LIMIT 1"
        )
        assert tuple(batch.values()) == counted
    assert [value for _m, _s, value in await stored()] == [0.9, 0.7]


def _gauge(at: datetime, value: float) -> bytes:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="sensitivity")
    nano = int(at.timestamp() * 1000) * 10**6
    metric.gauge.data_points.add(time_unix_nano=nano, as_double=value)
    return request.SerializeToString()


async def test_a_running_total_becomes_its_increase(client: Visitor, key: str) -> None:
    await send(
        client, "/v1/metrics", exported("Sensitivity_total", 5, 7, 7, 2, monotonic=True), key
    )
    assert [value for _m, _s, value in await stored()] == [2, 0, 2]


async def test_every_rejected_point_is_counted_however_many(client: Visitor, key: str) -> None:
    body = exported("sensitivity", *[float("nan")] * 1_500, 0.9)
    answer = await send(client, "/v1/metrics", body, key)
    said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert said.rejected_data_points == 1_500
    assert await stored() == [("sensitivity", "", 0.9)]


async def test_an_address_sends_as_often_as_a_collector_does(client: Visitor, key: str) -> None:
    """What is a flood from a form is an hour of one Prometheus server behind one address."""
    body = exported("sensitivity", 0.95)
    answers = {(await send(client, "/v1/metrics", body, key)).status_code for _ in range(70)}
    assert answers == {200}


async def test_unknown_names_are_kept_aside_and_said(
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot
) -> None:
    answer = await send(client, "/v1/metrics", exported("model.auc", 0.8), key)
    said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert said.rejected_data_points == 0
    assert "kept aside" in said.error_message
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/telemetry"
    assert "model.auc" in await firm.text(path)
    wrong = await firm.submit(f"{path}/names", {"name": "model.auc", "place": "1"})
    assert wrong.status_code == 422
    fields = {"name": "model.auc", "place": "1", "metric_1": "sensitivity"}
    assert (await firm.submit(f"{path}/names", fields)).status_code == 303
    assert "model.auc" not in (await firm.text(path)).replace("“model.auc”", "")
    await send(client, "/v1/metrics", exported("model.auc", 0.7), key)
    assert {metric for metric, _slice, _value in await stored()} == {"sensitivity"}


async def test_the_json_form_is_read_as_the_protobuf_form(client: Visitor, key: str) -> None:
    now = str(int(clock.now().timestamp() * 1e9))
    point = {"timeUnixNano": now, "asDouble": 0.91, "flags": 0, "unknownField": [1]}
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "sensitivity", "gauge": {"dataPoints": [point]}}]}]}]}  # fmt: skip
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    packed = gzip.compress(json.dumps(body).encode())
    answer = await send(client, "/v1/metrics", packed, key, **headers)
    assert (answer.status_code, answer.json()) == (200, {})
    assert await stored() == [("sensitivity", "", 0.91)]


def test_what_the_specification_shows_is_read() -> None:
    found = otlp.read_json((DATA / "metrics.json").read_bytes())
    values = dict(zip([name.metric for name in found.names], found.value.tolist(), strict=True))
    assert values == {
        "my.counter": 5.0, "my.gauge": 10.0, "my.histogram": 1.0,
        "my.exponential.histogram": 10 / 3,
    }  # fmt: skip
    assert found.n.tolist() == [1, 1, 2, 3]


def test_what_a_real_collector_sent_is_read() -> None:
    body = (DATA / "captured-rotel-0.0.1a15-metrics.pb.gz").read_bytes()
    found = otlp.read_protobuf(bodies.decompressed(body, "gzip"))
    assert [(name.metric, name.counter) for name in found.names] == [
        ("decisions", "total"), ("latency_ms", "mean"), ("auc", ""),
    ]  # fmt: skip
    assert len(found) == 6


# Remote write ------------------------------------------------------------------------------


def written(name: str, value: float, **labels: str) -> bytes:
    request = remote_write._MESSAGES[remote_write.ONE]()
    series = request.timeseries.add()
    for key, text in {"__name__": name, **labels}.items():
        series.labels.add(name=key, value=text)
    series.samples.add(value=value, timestamp=int(clock.now().timestamp() * 1000))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


async def test_remote_write_is_taken_and_stale_marks_are_not_values(
    client: Visitor, key: str
) -> None:
    snappy = {"content-encoding": "snappy"}
    body = written("sensitivity", 0.9, job="model", instance="a:1")
    assert (await send(client, "/api/v1/write", body, key, **snappy)).status_code == 200
    (stale,) = struct.unpack(">d", struct.pack(">Q", 0x7FF0000000000002))
    body = written("sensitivity", stale)
    assert (await send(client, "/api/v1/write", body, key, **snappy)).status_code == 200
    (signalling,) = struct.unpack(">d", struct.pack(">Q", 0x7FF0000000000001))
    for value in (float("inf"), signalling):
        body = written("sensitivity", value)
        refused = await send(client, "/api/v1/write", body, key, **snappy)
        assert (refused.status_code, refused.text) == (400, "The value is not a number (1)")
    assert await stored() == [("sensitivity", "", 0.9)]


async def test_remote_write_two_tells_how_much_was_written(client: Visitor, key: str) -> None:
    request = remote_write._MESSAGES[remote_write.TWO]()
    request.symbols.extend(["", "__name__", "sensitivity"])
    series = request.timeseries.add(labels_refs=[1, 2])
    series.samples.add(value=0.9, timestamp=int(clock.now().timestamp() * 1000))
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    answer = await send(
        client, "/api/v1/write", body, key,
        **{"content-encoding": "snappy", "content-type": f"{PROTOBUF};proto={remote_write.TWO}"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.headers["x-prometheus-remote-write-samples-written"] == "1"
    other = await send(client, "/api/v1/write", body, key, **{"content-type": "text/plain"})
    assert other.status_code == 415


def test_what_a_real_prometheus_sent_is_read() -> None:
    body = (DATA / "captured-prometheus-2.42.0-remote-write-v1.pb.snappy").read_bytes()
    found = remote_write.read(bodies.decompressed(body, "snappy"), remote_write.ONE)
    assert len(found) == 394 - 26, "quantiles of summaries in which nothing was observed"
    assert found.names[0].attributes == (("quantile", "0"),)
    assert np.isfinite(found.value).all()


# Refusals ----------------------------------------------------------------------------------


async def test_a_key_is_needed_and_a_revoked_one_is_refused_at_once(
    client: Visitor, key: str, people: dict[str, Person]
) -> None:
    body = exported("sensitivity", 0.9)
    assert (await send(client, "/v1/metrics", body, "rintis_wrong")).status_code == 401
    assert (await send(client, "/v1/metrics", body, key)).status_code == 200
    (token,) = await fetch("SELECT id FROM api_token")
    await pilots.revoke_token(people["founder"], token["id"])
    assert (await send(client, "/v1/metrics", body, key)).status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff\xff", {}, 400),
        (b"{", {"content-type": "application/json"}, 400),
        (b"", {"content-type": "text/plain"}, 415),
        (b"not gzip", {"content-encoding": "gzip"}, 400),
        (gzip.compress(b"x")[:-9], {"content-encoding": "gzip"}, 400),
        (gzip.compress(b"\0" * 200_000_000), {"content-encoding": "gzip"}, 413),
        (b"x" * (bodies.AT_MOST + 1), {}, 413),
        (b"x", {"content-encoding": "br"}, 400),
    ],
    ids=["protobuf", "json", "type", "gzip", "cut", "bomb", "large", "encoding"],
)
async def test_what_cannot_be_read_is_refused(
    client: Visitor, key: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert (await send(client, "/v1/metrics", body, key, **headers)).status_code == status


def test_a_snappy_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(bodies.TooLarge):
        bodies.decompressed(bytes(cramjam.snappy.compress_raw(b"\0" * 100_000_000)), "snappy")


SOUND = exported("sensitivity", 0.9, 0.8, language="ms")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_bodies_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    body = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    for read in (otlp.read_protobuf, otlp.read_json, _as_remote_write, _unpacked):
        try:
            read(bytes(body))
        except (bodies.Unreadable, bodies.TooLarge, DomainError):
            continue


def _as_remote_write(body: bytes) -> None:
    for form in (remote_write.ONE, remote_write.TWO):
        remote_write.read(body, form)


def _unpacked(body: bytes) -> None:
    for encoding in ("gzip", "snappy"):
        bodies.decompressed(body, encoding)
