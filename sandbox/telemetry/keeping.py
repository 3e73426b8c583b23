"""Keeping points for as long as the pack says: partitions made ahead and dropped by month."""

from __future__ import annotations

from datetime import timedelta

from sandbox.foundation import clock
from sandbox.foundation.database import fetch, transaction
from sandbox.framework import library
from sandbox.telemetry import store

AHEAD = timedelta(days=62)


async def keep_partitions() -> list[str]:
    """Make the partitions of the coming months and drop what is kept no longer; what was dropped.

    A month of points is dropped as a table. Hourly roll-ups are removed row by row, since the
    daily ones that lie beside them stay.
    """
    now = clock.now()
    terms = library.current().telemetry
    await store.make_room(now, now + AHEAD)
    async with transaction():
        dropped = await store.drop_before("point", now - timedelta(days=terms.keep_points_days))
        oldest = now - timedelta(days=terms.keep_hours_days)
        await fetch("DELETE FROM rollup WHERE level < 2 AND at < $1", oldest)
    return dropped
