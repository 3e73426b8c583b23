"""Reads of lessons: the library for everybody, the desk for those who write and clear."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import allow, may
from sandbox.lessons import rules
from sandbox.lessons.policy import READ_ADOPTIONS, writes_for
from sandbox.lessons.tables import Lesson
from sandbox.people.person import Person, Role

PAGE = 30


class Line(msgspec.Struct, frozen=True):
    """A lesson in a list."""

    id: UUID
    number: str
    sector: str
    title: dict[str, str]
    kind: str
    theme: str
    principle: str
    vulnerabilities: list[str]
    strength: str
    state: str
    published_at: datetime | None
    adopted: int
    adapted: int


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the library is narrowed to; empty means all."""

    sector: str = ""
    theme: str = ""
    kind: str = ""
    vulnerability: str = ""
    text: str = ""


_LINE = """
SELECT l.id, l.number, l.sector, l.kind, l.theme, l.principle, l.vulnerabilities, l.strength,
       l.state, l.published_at,
       (SELECT jsonb_object_agg(t.key, t.value->>'title')
        FROM jsonb_each(l.texts) t)::text AS title,
       count(a.id) FILTER (WHERE a.verdict = 'adopted') AS adopted,
       count(a.id) FILTER (WHERE a.verdict = 'adapted') AS adapted
FROM lesson l LEFT JOIN adoption a ON a.lesson = l.id
"""


def _line(row: dict[str, Any]) -> Line:
    return Line(**{**row, "title": msgspec.json.decode(row["title"] or "{}")})


async def library(filters: Filters, *, before: datetime | None = None) -> list[Line]:
    """Published lessons, newest first: PAGE + 1 of those published before ``before``.

    No source of a lesson is read here, so that no page of the library can show one.
    """
    rows = await fetch(
        _LINE + "WHERE l.state = 'published' AND ($1 = '' OR l.sector = $1) "
        "AND ($2 = '' OR l.theme = $2) AND ($3 = '' OR l.kind = $3) "
        "AND ($4 = '' OR $4 = ANY(l.vulnerabilities)) "
        "AND ($5 = '' OR l.texts::text ILIKE '%' || $5 || '%') "
        "AND ($6::timestamptz IS NULL OR l.published_at < $6) "
        "GROUP BY l.id ORDER BY l.published_at DESC LIMIT $7",
        filters.sector, filters.theme, filters.kind, filters.vulnerability, filters.text,
        before, PAGE + 1,
    )  # fmt: skip
    return [_line(row) for row in rows]


async def desk(person: Person) -> list[Line]:
    """Lessons on their way to the library that ``person`` may see, oldest first."""
    everywhere = person.is_any(Role.CENTRAL, Role.AUDITOR)
    rows = await fetch(
        _LINE + "WHERE l.state IN ('draft', 'cleared') AND ($1 OR l.sector = ANY($2::text[])) "
        "GROUP BY l.id ORDER BY l.state_since LIMIT 100",
        everywhere, sorted(person.sectors),
    )  # fmt: skip
    return [_line(row) for row in rows]


