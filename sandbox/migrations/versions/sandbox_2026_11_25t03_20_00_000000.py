"""Bring the points that were there into the partitioned table."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from sandbox.foundation.database import fetch
from sandbox.telemetry.tables import TABLES

ID = "2026-11-25T03:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Bring the points into the partitioned table"

_PARTITIONS = """
SELECT format('CREATE TABLE IF NOT EXISTS %1$s_%2$s PARTITION OF %1$s FOR VALUES FROM (%3$L) TO (%4$L)',
              t, to_char(m, 'YYYY_MM'), m::text || '+00', (m + interval '1 month')::text || '+00') AS made
FROM (SELECT generate_series(date_trunc('month', min(at) AT TIME ZONE 'UTC' - interval '2 days'),
                             date_trunc('month', max(at) AT TIME ZONE 'UTC'), '1 month') AS m
      FROM point_before) months, unnest(ARRAY['point', 'rollup']) AS t
"""


async def forwards() -> MigrationManager:
    """Copy them; what they mean was judged when they came."""
    manager = MigrationManager(migration_id=ID, app_name="sandbox", description=DESCRIPTION)

    async def copy() -> None:
        for statement in TABLES:
            await fetch(statement)
        for row in await fetch(_PARTITIONS):
            await fetch(row["made"])
        await fetch(
            "INSERT INTO series (pilot, metric, slice, aside, made_at) "
            "SELECT DISTINCT pilot, metric, slice, false, now() FROM point_before"
        )
        await fetch(
            "INSERT INTO point SELECT s.id, b.at, b.value, b.n, b.batch FROM point_before b "
            "JOIN series s USING (pilot, metric, slice)"
        )
        await fetch("DROP TABLE point_before")

    manager.add_raw(copy)
    return manager
