"""What the public sees: pilots that run or ran, by name only with consent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound

PAGE = 30


class Entry(msgspec.Struct, frozen=True):
    """A pilot in the register. ``organisation`` and ``title`` are empty without consent."""

    id: UUID
    reference: str
    organisation: str
    title: str
    lead_sector: str
    sectors: list[str]
    authority: str
    state: str
    outcome: str
    starts_on: date | None
    ends_on: date | None
    accepted_at: datetime


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the register is narrowed to; empty means all."""

    sector: str = ""
    state: str = ""
    text: str = ""


# Names leave the database only with consent, so no page can show others.
_ENTRY = """
SELECT p.id, p.reference, p.lead_sector, p.sectors, p.authority, p.state,
       coalesce(p.outcome, '') AS outcome, p.starts_on, p.ends_on, p.accepted_at,
       CASE WHEN p.register_consent THEN o.name ELSE '' END AS organisation,
       CASE WHEN p.register_consent THEN p.title ELSE '' END AS title
FROM pilot p JOIN organisation o ON o.id = p.organisation
"""


async def entries(filters: Filters, *, before: datetime | None = None) -> list[Entry]:
    """PAGE + 1 pilots accepted before ``before``, newest first.

    The text is looked for in what is shown, never in names without consent.
    """
    rows = await fetch(
        _ENTRY + "WHERE ($1 = '' OR p.lead_sector = $1) AND ($2 = '' OR p.state = $2) "
        "AND ($3 = '' OR p.reference ILIKE '%' || $3 || '%' OR (p.register_consent "
        "AND (o.name ILIKE '%' || $3 || '%' OR p.title ILIKE '%' || $3 || '%'))) "
        "AND ($4::timestamptz IS NULL OR p.accepted_at < $4) "
        "ORDER BY p.accepted_at DESC LIMIT $5",
        filters.sector, filters.state, filters.text, before, PAGE + 1,
    )  # fmt: skip
    return [Entry(**row) for row in rows]


class ReliefLine(msgspec.Struct, frozen=True):
    """A rule relaxed for a pilot."""

    rule: str
    relaxed: str
    scope: str
    from_on: date | None
    until_on: date | None
    authority: str


class Whole(msgspec.Struct, frozen=True):
    """One entry with its reliefs."""

    entry: Entry
    reliefs: list[ReliefLine]


async def entry(reference: str) -> Whole:
    """One pilot by its reference.

    :raises NotFound: there is none.
    """
    rows = await fetch(_ENTRY + "WHERE p.reference = $1", reference)
    if not rows:
        raise NotFound
    found = Entry(**rows[0])
    reliefs: list[dict[str, Any]] = await fetch(
        "SELECT rule, relaxed, scope, from_on, until_on, authority FROM relief "
        "WHERE pilot = $1 ORDER BY rule",
        found.id,
    )
    return Whole(found, [ReliefLine(**row) for row in reliefs])


class Numbers(msgspec.Struct, frozen=True):
    """The figures on the public home page."""

    pilots: int
    live: int
    lessons: int
    reports: int
    median_days: float | None


async def numbers() -> Numbers:
    """How many pilots, lessons and reports there are, and the median time to a decision.

    The register lists every pilot, so these counts tell nothing that it does not.
    """
    (row,) = await fetch(
        "SELECT (SELECT count(*) FROM pilot) AS pilots, "
        "(SELECT count(*) FROM pilot WHERE state = 'live') AS live, "
        "(SELECT count(*) FROM lesson WHERE state = 'published') AS lessons, "
        "(SELECT count(*) FROM report WHERE state = 'published') AS reports, "
        "(SELECT percentile_cont(0.5) WITHIN GROUP "
        "(ORDER BY extract(epoch FROM decided_at - complete_at) / 86400) "
        "FROM application WHERE decided_at IS NOT NULL AND complete_at IS NOT NULL) "
        "AS median_days"
    )
    return Numbers(**row)


class PublishedReport(msgspec.Struct, frozen=True):
    """A published report as the home page names it."""

    id: UUID
    title: dict[str, str]
    period_from: date
    period_to: date
    published_at: datetime


async def newest_reports(limit: int = 3) -> list[PublishedReport]:
    """The newest published reports."""
    rows = await fetch(
        "SELECT id, title::text AS title, period_from, period_to, published_at FROM report "
        "WHERE state = 'published' ORDER BY published_at DESC LIMIT $1",
        limit,
    )
    return [PublishedReport(**{**row, "title": msgspec.json.decode(row["title"])}) for row in rows]