class AdoptionLine(msgspec.Struct, frozen=True):
    """What one sector made of a lesson."""

    sector: str
    authority: str
    verdict: str
    how: str
    at: datetime


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson with its adoptions, without its source."""

    id: UUID
    number: str
    sector: str
    texts: dict[str, dict[str, str]]
    kind: str
    principle: str
    theme: str
    vulnerabilities: list[str]
    strength: str
    may_transfer_to: list[str]
    state: str
    published_at: datetime | None
    is_author: bool
    may_clear: bool
    may_adopt: bool
    adoptions: list[AdoptionLine]
    related: list[Line]
    newer: Line | None
    may_supersede: bool


async def lesson(person: Person, lesson_id: UUID) -> Whole:
    """One lesson as ``person`` may see it.

    :raises NotFound: it is not there, or not for them.
    """
    row = await _without_source(lesson_id)
    allow(person, "read", row)
    return Whole(
        id=row.id, number=row.number, sector=row.sector, texts=row.texts, kind=row.kind,
        principle=row.principle, theme=row.theme, vulnerabilities=row.vulnerabilities,
        strength=row.strength, may_transfer_to=row.may_transfer_to, state=row.state,
        published_at=row.published_at,
        is_author=person.signed_in and row.author == person.id,
        may_clear=row.state in {"draft", "cleared"} and may(person, "clear", row),
        may_adopt=row.state == "published" and may(person, "adopt", row),
        adoptions=await _adoptions(lesson_id, words=READ_ADOPTIONS.allows(person)),
        related=await _related(row),
        newer=await _newer(row),
        may_supersede=row.state == "published" and may(person, "supersede", row),
    )  # fmt: skip


async def _without_source(lesson_id: UUID) -> Lesson:
    """A lesson without the case that it comes from, so that no page of it can tell.

    :raises NotFound: there is none.
    """
    columns = [c for c in Lesson.all_columns() if c is not Lesson.source_case]
    rows = await Lesson.select(*columns).where(Lesson.id == lesson_id).output(load_json=True)
    if not rows:
        raise NotFound
    return Lesson(**rows[0], _ignore_missing=True)


async def _adoptions(lesson_id: UUID, *, words: bool) -> list[AdoptionLine]:
    """What sectors made of it; their own ``words`` were cleared by nobody and stay inside."""
    rows = await fetch(
        "SELECT sector, authority, verdict, CASE WHEN $2 THEN how ELSE '' END AS how, at "
        "FROM adoption WHERE lesson = $1 ORDER BY at",
        lesson_id, words,
    )  # fmt: skip
    return [AdoptionLine(**row) for row in rows]


async def _newer(row: Lesson) -> Line | None:
    """The lesson that took its place."""
    if row.superseded_by is None:
        return None
    rows = await fetch(_LINE + "WHERE l.id = $1 GROUP BY l.id", row.superseded_by)
    return _line(rows[0])


async def in_library(but: UUID) -> list[Line]:
    """Every published lesson but one, the newest first: to choose from."""
    rows = await fetch(
        _LINE + "WHERE l.state = 'published' AND l.id <> $1 "
        "GROUP BY l.id ORDER BY l.published_at DESC",
        but,
    )
    return [_line(row) for row in rows]


async def _related(row: Lesson) -> list[Line]:
    """Published lessons of other sectors that share a weakness: shared vulnerabilities."""
    rows = await fetch(
        _LINE + "WHERE l.state = 'published' AND l.id <> $1 "
        "AND l.vulnerabilities && $2::varchar[] GROUP BY l.id "
        "ORDER BY (l.sector <> $3) DESC, l.published_at DESC LIMIT 4",
        row.id, row.vulnerabilities, row.sector,
    )  # fmt: skip
    return [_line(line) for line in rows]


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """The case behind a lesson, for those who write or clear it."""

    case: UUID
    pilot: UUID | None
    reference: str
    title: str
    outcome: str
    breaches: int
    incidents: int
    milestones_accepted: int
    milestones: int


async def beside(case: UUID) -> Beside | None:
    """The facts of ``case`` that a writer wants beside the text."""
    rows = await fetch(
        'SELECT p."case", p.id AS pilot, p.reference, p.title, '
        "coalesce(p.outcome, '') AS outcome, "
        '(SELECT count(*) FROM breach b WHERE b."case" = p."case") AS breaches, '
        '(SELECT count(*) FROM incident i WHERE i."case" = p."case") AS incidents, '
        "(SELECT count(*) FROM milestone m WHERE m.pilot = p.id AND m.state = 'accepted') "
        "AS milestones_accepted, "
        "(SELECT count(*) FROM milestone m WHERE m.pilot = p.id) AS milestones "
        'FROM pilot p WHERE p."case" = $1',
        case,
    )
    return Beside(**rows[0]) if rows else None


async def source_of(person: Person, lesson_id: UUID) -> Beside | None:
    """The case behind a lesson, for those who may write or clear it; nobody else."""
    row = await Lesson.objects().where(Lesson.id == lesson_id).first()
    if row is None:
        raise NotFound
    allow(person, "clear", row)
    return await beside(row.source_case)


async def names_in_case(case: UUID) -> list[rules.Name]:
    """The names of everybody and everything in ``case`` that a lesson must not mention."""
    rows = await fetch(
        "SELECT o.name, 'organisation' AS what FROM pilot p JOIN organisation o "
        'ON o.id = p.organisation WHERE p."case" = $1 '
        "UNION ALL SELECT p.title, 'pilot' FROM pilot p WHERE p.\"case\" = $1 "
        "UNION ALL SELECT a.name, 'person' FROM pilot p JOIN membership m "
        "ON m.organisation = p.organisation JOIN account a ON a.id = m.account "
        'WHERE p."case" = $1',
        case,
    )
    common = await _common_words() if rows else frozenset()
    makers = {
        "organisation": lambda name: rules.organisation_name(name, common),
        "pilot": rules.pilot_title,
        "person": rules.person_name,
    }
    return [makers[row["what"]](row["name"]) for row in rows]


_MANY_FIRMS = 3


async def _common_words() -> frozenset[str]:
    """Words in the names of several firms: they tell none of them apart."""
    rows = await fetch(
        "SELECT lower(word) AS word FROM organisation, regexp_split_to_table(name, '\\W+') word "
        "GROUP BY 1 HAVING count(DISTINCT organisation.id) >= $1",
        _MANY_FIRMS,
    )
    return frozenset(row["word"] for row in rows)


async def marks(lesson_id: UUID) -> tuple[rules.Mark, ...]:
    """What in a lesson may identify somebody; the caller has been allowed to clear it."""
    row = await Lesson.objects().where(Lesson.id == lesson_id).first().output(load_json=True)
    if row is None:
        raise NotFound
    return rules.marks(row.texts, await names_in_case(row.source_case))


async def beside_pilot(person: Person, pilot: UUID | None) -> Beside | None:
    """The facts of a pilot's case for somebody who may draft a lesson from it."""
    rows = await fetch('SELECT "case", sectors FROM pilot WHERE id = $1', pilot)
    if not rows or not writes_for(person, rows[0]["sectors"]):
        return None
    return await beside(rows[0]["case"])
