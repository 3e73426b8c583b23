"""Reads of evidence: what was handed in for a condition or a milestone, and what waits."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from sandbox.foundation import i18n
from sandbox.foundation.database import fetch
from sandbox.pilots.reporting import Facts
from sandbox.pilots.tables import Evidence


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence with its file."""

    id: UUID
    text: str
    file: UUID | None
    file_name: str
    file_size: int
    submitted_name: str
    submitted_at: datetime
    owed_on: date | None
    period_from: date | None
    period_until: date | None
    attested: bool
    kept: bool | None
    facts: Facts | None
    due_at: datetime
    verdict: str
    verdict_reason: str
    verdict_at: datetime | None

    @property
    def late(self) -> bool:
        """Whether it came after the day by which it was owed."""
        return self.owed_on is not None and i18n.local_date(self.submitted_at) > self.owed_on


async def evidence_of(subject: UUID) -> list[Shown]:
    """What was handed in for a condition or a milestone, the newest first."""
    rows = await fetch(
        "SELECT e.id, e.text, e.file, coalesce(f.name, '') AS file_name, "
        "coalesce(f.size, 0) AS file_size, e.submitted_name, e.submitted_at, e.owed_on, "
        "e.period_from, e.period_until, e.attested, e.kept, e.facts::text AS facts, e.due_at, "
        "e.verdict, e.verdict_reason, e.verdict_at FROM evidence e "
        "LEFT JOIN stored_file f ON f.id = e.file WHERE e.subject = $1 "
        "ORDER BY e.submitted_at DESC",
        subject,
    )
    return [Shown(**{**row, "facts": _facts(row["facts"])}) for row in rows]


def _facts(text: str | None) -> Facts | None:
    return msgspec.json.decode(text, type=Facts) if text else None


async def waiting_evidence(pilot_id: UUID) -> set[UUID]:
    """The conditions and milestones whose evidence waits to be judged."""
    rows = await Evidence.select(Evidence.subject).where(
        (Evidence.pilot == pilot_id) & (Evidence.verdict == "")
    )
    return {row["subject"] for row in rows}
