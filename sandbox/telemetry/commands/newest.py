"""Up to when this process knows each series to be stored, so that later points need no look.

A firm's figures come in order: almost every point is later than all before. What is known here
only saves the look; whether a point is new is for the table's unique index to say, since
another process may have written it (:func:`.receiving.take` then forgets, and looks).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandbox.foundation import takeover
from sandbox.telemetry.commands.parcels import Points

AT_MOST = 500_000
"""Series that are remembered; with more, all are forgotten and found again."""
_NEVER = np.iinfo(np.int64).max

_until: dict[int, int] = {}
takeover.forget_with(_until.clear)


def later(points: Points) -> NDArray[np.bool_]:
    """Which points are later than any that is known of their series, and so must be new."""
    starts, ends = points.runs()
    until = [_until.get(series, _NEVER) for series in points.series[starts].tolist()]
    return points.at > np.repeat(np.array(until, np.int64), ends - starts)


def note(points: Points) -> None:
    """Remember points that have been committed."""
    if len(_until) > AT_MOST:
        _until.clear()
    starts, ends = points.runs()
    pairs = zip(points.series[starts].tolist(), points.at[ends - 1].tolist(), strict=True)
    for series, at in pairs:
        _until[series] = max(at, _until.get(series, at))


def forget() -> None:
    """Know nothing, so that every point is looked up."""
    _until.clear()
