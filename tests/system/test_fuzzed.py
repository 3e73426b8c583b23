"""Bodies that no honest sender makes: always answered in words, never by a fault of ours, and
never with more memory than one delivery may take.

The examples are the same in every run. They are posted to the application itself, so what the
database would refuse (a NUL in a name, a number that no column holds) is met, too.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cramjam
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import commands
from sandbox.telemetry.wire import bodies, remote_write
from tests import hostile
from tests.harness import Visitor
from tests.system.test_collectors import PROTOBUF, key, pilot
from tests.system.test_pilots import people

__all__ = ["key", "people", "pilot"]  # the fixtures

Headers = dict[str, str]
Sent = tuple[bytes, Headers]

FUZZED = settings(
    max_examples=100, deadline=None, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

# What is in them ---------------------------------------------------------------------------

NOW = clock.now().replace(microsecond=0)
NAMES = st.sampled_from([
    "sensitivity", "x", "x_p95", "", "\0", "a\0b", "é", "\U0001f600", "a" * 5_000, "__name__",
    "'; --",
]) | st.text(max_size=8)  # fmt: skip
NUMBERS = st.sampled_from(
    [0.9, 0.0, -0.0, 1e308, -1e308, 5e-324, float("inf"), float("-inf"), float("nan")]
)
WHOLE = st.sampled_from([0, 1, 2, 2**31, 2**53, 2**53 - 1, 2**63 - 1, 2**64 - 1])
SIGNED = st.sampled_from([0, 1, -1, 20, -10, 21, -11, 2**31 - 1, -(2**31)])


def times(unit: int) -> st.SearchStrategy[int]:
    """Now, or no time at all, in units of so many in a second."""
    now = int(NOW.timestamp()) * unit
    return st.sampled_from([now, now, now, now - 60 * unit, 0, 1, 2**63 - 1])


@st.composite
def otlp_requests(draw: st.DrawFn) -> ExportMetricsServiceRequest:
    """A request of every kind of metric, with values from the edges of what they can hold."""
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(
            ["gauge", "sum", "histogram", "exponential_histogram", "summary", ""]
        ))  # fmt: skip
        metric = scope.metrics.add(name=draw(NAMES))
        if not kind:
            continue
        data = getattr(metric, kind)
        if kind not in {"gauge", "summary"}:
            data.aggregation_temporality = draw(st.integers(0, 2))
        if kind == "sum":
            data.is_monotonic = draw(st.booleans())
        for _point in range(draw(st.integers(0, 3))):
            _fill(draw, kind, data.data_points.add())
    return request


def _fill(draw: st.DrawFn, kind: str, point: Any) -> None:
    point.time_unix_nano = draw(times(10**9) | WHOLE)
    point.flags = draw(st.sampled_from([0, 0, 0, 1, 2**32 - 1]))
    if draw(st.booleans()):
        attribute = point.attributes.add(key=draw(NAMES))
        if draw(st.booleans()):
            attribute.value.string_value = draw(NAMES)
        else:
            attribute.value.kvlist_value.values.add(key="k").value.array_value.values.add()
    if kind in {"gauge", "sum"}:
        _fill_number(draw, point)
    else:
        _fill_distribution(draw, kind, point)


def _fill_number(draw: st.DrawFn, point: Any) -> None:
    if draw(st.booleans()):
        point.as_int = draw(st.sampled_from([0, -(2**63), 2**63 - 1]))
    else:
        point.as_double = draw(NUMBERS)


def _fill_distribution(draw: st.DrawFn, kind: str, point: Any) -> None:
    point.count = draw(WHOLE)
    if kind == "summary" or draw(st.booleans()):
        point.sum = draw(NUMBERS)
    if kind == "summary":
        point.quantile_values.add(quantile=draw(NUMBERS), value=draw(NUMBERS))
    elif kind == "histogram":
        point.bucket_counts.extend(draw(st.lists(WHOLE, max_size=4)))
        point.explicit_bounds.extend(draw(st.lists(NUMBERS, max_size=3)))
    else:
        point.scale, point.zero_count = draw(SIGNED), draw(WHOLE)
        for side in (point.positive, point.negative):
            side.offset = draw(SIGNED)
            side.bucket_counts.extend(draw(st.lists(WHOLE, max_size=4)))


@st.composite
def remote_requests(draw: st.DrawFn, form: str) -> Any:
    """A remote write request with samples and native histograms from the edges."""
    request = remote_write._MESSAGES[form]()
    for _ in range(draw(st.integers(1, 3))):
        series = request.timeseries.add()
        labels = [("__name__", draw(NAMES)), (draw(NAMES), draw(NAMES)), ("quantile", "0.95")]
        if form == remote_write.ONE:
            for name, value in labels[: draw(st.integers(0, 3))]:
                series.labels.add(name=name, value=value)
        else:
            request.symbols.extend(text for pair in labels for text in pair)
            series.labels_refs.extend(
                draw(st.lists(st.integers(0, 7), max_size=4) | st.just([0, 1]))
            )
        for _sample in range(draw(st.integers(0, 2))):
            series.samples.add(value=draw(NUMBERS), timestamp=draw(times(1_000)))
        for _histogram in range(draw(st.integers(0, 2))):
            one = series.histograms.add(
                count_int=draw(WHOLE), count_float=draw(NUMBERS), sum=draw(NUMBERS),
                schema=draw(SIGNED | st.just(remote_write.CUSTOM)), timestamp=draw(times(1_000)),
                zero_count_int=draw(WHOLE), reset_hint=draw(st.integers(0, 4)),
            )  # fmt: skip
            for spans in (one.positive_spans, one.negative_spans):
                spans.add(offset=draw(SIGNED), length=draw(st.sampled_from([0, 1, 2, 2**32 - 1])))
            one.positive_deltas.extend(draw(st.lists(SIGNED, max_size=4)))
            one.negative_counts.extend(draw(st.lists(NUMBERS, max_size=4)))
            one.custom_values.extend(draw(st.lists(NUMBERS, max_size=3)))
    return request


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.integers(-(2**70), 2**70) | NAMES
    | st.sampled_from(["9" * 400, "-1", "NaN", "Infinity", "1e999", "0001-01-01T00:00:00+14:00",
                       "9999-12-31T23:59:59-14:00", "2026-11-26T10:00:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def readings(draw: st.DrawFn) -> bytes:
    """A body of our own JSON, with one thing wrong, or everything."""
    point: dict[str, Any] = {
        "metric": "sensitivity", "at": NOW.isoformat(), "value": 0.9, "n": 3,
        "slice": {"site": "a"},
    }  # fmt: skip
    for field in draw(st.lists(st.sampled_from([*point, "other"]), max_size=2)):
        point[field] = draw(JSON_VALUES)
    return json.dumps({"points": [point] * draw(st.integers(0, 2))}).encode()


@st.composite
def otlp_json(draw: st.DrawFn) -> bytes:
    """A body of OTLP's JSON with anything anywhere."""
    point = {
        "timeUnixNano": draw(times(10**9).map(str) | JSON_VALUES),
        draw(st.sampled_from(["asDouble", "asInt", "sum", "count", "bucketCounts", "positive"])):
            draw(JSON_VALUES),
        "attributes": [{"key": draw(NAMES), "value": draw(JSON_VALUES)}],
    }  # fmt: skip
    kind = draw(st.sampled_from(["gauge", "sum", "histogram", "exponentialHistogram", "summary"]))
    metric = {
        "name": draw(NAMES),
        kind: {"dataPoints": [point, draw(JSON_VALUES)][: draw(st.integers(1, 2))]},
    }
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()


