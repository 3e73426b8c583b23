"""How near the figures of a condition ever came to its limit. What is kept of them stands above,
so it is read by its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.framework import nearness
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.pilots.queries import Head


class Nearest(msgspec.Struct, frozen=True, kw_only=True):
    """The value that came nearest to a limit, or passed it furthest.

    ``slice`` is the part of the metric that it is of; ``used``: the share of the room that the
    limit leaves (:mod:`sandbox.framework.nearness`), ``None`` where it leaves none.
    """

    threshold: Threshold
    value: float
    at: datetime
    slice: str
    used: float | None

    @property
    def passed(self) -> bool:
        """Whether the limit, as it is now, was passed; within its grace that is no breach."""
        return not self.threshold.satisfied(self.value)

    @property
    def of_limit(self) -> float | None:
        """The value as a share of the limit."""
        return self.value / self.threshold.limit if self.threshold.limit else None


def pick(threshold: Threshold, rows: Iterable[Mapping[str, Any]], pack: Pack) -> Nearest | None:
    """The nearest of all parts; ``rows`` are those of ``watch``. ``None``: nothing was judged."""
    found: Mapping[str, Any] | None = None
    for row in rows:
        if row["nearest"] is None:
            continue
        if found is None or threshold.further(row["nearest"], found["nearest"]):
            found = row
    if found is None:
        return None
    most = pack.unit_most(threshold.unit)
    return Nearest(
        threshold=threshold, value=found["nearest"], at=found["nearest_at"],
        slice=found["slice"].partition(":")[2],
        used=nearness.room_used(threshold, found["nearest"], most),
    )  # fmt: skip


async def of_conditions(pilot: Head, conditions: Sequence[UUID]) -> dict[UUID, Nearest]:
    """The nearest value of each of a pilot's ``conditions`` that has one, in one query."""
    rows = await fetch(
        "SELECT w.condition, w.slice, w.nearest, w.nearest_at, c.threshold::text AS threshold "
        "FROM watch w JOIN condition c ON c.id = w.condition "
        "WHERE w.pilot = $1 AND w.condition = ANY($2)",
        pilot.id, list(conditions),
    )  # fmt: skip
    found = {}
    for condition in conditions:
        own = [row for row in rows if row["condition"] == condition]
        threshold = threshold_of(msgspec.json.decode(own[0]["threshold"])) if own else None
        nearest = pick(threshold, own, pilot.pack) if threshold else None
        if nearest is not None:
            found[condition] = nearest
    return found
