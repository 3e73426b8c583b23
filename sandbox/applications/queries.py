"""Reads of cases for staff. The applicant's own reads are in ``applicant_queries``, the
reviewer's desk in ``reviewer_queries``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications import reading, rules
from sandbox.applications.tables import Application
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import may
from sandbox.foundation.web.pagination import Cursor, Page, keyset, paginate
from sandbox.framework import library
from sandbox.people.person import CASE_READERS, Person, Role

# Who sees what -----------------------------------------------------------------------------

_EVERYWHERE = frozenset({Role.CENTRAL, Role.AUDITOR, Role.SYSTEM})


def visible_to(person: Person, first: int) -> tuple[str, list[Any]]:
    """SQL over ``application a`` for the cases whose inside ``person`` may see, and its values
    from ``$first``: the one place that says so, for lists, pages, files and commands alike.

    A case of one's own firm is seen from the firm's side only, and one about which a conflict
    was declared not at all, whatever other roles are held. Whoever only reviews sees the cases
    they were asked to review, once they have declared.
    """
    if not person.is_any(*CASE_READERS, Role.SYSTEM):
        return "false", []
    mine = f'SELECT 1 FROM review m WHERE m."case" = a.id AND m.reviewer = ${first}'  # noqa: S608  (numbers)
    parts = [
        "a.state <> 'draft'",
        f"a.organisation IS DISTINCT FROM ${first + 1}::uuid",
        f"NOT EXISTS ({mine} AND m.state = 'declined_conflict')",
    ]
    values: list[Any] = [person.id, person.organisation]
    if not person.is_any(*_EVERYWHERE):
        parts.append(f"a.sectors && ${first + 2}::varchar[]")
        values.append(sorted(person.sectors))
        if only_reviews(person):
            parts.append(f"EXISTS ({mine} AND m.state IN ('reviewing', 'submitted'))")
    return " AND ".join(parts), values


def only_reviews(person: Person) -> bool:
    """Whether ``person`` comes to a case as a reviewer and as nothing else."""
    return not person.is_any(*CASE_READERS - {Role.REVIEWER}, Role.SYSTEM)


async def check_visible(person: Person, application_id: UUID) -> None:
    """Stop whoever may not see the inside of a case.

    :raises NotFound: it is not there, or not for them.
    """
    seen, values = visible_to(person, 2)
    query = f"SELECT 1 FROM application a WHERE a.id = $1 AND {seen}"  # noqa: S608  (no values in it)
    if not await fetch(query, application_id, *values):
        raise NotFound


async def without_conflict(application_id: UUID, people: Iterable[Person]) -> list[Person]:
    """Those of ``people`` who have declared no conflict in the case: only they are told what
    goes on in it."""
    rows = await fetch(
        "SELECT reviewer FROM review WHERE \"case\" = $1 AND state = 'declined_conflict'",
        application_id,
    )
    declared = {row["reviewer"] for row in rows}
    return [person for person in people if person.id not in declared]


# The queue ---------------------------------------------------------------------------------


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the queue is narrowed to; empty means all that are open."""

    q: str = ""
    state: str = ""
    sector: str = ""
    whose: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A case in the queue. ``due_at`` is the clock that runs in its state."""

    id: UUID
    reference: str
    title: str
    organisation: str
    lead_sector: str
    state: str
    state_since: datetime
    clock: str
    due_at: datetime | None
    stopped: bool
    officer: str
    reviews: int
    reviews_done: int
    sort: datetime
    rank: int = 0


_LINE = """
SELECT a.id, a.reference, a.title, o.name AS organisation, a.lead_sector, a.state, a.state_since,
       a.clock, a.due_at, a.state IN ('returned', 'awaiting_clarification') AS stopped,
       coalesce(f.name, '') AS officer,
       (SELECT count(*) FROM review r WHERE r."case" = a.id AND r.state <> 'declined_conflict')
         AS reviews,
       (SELECT count(*) FROM review r WHERE r."case" = a.id AND r.state = 'submitted')
         AS reviews_done,
       coalesce(a.decided_at, a.due_at, a.state_since) AS sort
