"""Prometheus remote write 1.0 and 2.0 read into a delivery.

Both forms are declared here as protobuf schemas (their field numbers are the specifications')
and decoded by the protobuf library. Samples that mark a series as stale are left out; native
histograms are not taken.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from sandbox.telemetry.rules.delivery import Builder, Delivery, Name
from sandbox.telemetry.wire.bodies import Unreadable

ONE = "prometheus.WriteRequest"
TWO = "io.prometheus.write.v2.Request"
COUNTER = 1  # MetricType of 2.0
_STALE = struct.pack(">Q", 0x7FF0000000000002)
_OF_THE_SCRAPE = frozenset({"__name__", "job", "instance"})
_TOTALS = ("_total", "_count", "_sum", "_bucket")

_Field = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "double": _Field.TYPE_DOUBLE, "int64": _Field.TYPE_INT64, "string": _Field.TYPE_STRING,
    "uint32": _Field.TYPE_UINT32, "int32": _Field.TYPE_INT32,
}  # fmt: skip
_SCHEMAS: dict[str, dict[str, tuple[str, ...]]] = {
    "prometheus": {
        "Label": ("string name 1", "string value 2"),
        "Sample": ("double value 1", "int64 timestamp 2"),
        "TimeSeries": ("*Label labels 1", "*Sample samples 2"),
        "WriteRequest": ("*TimeSeries timeseries 1",),
    },
    "io.prometheus.write.v2": {
        "Sample": ("double value 1", "int64 timestamp 2"),
        "Metadata": ("int32 type 1",),
        "TimeSeries": ("*uint32 labels_refs 1", "*Sample samples 2", "Metadata metadata 5"),
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
    """
    try:
        request = _MESSAGES[form].FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Unreadable(f"the body is no {form}") from error
    builder = Builder()
    named = _named_by_symbols(request) if form == TWO else _named(request)
    for name, samples in named:
        _add(builder, name, samples)
    return builder.delivery()


def _named(request: Any) -> Iterator[tuple[Name, Sequence[Any]]]:
    for series in request.timeseries:
        labels = [(label.name, label.value) for label in series.labels]
        yield _name(labels, counter=False), series.samples


def _named_by_symbols(request: Any) -> Iterator[tuple[Name, Sequence[Any]]]:
    symbols = list(request.symbols)
    for series in request.timeseries:
        refs = list(series.labels_refs)
        if len(refs) % 2 or any(ref >= len(symbols) for ref in refs):
            raise Unreadable("a label refers to a symbol that is not there")
        labels = [(symbols[a], symbols[b]) for a, b in zip(refs[::2], refs[1::2], strict=True)]
        yield _name(labels, counter=series.metadata.type == COUNTER), series.samples


def _name(labels: Iterable[tuple[str, str]], *, counter: bool) -> Name:
    held = dict(labels)
    metric = held.get("__name__", "")[:200]
    attributes = sorted(
        (key[:60], value[:100]) for key, value in held.items() if key not in _OF_THE_SCRAPE
    )
    running = counter or metric.endswith(_TOTALS)
    return Name(metric, tuple(attributes), "total" if running else "")


def _add(builder: Builder, name: Name, samples: Sequence[Any]) -> None:
    place = builder.place(name)
    told = [sample for sample in samples if not _is_stale(sample.value)]
    builder.extend(
        [place] * len(told),
        [sample.timestamp * 1000 for sample in told],
        [sample.value for sample in told],
        [1] * len(told),
    )


def _is_stale(value: float) -> bool:
    return math.isnan(value) and struct.pack(">d", value) == _STALE
