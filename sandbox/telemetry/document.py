"""All figures of a pilot on paper: the drawings of the pages, over the days that were asked for.

Made by the worker, as the person who asked may read the pilot when it is made. The figures
behind the drawings lie in the PDF as a file.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import structlog

from sandbox.foundation import charts, documents, i18n, papers
from sandbox.foundation.errors import DomainError, NotFound
from sandbox.foundation.i18n import _
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.web.tables import as_csv
from sandbox.people import queries as people
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.pilots.tables import Metric
from sandbox.telemetry import commands
from sandbox.telemetry import metric_drawing as drawing
from sandbox.telemetry import metric_queries as queries
from sandbox.telemetry.document_tables import FiguresDocument
from sandbox.telemetry.metric_queries import Figures, Sheet
from sandbox.telemetry.rules import courses
from sandbox.telemetry.rules.courses import Level, View

_SHOWN = 10
COLUMNS = ("metric", "slice", "level", "at", "points", "n", "mean", "lowest", "highest")
"""Of a file of figures."""

log = structlog.get_logger()


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A metric in the document: its drawing, its figures in short, what happened to it."""

    sheet: Sheet
    chart: charts.Chart | None
    happened: list[drawing.Event]
    points: int
    lowest: float | None
    mean: float | None
    highest: float | None


async def build(document_id: UUID) -> None:
    """Make a PDF that was asked for, and hang it up. Run twice, the second does nothing.

    Where it cannot be made, whoever asked is told so on the page.
    """
    row = await FiguresDocument.objects().get(FiguresDocument.id == document_id)
    if row is None or row.state != "asked":
        return None
    person = await people.person(row.asked_by)
    try:
        if person is None:
            return await commands.give_up_document(document_id)
        pdf = await pdf_of(person, row.pilot, row.since, row.until, row.language)
    except (documents.DocumentFailed, DomainError) as error:
        log.warning("figures not set", document=str(document_id), error=str(error))
        return await commands.give_up_document(document_id)
    return await commands.keep_document(document_id, pdf)


async def pdf_of(person: Person, pilot_id: UUID, since: date, until: date, language: str) -> bytes:
    """The PDF as ``person`` may read the pilot now, in ``language``.

    :raises NotFound: the pilot is not there, or not for them.
    :raises DocumentFailed: it could not be set.
    """
    with i18n.use(language):
        pilot = await pilots.head(person, pilot_id)
        view = courses.between(since, until, pilot.pack.jurisdiction.zone)
        metrics = await pilots.parts(Metric, pilot.id)
        drawn = [await _drawn(pilot, queries.named(pilot, one), view) for one in metrics]
        rows = [row for one in drawn for row in rows_of(one.sheet.metric.key, one.sheet.figures)]
        attached = documents.Attached(
            name=f"{pilot.reference}-{since}-{until}.csv", content=as_csv(COLUMNS, rows).encode(),
            description=_("The figures behind the drawings"),
        )  # fmt: skip
        context: dict[str, Any] = {
            "pilot": pilot, "pack": pilot.pack, "since": since, "until": until, "view": view,
            "drawn": drawn, "authority": pilot.pack.authority(pilot.authority),
            "happened": _events(pilot, drawn[0].sheet, own=False) if drawn else [],
            "sector": pilot.pack.sector(pilot.lead_sector), "figures_count": len(rows),
        }  # fmt: skip
    return await documents.pdf("documents/figures.html", language, attached=[attached], **context)


async def _drawn(pilot: pilots.Head, metric: Metric, view: View) -> Drawn:
    held = await queries.held(pilot.id, metric.key)
    chosen = courses.chosen([one.slice for one in held], [])
    figures = await queries.figures([one for one in held if one.slice in chosen], view, pilot)
    sheet = await queries.sheet(pilot, metric, held, figures)
    every = [one for line in figures.lines.values() for one in line]
    count = sum(one.points for one in every)
    return Drawn(
        sheet=sheet, chart=drawing.chart(pilot, sheet),
        happened=_events(pilot, sheet, own=True), points=count,
        lowest=min((one.lowest for one in every), default=None),
        mean=sum(one.mean * one.points for one in every) / count if count else None,
        highest=max((one.highest for one in every), default=None),
    )  # fmt: skip


def _events(pilot: pilots.Head, sheet: Sheet, *, own: bool) -> list[drawing.Event]:
    """What happened to the metric itself, or to the pilot, which is told once for all."""
    happened = [one for one in sheet.happened if (one.kind == "silent") == own]
    breaches = sheet.breaches if own else []
    return drawing.happenings(
        pilot, msgspec.structs.replace(sheet, happened=happened, breaches=breaches)
    )


def rows_of(metric: str, figures: Figures) -> list[tuple[Any, ...]]:
    """The figures behind a drawing, by :data:`COLUMNS`."""
    level = Level(figures.level).name.lower()
    return [
        (metric, part, level, one.at, one.points, one.n, one.mean, one.lowest, one.highest)
        for part, line in figures.lines.items()
        for one in line
    ]


async def documents_of(pilot_id: UUID) -> list[FiguresDocument]:
    """The newest PDFs of a pilot."""
    rows: list[FiguresDocument] = await FiguresDocument.objects().where(
        FiguresDocument.pilot == pilot_id
    ).order_by(FiguresDocument.asked_at, ascending=False).limit(_SHOWN)  # fmt: skip
    return rows


async def file_of(pilot_id: UUID, document_id: UUID) -> StoredFile:
    """The file of a PDF of the pilot.

    :raises NotFound: there is none such, or it is not made yet.
    """
    row = await FiguresDocument.objects().get(FiguresDocument.id == document_id)
    if row is None or row.pilot != pilot_id:
        raise NotFound
    return await papers.file_of(row)
