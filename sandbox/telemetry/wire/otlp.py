"""OTLP metrics (opentelemetry-proto 1.x) read into a delivery.

What a data point becomes: a gauge its value; a sum its value, or its increase where it is
cumulative and monotonic; histograms and summaries the mean of their samples, with the number
of samples; what else they tell (:class:`Spread`) is used where the plan asks for it. Points that
say that nothing was recorded are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from sandbox.telemetry.rules import spreads
from sandbox.telemetry.rules.delivery import SAMPLES_AT_MOST, Builder, Delivery, Name
from sandbox.telemetry.rules.spreads import COARSEST, FINEST, MOST_BUCKETS, Buckets, Spread
from sandbox.telemetry.wire import otlp_json
from sandbox.telemetry.wire.bodies import Unreadable
from sandbox.telemetry.wire.otlp_json import CUMULATIVE

__all__ = ["CUMULATIVE", "read_json", "read_protobuf"]

NOTHING_RECORDED = 1  # DataPointFlags
_LONGEST = 200
_MOST_ATTRIBUTES = 128  # as OpenTelemetry's SDKs have it


def read_protobuf(body: bytes) -> Delivery:
    """A protobuf ``ExportMetricsServiceRequest``.

    :raises Unreadable: it is not one.
    :raises InvalidInput: it holds more points than may come at once.
    """
    try:
        request = ExportMetricsServiceRequest.FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Unreadable("the body is no ExportMetricsServiceRequest") from error
    return _delivery(request)


def read_json(body: bytes) -> Delivery:
    """The same as JSON: 64-bit numbers may be strings, unknown fields are left alone.

    :raises Unreadable: it is not one; the text says where.
    :raises InvalidInput: it holds more points than may come at once.
    """
    try:
        request = otlp_json.DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    return _delivery(request)


def _delivery(request: Any) -> Delivery:
    builder = Builder()
    builder.expect(len(request.resource_metrics))
    for resource in request.resource_metrics:
        builder.expect(len(resource.scope_metrics))
        for scope in resource.scope_metrics:
            builder.expect(len(scope.metrics))
            for metric in scope.metrics:
                _add(builder, metric)
    return builder.delivery()


def _add(builder: Builder, metric: Any) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    builder.expect(len(data.data_points))
    name = metric.name[:_LONGEST]
    if kind in {"gauge", "sum"}:
        running = kind == "sum" and data.is_monotonic and data.aggregation_temporality == CUMULATIVE
        _add_numbers(builder, name, _recorded(data.data_points), "total" if running else "")
    else:
        running = kind == "summary" or data.aggregation_temporality == CUMULATIVE
        _add_distributions(builder, name, _recorded(data.data_points), kind, running=running)


def _recorded(points: Sequence[Any]) -> list[Any]:
    """The points that hold a value.

    As a list: protobuf makes a new object of a point each time that it is asked for it.
    """
    return [point for point in points if not point.flags & NOTHING_RECORDED]


def _add_numbers(
    builder: Builder, name: str, points: Sequence[Any], counter: Literal["", "total"]
) -> None:
    builder.extend(
        list(_places(builder, name, points, counter)),
        [point.time_unix_nano // 1000 for point in points],
        # The one that is not set reads as zero.
        [point.as_double or point.as_int for point in points],
        [1] * len(points),
    )


def _add_distributions(
    builder: Builder, name: str, points: Sequence[Any], kind: str, *, running: bool
) -> None:
    counted = [point for point in points if running or point.count]
    names = [
        Name(name, _attributes(point.attributes), "mean" if running else "") for point in counted
    ]
    read = _READERS[kind]
    sums = [_sum(point, read) for point in counted]
    first = builder.extend(
        [builder.place(one) for one in names],
        [point.time_unix_nano // 1000 for point in counted],
        [
            total if running else total / point.count
            for point, total in zip(counted, sums, strict=True)
        ],
        [point.count for point in counted],
    )
    builder.spreads += [
        Spread(
            metric=name, attributes=names[place].attributes, at=point.time_unix_nano // 1000,
            line=first + place, count=min(point.count, SAMPLES_AT_MOST), sum=sums[place],
            running=running, quantiles=_quantiles(point) if kind == "summary" else {},
            buckets=partial(read, point),
        )
        for place, point in enumerate(counted)
    ]  # fmt: skip


def _sum(point: Any, read: _Reader) -> float:
    """The sum that is told, or else (it may be left out) the one that the buckets let estimate."""
    if read is _no_buckets or point.HasField("sum"):
        return float(point.sum)
    buckets = read(point)
    return math.nan if buckets is None else spreads.total_of(buckets)


def _quantiles(point: Any) -> dict[float, float]:
    """Those that a summary tells; not a number means that nothing was observed lately."""
    told = {one.quantile: one.value for one in point.quantile_values}
    return {share: value for share, value in told.items() if not math.isnan(value)}


# Buckets -----------------------------------------------------------------------------------


def _explicit(point: Any) -> Buckets | None:
    bounds, counts = tuple(point.explicit_bounds), point.bucket_counts
    if not bounds or len(bounds) > MOST_BUCKETS or len(counts) != len(bounds) + 1:
        return None
    if not all(low < high for low, high in pairwise((*bounds, math.inf))):
        return None
    return Buckets(bounds=bounds, counts=_counts(counts))


def _exponential(point: Any) -> Buckets | None:
    positive, negative = point.positive, point.negative
    if len(positive.bucket_counts) + len(negative.bucket_counts) > MOST_BUCKETS:
        return None
    if not COARSEST <= point.scale <= FINEST:
        return None
    return Buckets(
        scale=point.scale, zero=float(point.zero_count),
        counts=_counts(positive.bucket_counts, positive.offset),
        negative=_counts(negative.bucket_counts, negative.offset),
    )  # fmt: skip


def _counts(counts: Iterable[int], offset: int = 0) -> dict[int, float]:
    return {place: float(count) for place, count in enumerate(counts, offset) if count}


def _no_buckets(_point: Any) -> None:
    return None


_Reader = Callable[[Any], Buckets | None]
_READERS: dict[str, _Reader] = {
    "histogram": _explicit, "exponential_histogram": _exponential, "summary": _no_buckets,
}  # fmt: skip


# Names -------------------------------------------------------------------------------------


def _places(
    builder: Builder, name: str, points: Iterable[Any], counter: Literal["", "total"]
) -> Iterator[int]:
    whole = -1
    for point in points:
        if point.attributes:
            yield builder.place(Name(name, _attributes(point.attributes), counter))
        else:
            if whole < 0:
                whole = builder.place(Name(name, (), counter))
            yield whole


def _attributes(pairs: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    found = [
        (pair.key[:60], (pair.value.string_value or _text(pair.value))[:100])
        for pair in pairs[:_MOST_ATTRIBUTES]
    ]
    return tuple(found) if len(found) < 2 else tuple(sorted(found))


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind in {"int_value", "double_value"}:
        return str(getattr(value, kind))
    if kind == "bool_value":
        return str(value.bool_value).lower()
    return ""
