"""The record of an incident: the proof of what was sent when."""

from typing import Any
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from sandbox.foundation.web.pages import page
from sandbox.incidents import document, owing, queries, record_queries, work_queries
from sandbox.incidents.pages.common import Asked
from sandbox.incidents.policy import READ_INCIDENTS


@get("/incidents/{incident:uuid}/record", permission=READ_INCIDENTS)
async def show(request: Asked, incident: FromPath[UUID]) -> Any:
    """Each clock with the version that met it, every version, and the mails that were written."""
    found = await queries.one(request.user, incident)
    return page(
        request, "incidents/record.html", block="documents", found=found,
        incident=found.incident, pilot=found.pilot,
        pack=found.pilot.pack, record=await record_queries.record_of(found),
        running=owing.running, waiting=await work_queries.waiting(incident),
        made=await document.documents_of(found),
    )  # fmt: skip


ROUTES = [show]
