"""Quantile sketches (DDSketch): made of values, stored, merged, asked."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ddsketch import DDSketch
from ddsketch.pb.ddsketch_pb2 import DDSketch as SketchMessage
from ddsketch.pb.proto import DDSketchProto

from sandbox.telemetry.rules.windows import rank

_proto: Any = DDSketchProto  # carries no types
ACCURACY = 0.01
"""How far a sketch's percentile may be off, relative to its value."""


def bytes_of(values: Iterable[float]) -> bytes:
    """A sketch of ``values`` as it is stored."""
    sketch = DDSketch(ACCURACY)
    for value in values:
        sketch.add(value)
    return bytes(_proto.to_proto(sketch).SerializeToString())


@lru_cache(maxsize=2048)
def stored(body: bytes) -> DDSketch:
    """A sketch that was stored; to be merged from, never changed."""
    sketch: DDSketch = _proto.from_proto(SketchMessage.FromString(body))
    return sketch


def merged(bodies: Iterable[bytes], values: Iterable[float]) -> DDSketch:
    """One sketch of stored ones and further values."""
    whole = DDSketch(ACCURACY)
    for body in bodies:
        whole.merge(stored(body))
    for value in values:
        whole.add(value)
    return whole


def quantile(sketch: DDSketch, share: float) -> float | None:
    """The nearest-rank percentile; ``None`` of nothing."""
    # The sketch counts ranks from 0 to n - 1; a quarter more names the nearest rank's own value.
    count = int(sketch.count)
    value: float | None = sketch.get_quantile_value(
        min((rank(count, share) + 0.25) / max(count - 1, 1), 1.0)
    )
    return value
