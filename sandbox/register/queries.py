"""What the public sees: pilots that run or ran, by name only with consent."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.web.pagination import SIZE, Cursor, Page, keyset, paginate
from sandbox.framework import library
from sandbox.framework.questions import Feed


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
_FITS = """
WHERE ($1 = '' OR p.lead_sector = $1 OR $1 = ANY(p.sectors)) AND ($2 = '' OR p.state = $2)
  AND ($3 = '' OR p.reference ILIKE $3 OR (p.register_consent
       AND (o.name ILIKE $3 OR p.title ILIKE $3)))
"""


async def entries(filters: Filters, cursor: Cursor | None = None) -> Page[Entry]:
    """A page of pilots, the newest admitted first.

    The text is looked for in what is shown, never in names without consent.
    """
    where, order, values = keyset(("p.accepted_at", "p.id"), cursor, first=4)
    rows = await fetch(
        f"{_ENTRY} {_FITS} AND {where} ORDER BY {order} LIMIT {SIZE + 1}",
        filters.sector, filters.state, _anywhere(filters.text), *values,
    )  # fmt: skip
    found = [Entry(**row) for row in rows]
    return paginate(found, cursor, key=lambda entry: (entry.accepted_at, entry.id))


def _anywhere(words: str) -> str:
    """A pattern for ILIKE that finds ``words`` as they are typed."""
    plain = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{plain}%" if plain else ""


async def count(filters: Filters) -> int:
    """How many pilots fit."""
    (row,) = await fetch(
        f"SELECT count(*) AS n FROM ({_ENTRY} {_FITS}) AS found",  # noqa: S608
        filters.sector, filters.state, _anywhere(filters.text),
    )  # fmt: skip
    return int(row["n"])


class ReliefLine(msgspec.Struct, frozen=True):
    """A rule relaxed for a pilot. Without consent the firm's own words are left out."""

    rule: str
    relaxed: str
    scope: str
    replacement: str
    from_on: date | None
    until_on: date | None
    authority: str


class Promise(msgspec.Struct, frozen=True):
    """A condition by its title. ``template``: in the pack's library, which anybody may read."""

    template: str
    title: dict[str, str]


class Whole(msgspec.Struct, frozen=True):
    """One entry with its reliefs and conditions.

    ``summary``: what the pilot does, in the firm's words, where it agreed to that. ``written``:
    how many more conditions were written for this pilot alone; without consent their titles
    stay in the case, for they may tell who it is.
    """

    entry: Entry
    summary: str
    reliefs: list[ReliefLine]
    promises: list[Promise]
    written: int


_RELIEFS = """
SELECT r.rule, r.from_on, r.until_on, r.authority,
       CASE WHEN p.register_consent THEN r.relaxed ELSE '' END AS relaxed,
       CASE WHEN p.register_consent THEN r.scope ELSE '' END AS scope,
       CASE WHEN p.register_consent THEN r.replacement ELSE '' END AS replacement
FROM relief r JOIN pilot p ON p.id = r.pilot WHERE p.id = $1 ORDER BY r.rule
"""


async def entry(reference: str) -> Whole:
    """One pilot by its reference.

    :raises NotFound: there is none.
    """
    rows = await fetch(_ENTRY + "WHERE p.reference = $1", reference)
    if not rows:
        raise NotFound
    found = Entry(**rows[0])
    reliefs = await fetch(_RELIEFS, found.id)
    kept = await fetch(
        "SELECT c.template, CASE WHEN c.template <> '' OR p.register_consent "
        "THEN c.title::text ELSE '' END AS title FROM condition c JOIN pilot p ON p.id = c.pilot "
        "WHERE p.id = $1 AND c.state <> 'waived' ORDER BY c.number",
        found.id,
    )
    return Whole(
        found,
        await _summary(found.id),
        [ReliefLine(**row) for row in reliefs],
        [
            Promise(row["template"], msgspec.json.decode(row["title"]))
            for row in kept
            if row["title"]
        ],
        sum(not row["title"] for row in kept),
    )  # fmt: skip


async def _summary(pilot: UUID) -> str:
    """What the firm agreed to have shown; nothing of an answer that it marked confidential."""
    rows = await fetch(
        "SELECT v.answers::text AS answers, a.marks::text AS marks, p.pack_version "
        'FROM pilot p JOIN application a ON a.id = p."case" '
        'JOIN application_version v ON v."case" = a.id AND v.number = a.version '
        "WHERE p.id = $1 AND p.register_consent",
        pilot,
    )
    if not rows:
        return ""
    form = library.pack_of(rows[0]["pack_version"]).form
    marks = msgspec.json.decode(rows[0]["marks"])
    asked = form.feeding(Feed.SUMMARY)
    if asked is None or marks.get(asked.key):
        return ""
    return str(form.answer(Feed.SUMMARY, msgspec.json.decode(rows[0]["answers"])) or "")


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
