"""Reads across all cases for the auditor and the administrator."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch

PAGE = 50


class TrailEvent(msgspec.Struct, frozen=True):
    """One line of the audit trail."""

    id: int
    case: UUID
    number: int
    at: datetime
    person_name: str
    event: str
    subject_kind: str
    subject: UUID
    facts: str
    hash: str


async def trail(
    *, case: UUID | None = None, event: str = "", before: int | None = None
) -> list[TrailEvent]:
    """The newest PAGE + 1 events before the id ``before``; the extra one tells of a next page.

    ``event`` matches the beginning of the event's name (``application.``).
    """
    rows = await fetch(
        'SELECT id, "case", number, at, person_name, event, subject_kind, subject, facts, '
        "encode(hash, 'hex') AS hash FROM audit_event "
        'WHERE ($1::uuid IS NULL OR "case" = $1) AND starts_with(event, $2) '
        "AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        case,
        event,
        before,
        PAGE + 1,
    )
    return [TrailEvent(**row) for row in rows]


class SealLine(msgspec.Struct, frozen=True):
    """One seal: the Merkle root over the heads that moved."""

    number: int
    at: datetime
    heads: int
    root: str
    hash: str


async def seals(limit: int = 10) -> list[SealLine]:
    """The newest seals, newest first."""
    rows = await fetch(
        "SELECT number, at, heads, encode(root, 'hex') AS root, encode(hash, 'hex') AS hash "
        "FROM audit_seal ORDER BY number DESC LIMIT $1",
        limit,
    )
    return [SealLine(**row) for row in rows]


class MailLine(msgspec.Struct, frozen=True):
    """A mail; ``text`` is ``None`` where its words are not for the reader, or gone."""

    id: UUID
    to: str
    subject: str
    text: str | None
    state: str
    made_at: datetime


async def mails(*, words: bool, to: str = "", limit: int = PAGE) -> list[MailLine]:
    """The newest mails (to addresses that contain ``to``), newest first.

    ``words`` says whether the reader may have those, too.
    """
    rows = await fetch(
        "SELECT id, \"to\", subject, CASE WHEN $3 THEN nullif(text, '') END AS text, "
        "state, made_at FROM mail "
        "WHERE strpos(\"to\", lower($1)) > 0 OR $1 = '' ORDER BY made_at DESC, id LIMIT $2",
        to,
        limit,
        words,
    )
    return [MailLine(**row) for row in rows]


class DeadJobLine(msgspec.Struct, frozen=True):
    """A job whose retries are used up."""

    id: UUID
    actor: str
    args: str
    error: str
    at: datetime
    resent_at: datetime | None


async def dead_jobs(limit: int = PAGE) -> list[DeadJobLine]:
    """The newest dead jobs, newest first."""
    rows = await fetch(
        "SELECT id, actor, args, error, at, resent_at FROM dead_job ORDER BY at DESC LIMIT $1",
        limit,
    )
    return [DeadJobLine(**row) for row in rows]
