"""Reads of reports and of the sandbox as a whole."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import allow
from sandbox.foundation.tables import StoredFile
from sandbox.framework.clocks import ClockName
from sandbox.people.person import Person
from sandbox.reports.dataset import Dataset
from sandbox.reports.policy import READ_DRAFTS
from sandbox.reports.tables import Report


class Line(msgspec.Struct, frozen=True):
    """A report in a list."""

    id: UUID
    number: str
    title: dict[str, str]
    period_from: date
    period_to: date
    state: str
    published_at: datetime | None
    progress: int


async def reports(person: Person) -> list[Line]:
    """The reports that ``person`` may see, newest first."""
    drafts = READ_DRAFTS.allows(person)
    rows = await fetch(
        "SELECT id, number, title::text AS title, period_from, period_to, state, published_at, "
        "progress FROM report WHERE (state = 'published' OR $1) AND state <> 'cancelled' "
        "ORDER BY coalesce(published_at, requested_at) DESC LIMIT 100",
        drafts,
    )
    return [Line(**{**row, "title": msgspec.json.decode(row["title"])}) for row in rows]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A report with its data set."""

    id: UUID
    number: str
    title: dict[str, str]
    period_from: date
    period_to: date
    sectors: list[str]
    state: str
    progress: int
    stage: str
    error: str
    data: Dataset | None
    narrative: dict[str, dict[str, str]]
    files: dict[str, str]
    requested_at: datetime
    published_at: datetime | None
    is_writer: bool

    @property
    def is_moving(self) -> bool:
        """Whether the worker still has something to do: the page then asks again."""
        unset = self.state == "approved" and len(self.files) < len(self.title)
        return self.state in {"requested", "building"} or unset


async def report(person: Person, report_id: UUID) -> Whole:
    """One report as ``person`` may see it.

    :raises NotFound: it is not there, or not for them.
    """
    row = await Report.objects().where(Report.id == report_id).first().output(load_json=True)
    if row is None:
        raise NotFound
    allow(person, "read", row)
    return Whole(
        id=row.id, number=row.number, title=row.title, period_from=row.period_from,
        period_to=row.period_to, sectors=row.sectors, state=row.state, progress=row.progress,
        stage=row.stage, error=row.error,
        data=msgspec.convert(row.data, Dataset, strict=False) if row.data else None,
        narrative=row.narrative, files=row.files, requested_at=row.requested_at,
        published_at=row.published_at, is_writer=row.written_by == person.id,
    )  # fmt: skip


async def file_of(person: Person, report_id: UUID, language: str) -> StoredFile:
    """The PDF of a report in ``language``.

    :raises NotFound: there is none that ``person`` may read.
    """
    found = await report(person, report_id)
    if language not in found.files:
        raise NotFound
    stored = await StoredFile.objects().get(StoredFile.id == UUID(found.files[language]))
    if stored is None:
        raise NotFound
    return stored


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The sandbox today, for the central office: live counts, not for publication."""

    applications_open: int
    applications_late: int
    pilots_live: int
    pilots_suspended: int
    breaches_open: int
    incidents_open: int
    lessons_waiting: int
    reports_open: int


async def overview() -> Overview:
    """Count what is going on, in one query."""
    (row,) = await fetch(
        "SELECT (SELECT count(*) FROM application WHERE state IN ('submitted', 'screening', "
        "'in_review', 'awaiting_clarification', 'recommended')) AS applications_open, "
        "(SELECT count(*) FROM application WHERE clock = $1 AND due_at < $2 "
        "AND state IN ('in_review', 'recommended')) "
        "AS applications_late, "
        "(SELECT count(*) FROM pilot WHERE state = 'live') AS pilots_live, "
        "(SELECT count(*) FROM pilot WHERE state = 'suspended') AS pilots_suspended, "
        "(SELECT count(*) FROM breach WHERE cured_at IS NULL) AS breaches_open, "
        "(SELECT count(*) FROM incident WHERE state <> 'closed') AS incidents_open, "
        "(SELECT count(*) FROM lesson WHERE state IN ('draft', 'cleared')) AS lessons_waiting, "
        "(SELECT count(*) FROM report WHERE state NOT IN ('published', 'cancelled')) "
        "AS reports_open",
        ClockName.DECISION, clock.now(),
    )  # fmt: skip
    return Overview(**row)


class SectorLine(msgspec.Struct, frozen=True):
    """One sector in the overview."""

    sector: str
    open: int
    live: int
    breaches: int
    incidents: int


async def by_sector() -> list[SectorLine]:
    """What is going on, per lead sector."""
    rows = await fetch(
        "SELECT a.lead_sector AS sector, "
        "count(*) FILTER (WHERE a.state IN ('submitted', 'screening', 'in_review', "
        "'awaiting_clarification', 'recommended')) AS open, "
        "count(p.id) FILTER (WHERE p.state = 'live') AS live, "
        'coalesce(sum((SELECT count(*) FROM breach b WHERE b."case" = a.id '
        "AND b.cured_at IS NULL)), 0)::int AS breaches, "
        'coalesce(sum((SELECT count(*) FROM incident i WHERE i."case" = a.id '
        "AND i.state <> 'closed')), 0)::int AS incidents "
        'FROM application a LEFT JOIN pilot p ON p."case" = a.id '
        "WHERE a.state <> 'draft' GROUP BY a.lead_sector ORDER BY a.lead_sector"
    )
    return [SectorLine(**row) for row in rows]
