"""How near a value comes to a limit: the share that it uses of the room that the limit leaves.
Pure.

A limit leaves room between the best value there can be and itself. ``0.3`` means that three tenths
of that room were used, ``1`` that the value is at the limit, more than ``1`` that it is past it.

- At most: the best value is 0, so 41 under a limit of 50 uses 82 % of the room.
- At least, in a unit with a largest value (1 of a ratio): that is the best one, so 0.97 over a
  limit of 0.9 uses 30 % of the room. The share of the limit itself (93 %) would call any limit on
  a ratio near for ever.
- At least, without a largest value: twice the limit uses half of the room.
"""

from __future__ import annotations

from sandbox.framework.thresholds import Aggregate, Comparator, Threshold

_ADDED = frozenset({Aggregate.SUM, Aggregate.COUNT, Aggregate.RATE})
"""What adds values up is not bounded by the largest of them."""


def room_used(threshold: Threshold, value: float, most: float | None = None) -> float | None:
    """The share of the room that ``value``, already aggregated, uses.

    ``most``: the largest value that the threshold's unit can take. ``None``: the limit leaves no
    room at all (at most 0, exactly so much), so that there is nothing to measure by.
    """
    limit = threshold.limit
    if threshold.comparator is Comparator.EXACTLY:
        return None
    if threshold.at_most:
        return max(value, 0) / limit if limit > 0 else None
    if most is not None and threshold.aggregate not in _ADDED and not threshold.over:
        return max(most - value, 0) / (most - limit) if most > limit else None
    if limit <= 0:
        return None
    return limit / value if value > limit else 1 + (limit - value) / limit
