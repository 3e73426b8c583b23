"""How much of a pilot's caps is used."""

from __future__ import annotations

from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.framework.thresholds import Threshold
from sandbox.pilots.rules import UNBOUND

NEAR = 0.8
"""The share of a cap from which on it is near."""

# What is used is known above, so by its table: the value that the cap was last held to.
_CAPS = """
SELECT c.id, c.number, c.title::text AS title, c.threshold::text AS threshold,
       (SELECT max(w.value) FROM watch w WHERE w.condition = c.id) AS used
FROM condition c WHERE c.pilot = $1 AND c.kind = 'cap' AND c.threshold IS NOT NULL
AND c.state <> ALL($2) ORDER BY c.number
"""


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """A cap in force. ``used`` is empty until a figure has come."""

    id: UUID
    number: int
    title: dict[str, str]
    metric: str
    limit: float
    unit: str
    used: float | None

    @property
    def share(self) -> float:
        """The part of it that is used."""
        return self.used / self.limit if self.used and self.limit else 0.0

    @property
    def stands(self) -> str:
        """How it stands: ``over``, ``near``, ``within``, or ``unknown``."""
        if self.used is None:
            return "unknown"
        if self.used > self.limit:
            return "over"
        return "near" if self.share >= NEAR else "within"


async def caps(pilot_id: UUID) -> list[Cap]:
    """The caps of a pilot that a metric tells of, by their numbers."""
    found = []
    for row in await fetch(_CAPS, pilot_id, list(UNBOUND)):
        threshold = msgspec.json.decode(row["threshold"], type=Threshold)
        found.append(
            Cap(
                id=row["id"], number=row["number"], title=msgspec.json.decode(row["title"]),
                metric=threshold.metric, limit=threshold.limit, unit=threshold.unit,
                used=row["used"],
            )
        )  # fmt: skip
    return found
