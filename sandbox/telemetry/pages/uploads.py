"""Files of figures brought in."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath

from sandbox.foundation import files
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, redirect
from sandbox.people.person import Person
from sandbox.telemetry import commands
from sandbox.telemetry.pages.board import board_page
from sandbox.telemetry.policy import KEEP_PILOTS
from sandbox.telemetry.wire import files as tables

Asked = Request[Person, Any, Any]


@post("/pilots/{pilot:uuid}/telemetry", permission=KEEP_PILOTS)
async def upload(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Take a CSV file in; the lines that are not taken are told with their reasons."""
    values, uploads = await read_values(request)
    if "file" not in uploads:
        return await board_page(request, pilot, Form(values, {"file": _("Choose a CSV file")}))
    try:
        checked = await files.accept_upload(uploads["file"], "file", endings=(".csv",))
        points, unread = tables.read_csv(checked.content.decode("utf-8-sig"))
        receipt = await commands.receive(
            request.user, pilot, points, source="csv", unread=len(unread)
        )
    except InvalidInput as error:
        words = error.errors.get("file") or error.errors.get("points", "")
        return await board_page(request, pilot, Form(values, {"file": words}))
    except RuleBroken as error:
        return await board_page(request, pilot, Form(values, {"file": error.message}))
    refused = [*unread, *receipt.refused]
    told = {"taken": receipt.taken, "same": receipt.duplicates, "refused": len(refused)}
    words = _("%(taken)s points taken, %(same)s known already, %(refused)s not taken.") % told
    if refused:
        form: Form[Any] = Form(values)
        flash(request, "warning", words)
        return await board_page(request, pilot, form, refused[:50])
    flash(request, "success", words)
    return redirect(request, f"/pilots/{pilot}/telemetry")


ROUTES = [upload]