# What was done to them ---------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn, sound: st.SearchStrategy[bytes]) -> bytes:
    """Cut off, with bits turned over, doubled, or with an absurd length in it; or whole."""
    body = bytearray(draw(sound))
    how = draw(st.sampled_from(["whole", "whole", "cut", "turned", "doubled", "varint", "random"]))
    place = draw(st.integers(0, max(len(body) - 1, 0)))
    if how == "cut":
        del body[place:]
    elif how == "turned" and body:
        for _ in range(draw(st.integers(1, 6))):
            body[draw(st.integers(0, len(body) - 1))] ^= 1 << draw(st.integers(0, 7))
    elif how == "doubled":
        body += body[place:]
    elif how == "varint":
        body[place:place] = b"\xff" * draw(st.integers(1, 12)) + b"\x7f"
    elif how == "random":
        body = bytearray(draw(st.binary(max_size=64)))
    return bytes(body)


@st.composite
def packed(draw: st.DrawFn, sound: st.SearchStrategy[bytes], *how: str) -> Sent:
    """Compressed in one of these ways, before or after it was damaged."""
    encoding = draw(st.sampled_from(how))
    pack: Callable[[bytes], bytes] = {
        "gzip": lambda body: gzip.compress(body, mtime=0), "": bytes,
        "snappy": lambda body: bytes(cramjam.snappy.compress_raw(body)),
    }[encoding]  # fmt: skip
    first = draw(st.booleans())
    body = pack(draw(damaged(sound))) if first else draw(damaged(sound.map(pack)))
    return body, {"content-encoding": encoding} if encoding else {}


