"""What a pilot's plan expects of a machine, and what of it has come."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sandbox.foundation.database import fetch
from sandbox.framework.conditions import Cadence
from sandbox.framework.words import CADENCE_NAMES
from sandbox.pilots.queries import Head, metrics
from sandbox.pilots.tables import Metric

_CAME = """
SELECT s.metric, s.aside, max(b.received_at) AS came FROM series s
JOIN LATERAL (SELECT batch FROM point WHERE series = s.id ORDER BY at DESC LIMIT 1) p ON true
JOIN batch b ON b.id = p.batch WHERE s.pilot = $1 GROUP BY s.metric, s.aside
"""
"""When the newest figure of each name came."""
_OFTEN = {one.seconds: words for one, words in CADENCE_NAMES.items()}


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as its sender needs to know it. ``came``: when its newest figure did."""

    metric: Metric
    name: str
    description: str
    unit: str
    often: str
    came: datetime | None


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected, with what has come of it. ``asides``: how many other names came."""

    expected: list[Expected]
    asides: int

    @property
    def here(self) -> int:
        """How many metrics have come at least once."""
        return sum(one.came is not None for one in self.expected)


async def arrivals(pilot: Head) -> Arrivals:
    """What the plan measures and whether it has come, in two queries."""
    rows = await fetch(_CAME, pilot.id)
    came = {row["metric"]: row["came"] for row in rows if not row["aside"]}
    own = {one.key: one for one in pilot.pack.metrics}
    units = {one.key: str(one.name) for one in pilot.pack.measures.units}
    return Arrivals(
        expected=[
            Expected(
                metric=one, name=str(own[one.key].name) if one.key in own else one.name,
                description=str(own[one.key].description) if one.key in own else "",
                unit=units.get(one.unit, one.unit),
                often=_OFTEN.get(one.cadence_seconds, CADENCE_NAMES[Cadence.DAILY]),
                came=came.get(one.key),
            )
            for one in await metrics(pilot.id)
        ],
        asides=sum(row["aside"] for row in rows),
    )  # fmt: skip
