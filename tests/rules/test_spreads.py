"""Histograms: percentiles near the true ones, growth as it was, whatever encoder they come from."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import Histogram as Instrument
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)

from sandbox.telemetry.rules import spreads
from sandbox.telemetry.rules.spreads import Buckets
from sandbox.telemetry.wire import otlp, remote_write

BOUNDS = (0.5, 1.0, 2.5, 5.0, 10.0)
values_of = st.lists(st.floats(0.001, 20, allow_nan=False), max_size=60)


def explicit(values: list[float]) -> Buckets:
    """The histogram of ``values`` with told bounds."""
    counts = Counter(bisect_left(BOUNDS, value) for value in values)
    return Buckets(bounds=BOUNDS, counts={k: float(v) for k, v in counts.items()})


def exponential(values: list[float], scale: int) -> Buckets:
    """The same by powers; 0 in the bucket of zero, negative values in theirs."""
    base = 2.0 ** (2.0**-scale)

    def place(value: float) -> int:
        return math.ceil(round(math.log(value, base), 9)) - 1

    up = Counter(place(value) for value in values if value > 0)
    down = Counter(place(-value) for value in values if value < 0)
    return Buckets(
        scale=scale, zero=float(values.count(0)),
        counts={k: float(v) for k, v in up.items()},
        negative={k: float(v) for k, v in down.items()},
    )  # fmt: skip


def true(values: list[float], share: float) -> float:
    """The smallest value that is not below ``share`` of them."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


