"""A pilot's figures on paper: asked for by a person, hung up by the worker."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from sandbox.foundation import clock, papers
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot
from sandbox.telemetry.document_tables import FiguresDocument

LONGEST = 1_100  # days: three years


async def ask_document(
    person: Person, pilot_id: UUID, *, since: date | None, until: date | None, language: str
) -> FiguresDocument:
    """Have the worker draw all figures of the days from ``since`` to ``until``, both included.

    Asked again while it is being made, it is the same one.

    :raises InvalidInput: a day is missing or is none that can be shown.
    """
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, pilot_id, "read")
        since, until = _days(pilot, since, until)
        asked: FiguresDocument | None = await FiguresDocument.objects().get(
            (FiguresDocument.pilot == pilot.id)
            & (FiguresDocument.since == since)
            & (FiguresDocument.until == until)
            & (FiguresDocument.language == language)
            & (FiguresDocument.state == "asked")
        )
        if asked is not None:
            return asked
        row = FiguresDocument(
            id=uuid4(), case=pilot.case, pilot=pilot.id, since=since, until=until,
            language=language, asked_by=person.id, asked_name=person.name, asked_at=work.now,
        )  # fmt: skip
        await work.save(row)
        work.record("figures_document.asked", row, language=language)
        work.later("build_figures_document", row.id, queue="documents")
    return row


def _days(pilot: Pilot, since: date | None, until: date | None) -> tuple[date, date]:
    today = common.day_of(common.pack_of(pilot), clock.now())
    wrong = _("Enter a date, such as 2026-11-23")
    errors = {name: wrong for name, day in (("from", since), ("to", until)) if day is None}
    if since is None or until is None:
        raise InvalidInput(errors)
    if until > today:
        errors["to"] = _("The last day lies ahead")
    elif since > until:
        errors["to"] = _("The last day lies before the first")
    elif (until - since).days > LONGEST:
        errors["from"] = _("Choose at most three years")
    if errors:
        raise InvalidInput(errors)
    return since, until


async def keep_document(document_id: UUID, pdf: bytes) -> None:
    """The worker hangs up the PDF that it made. Twice is harmless."""
    async with work_of(SYSTEM) as work:
        row = await work.lock(FiguresDocument, document_id)
        pilot = await Pilot.objects().get(Pilot.id == row.pilot)
        assert pilot is not None
        name = f"{pilot.reference}-{row.since}-{row.until}-{row.language}.pdf"
        await papers.keep(
            work, FiguresDocument, document_id, pdf, name=name, kind="figures", case=row.case
        )


async def give_up_document(document_id: UUID) -> None:
    """The worker could not make it: whoever asked sees that, and can ask again."""
    async with work_of(SYSTEM) as work:
        await papers.give_up(work, FiguresDocument, document_id)
