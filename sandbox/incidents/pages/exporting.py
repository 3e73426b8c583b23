"""An incident to take away: as the OECD asks for it, and as a PDF."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from sandbox.foundation import files, i18n
from sandbox.foundation.i18n import _
from sandbox.foundation.web.pages import flash, redirect
from sandbox.incidents import commands, oecd, queries
from sandbox.incidents import document as paper
from sandbox.incidents.pages.common import Asked
from sandbox.incidents.policy import READ_INCIDENTS


@get("/incidents/{incident:uuid}/oecd.json", permission=READ_INCIDENTS, include_in_schema=False)
async def export(request: Asked, incident: FromPath[UUID]) -> Response[bytes]:
    """The incident in the OECD's common reporting framework."""
    found = await queries.one(request.user, incident)
    data = msgspec.json.format(msgspec.json.encode(await oecd.export(found)), indent=2)
    name = f"{found.incident.reference}-oecd.json"
    return Response(
        data, media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


@post("/incidents/{incident:uuid}/documents", permission=READ_INCIDENTS)
async def ask(request: Asked, incident: FromPath[UUID]) -> Any:
    """Have the PDF made, in the language of the page."""
    await commands.ask_document(request.user, incident, language=i18n.current_language())
    flash(request, "success", _("The PDF is being made. It appears under “To take away”."))
    return redirect(request, f"/incidents/{incident}/record#documents")


@get("/incidents/{incident:uuid}/documents/{document:uuid}", permission=READ_INCIDENTS)
async def download(request: Asked, incident: FromPath[UUID], document: FromPath[UUID]) -> Any:
    """A PDF that the reader's own side asked for."""
    stored = await paper.file_of(await queries.one(request.user, incident), document)
    return await files.response_for(stored)


ROUTES = [export, ask, download]
