"""A suspension that a breach proposed: its facts, and the decision."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _, local
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, redirect
from sandbox.pilots import commands, queries, rules
from sandbox.pilots.pages.common import Asked, of_head
from sandbox.pilots.policy import DECIDE_PILOTS, READ_PILOTS
from sandbox.pilots.tables import Condition, Suspension


@get("/pilots/{pilot:uuid}/suspensions/{suspension:uuid}", permission=READ_PILOTS)
async def show_suspension(request: Asked, pilot: FromPath[UUID], suspension: FromPath[UUID]) -> Any:
    """What happened, what is open besides, and what was decided."""
    return await _suspension_page(request, pilot, suspension, None)


async def _suspension_page(
    request: Asked, pilot_id: UUID, suspension_id: UUID, form: Form[Any] | None
) -> Any:
    """``form``: what was typed; at first the facts stand in it as the reason."""
    head = await queries.head(request.user, pilot_id)
    suspension = await queries.part(Suspension, head, suspension_id)
    conditions = await queries.parts(Condition, head.id)
    return of_head(
        request, head, "suspension", form or Form({"reason": local(suspension.facts)}),
        suspension=suspension, breached=[one for one in conditions if rules.is_broken(one)],
        incidents=await queries.open_incidents(head.id),
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/suspensions/{suspension:uuid}", permission=DECIDE_PILOTS)
async def decide(request: Asked, pilot: FromPath[UUID], suspension: FromPath[UUID]) -> Any:
    """Suspend the pilot, or do not."""
    values, _files = await read_values(request)
    confirmed = values.get("verdict") == "confirmed"
    try:
        await commands.decide_suspension(
            request.user, suspension, confirmed=confirmed, reason=str(values.get("reason") or "")
        )
    except InvalidInput as error:
        return await _suspension_page(request, pilot, suspension, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _suspension_page(
            request, pilot, suspension, Form(values, {"_": error.message})
        )
    words = _("The pilot is suspended. Both sides have been told.")
    flash(request, "success", words if confirmed else _("The pilot goes on. Both sides are told."))
    return redirect(request, f"/pilots/{pilot}")


ROUTES = [show_suspension, decide]
