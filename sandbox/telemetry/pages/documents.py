"""A pilot's figures on paper: which days, and the PDFs that were made."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation import clock, files, i18n
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import day
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.telemetry import commands
from sandbox.telemetry import document as paper
from sandbox.telemetry.policy import READ_PILOTS

Asked = Request[Person, Any, Any]


@get("/pilots/{pilot:uuid}/figures", permission=READ_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The PDFs that were made, and which days the next one is to hold."""
    return await _page(request, pilot)


async def _page(request: Asked, pilot_id: UUID, form: Form[Any] | None = None) -> Any:
    pilot = await pilots.head(request.user, pilot_id)
    form = form or Form(_days(pilot))
    return page(
        request, "telemetry/documents.html", status=422 if form.errors else 200,
        block="documents", pilot=pilot, pack=pilot.pack, form=form,
        made=await paper.documents_of(pilot.id),
    )  # fmt: skip


def _days(pilot: pilots.Head) -> dict[str, str]:
    """The last thirty days, or those since going live."""
    today = pilot.pack.jurisdiction.calendar().day_of(clock.now())
    first = max(today - timedelta(days=30), pilot.starts_on or date.min)
    return {"from": min(first, today).isoformat(), "to": today.isoformat()}


@post("/pilots/{pilot:uuid}/figures", permission=READ_PILOTS)
async def ask(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Have the PDF made, in the language of the page."""
    values, _files = await read_values(request)
    days = {name: day(values.get(name)) for name in ("from", "to")}
    try:
        await commands.ask_document(
            request.user, pilot, since=days["from"], until=days["to"],
            language=i18n.current_language(),
        )  # fmt: skip
    except InvalidInput as error:
        return await _page(request, pilot, Form(values, dict(error.errors)))
    flash(request, "success", _("The PDF is being made. It appears here."))
    return redirect(request, f"/pilots/{pilot}/figures")


@get("/pilots/{pilot:uuid}/figures/{sheet:uuid}", permission=READ_PILOTS)
async def download(request: Asked, pilot: FromPath[UUID], sheet: FromPath[UUID]) -> Any:
    """A PDF of the pilot's figures."""
    await pilots.check_visible(request.user, pilot)
    return await files.response_for(await paper.file_of(pilot, sheet))


ROUTES = [show, ask, download]
