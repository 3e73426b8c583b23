"""An incident on paper: asked for by a person, hung up by the worker."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation import papers
from sandbox.foundation.work import work_of
from sandbox.incidents.commands.common import opened
from sandbox.incidents.document_tables import IncidentDocument
from sandbox.incidents.tables import Incident
from sandbox.people.person import SYSTEM, Person


async def ask_document(person: Person, incident_id: UUID, *, language: str) -> IncidentDocument:
    """Have the worker make the PDF of an incident as ``person`` may read it.

    Asked again while it is being made, it is the same one.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "read")
        by_firm = person.belongs_to(pilot.organisation)
        being_made: IncidentDocument | None = await IncidentDocument.objects().get(
            (IncidentDocument.incident == incident.id)
            & (IncidentDocument.by_firm == by_firm)
            & (IncidentDocument.language == language)
            & (IncidentDocument.state == "asked")
        )
        if being_made is not None:
            return being_made
        row = IncidentDocument(
            id=uuid4(), case=incident.case, incident=incident.id, by_firm=by_firm,
            language=language, asked_by=person.id, asked_name=person.name, asked_at=work.now,
        )  # fmt: skip
        await work.save(row)
        work.record("incident_document.asked", row, language=language, by_firm=by_firm)
        work.later("build_incident_document", row.id, queue="documents")
    return row


async def keep_document(document_id: UUID, pdf: bytes) -> None:
    """The worker hangs up the PDF that it made. Twice is harmless."""
    async with work_of(SYSTEM) as work:
        row = await work.lock(IncidentDocument, document_id)
        incident = await Incident.objects().get(Incident.id == row.incident)
        assert incident is not None
        name = f"{incident.reference}-{work.now:%Y-%m-%d}-{row.language}.pdf"
        await papers.keep(
            work, IncidentDocument, document_id, pdf, name=name, kind="incident", case=None
        )


async def give_up_document(document_id: UUID) -> None:
    """The worker could not make it: whoever asked sees that, and can ask again."""
    async with work_of(SYSTEM) as work:
        await papers.give_up(work, IncidentDocument, document_id)