OTLP = packed(otlp_requests().map(lambda one: one.SerializeToString()), "", "gzip")
OTLP_JSON = packed(otlp_json(), "", "gzip")
READINGS = packed(readings(), "", "gzip")
LINES = packed(
    st.lists(st.lists(NAMES | NUMBERS.map(str), max_size=6).map(",".join), max_size=4).map(
        lambda lines: "\n".join(["metric,at,value,n,slice", *lines]).encode()
    ), "", "gzip",
)  # fmt: skip


def remote(form: str) -> st.SearchStrategy[Sent]:
    """Bodies of remote write."""
    return packed(remote_requests(form).map(lambda one: one.SerializeToString()), "snappy")


# Posting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind", "sent"),
    [
        ("/v1/metrics", PROTOBUF, OTLP),
        ("/v1/metrics", "application/json", OTLP_JSON),
        ("/api/v1/write", PROTOBUF, remote(remote_write.ONE)),
        ("/api/v1/write", f"{PROTOBUF};proto={remote_write.TWO}", remote(remote_write.TWO)),
        ("/api/v1/pilots/{pilot}/points", "application/json", READINGS),
        ("/api/v1/pilots/{pilot}/points", "text/csv", LINES),
    ],
    ids=["otlp", "otlp-json", "write-1", "write-2", "json", "csv"],
)
async def test_what_no_sender_makes_is_answered(  # noqa: PLR0917
    client: Visitor, key: str, people: dict[str, Person], pilot: Pilot, path: str, kind: str,
    sent: st.SearchStrategy[Sent], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await commands.map_name(people["founder"], pilot.id, name="x_p95", metric="sensitivity")
    monkeypatch.setattr("sandbox.telemetry.api.points.limit", _no_limit)
    loop = asyncio.get_running_loop()
    statuses = set()

    @FUZZED
    @given(sent)
    def post(one: Sent) -> None:
        body, headers = one
        asked = client.post(
            path.format(pilot=pilot.id), content=body,
            headers={"authorization": f"Bearer {key}", "content-type": kind, **headers},
        )  # fmt: skip
        answer = asyncio.run_coroutine_threadsafe(asked, loop).result()
        assert answer.status_code in {200, 400, 413, 422}, answer.text
        assert "cannot be stored" not in answer.text, "the database is not to find it"
        statuses.add(answer.status_code)

    await asyncio.to_thread(post)
    assert statuses >= {200, 400}, "some are taken, so that the rest is not refused at the door"
    for row in await fetch("SELECT value, n FROM point"):
        assert abs(row["value"]) < float("inf")
        assert row["n"] >= 1


async def _no_limit(*_args: object, **_options: object) -> None:
    """The hundreds of one second are meant here."""


ROUTES = {
    "otlp": "/v1/metrics", "write-1": "/api/v1/write", "write-2": "/api/v1/write",
    "points": "/api/v1/pilots/{pilot}/points",
}  # fmt: skip


async def test_what_is_made_to_take_much_room_is_answered(
    client: Visitor, key: str, pilot: Pilot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.telemetry.api.points.limit", _no_limit)
    for route, kind, encoding, body in hostile.hostile():
        form = f"{kind};proto={remote_write.TWO}" if route == "write-2" else kind
        answer = await client.post(
            ROUTES[route].format(pilot=pilot.id), content=body,
            headers={"authorization": f"Bearer {key}", "content-type": form,
                     "content-encoding": encoding},
        )  # fmt: skip
        assert answer.status_code in {200, 400, 413, 422}, (route, kind, body[:40], answer.text)


def test_no_body_takes_more_room_than_a_hundred_of_itself() -> None:
    """In a process of its own, which tells the most that it ever had."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile"], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) < 100 * bodies.AT_MOST, done.stdout
