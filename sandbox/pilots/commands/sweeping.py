"""What a pilot's clocks do by themselves: end the testing period, tell what is due or overdue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.work import Work, work_of
from sandbox.people.person import SYSTEM
from sandbox.pilots import promises
from sandbox.pilots.commands.changes import impose_due
from sandbox.pilots.commands.common import day_of, pack_of, tell_authority, tell_firm
from sandbox.pilots.commands.conditions import end_waiver
from sandbox.pilots.commands.life import begin_exit
from sandbox.pilots.commands.suspensions import escalate_suspension
from sandbox.pilots.tables import Condition, ExitReport, Milestone, Pilot

_OVER = "SELECT id FROM pilot WHERE state IN ('live', 'suspended') AND ends_on < $1"
_DUE = """
SELECT 'milestone' AS kind, m.id, m.pilot, m.due_on FROM milestone m JOIN pilot p ON p.id = m.pilot
WHERE m.state IN ('planned', 'returned') AND m.due_on <= $1 AND p.state IN ('live', 'suspended')
UNION ALL
SELECT 'condition', c.id, c.pilot, c.due_on FROM condition c JOIN pilot p ON p.id = c.pilot
WHERE c.state IN ('pending', 'in_force', 'breached', 'cured', 'escalated') AND c.due_on <= $1
AND p.state <> 'closed'
AND NOT EXISTS (SELECT FROM evidence e WHERE e.subject = c.id AND e.verdict = '')
UNION ALL
SELECT 'exit_report', e.id, e.pilot, e.due_at::date FROM exit_report e
WHERE e.state IN ('draft', 'returned') AND e.due_at::date <= $1
"""
_UNDECIDED = (
    "SELECT id FROM suspension WHERE state = 'proposed' AND decide_by < $1 AND escalated_at IS NULL"
)
_WAIVED = "SELECT id FROM condition WHERE state = 'waived' AND waived_until < $1"
_TABLES: dict[str, Any] = {
    "milestone": Milestone,
    "condition": Condition,
    "exit_report": ExitReport,
}


async def sweep() -> int:
    """See to every running pilot; how many were ended or told something now.

    Each is a work of its own, and what was told is told once: a second run finds nothing.
    """
    # Where it is latest it may be tomorrow already; each work looks at its own jurisdiction's day.
    latest = (clock.now() + timedelta(days=1)).date()
    ended = [await _end(row["id"]) for row in await fetch(_OVER, latest)]
    due = await fetch(_DUE, clock.now().date() + promises.SOON)
    told = [await _tell_due(row) for row in due]
    late = [row["id"] for row in await fetch(_UNDECIDED, clock.now())]
    escalated = [await escalate_suspension(suspension) for suspension in late]
    over = [await end_waiver(row["id"]) for row in await fetch(_WAIVED, latest)]
    return sum([*ended, *told, *escalated, *over, await impose_due(latest)])


async def _end(pilot_id: UUID) -> bool:
    """End a testing period whose last day is over, in the jurisdiction's own days; whether it
    was."""
    pilot = await Pilot.objects().get(Pilot.id == pilot_id)
    if pilot is None or pilot.ends_on is None:
        return False
    if day_of(pack_of(pilot), clock.now()) <= pilot.ends_on:
        return False
    await begin_exit(SYSTEM, pilot_id)
    return True


async def _tell_due(row: dict[str, Any]) -> bool:
    """Tell the firm that something is near, and both sides that it is overdue: once each."""
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, row["pilot"])
        late = row["due_on"] < day_of(pack_of(pilot), work.now)
        stage = "overdue" if late else "near"
        if not await work.once(f"{row['kind']}:{row['id']}:{row['due_on']}:{stage}"):
            return False
        subject = await work.lock(_TABLES[row["kind"]], row["id"])
        await _tell(work, pilot, f"{row['kind']}_{stage}", subject, late=late)
        return True


async def _tell(work: Work, pilot: Pilot, template: str, subject: Any, *, late: bool) -> None:
    await tell_firm(work, pilot, template, subject=subject, report=subject)
    if late:
        await tell_authority(work, pilot, template, subject=subject, report=subject)
