"""Give the incidents that there are their assessment, and their clocks a start and a limit."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from sandbox.foundation.database import fetch

ID = "2026-11-25T02:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Give the incidents that there are their assessment"

_ASSESSMENTS = """
INSERT INTO assessment (id, "case", incident, number, event, facts, aware_at, derived, severity,
    regimes_derived, regimes, reason, by, by_name, by_firm, at)
SELECT gen_random_uuid(), i."case", i.id, 1,
    CASE WHEN i.confirmed_at IS NULL THEN 'report' ELSE 'triage' END,
    i.facts || jsonb_build_object(
        'sectors', to_jsonb(p.sectors), 'harms_actual', to_jsonb(i.harms_actual),
        'harms_potential', to_jsonb(i.harms_potential), 'people_affected', i.people_affected,
        'breach', i.breach IS NOT NULL, 'condition_breached', i.breach IS NOT NULL,
        'drill', i.drill),
    i.aware_at, i.severity, i.severity, r.keys, r.keys, i.severity_reason, i.reported_by,
    CASE WHEN i.confirmed_at IS NULL THEN i.reported_name ELSE i.severity_by END,
    i.confirmed_at IS NULL AND i.source IN ('firm', 'machine'),
    coalesce(i.confirmed_at, i.reported_at)
FROM incident i JOIN pilot p ON p.id = i.pilot CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT c.regime), '{}') AS keys
    FROM incident_clock c WHERE c.incident = i.id) r
WHERE NOT EXISTS (SELECT 1 FROM assessment a WHERE a.incident = i.id)
"""

# The limit was not kept before: what lay between knowing and the day it was due stands for it.
_CLOCKS = """
UPDATE incident_clock c SET started_at = i.aware_at, "limit" = jsonb_build_object('amount',
    greatest(1, ceil(extract(epoch FROM c.due_at - i.aware_at) / 3600)::int), 'unit', 'hours')
FROM incident i WHERE i.id = c.incident AND c.started_at IS NULL
"""


async def _carry_over() -> None:
    await fetch(_ASSESSMENTS)
    await fetch(_CLOCKS)


async def forwards() -> MigrationManager:
    """Fill what the migration before this one made."""
    manager = MigrationManager(migration_id=ID, app_name="sandbox", description=DESCRIPTION)
    manager.add_raw(_carry_over)
    return manager
