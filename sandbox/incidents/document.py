"""An incident as a PDF, as one side may read it. Made by the worker.

It is read as the person who asked may read the incident when it is made: for the firm no query
loads what is the authority's own. The export for other countries (``oecd``) lies in the PDF.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import structlog

from sandbox.foundation import documents, i18n, papers
from sandbox.foundation.errors import DomainError, NotFound
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.tables import StoredFile
from sandbox.incidents import causes, commands, oecd, queries, record_queries, rules, work_queries
from sandbox.incidents.document_tables import IncidentDocument
from sandbox.people import queries as people
from sandbox.people.person import Person

_SHOWN = 5
TITLES = {
    "happened": N_("What happened"),
    "weight": N_("How grave it is"),
    "owed": N_("Who must be told, by when"),
    "reports": N_("Reports of the firm"),
    "inquiries": N_("Questions to the firm"),
    "causes": N_("Why it happened"),
    "actions": N_("Corrective actions"),
    "tasks": N_("Tasks of the authority"),
    "timeline": N_("Timeline"),
    "letters": N_("Mails that were written"),
}

log = structlog.get_logger()


async def build(document_id: UUID) -> None:
    """Make a PDF that was asked for, and hang it up. Run twice, the second does nothing.

    Where it cannot be made, whoever asked is told so on the page.
    """
    row = await IncidentDocument.objects().get(IncidentDocument.id == document_id)
    if row is None or row.state != "asked":
        return None
    person = await people.person(row.asked_by)
    try:
        if person is None or await _side_changed(person, row):
            return await commands.give_up_document(document_id)
        pdf = await pdf_of(person, row.incident, row.language)
    except (documents.DocumentFailed, DomainError) as error:
        log.warning("incident not set", document=str(document_id), error=str(error))
        return await commands.give_up_document(document_id)
    return await commands.keep_document(document_id, pdf)


async def _side_changed(person: Person, row: IncidentDocument) -> bool:
    """Whether who asked stands on the other side by now: what they get would be filed wrong."""
    found = await queries.one(person, row.incident)
    return bool(found.pilot.firm != row.by_firm)


async def pdf_of(person: Person, incident_id: UUID, language: str) -> bytes:
    """The PDF as ``person`` may read the incident now, in ``language``.

    :raises NotFound: it is not there, or not for them.
    :raises DocumentFailed: it could not be set.
    """
    with i18n.use(language):
        found = await queries.one(person, incident_id)
        context = await _context(found)
        data = msgspec.json.format(msgspec.json.encode(await oecd.export(found)), indent=2)
        attached = documents.Attached(
            name=f"{found.incident.reference}-oecd.json", content=data,
            description=_("The incident in the OECD’s common reporting framework"),
        )  # fmt: skip
    return await documents.pdf(
        "documents/incident_report.html", language, attached=[attached], **context
    )


async def _context(found: queries.Whole) -> dict[str, Any]:
    pilot, pack = found.pilot, found.pilot.pack
    work = await work_queries.work_on(found)
    record = await record_queries.record_of(found)
    present = {
        "happened": True, "weight": True, "owed": True, "reports": bool(found.reports),
        "inquiries": bool(work.inquiries), "causes": bool(work.causes),
        "actions": bool(found.actions), "tasks": bool(work.tasks), "timeline": True,
        "letters": bool(record.letters),
    }  # fmt: skip
    shown = [key for key in TITLES if present[key]]
    return {
        "pack": pack, "pilot": pilot, "found": found, "incident": found.incident,
        "severity": pack.incidents.severity(found.incident.severity), "work": work,
        "record": record, "authority": pack.authority(pilot.authority),
        "sector": pack.sector(pilot.lead_sector), "methods": causes.METHODS,
        "kinds": rules.ACTION_KINDS, "moments": work.moments[::-1],
        "numbered": {key: f"{n}. {_(TITLES[key])}" for n, key in enumerate(shown, 1)},
        "weaknesses": _names(pack.vulnerabilities, found.incident.vulnerabilities),
        "harms_actual": _names(pack.incidents.harms, found.incident.harms_actual),
        "harms_potential": _names(pack.incidents.harms, found.incident.harms_potential),
    }  # fmt: skip


def _names(parts: Any, keys: list[str]) -> list[str]:
    names = {part.key: str(part.name) for part in parts}
    return [names[key] for key in keys if key in names]


async def documents_of(found: queries.Whole) -> list[IncidentDocument]:
    """The newest PDFs of the reader's own side."""
    rows: list[IncidentDocument] = await IncidentDocument.objects().where(
        (IncidentDocument.incident == found.incident.id)
        & (IncidentDocument.by_firm == found.pilot.firm)
    ).order_by(IncidentDocument.asked_at, ascending=False).limit(_SHOWN)  # fmt: skip
    return rows


async def file_of(found: queries.Whole, document_id: UUID) -> StoredFile:
    """The file of a PDF of the reader's own side.

    :raises NotFound: there is none such, or it is not made yet.
    """
    row = await IncidentDocument.objects().get(IncidentDocument.id == document_id)
    own = row is not None and (row.incident, row.by_firm) == (found.incident.id, found.pilot.firm)
    if row is None or not own:
        raise NotFound
    return await papers.file_of(row)
