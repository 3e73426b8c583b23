"""Histograms: what grew between two of them, and the percentiles that they let one estimate. Pure.

A sender tells how many values fell between which bounds, not the values. Bounds are either told
(*explicit*) or powers of a base (*exponential*, as OpenTelemetry's exponential histograms and
Prometheus's native ones have it): at scale s the base is 2^(2^-s), and bucket i holds what lies
above base^i up to base^(i+1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

MOST_BUCKETS = 1_000
"""Buckets of one histogram; of a finer one count, sum and mean are used, but no percentile."""
FINEST, COARSEST = 20, -10
"""Scales as OpenTelemetry's SDKs and Prometheus use them."""
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
PARTS = ("count", "sum", *PERCENTILES)
"""What a histogram x tells beside its mean (which is x): ``x_count``, ``x_p95`` and so on."""

Part = Literal["p50", "p90", "p95", "p99"]


class Buckets(msgspec.Struct, frozen=True, kw_only=True):
    """How many values fell into which bucket.

    With ``bounds`` the key of a count is its place among them: values up to the bound there,
    and in the last bucket all that are larger. Without, it is a power (``scale``).
    """

    scale: int = 0
    bounds: tuple[float, ...] = ()
    zero: float = 0.0
    counts: dict[int, float] = {}
    negative: dict[int, float] = {}

    @property
    def total(self) -> float:
        """How many values there are."""
        return self.zero + sum(self.counts.values()) + sum(self.negative.values())


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram or a summary as it came: the delivery's point ``line`` is its mean.

    ``running``: it tells all since a beginning, not since the one before. ``quantiles``: those
    that the sender has reckoned itself. ``buckets`` reads them, where there are any that we use.
    """

    metric: str
    attributes: tuple[tuple[str, str], ...]
    at: int
    line: int
    count: int
    sum: float
    running: bool
    quantiles: Mapping[float, float] = {}
    buckets: Callable[[], Buckets | None]


def increase(before: Buckets, now: Buckets) -> Buckets | None:
    """What came between two running histograms; ``None``: that cannot be told.

    Fewer values than before mean that the sender began anew, so all of them came since.
    """
    if now.total < before.total:
        return now
    if now.bounds != before.bounds:
        return None
    scale = min(before.scale, now.scale)
    before, now = _coarser(before, scale), _coarser(now, scale)
    counts = _less(now.counts, before.counts)
    negative = _less(now.negative, before.negative)
    if counts is None or negative is None or now.zero < before.zero:
        return None
    return Buckets(
        scale=scale, bounds=now.bounds, zero=now.zero - before.zero, counts=counts,
        negative=negative,
    )  # fmt: skip


def _less(now: Mapping[int, float], before: Mapping[int, float]) -> dict[int, float] | None:
    if any(now.get(place, 0.0) < count for place, count in before.items()):
        return None
    grown = {place: count - before.get(place, 0.0) for place, count in now.items()}
    return {place: count for place, count in grown.items() if count > 0}


def _coarser(one: Buckets, scale: int) -> Buckets:
    """The same at a lower scale: each step halves the buckets."""
    step = one.scale - scale
    if not step:
        return one
    return Buckets(
        scale=scale, zero=one.zero, counts=_merged(one.counts, step),
        negative=_merged(one.negative, step),
    )  # fmt: skip


def _merged(counts: Mapping[int, float], step: int) -> dict[int, float]:
    merged: dict[int, float] = {}
    for place, count in counts.items():
        merged[place >> step] = merged.get(place >> step, 0.0) + count
    return merged


def percentile(one: Buckets, share: float) -> float | None:
    """The value below which ``share`` of the values lie, estimated within its bucket.

    Between told bounds the values are taken to lie evenly, between powers evenly by their
    logarithm. Beyond the last bound, or below a first one that is not positive, nothing is known
    but the bound: it is the answer.
    """
    rank = share * one.total
    seen, found = 0.0, None
    for low, high, count in _ascending(one):
        found = high
        if seen + count >= rank:
            within = (rank - seen) / count
            return _between(low, high, within, even=bool(one.bounds))
        seen += count
    return found


def _between(low: float, high: float, within: float, *, even: bool) -> float:
    if low == high or even or low * high <= 0:
        return low + (high - low) * within
    return math.copysign(abs(low) * (high / low) ** within, high)


def total_of(one: Buckets) -> float:
    """The sum of the values, estimated: each as the middle of its bucket."""
    return sum(count * (low + high) / 2 for low, high, count in _ascending(one))


def _ascending(one: Buckets) -> Iterator[tuple[float, float, float]]:
    """The buckets that hold something by their bounds, from the smallest values up."""
    if one.bounds:
        yield from _told(one)
        return
    width = math.ldexp(1.0, -one.scale)
    for place in sorted(one.negative, reverse=True):
        if one.negative[place] > 0:
            yield -_power((place + 1) * width), -_power(place * width), one.negative[place]
    if one.zero > 0:
        yield 0.0, 0.0, one.zero
    for place in sorted(one.counts):
        if one.counts[place] > 0:
            yield _power(place * width), _power((place + 1) * width), one.counts[place]


def _told(one: Buckets) -> Iterator[tuple[float, float, float]]:
    first, last = one.bounds[0], one.bounds[-1]
    for place in sorted(one.counts):
        if one.counts[place] <= 0:
            continue
        if place >= len(one.bounds):
            yield last, last, one.counts[place]
        elif place == 0:
            yield 0.0 if first > 0 else first, first, one.counts[place]
        else:
            yield one.bounds[place - 1], one.bounds[place], one.counts[place]


def _power(exponent: float) -> float:
    try:
        return math.pow(2.0, exponent)
    except OverflowError:
        return math.inf
