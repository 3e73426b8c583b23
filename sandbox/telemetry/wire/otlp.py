"""OTLP metrics (opentelemetry-proto 1.x) read into a delivery.

What a data point becomes: a gauge its value; a sum its value, or its increase where it is
cumulative and monotonic; histograms and summaries the mean of their samples, with the number
of samples. Points that say that nothing was recorded are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from sandbox.telemetry.rules.delivery import Builder, Delivery, Name
from sandbox.telemetry.wire.bodies import Unreadable

CUMULATIVE = 2
NOTHING_RECORDED = 1  # DataPointFlags
_LONGEST = 200


def read_protobuf(body: bytes) -> Delivery:
    """A protobuf ``ExportMetricsServiceRequest``.

    :raises Unreadable: it is not one.
    """
    try:
        request = ExportMetricsServiceRequest.FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Unreadable("the body is no ExportMetricsServiceRequest") from error
    return _delivery(request)


def read_json(body: bytes) -> Delivery:
    """The same as JSON: 64-bit numbers may be strings, unknown fields are left alone.

    :raises Unreadable: it is not one; the text says where.
    """
    try:
        request = _json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    return _delivery(request)


def _delivery(request: Any) -> Delivery:
    builder = Builder()
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                _add(builder, metric)
    return builder.delivery()


def _add(builder: Builder, metric: Any) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    name = metric.name[:_LONGEST]
    if kind in {"gauge", "sum"}:
        running = kind == "sum" and data.is_monotonic and data.aggregation_temporality == CUMULATIVE
        _add_numbers(builder, name, _recorded(data.data_points), "total" if running else "")
    else:
        running = kind == "summary" or data.aggregation_temporality == CUMULATIVE
        _add_distributions(builder, name, _recorded(data.data_points), running=running)


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
    builder: Builder, name: str, points: Sequence[Any], *, running: bool
) -> None:
    counted = [point for point in points if running or point.count]
    builder.extend(
        list(_places(builder, name, counted, "mean" if running else "")),
        [point.time_unix_nano // 1000 for point in counted],
        [point.sum if running else point.sum / point.count for point in counted],
        [point.count for point in counted],
    )


def _places(
    builder: Builder, name: str, points: Iterable[Any], counter: Literal["", "total", "mean"]
) -> Iterator[int]:
    whole = -1
    for point in points:
        if point.attributes:
            yield builder.place(Name(name, _attributes(point.attributes), counter))
        else:
            if whole < 0:
                whole = builder.place(Name(name, (), counter))
            yield whole


def _attributes(pairs: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    found = [
        (pair.key[:60], (pair.value.string_value or _text(pair.value))[:100]) for pair in pairs
    ]
    return tuple(found) if len(found) < 2 else tuple(sorted(found))


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind in {"int_value", "double_value"}:
        return str(getattr(value, kind))
    if kind == "bool_value":
        return str(value.bool_value).lower()
    return ""


# The JSON form, with the names that protobuf gives its fields ------------------------------


class _Message(msgspec.Struct, rename="camel"):
    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802  (protobuf's name)
        """The field that is set, as protobuf's own messages tell it."""
        return next((name for name in self.__struct_fields__ if self._holds(name)), None)

    def _holds(self, name: str) -> bool:
        return name in _ONE_OF and getattr(self, name) is not None


_ONE_OF = {
    "gauge", "sum", "histogram", "exponential_histogram", "summary",
    "string_value", "bool_value", "int_value", "double_value",
}  # fmt: skip


class _AnyValue(_Message):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None


class _KeyValue(_Message):
    key: str = ""
    value: _AnyValue = msgspec.field(default_factory=_AnyValue)


class _Point(_Message):
    time_unix_nano: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    attributes: list[_KeyValue] = []
    flags: int = 0
    as_double: float = 0.0
    as_int: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] = 0
    count: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    sum: float = 0.0


class _Data(_Message):
    data_points: list[_Point] = []
    aggregation_temporality: int | str = 0
    is_monotonic: bool = False

    def __post_init__(self) -> None:
        if self.aggregation_temporality == "AGGREGATION_TEMPORALITY_CUMULATIVE":
            self.aggregation_temporality = CUMULATIVE


class _Metric(_Message):
    name: str = ""
    gauge: _Data | None = None
    sum: _Data | None = None
    histogram: _Data | None = None
    exponential_histogram: _Data | None = None
    summary: _Data | None = None


class _Scope(_Message):
    metrics: list[_Metric] = []


class _Resource(_Message):
    scope_metrics: list[_Scope] = []


class _Request(_Message):
    resource_metrics: list[_Resource] = []


_json = msgspec.json.Decoder(_Request, strict=False)
