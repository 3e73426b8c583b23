"""Reads of the work on an incident. What is the authority's own is not loaded for the firm."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import _, format_datetime
from sandbox.incidents import causes
from sandbox.incidents.queries import Whole
from sandbox.incidents.work_tables import CauseAnalysis, IncidentTask, Inquiry, TimelineEntry

_ANY = [True, False]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment of an answer."""

    id: UUID
    name: str
    size: int

    @property
    def href(self) -> str:
        """Where it is downloaded."""
        return f"/files/{self.id}"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Something on the timeline, as the macro ``timeline`` shows it."""

    at: datetime
    title: str
    by: str = ""
    text: str = ""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis in words."""

    row: CauseAnalysis
    parts: list[tuple[str, str]]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is done within an incident. ``tasks`` are empty for the firm."""

    tasks: list[IncidentTask]
    inquiries: list[tuple[Inquiry, list[File]]]
    moments: list[Moment]
    causes: list[Cause]

    @property
    def waiting(self) -> int:
        """Questions that the firm has not answered."""
        return sum(row.answered_at is None for row, _files in self.inquiries)


async def work_on(found: Whole) -> Work:
    """The work on an incident that was found for its reader."""
    key, firm = found.incident.id, found.pilot.firm
    inquiries = await Inquiry.objects().where(Inquiry.incident == key).order_by(Inquiry.number)
    tasks: list[IncidentTask] = []
    if not firm:
        tasks = await IncidentTask.objects().where(IncidentTask.incident == key).order_by(
            IncidentTask.number
        )  # fmt: skip
    explained = await CauseAnalysis.objects().where(CauseAnalysis.incident == key).order_by(
        CauseAnalysis.number, ascending=False
    ).output(load_json=True)  # fmt: skip
    entries = await TimelineEntry.objects().where(
        TimelineEntry.incident == key, TimelineEntry.internal.is_in([False] if firm else _ANY)
    )
    files = await _files(inquiries)
    return Work(
        tasks=sorted(tasks, key=lambda row: (row.done_at is not None, row.due_on, row.number)),
        inquiries=[(row, [files[k] for k in row.files if k in files]) for row in inquiries],
        moments=_moments(found, inquiries, entries),
        causes=[
            Cause(row=row, parts=causes.in_words(row.method, row.content)) for row in explained
        ],
    )  # fmt: skip


async def _files(inquiries: list[Inquiry]) -> dict[UUID, File]:
    keys = [key for row in inquiries for key in row.files]
    if not keys:
        return {}
    rows = await fetch("SELECT id, name, size FROM stored_file WHERE id = ANY($1)", keys)
    return {row["id"]: File(**row) for row in rows}


async def waiting(incident_id: UUID) -> int:
    """How many questions the firm has not answered."""
    (row,) = await fetch(
        "SELECT count(*) AS n FROM inquiry WHERE incident = $1 AND answered_at IS NULL", incident_id
    )
    return int(row["n"])


async def conclusion(incident_id: UUID) -> str:
    """The newest conclusion on the cause, empty where nobody has drawn one."""
    rows = await fetch(
        "SELECT conclusion FROM cause_analysis WHERE incident = $1 ORDER BY number DESC LIMIT 1",
        incident_id,
    )
    return str(rows[0]["conclusion"]) if rows else ""


def _moments(found: Whole, inquiries: list[Inquiry], entries: list[TimelineEntry]) -> list[Moment]:
    """What people added among what the system knows, the newest first."""
    incident = found.incident
    moments = [
        *_known(incident),
        *(
            Moment(at=one.row.at, title=_("Weighed: %(severity)s") % {
                "severity": found.pilot.pack.incidents.severity(one.row.severity).name,
            }, by=one.row.by_name)
            for one in found.history
        ),
        *(
            Moment(at=row.at, title=_("Report %(n)s") % {"n": row.number}, by=row.submitted_by)
            for row in found.reports
        ),
        *(
            Moment(at=row.asked_at, title=_("Question %(n)s asked") % {"n": row.number},
                   by=row.asked_by)
            for row in inquiries
        ),
        *(
            Moment(at=row.answered_at, title=_("Question %(n)s answered") % {"n": row.number},
                   by=row.answered_by)
            for row in inquiries if row.answered_at
        ),
        *(
            Moment(at=row.verified_at, title=_("Action %(n)s verified") % {"n": row.number},
                   by=row.verified_by)
            for row in found.actions if row.verified_at
        ),
        *(
            Moment(
                at=row.happened_at, text=row.text,
                title=_("Internal note") if row.internal else _("What happened"),
                by=_("%(name)s, added %(when)s") % {
                    "name": row.by_name, "when": format_datetime(row.at, short=True),
                },
            )
            for row in entries
        ),
    ]  # fmt: skip
    return sorted(moments, key=lambda one: one.at, reverse=True)


def _known(incident: Any) -> list[Moment]:
    """The times that the incident itself tells."""
    told = (
        (incident.occurred_from, _("It began"), ""),
        (incident.occurred_to, _("It ended"), ""),
        (incident.aware_at, _("It became known"), ""),
        (incident.reported_at, _("It was reported"), incident.reported_name),
        (incident.responded_at, _("The firm responded first"), ""),
        (incident.closed_at, _("The incident was closed"), ""),
    )
    return [Moment(at=at, title=title, by=by) for at, title, by in told if at is not None]


def is_late(due: datetime) -> bool:
    """Whether a question is overdue."""
    return due < clock.now()
