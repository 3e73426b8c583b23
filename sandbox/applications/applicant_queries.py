"""Reads for the applicant's pages.

No query here names the tables of notes, reviews, screenings or recommendations, so no
applicant's page can show them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications import answers as forms
from sandbox.applications import reading
from sandbox.applications.tables import Application
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import allow, may
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.people.person import Person


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An application on the list of its organisation. ``asked``: questions that wait."""

    id: UUID
    reference: str
    title: str
    lead_sector: str
    state: str
    outcome: str
    due_at: datetime | None
    submitted_at: datetime | None
    saved_at: datetime | None
    asked: int
    pilot: UUID | None
    pilot_state: str

    @property
    def told_state(self) -> str:
        """The state as the applicant is told it."""
        if self.state == "lapsed":
            return self.state
        decided = "" if self.state == "reconsidering" else self.outcome
        return self.pilot_state or decided or told_state(self.state)


def told_state(state: str) -> str:
    """That the officer has recommended something is between officials until it is decided."""
    return "in_review" if state == "recommended" else state


async def mine(person: Person) -> list[Line]:
    """The applications of the person's organisation: what waits for them first."""
    rows = await fetch(
        "SELECT a.id, a.reference, a.title, a.lead_sector, a.state, "
        "coalesce(a.outcome, '') AS outcome, a.due_at, a.submitted_at, a.saved_at, "
        '(SELECT count(*) FROM clarification c WHERE c."case" = a.id '
        "AND c.answered_at IS NULL) AS asked, p.id AS pilot, "
        "coalesce(p.state, '') AS pilot_state "
        'FROM application a LEFT JOIN pilot p ON p."case" = a.id WHERE a.organisation = $1 '
        "ORDER BY a.state IN ('withdrawn', 'lapsed'), "
        "a.state NOT IN ('draft', 'returned', 'awaiting_clarification'), a.state_since DESC "
        "LIMIT 200",
        person.organisation,
    )
    return [Line(**row) for row in rows]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the authority asked. Who asked is not told."""

    id: UUID
    question: str
    text: str
    asked_at: datetime
    due_at: datetime
    answer: str
    answered_name: str
    answered_at: datetime | None


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file attached to a question; ``id`` is the attachment's."""

    id: UUID
    question: str
    href: str
    name: str
    size: int
    at: datetime

    @property
    def attachment(self) -> UUID:
        """The attachment that ``answers`` name."""
        return self.id


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the applicant was told."""

    kind: str
    subject: str
    text: str
    file: UUID | None
    at: datetime


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The decision as the applicant reads it."""

    outcome: str
    text: str
    reasons: list[str]
    months: int
    decided_at: datetime
    letter: UUID | None


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """An application as its organisation sees it."""

    id: UUID
    reference: str
    title: str
    lead_sector: str
    authority: str
    pack_version: str
    state: str
    clock: str
    due_at: datetime | None
    stopped: bool
    saved_at: datetime | None
    submitted_at: datetime | None
    version: int
    answers: dict[str, Any]
    marks: dict[str, Any]
    sections: list[forms.SectionState]
    questions: list[Question]
    files: list[File]
    letters: list[Told]
    decision: Outcome | None
    pilot: UUID | None
    editable: bool
    may_edit: bool

    @property
    def complete(self) -> int:
        """How many sections are done."""
        return sum(one.state in {"complete", "optional"} for one in self.sections)

    @property
    def told_state(self) -> str:
        """The state as the applicant is told it."""
        if self.decision is not None and self.state not in {"lapsed", "reconsidering"}:
            return self.decision.outcome
        return told_state(self.state)

    @property
    def waiting(self) -> list[Question]:
        """The questions that wait for an answer."""
        return [one for one in self.questions if one.answered_at is None]


async def one(person: Person, application_id: UUID) -> Mine:
    """One application of the person's organisation, in a fixed number of queries.

    :raises NotFound: it is not there, or not theirs.
    """
    row = await Application.objects().get(Application.id == application_id).output(load_json=True)
    if row is None or not person.belongs_to(row.organisation):
        raise NotFound
    allow(person, "read", row)
    pack = library.pack_of(row.pack_version)
    pilots = await fetch('SELECT id FROM pilot WHERE "case" = $1', row.id)
    return Mine(
        id=row.id, reference=row.reference, title=row.title, lead_sector=row.lead_sector,
        authority=row.authority, pack_version=row.pack_version, state=row.state,
        clock=row.clock, due_at=row.due_at,
        stopped=row.state in {"returned", "awaiting_clarification"}, saved_at=row.saved_at,
        submitted_at=row.submitted_at, version=row.version, answers=row.answers,
        marks=row.marks, sections=forms.section_states(pack, row.answers),
        questions=await _questions(row.id), files=await _files(row.id),
        letters=await _letters(row.id), decision=await _decision(row.id, pack),
        pilot=pilots[0]["id"] if pilots else None,
        editable=row.state in {"draft", "returned"} and may(person, "edit", row),
        may_edit=may(person, "edit", row),
    )  # fmt: skip


async def _questions(case_id: UUID) -> list[Question]:
    rows = await fetch(
        "SELECT id, question, text, asked_at, due_at, answer, answered_name, answered_at "
        'FROM clarification WHERE "case" = $1 ORDER BY asked_at',
        case_id,
    )
    return [Question(**row) for row in rows]


async def _files(case_id: UUID) -> list[File]:
    rows = await fetch(
        "SELECT t.id, t.question, '/files/' || s.id AS href, s.name, s.size, s.made_at AS at "
        'FROM attachment t JOIN stored_file s ON s.id = t.file WHERE t."case" = $1 '
        "ORDER BY t.made_at",
        case_id,
    )
    return [File(**row) for row in rows]


async def _letters(case_id: UUID) -> list[Told]:
    rows = await fetch(
        'SELECT kind, subject, text, file, at FROM letter WHERE "case" = $1 ORDER BY at DESC',
        case_id,
    )
    return [Told(**row) for row in rows]


async def _decision(case_id: UUID, pack: Pack) -> Outcome | None:
    rows = await fetch(
        "SELECT outcome, text, reasons::text AS reasons, months, decided_at, letter "
        'FROM decision WHERE "case" = $1 ORDER BY decided_at DESC LIMIT 1',
        case_id,
    )
    if not rows:
        return None
    keys = msgspec.json.decode(rows[0]["reasons"])
    return Outcome(**{**rows[0], "reasons": [str(pack.reason(key).text) for key in keys]})


def in_words(application: Mine) -> list[reading.AnsweredSection]:
    """The answers as people read them."""
    pack = library.pack_of(application.pack_version)
    return reading.in_words(pack, application.answers, marks=application.marks)