@given(st.lists(st.floats(0.001, 9.9), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(values: list[float], share: float) -> None:
    found, wanted = spreads.percentile(explicit(values), share), true(values, share)
    assert found is not None
    assert bisect_left(BOUNDS, found) == bisect_left(BOUNDS, wanted)
    found = spreads.percentile(exponential(values, 6), share)
    assert found is not None
    assert found == pytest.approx(wanted, rel=0.0111)  # the width of a bucket at scale 6


def test_beyond_what_is_told_the_bound_is_the_answer() -> None:
    assert spreads.percentile(explicit([50.0] * 9), 0.5) == 10.0
    assert spreads.percentile(Buckets(bounds=(-5.0, 0.0), counts={0: 3.0}), 0.5) == -5.0
    assert spreads.percentile(explicit([]), 0.5) is None
    assert spreads.percentile(exponential([-4.0, 0.0, 4.0], 3), 0.5) == 0.0
    assert spreads.percentile(exponential([-4.0, -4.0, 0.0], 6), 0.3) == pytest.approx(-4, rel=0.02)


@given(values_of, values_of, st.integers(0, 5), st.integers(0, 5))
def test_what_came_between_is_what_it_grew_by(
    before: list[float], came: list[float], fine: int, coarse: int
) -> None:
    grown = spreads.increase(explicit(before), explicit(before + came))
    assert grown == explicit(came)
    coarse = min(fine, coarse)  # senders go to a lower scale when values lie further apart
    grown = spreads.increase(exponential(before, fine), exponential(before + came, coarse))
    assert grown is not None
    assert grown.counts == exponential(came, coarse).counts


def test_a_sender_that_began_anew_tells_all_and_one_that_cannot_be_told_nothing() -> None:
    assert spreads.increase(explicit([1.0] * 9), explicit([2.0])) == explicit([2.0])
    assert spreads.increase(explicit([1.0]), explicit([2.0, 2.0])) is None
    other = Buckets(bounds=(1.0,), counts={0: 9.0})
    assert spreads.increase(explicit([1.0]), other) is None


# Real encoders -----------------------------------------------------------------------------


def sent(values: list[float], aggregation: Aggregation, temporality: AggregationTemporality) -> Any:
    """The request of OpenTelemetry's own SDK for these values."""
    reader = InMemoryMetricReader(
        preferred_temporality={Instrument: temporality},
        preferred_aggregation={Instrument: aggregation},
    )
    instrument = MeterProvider(metric_readers=[reader]).get_meter("m").create_histogram("latency")
    for value in values:
        instrument.record(value, {"language": "ms"})
    data = reader.get_metrics_data()
    assert data is not None
    return encode_metrics(data)


@pytest.mark.parametrize(
    "aggregation",
    [ExplicitBucketHistogramAggregation(BOUNDS), ExponentialBucketHistogramAggregation()],
    ids=["explicit", "exponential"],
)
@pytest.mark.parametrize("temporality", list(AggregationTemporality)[1:])
def test_what_the_sdk_sends_is_read_in_both_forms(
    aggregation: Aggregation, temporality: AggregationTemporality
) -> None:
    values = [0.2, 0.9, 1.7, 2.2, 7.0]
    request = sent(values, aggregation, temporality)
    in_json = json_format.MessageToJson(request, always_print_fields_with_no_presence=True)
    for found in (
        otlp.read_protobuf(request.SerializeToString()), otlp.read_json(in_json.encode()),
    ):  # fmt: skip
        (spread,) = found.spreads
        running = temporality == AggregationTemporality.CUMULATIVE
        assert (spread.count, spread.running, spread.line) == (5, running, 1)
        assert spread.sum == pytest.approx(sum(values))
        assert found.value.tolist() == [pytest.approx(sum(values) / (1 if running else 5))]
        buckets = spread.buckets()
        assert buckets is not None
        assert buckets.total == 5
        assert 1.0 <= (spreads.percentile(buckets, 0.5) or 0) <= 2.5


def test_a_sum_that_is_left_out_is_estimated() -> None:
    request = sent([0.75, 0.75], ExplicitBucketHistogramAggregation(BOUNDS),
                   AggregationTemporality.DELTA)  # fmt: skip
    point = request.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points[0]
    point.ClearField("sum")
    assert otlp.read_protobuf(request.SerializeToString()).value.tolist() == [0.75]
    in_json = json_format.MessageToJson(request).encode()
    assert otlp.read_json(in_json).value.tolist() == [0.75]
    del point.bucket_counts[:]
    assert np.isnan(otlp.read_protobuf(request.SerializeToString()).value).all()


def native(values: list[float], scale: int, form: str = remote_write.ONE) -> Any:
    """A native histogram of remote write, as Prometheus lays it out: spans and differences."""
    one = remote_write._MESSAGES[form]().timeseries.add().histograms.add(
        count_int=len(values), sum=sum(values), schema=scale, zero_count_int=values.count(0)
    )  # fmt: skip
    held = exponential(values, scale)
    for sign, counts in (("positive", held.counts), ("negative", held.negative)):
        last, count = None, 0
        for place in sorted(counts):
            spans = getattr(one, f"{sign}_spans")
            if last is not None and place == last + 1:
                spans[-1].length += 1
            else:  # Prometheus counts from the power at the bucket's end
                spans.add(offset=place + 1 if last is None else place - last - 1, length=1)
            getattr(one, f"{sign}_deltas").append(int(counts[place]) - count)
            last, count = place, int(counts[place])
    return one


@given(st.lists(st.floats(-20, 20).filter(lambda v: v == 0 or abs(v) > 0.001), max_size=40))
def test_a_native_histogram_says_where_its_buckets_lie(values: list[float]) -> None:
    assert remote_write._buckets(native(values, 3)) == exponential(values, 3)


def test_a_classic_histogram_that_comes_as_a_native_one_has_its_bounds() -> None:
    one = native([], 0)
    one.schema = remote_write.CUSTOM
    one.custom_values.extend([1.0, 2.0])
    one.positive_spans.add(offset=0, length=1)
    one.positive_spans.add(offset=1, length=1)
    one.positive_deltas.extend([4, -3])
    found = remote_write._buckets(one)
    assert found == Buckets(bounds=(1.0, 2.0), counts={0: 4.0, 2: 1.0})
    one.positive_spans.add(offset=2**31 - 1, length=2**32 - 1)
    one.positive_deltas.extend([1, 1])
    assert remote_write._buckets(one) is None


def test_a_histogram_of_too_many_buckets_has_no_percentile() -> None:
    one = native([1.0], 0)
    one.positive_deltas.extend([0] * spreads.MOST_BUCKETS)
    assert remote_write._buckets(one) is None
