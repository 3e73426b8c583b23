"""Prometheus remote write 1.0 and 2.0 read into a delivery.

Both forms are declared here as protobuf schemas (their field numbers are the specifications')
and decoded by the protobuf library. Samples that mark a series as stale are left out. A native
histogram is the mean of its samples, as one of OTLP is; what else it tells (:class:`Spread`) is
used where the plan asks for it. A classic one is a series for each bucket, and each may come in
another request, so nothing but its count and its sum can be used. Of a summary, quantile 0.95 is
named as that of a histogram: ``x_p95``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, islice, pairwise
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from sandbox.telemetry.rules.delivery import SAMPLES_AT_MOST, Builder, Delivery, Name
from sandbox.telemetry.rules.spreads import MOST_BUCKETS, PERCENTILES, Buckets, Spread
from sandbox.telemetry.wire.bodies import Unreadable

ONE = "prometheus.WriteRequest"
TWO = "io.prometheus.write.v2.Request"
COUNTER = 1  # MetricType of 2.0
_MOST_LABELS = 128
_STALE = struct.pack(">Q", 0x7FF0000000000002)
_OF_THE_SCRAPE = frozenset({"__name__", "job", "instance"})
_TOTALS = ("_total", "_count", "_sum", "_bucket")
_QUANTILES = {f"{share:g}": part for part, share in PERCENTILES.items()}
GAUGE = 3  # ResetHint: a histogram of the moment, not of all since a beginning
CUSTOM = -53
"""The schema of a classic histogram that Prometheus sends as a native one: bounds are told."""
_SCALES = range(-4, 9)

_Field = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "double": _Field.TYPE_DOUBLE, "int64": _Field.TYPE_INT64, "string": _Field.TYPE_STRING,
    "uint32": _Field.TYPE_UINT32, "int32": _Field.TYPE_INT32, "sint32": _Field.TYPE_SINT32,
    "uint64": _Field.TYPE_UINT64, "sint64": _Field.TYPE_SINT64,
}  # fmt: skip
_HISTOGRAM: dict[str, tuple[str, ...]] = {
    "BucketSpan": ("sint32 offset 1", "uint32 length 2"),
    "Histogram": (
        "uint64 count_int 1", "double count_float 2", "double sum 3", "sint32 schema 4",
        "uint64 zero_count_int 6", "double zero_count_float 7",
        "*BucketSpan negative_spans 8", "*sint64 negative_deltas 9", "*double negative_counts 10",
        "*BucketSpan positive_spans 11", "*sint64 positive_deltas 12",
        "*double positive_counts 13",
        "int32 reset_hint 14", "int64 timestamp 15", "*double custom_values 16",
    ),
}  # fmt: skip
"""The same in both; of the pairs for whole and broken counts only one is set."""
_SCHEMAS: dict[str, dict[str, tuple[str, ...]]] = {
    "prometheus": {
        "Label": ("string name 1", "string value 2"),
        "Sample": ("double value 1", "int64 timestamp 2"),
        **_HISTOGRAM,
        "TimeSeries": ("*Label labels 1", "*Sample samples 2", "*Histogram histograms 4"),
        "WriteRequest": ("*TimeSeries timeseries 1",),
    },
    "io.prometheus.write.v2": {
        "Sample": ("double value 1", "int64 timestamp 2"),
        "Metadata": ("int32 type 1",),
        **_HISTOGRAM,
        "TimeSeries": (
            "*uint32 labels_refs 1",
            "*Sample samples 2",
            "*Histogram histograms 3",
            "Metadata metadata 5",
        ),
        "Request": ("*string symbols 4", "*TimeSeries timeseries 5"),
    },
}
"""Message -> fields as ``[*]kind name number``, ``*`` for repeated ones."""


def _messages() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    for package, messages in _SCHEMAS.items():
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{package}.proto", package=package, syntax="proto3"
        )
        for name, fields in messages.items():
            message = file.message_type.add(name=name)
            for line in fields:
                kind, field, number = line.lstrip("*").split()
                known = _KINDS.get(kind)
                message.field.add(
                    name=field,
                    number=int(number),
                    label=_Field.LABEL_REPEATED if line[0] == "*" else _Field.LABEL_OPTIONAL,
                    type=known or _Field.TYPE_MESSAGE,
                    type_name=None if known else f".{package}.{kind}",
                )
        pool.Add(file)
    return {
        full: message_factory.GetMessageClass(pool.FindMessageTypeByName(full))
        for full in (ONE, TWO)
    }


_MESSAGES = _messages()


def read(body: bytes, form: str) -> Delivery:
    """A decompressed request of ``form``, one of :data:`ONE` and :data:`TWO`.

    :raises Unreadable: it is not one.
    :raises InvalidInput: it holds more points than may come at once.
    """
    try:
        request = _MESSAGES[form].FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Unreadable(f"the body is no {form}") from error
    builder = Builder()
    builder.expect(len(request.timeseries))
    for labels, series in _labelled_by_symbols(request) if form == TWO else _labelled(request):
        builder.expect(len(series.samples) + len(series.histograms))
        held = dict(labels)
        counter = form == TWO and series.metadata.type == COUNTER
        _add(builder, held, series.samples, counter=counter)
        _add_histograms(builder, held, series.histograms)
    return builder.delivery()


_Labels = list[tuple[str, str]]


def _labelled(request: Any) -> Iterator[tuple[_Labels, Any]]:
    for series in request.timeseries:
        yield [(label.name, label.value) for label in series.labels[:_MOST_LABELS]], series


def _labelled_by_symbols(request: Any) -> Iterator[tuple[_Labels, Any]]:
    symbols = list(request.symbols)
    for series in request.timeseries:
        refs = list(series.labels_refs[: 2 * _MOST_LABELS])
        if len(refs) % 2 or any(ref >= len(symbols) for ref in refs):
            raise Unreadable("a label refers to a symbol that is not there")
        yield [(symbols[a], symbols[b]) for a, b in zip(refs[::2], refs[1::2], strict=True)], series


def _attributes(held: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(
        (key[:60], value[:100]) for key, value in held.items() if key not in _OF_THE_SCRAPE
    ))  # fmt: skip


def _metric(held: dict[str, str]) -> str:
    return held.get("__name__", "")[:200]


def _add(builder: Builder, held: dict[str, str], samples: Sequence[Any], *, counter: bool) -> None:
    told = [sample for sample in samples if not _is_stale(sample.value)]
    metric = _metric(held)
    if part := _QUANTILES.get(held.get("quantile", "")):
        metric, held = f"{metric}_{part}", {k: v for k, v in held.items() if k != "quantile"}
    if "quantile" in held or part:  # not a number: nothing was observed lately
        told = [sample for sample in told if not math.isnan(sample.value)]
    if not told:
        return
    running = counter or metric.endswith(_TOTALS)
    place = builder.place(Name(metric, _attributes(held), "total" if running else ""))
    builder.extend(
        [place] * len(told),
        [sample.timestamp * 1000 for sample in told],
        [sample.value for sample in told],
        [1] * len(told),
    )


def _is_stale(value: float) -> bool:
    return math.isnan(value) and struct.pack(">d", value) == _STALE


# Native histograms -------------------------------------------------------------------------


def _add_histograms(builder: Builder, held: dict[str, str], histograms: Sequence[Any]) -> None:
    metric, attributes = _metric(held), _attributes(held)
    for one in histograms:
        if _is_stale(one.sum):
            continue
        running = one.reset_hint != GAUGE
        count = one.count_int or _whole(one.count_float)
        if not (count or running):
            continue
        place = builder.place(Name(metric, attributes, "mean" if running else ""))
        value, at = one.sum if running else one.sum / count, one.timestamp * 1000
        line = builder.extend([place], [at], [value], [count])
        builder.spreads.append(
            Spread(
                metric=metric, attributes=attributes, at=at, line=line,
                count=min(count, SAMPLES_AT_MOST), sum=one.sum, running=running,
                buckets=partial(_buckets, one),
            )
        )  # fmt: skip


def _whole(count: float) -> int:
    return round(count) if 0 <= count < SAMPLES_AT_MOST else 0


def _buckets(one: Any) -> Buckets | None:
    """The buckets; ``None``: too many, or of a schema that is not known."""
    bounds = tuple(one.custom_values) if one.schema == CUSTOM else ()
    sizes = [one.positive_deltas, one.positive_counts, one.negative_deltas, one.negative_counts]
    if sum(map(len, sizes)) + len(bounds) > MOST_BUCKETS:
        return None
    if not (bounds or one.schema in _SCALES):
        return None
    if not all(low < high for low, high in pairwise((*bounds, math.inf))):
        return None
    # A bucket lies above the power before its own, OpenTelemetry's above its own.
    first = 0 if bounds else -1
    counts = _placed(one.positive_spans, one.positive_deltas, one.positive_counts, first)
    negative = _placed(one.negative_spans, one.negative_deltas, one.negative_counts, first)
    zero = one.zero_count_int or one.zero_count_float
    if not all(0 <= count < math.inf for count in (zero, *counts.values(), *negative.values())):
        return None
    if bounds and not all(0 <= place <= len(bounds) for place in counts):
        return None
    return Buckets(
        scale=0 if bounds else one.schema, bounds=bounds, zero=float(zero), counts=counts,
        negative=negative,
    )  # fmt: skip


def _placed(
    spans: Iterable[Any], deltas: Sequence[int], broken: Sequence[float], first: int
) -> dict[int, float]:
    """Each bucket's count by its place; the spans say where they lie, with gaps between them."""
    left = iter(accumulate(deltas) if deltas else broken)
    place = first
    counts: dict[int, float] = {}
    for span in spans:
        place += span.offset
        for count in islice(left, span.length):
            counts[place] = float(count)
            place += 1
    return counts
