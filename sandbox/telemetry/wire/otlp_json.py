"""The JSON form of OTLP metrics, with the names that protobuf gives its fields.

Only what is used is decoded; what else a request holds is left alone.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

CUMULATIVE = 2


class _Message(msgspec.Struct, rename="camel", gc=False):  # decoded, so never in a circle
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


_Fixed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Places = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class _Recorded(_Message):
    time_unix_nano: _Fixed = 0
    attributes: tuple[_KeyValue, ...] = ()
    flags: int = 0


class _Point(_Recorded):
    as_double: float = 0.0
    as_int: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] = 0


class _Counted(_Recorded):
    count: _Fixed = 0
    sum: float | None = None

    def HasField(self, name: str) -> bool:  # noqa: N802  (protobuf's name)
        """Whether an optional field was told."""
        return getattr(self, name) is not None


class _Explicit(_Counted):
    bucket_counts: tuple[_Fixed, ...] = ()
    explicit_bounds: tuple[float, ...] = ()


class _Powers(_Message):
    offset: _Places = 0
    bucket_counts: tuple[_Fixed, ...] = ()


class _Exponential(_Counted):
    scale: _Places = 0
    zero_count: _Fixed = 0
    positive: _Powers = msgspec.field(default_factory=_Powers)
    negative: _Powers = msgspec.field(default_factory=_Powers)


class _Quantile(_Message):
    quantile: float = 0.0
    value: float = 0.0


class _Summed(_Counted):
    sum: float = 0.0
    quantile_values: tuple[_Quantile, ...] = ()


class _Data(_Message):
    aggregation_temporality: int | str = 0
    is_monotonic: bool = False

    def __post_init__(self) -> None:
        if self.aggregation_temporality == "AGGREGATION_TEMPORALITY_CUMULATIVE":
            self.aggregation_temporality = CUMULATIVE


class _Numbers(_Data):
    data_points: list[_Point] = []


class _Histogram(_Data):
    data_points: list[_Explicit] = []


class _ExponentialHistogram(_Data):
    data_points: list[_Exponential] = []


class _Summary(_Data):
    data_points: list[_Summed] = []


class _Metric(_Message):
    name: str = ""
    gauge: _Numbers | None = None
    sum: _Numbers | None = None
    histogram: _Histogram | None = None
    exponential_histogram: _ExponentialHistogram | None = None
    summary: _Summary | None = None


class _Scope(_Message):
    metrics: list[_Metric] = []


class _Resource(_Message):
    scope_metrics: list[_Scope] = []


class _Request(_Message):
    resource_metrics: list[_Resource] = []


DECODER = msgspec.json.Decoder(_Request, strict=False)
