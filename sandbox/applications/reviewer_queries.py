"""Reads for a reviewer's desk: what was asked of one, and a review with what it is about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from sandbox.applications import queries, reading
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.framework import library
from sandbox.people.person import Person


class MyReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review on its reviewer's list."""

    id: UUID
    case: UUID
    reference: str
    title: str
    organisation: str
    lead_sector: str
    state: str
    asked_at: datetime
    due_at: datetime | None
    submitted_at: datetime | None


async def my_reviews(person: Person) -> list[MyReview]:
    """The reviews that ``person`` was asked for: open ones first, the most urgent first."""
    rows = await fetch(
        'SELECT r.id, r."case", a.reference, a.title, o.name AS organisation, a.lead_sector, '
        "r.state, r.asked_at, r.due_at, r.submitted_at FROM review r "
        'JOIN application a ON a.id = r."case" JOIN organisation o ON o.id = a.organisation '
        "WHERE r.reviewer = $1 "
        "ORDER BY r.state IN ('submitted', 'declined_conflict'), r.due_at LIMIT 200",
        person.id,
    )
    return [MyReview(**row) for row in rows]


class ReviewDesk(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer's desk: the case (empty until declared) and the review as it stands."""

    id: UUID
    case: UUID
    reference: str
    title: str
    organisation: str
    lead_sector: str
    pack_version: str
    state: str
    due_at: datetime | None
    conflict: str
    scores: dict[str, int]
    comments: dict[str, str]
    comment: str
    recommendation: str
    sections: list[reading.AnsweredSection]
    files: list[queries.FileLine]
    others: list[queries.ReviewLine]


async def review_desk(person: Person, review_id: UUID) -> ReviewDesk:
    """A review with what its reviewer may read: nothing of the case before the declaration,
    the other reviews only after their own is in.

    :raises NotFound: there is none such, or it is somebody else's.
    """
    rows = await fetch(
        'SELECT r.id, r."case", r.state, r.due_at, r.conflict, r.scores::text AS scores, '
        "r.comments::text AS comments, r.comment, r.recommendation, a.reference, a.title, "
        "a.lead_sector, a.pack_version, o.name AS organisation, a.marks::text AS marks, "
        '(SELECT v.answers::text FROM application_version v WHERE v."case" = a.id '
        "ORDER BY v.number DESC LIMIT 1) AS answers "
        'FROM review r JOIN application a ON a.id = r."case" '
        "JOIN organisation o ON o.id = a.organisation WHERE r.id = $1 AND r.reviewer = $2",
        review_id, person.id,
    )  # fmt: skip
    if not rows:
        raise NotFound
    row = rows[0]
    answers, marks = row.pop("answers"), msgspec.json.decode(row.pop("marks"))
    for name in ("scores", "comments"):
        row[name] = msgspec.json.decode(row[name])
    declared = row["state"] in {"reviewing", "submitted"}
    pack = library.pack_of(row["pack_version"])
    shown = msgspec.json.decode(answers or "{}") if declared else None
    others = await queries.reviews(row["case"]) if row["state"] == "submitted" else []
    return ReviewDesk(
        **row,
        sections=reading.in_words(pack, shown, marks=marks) if shown is not None else [],
        files=await queries.files_of(row["case"]) if declared else [],
        others=[one for one in others if one.id != review_id and one.state == "submitted"],
    )
