"""The record of an incident: what was owed, what went in, and which mails were written."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.incidents.queries import Whole
from sandbox.incidents.tables import IncidentClock, IncidentReport


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A report that a regime wants, with the version that met it."""

    clock: IncidentClock
    report: IncidentReport | None

    @property
    def late(self) -> timedelta | None:
        """By how much it came late."""
        met = self.clock.met_at
        return met - self.clock.due_at if met is not None and met > self.clock.due_at else None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it was handed in. ``fingerprint``: SHA-256 of its text, in UTF-8."""

    report: IncidentReport
    clock: IncidentClock | None
    fingerprint: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail. ``state``: of the mail itself, which is forgotten after a while."""

    id: UUID
    at: datetime
    side: str
    to: str
    name: str
    subject: str
    state: str | None
    sent_at: datetime | None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; for the firm only the letters that went to the firm."""

    owed: list[Owed]
    sent: list[Sent]
    letters: list[Letter]


_LETTERS = """
SELECT n.id, n.at, n.side, n."to", n.name, n.subject, m.state, m.sent_at
FROM incident_notice n LEFT JOIN mail m ON m.id = n.mail
WHERE n.incident = $1 AND (n.side = 'firm' OR $2) ORDER BY n.at, n.side, n.name
"""


async def record_of(found: Whole) -> Record:
    """The record of an incident that was found for its reader."""
    reports = {one.clock: one for one in found.reports if one.clock is not None}
    clocks = {one.id: one for one in found.clocks}
    rows = await fetch(_LETTERS, found.incident.id, not found.pilot.firm)
    return Record(
        owed=[Owed(clock=one, report=reports.get(one.id)) for one in found.clocks],
        sent=[
            Sent(report=one, clock=clocks.get(one.clock), fingerprint=fingerprint(one.text))
            for one in found.reports
        ],
        letters=[Letter(**row) for row in rows],
    )


def fingerprint(text: str) -> str:
    """What tells one text from every other."""
    return hashlib.sha256(text.encode()).hexdigest()
