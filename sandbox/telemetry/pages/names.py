"""Saying what a sender's names mean."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, redirect
from sandbox.people.person import Person
from sandbox.telemetry import commands
from sandbox.telemetry.pages.board import board_page
from sandbox.telemetry.policy import KEEP_PILOTS

Asked = Request[Person, Any, Any]


@post("/pilots/{pilot:uuid}/telemetry/names", permission=KEEP_PILOTS)
async def map_name(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Say what a sender's name means."""
    values, _files = await read_values(request)
    field = f"metric_{values.get('place', '')}"
    name, metric = str(values.get("name") or "").strip()[:200], str(values.get(field) or "")
    if not name:
        return await board_page(
            request, pilot, Form(values, {"name": _("Enter the name that your system sends")})
        )
    try:
        await commands.map_name(request.user, pilot, name=name, metric=metric)
    except InvalidInput as error:
        return await board_page(request, pilot, Form(values, {field: error.errors["metric"]}))
    flash(request, "success", _("Figures sent as “%(name)s” count now.") % {"name": name})
    return redirect(request, f"/pilots/{pilot}/telemetry")


ROUTES = [map_name]