FROM application a JOIN organisation o ON o.id = a.organisation
LEFT JOIN account f ON f.id = a.case_officer
"""
_SORT = "coalesce(a.decided_at, a.due_at, a.state_since)"


async def queue(person: Person, filters: Filters, cursor: Cursor | None) -> Page[Line]:
    """The cases that ``person`` may see: the open ones, the most urgent first; of another
    state the newest first."""
    seen, values = visible_to(person, 1)
    where, bound = _narrowed(person, filters, values)
    closed = filters.state in {"decided", "withdrawn", "lapsed", "all"}
    first = len(bound) + 1
    rank = "(a.state = '')::int" if closed else _rank(person)
    after, order, more = keyset((rank, _SORT, "a.id"), cursor, descending=closed, first=first)
    line = _LINE.replace("AS sort\n", f"AS sort, {rank} AS rank\n")
    rows = await fetch(
        f"{line} WHERE {seen} AND {where} AND {after} ORDER BY {order} LIMIT 26",
        *bound, *more,
    )  # fmt: skip
    lines = [Line(**row) for row in rows]
    return paginate(lines, cursor, key=lambda line: (line.rank, line.sort, line.id))


_LEADS = "a.lead_sector = ANY($3::varchar[])"
"""A case led by the person's own sectors, which ``visible_to`` puts third."""


def _decides(person: Person) -> bool:
    return person.is_any(Role.DECISION_MAKER) and not person.is_any(Role.CENTRAL, Role.AUDITOR)


def _rank(person: Person) -> str:
    """What comes first among open cases: for who decides those of their own sector to decide,
    for everyone the running clocks, and last those that wait for the applicant."""
    first = f"WHEN a.state = 'recommended' AND {_LEADS} THEN 0 " if _decides(person) else ""
    return f"CASE {first}WHEN a.state IN ('returned', 'awaiting_clarification') THEN 2 ELSE 1 END"


