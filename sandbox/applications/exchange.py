"""Reads of what applicant and authority say to each other: messages, and reconsideration.

Both sides read the same; only to officials does a message tell who of them wrote it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from sandbox.applications import reconsideration
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.framework import library


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message. ``by`` is empty where the reader is not told who of the authority wrote it."""

    side: str
    by: str
    text: str
    at: datetime


async def messages(case_id: UUID, *, official: bool) -> list[Said]:
    """The messages of a case that the reader was allowed to read, the newest first."""
    rows = await fetch(
        "SELECT side, CASE WHEN $2 OR side = 'applicant' THEN author_name ELSE '' END AS by, "
        'text, at FROM message WHERE "case" = $1 ORDER BY at DESC LIMIT 200',
        case_id, official,
    )  # fmt: skip
    return [Said(**row) for row in rows]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked about a decision and, once there is one, the answer."""

    text: str
    asked_name: str
    asked_at: datetime
    verdict: str
    answer: str
    answered_at: datetime | None
    decided_by: UUID


async def asked(case_id: UUID) -> Asked | None:
    """The reconsideration that was asked for in a case, if there is one."""
    rows = await fetch(
        "SELECT r.text, r.asked_name, r.asked_at, r.verdict, r.answer, r.answered_at, "
        "d.decided_by FROM reconsideration r JOIN decision d ON d.id = r.decision "
        'WHERE r."case" = $1',
        case_id,
    )
    return Asked(**rows[0]) if rows else None


async def may_ask_until(case_id: UUID) -> datetime | None:
    """Until when the applicant may ask that the decision is looked at again; ``None``: not."""
    rows = await fetch(
        "SELECT d.decided_at, a.pack_version, a.authority, "
        'EXISTS (SELECT 1 FROM reconsideration r WHERE r."case" = a.id) AS before, '
        'EXISTS (SELECT 1 FROM pilot p WHERE p."case" = a.id) AS accepted '
        'FROM application a JOIN decision d ON d."case" = a.id '
        "WHERE a.id = $1 AND a.state = 'decided' ORDER BY d.decided_at DESC LIMIT 1",
        case_id,
    )
    if not rows:
        return None
    (row,) = rows
    pack = library.pack_of(row["pack_version"])
    last = reconsideration.last_moment(pack, row["decided_at"], row["authority"])
    try:
        reconsideration.check_askable(
            last, before=row["before"], accepted=row["accepted"], at=clock.now()
        )
    except RuleBroken:
        return None
    return last
