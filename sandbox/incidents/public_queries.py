"""Reads of what the public told: by its tracking number, and as the authority's queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.web.pagination import Cursor, Page, keyset, paginate
from sandbox.incidents import public_rules
from sandbox.incidents.public_tables import PublicContact, PublicReport
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.pilots.rules import TESTING

# What anybody may see -------------------------------------------------------------------------


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot as the register names it: its title only with the firm's consent."""

    reference: str
    title: str
    authority: str
    state: str

    @property
    def running(self) -> bool:
        """Whether it may touch people now."""
        return self.state in TESTING


_SUBJECT = (
    "SELECT p.reference, CASE WHEN p.register_consent THEN p.title ELSE '' END AS title, "
    "p.authority, p.state FROM pilot p"
)


async def subject(reference: str) -> Subject:
    """The pilot that a report is about.

    :raises NotFound: there is none.
    """
    rows = await fetch(f"{_SUBJECT} WHERE p.reference = $1", reference)
    if not rows:
        raise NotFound
    return Subject(**rows[0])


async def subjects() -> list[Subject]:
    """The pilots that run now, those with a title first."""
    rows = await fetch(
        f"{_SUBJECT} WHERE p.state = ANY($1) "
        "ORDER BY p.register_consent DESC, p.title, p.reference",
        list(TESTING),
    )
    return [Subject(**row) for row in rows]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a tracking number tells: never internal words, never the firm's."""

    state: str
    received_at: datetime
    title: str
    reference: str
    authority: str
    answer: str
    answered_at: datetime | None


async def standing(number: str) -> Standing | None:
    """How the report with this tracking number stands; ``None`` where no report has it."""
    rows = await fetch(
        "SELECT r.state, r.received_at, p.reference, p.authority, r.answer, r.answered_at, "
        "CASE WHEN p.register_consent THEN p.title ELSE '' END AS title "
        "FROM public_report r JOIN pilot p ON p.id = r.pilot WHERE r.number_hash = $1",
        public_rules.hashed(number),
    )
    return Standing(**rows[0]) if rows else None


# What the authority sees ----------------------------------------------------------------------


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A report in the queue."""

    id: UUID
    reference: str
    what: str
    harm: str
    state: str
    pilot: UUID
    pilot_title: str
    lead_sector: str
    received_at: datetime
    incident: UUID | None
    incident_reference: str | None


_LINE = """
SELECT r.id, r.reference, left(r.what, 160) AS what, r.harm, r.state, r.pilot,
       p.title AS pilot_title, p.lead_sector, r.received_at, r.incident,
       i.reference AS incident_reference
FROM public_report r JOIN pilot p ON p.id = r.pilot LEFT JOIN incident i ON i.id = r.incident
"""


def seen_by(person: Person, first: int) -> tuple[str, list[Any]]:
    """SQL over ``pilot p`` for the pilots of which ``person`` may read reports of the public:
    those in their sight, never those of their own firm, whatever office they hold."""
    seen, values = pilots.visible_to(person, first)
    if person.organisation is None:
        return seen, values
    own = f"p.organisation <> ${first + len(values)}::uuid"
    return f"({seen}) AND {own}", [*values, person.organisation]


async def listed(person: Person, state: str, cursor: Cursor | None) -> Page[Line]:
    """The reports in ``person``'s sight, the newest first; ``state`` empty: those not closed."""
    seen, values = seen_by(person, 1)
    parts = [seen]
    if state == "":
        parts.append("r.state <> 'closed'")
    elif state != "all":
        values.append(state)
        parts.append(f"r.state = ${len(values)}")
    after, order, more = keyset(("r.received_at", "r.id"), cursor, first=len(values) + 1)
    rows = await fetch(
        f"{_LINE} WHERE {' AND '.join(parts)} AND {after} ORDER BY {order} LIMIT 26",
        *values, *more,
    )  # fmt: skip
    lines = [Line(**row) for row in rows]
    return paginate(lines, cursor, key=lambda line: (line.received_at, line.id))


async def waiting(person: Person) -> int:
    """How many reports in ``person``'s sight nobody has looked into."""
    seen, values = seen_by(person, 1)
    (row,) = await fetch(
        "SELECT count(*) AS n FROM public_report r JOIN pilot p ON p.id = r.pilot "  # noqa: S608
        f"WHERE r.state = 'received' AND {seen}",
        *values,
    )
    return int(row["n"])


async def of_incident(person: Person, incident_id: UUID) -> list[Line]:
    """The reports that belong to an incident, for the authority."""
    seen, values = seen_by(person, 2)
    rows = await fetch(
        f"{_LINE} WHERE r.incident = $1 AND {seen} ORDER BY r.received_at", incident_id, *values
    )
    return [Line(**row) for row in rows]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of the same pilot that a report may belong to."""

    id: UUID
    reference: str
    title: str
    state: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One report. ``contact`` is loaded for officers of the sector that leads the pilot only."""

    report: PublicReport
    pilot: pilots.Head
    contact: PublicContact | None
    incident: Choice | None
    choices: list[Choice]


async def one(person: Person, report_id: UUID) -> Whole:
    """One report as ``person`` may read it.

    :raises NotFound: it is not there, or not for them.
    """
    seen, values = seen_by(person, 2)
    rows = await fetch(
        "SELECT r.pilot FROM public_report r JOIN pilot p ON p.id = r.pilot "  # noqa: S608
        f"WHERE r.id = $1 AND {seen}",
        report_id, *values,
    )  # fmt: skip
    if not rows:
        raise NotFound
    report = await PublicReport.objects().get(PublicReport.id == report_id)
    assert report is not None
    pilot = await pilots.head(person, report.pilot)
    contact = None
    if "handle_incident" in pilot.can and report.has_contact:
        contact = await PublicContact.objects().get(PublicContact.report == report_id)
    choices = [
        Choice(**row)
        for row in await fetch(
            "SELECT id, reference, title, state FROM incident WHERE pilot = $1 "
            "ORDER BY reported_at DESC",
            report.pilot,
        )
    ]
    return Whole(
        report=report, pilot=pilot, contact=contact,
        incident=next((one for one in choices if one.id == report.incident), None),
        choices=[one for one in choices if one.state != "closed"],
    )  # fmt: skip