def _narrowed(person: Person, filters: Filters, values: list[Any]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    bound = list(values)

    def add(condition: str, value: Any) -> None:
        bound.append(value)
        parts.append(condition.replace("?", f"${len(bound)}"))

    if filters.state in rules.LIFE.states:
        add("a.state = ?", filters.state)
    elif filters.state != "all":
        parts.append("a.state IN ('submitted', 'screening', 'returned', 'in_review', "
                     "'awaiting_clarification', 'recommended', 'reconsidering')")  # fmt: skip
    if filters.sector:
        add("? = ANY(a.sectors)", filters.sector)
    if filters.whose == "mine":
        add("a.case_officer = ?", person.id)
    if filters.whose == "nobody":
        parts.append("a.case_officer IS NULL")
    if filters.q:
        add("(a.reference || ' ' || a.title || ' ' || o.name) ILIKE '%' || ? || '%'", filters.q)
    return " AND ".join(parts) or "true", bound


async def counts(person: Person) -> dict[str, int]:
    """How many open cases ``person`` sees in each state, and ``overdue`` ones among them; those
    to decide are the ones their own sector leads."""
    seen, values = visible_to(person, 1)
    if _decides(person):
        seen = f"{seen} AND (a.state <> 'recommended' OR {_LEADS})"
    rows = await fetch(
        "SELECT a.state, count(*) AS n, count(*) FILTER (WHERE a.due_at < now() AND a.state NOT IN "  # noqa: S608  (visible_to writes no values into its words)
        "('returned', 'awaiting_clarification')) AS overdue "
        f"FROM application a WHERE {seen} AND a.due_at IS NOT NULL AND a.state <> 'decided' "
        "GROUP BY a.state",
        *values,
    )
    found = {row["state"]: row["n"] for row in rows}
    return {**found, "overdue": sum(row["overdue"] for row in rows)}


# One case ----------------------------------------------------------------------------------


class ReviewLine(msgspec.Struct, frozen=True, kw_only=True):
    """A review as the officer and the decision maker see it. What it says is empty until it is
    submitted, and for whoever still owes a review of their own.
    """

    id: UUID
    reviewer: UUID
    reviewer_name: str
    state: str
    due_at: datetime | None
    submitted_at: datetime | None
    conflict: str
    scores: dict[str, int]
    comments: dict[str, str]
    comment: str
    recommendation: str


class ClarificationLine(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the applicant and its answer."""

    id: UUID
    question: str
    text: str
    asked_at: datetime
    due_at: datetime
    answer: str
    answered_name: str
    answered_at: datetime | None


class FileLine(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the case; ``attachment`` is its id where it answers a question."""

    href: str
    name: str
    size: int
    at: datetime
    attachment: UUID | None
    question: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the case's history, from the audit trail."""

    at: datetime
    by: str
    event: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the staff side of a case page shows."""

    id: UUID
    reference: str
    title: str
    organisation: str
    organisation_id: UUID
    lead_sector: str
    sectors: list[str]
    authority: str
    pack_version: str
    state: str
    state_since: datetime
    clock: str
    due_at: datetime | None
    stopped: bool
    submitted_at: datetime | None
    complete_at: datetime | None
    decided_at: datetime | None
    outcome: str
    version: int
    officer: str
    officer_id: UUID | None
    sections: list[reading.AnsweredSection]
    notes: list[dict[str, Any]]
    screening: dict[str, Any] | None
    reviews: list[ReviewLine]
    clarifications: list[ClarificationLine]
    recommendation: dict[str, Any] | None
    decision: dict[str, Any] | None
    letters: list[dict[str, Any]]
    files: list[FileLine]
    history: list[Event]
    pilot: UUID | None
    can: frozenset[str]


async def case(person: Person, application_id: UUID) -> Case:
    """One case in full for staff, in a fixed number of queries.

    :raises NotFound: it is not there, or not for them.
    """
    row = await _readable(person, application_id)
    blind = await _owes_review(person, row.id)
    pack = library.pack_of(row.pack_version)
    versions = await fetch(
        'SELECT answers::text AS answers FROM application_version WHERE "case" = $1 '
        "ORDER BY number DESC LIMIT 2",
        row.id,
    )
    answers = [msgspec.json.decode(version["answers"]) for version in versions]
    (facts,) = await fetch(
        "SELECT o.name AS organisation, coalesce(f.name, '') AS officer, "
        '(SELECT id FROM pilot WHERE "case" = $1) AS pilot '
        "FROM application a JOIN organisation o ON o.id = a.organisation "
        "LEFT JOIN account f ON f.id = a.case_officer WHERE a.id = $1",
        row.id,
    )
    return Case(
        id=row.id, reference=row.reference, title=row.title, lead_sector=row.lead_sector,
        sectors=row.sectors, authority=row.authority, pack_version=row.pack_version,
        state=row.state, state_since=row.state_since, clock=row.clock, due_at=row.due_at,
        stopped=row.state in {"returned", "awaiting_clarification"},
        submitted_at=row.submitted_at, complete_at=row.complete_at, decided_at=row.decided_at,
        outcome=row.outcome or "", version=row.version, officer_id=row.case_officer,
        organisation_id=row.organisation, **facts,
        sections=reading.in_words(
            pack, answers[0] if answers else {}, marks=row.marks,
            before=answers[1] if len(answers) > 1 else None,
        ),
        notes=await _notes(row.id), screening=await _screening(row.id),
        reviews=await reviews(
            row.id, blind=blind, of=person.id if blind and only_reviews(person) else None
        ),
        clarifications=await clarifications(row.id),
        recommendation=None if blind else await _recommendation(row.id),
        decision=await _decision(row.id),
        letters=await letters(row.id), files=await files_of(row.id),
        history=await history(row.id),
        can=frozenset(act for act in _ACTS if may(person, act, row)),
    )  # fmt: skip


_ACTS = (
    "take", "screen", "return", "accept", "assign", "ask", "recommend", "note", "decide",
    "send_back", "route", "message",
)  # fmt: skip


async def _readable(person: Person, application_id: UUID) -> Application:
    await check_visible(person, application_id)
    found: Application | None = (
        await Application.objects()
        .where(Application.id == application_id)
        .first()
        .output(load_json=True)
    )
    assert found is not None
    return found


async def _owes_review(person: Person, case_id: UUID) -> bool:
    """Whether ``person`` still owes a review of the case. Until it is in they judge by the
    application alone: no other review is loaded, nor what the officer made of them.
    """
    rows = await fetch(
        'SELECT 1 FROM review WHERE "case" = $1 AND reviewer = $2 '
        "AND state IN ('asked', 'reviewing')",
        case_id, person.id,
    )  # fmt: skip
    return bool(rows)


async def _notes(case_id: UUID) -> list[dict[str, Any]]:
    return await fetch(
        'SELECT author_name AS by, text, at FROM note WHERE "case" = $1 ORDER BY at DESC', case_id
    )


async def _screening(case_id: UUID) -> dict[str, Any] | None:
    rows = await fetch(
        "SELECT checks::text AS checks, reasons::text AS reasons, outcome, at, version "
        'FROM screening WHERE "case" = $1 ORDER BY at DESC LIMIT 1',
        case_id,
    )
    if not rows:
        return None
    decoded = {name: msgspec.json.decode(rows[0][name]) for name in ("checks", "reasons")}
    return {**rows[0], **decoded}


async def reviews(
    case_id: UUID, *, blind: bool = False, of: UUID | None = None
) -> list[ReviewLine]:
    """The reviews of a case, or that ``of`` one reviewer.

    What an unfinished one holds is left out; of a ``blind`` reader's, what any holds.
    """
    rows = await fetch(
        "SELECT r.id, r.reviewer, r.reviewer_name, r.state, r.due_at, r.submitted_at, r.conflict, "
        "coalesce(w.scores::text, '{}') AS scores, coalesce(w.comments::text, '{}') AS comments, "
        "coalesce(w.comment, '') AS comment, coalesce(w.recommendation, '') AS recommendation "
        "FROM review r LEFT JOIN review w ON w.id = r.id AND w.state = 'submitted' AND NOT $2 "
        'WHERE r."case" = $1 AND ($3::uuid IS NULL OR r.reviewer = $3) '
        "ORDER BY r.asked_at, r.reviewer_name",
        case_id, blind, of,
    )  # fmt: skip
    decoded = ("scores", "comments")
    return [
        ReviewLine(**{**row, **{name: msgspec.json.decode(row[name]) for name in decoded}})
        for row in rows
    ]


async def clarifications(case_id: UUID) -> list[ClarificationLine]:
    """What the applicant was asked, the newest first."""
    rows = await fetch(
        "SELECT id, question, text, asked_at, due_at, answer, answered_name, answered_at "
        'FROM clarification WHERE "case" = $1 ORDER BY asked_at DESC',
        case_id,
    )
    return [ClarificationLine(**row) for row in rows]


async def _recommendation(case_id: UUID) -> dict[str, Any] | None:
    rows = await fetch(
        'SELECT outcome, text, by_name AS by, at FROM recommendation WHERE "case" = $1 '
        "ORDER BY at DESC LIMIT 1",
        case_id,
    )
    return rows[0] if rows else None


async def _decision(case_id: UUID) -> dict[str, Any] | None:
    rows = await fetch(
        "SELECT d.outcome, d.text, d.months, d.decided_at, d.letter, a.name AS by, "
        "d.reasons::text AS reasons, d.conditions::text AS conditions, "
        "d.milestones::text AS milestones, d.reliefs::text AS reliefs "
        'FROM decision d LEFT JOIN account a ON a.id = d.decided_by WHERE d."case" = $1 '
        "ORDER BY d.decided_at DESC LIMIT 1",
        case_id,
    )
    if not rows:
        return None
    parts = ("reasons", "conditions", "milestones", "reliefs")
    return {**rows[0], **{part: msgspec.json.decode(rows[0][part]) for part in parts}}


async def letters(case_id: UUID) -> list[dict[str, Any]]:
    """What the applicant was told, the newest first."""
    return await fetch(
        'SELECT kind, subject, text, file, at FROM letter WHERE "case" = $1 ORDER BY at DESC',
        case_id,
    )


async def files_of(case_id: UUID) -> list[FileLine]:
    """The files that applicants attached to the case."""
    rows = await fetch(
        "SELECT '/files/' || s.id AS href, s.name, s.size, s.made_at AS at, "
        "t.id AS attachment, coalesce(t.question, '') AS question "
        "FROM stored_file s LEFT JOIN attachment t ON t.file = s.id "
        "WHERE s.\"case\" = $1 AND s.kind = 'upload' ORDER BY s.made_at DESC",
        case_id,
    )
    return [FileLine(**row) for row in rows]


async def history(case_id: UUID) -> list[Event]:
    """The last hundred events of the case."""
    rows = await fetch(
        'SELECT at, person_name AS by, event FROM audit_event WHERE "case" = $1 '
        "ORDER BY number DESC LIMIT 100",
        case_id,
    )
    return [Event(**row) for row in rows]
