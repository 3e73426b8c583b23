"""One incident: what happened, what is owed, and what is done about it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.foundation.errors import NotFound
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.incidents import commands
from sandbox.incidents.pages.common import Asked, done, incident_page
from sandbox.incidents.policy import HANDLE_INCIDENTS, KEEP_PILOTS, READ_INCIDENTS


@get("/incidents/{incident:uuid}", permission=READ_INCIDENTS)
async def show(request: Asked, incident: FromPath[UUID]) -> Any:
    """Facts, clocks, reports, corrective actions, and what may be done next."""
    return await incident_page(request, incident, Form({}))


_STEPS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "investigate": (commands.investigate, (), N_("The investigation has begun.")),
    "resolve": (commands.resolve, ("root_cause",), N_("Resolved. The firm has been told.")),
    "close": (commands.close, ("words",), N_("Closed.")),
    "reopen": (commands.reopen, ("reason",), N_("The incident is open again.")),
}


@post("/incidents/{incident:uuid}/steps/{step:str}", permission=HANDLE_INCIDENTS)
async def take_step(request: Asked, incident: FromPath[UUID], step: FromPath[str]) -> Any:
    """Investigate, resolve, close or reopen."""
    if step not in _STEPS:
        raise NotFound
    command, fields, words = _STEPS[step]
    values, _files = await read_values(request)
    given = {name: str(values.get(name) or "") for name in fields}
    return await done(request, incident, values, command(request.user, incident, **given), _(words))


@post("/incidents/{incident:uuid}/actions", permission=HANDLE_INCIDENTS)
async def ask_action(request: Asked, incident: FromPath[UUID]) -> Any:
    """Ask the firm to set something right."""
    values, _files = await read_values(request)
    try:
        due = date.fromisoformat(str(values["due_on"])) if values.get("due_on") else None
    except ValueError:
        errors = {"due_on": _("Enter a date")}
        return await incident_page(request, incident, Form(values, errors))
    command = commands.ask_action(
        request.user, incident, text=str(values.get("text") or ""),
        owner=str(values.get("owner") or ""), due_on=due,
        kind=str(values.get("kind") or "corrective"),
    )  # fmt: skip
    return await done(request, incident, values, command, _("Asked. The firm has been told."))


@post("/incidents/{incident:uuid}/actions/{action:uuid}/done", permission=KEEP_PILOTS)
async def report_action(request: Asked, incident: FromPath[UUID], action: FromPath[UUID]) -> Any:
    """Say that a corrective action is done."""
    values, _files = await read_values(request)
    command = commands.report_action(request.user, action, text=str(values.get("done") or ""))
    return await done(request, incident, values, command, _("Thank you. The officer looks at it."))


@post("/incidents/{incident:uuid}/actions/{action:uuid}/verify", permission=HANDLE_INCIDENTS)
async def verify_action(request: Asked, incident: FromPath[UUID], action: FromPath[UUID]) -> Any:
    """Say that it was seen to be done."""
    command = commands.verify_action(request.user, action)
    return await done(request, incident, {}, command, _("Verified."))


@post("/incidents/{incident:uuid}/actions/{action:uuid}/return", permission=HANDLE_INCIDENTS)
async def return_action(request: Asked, incident: FromPath[UUID], action: FromPath[UUID]) -> Any:
    """Say what is missing: the firm does it again."""
    values, _files = await read_values(request)
    reason = str(values.get("return_reason") or "")
    command = commands.return_action(request.user, action, reason=reason)
    return await done(request, incident, values, command, _("Sent back. The firm has been told."))


@post("/incidents/{incident:uuid}/reports", permission=KEEP_PILOTS)
async def submit_report(request: Asked, incident: FromPath[UUID]) -> Any:
    """Submit a report for one of the clocks, or beside them."""
    values, _files = await read_values(request)
    chosen = str(values.get("clock") or "")
    try:
        clock_id = UUID(chosen) if chosen else None
    except ValueError:
        raise NotFound from None
    command = commands.submit_report(
        request.user, incident, text=str(values.get("report") or ""), clock_id=clock_id
    )
    return await done(request, incident, values, command, _("Your report is in."))


@post("/incidents/{incident:uuid}/response", permission=KEEP_PILOTS)
async def respond(request: Asked, incident: FromPath[UUID]) -> Any:
    """Say what was done so far."""
    values, _files = await read_values(request)
    command = commands.respond(request.user, incident, text=str(values.get("response") or ""))
    return await done(request, incident, values, command, _("Thank you. The officer reads it."))


@post("/incidents/{incident:uuid}/suspend", permission=HANDLE_INCIDENTS)
async def suspend_pilot(request: Asked, incident: FromPath[UUID]) -> Any:
    """Suspend the pilot, as the framework proposes."""
    values, _files = await read_values(request)
    command = commands.suspend_pilot(
        request.user, incident, reason=str(values.get("suspension") or "")
    )
    words = _("The pilot is suspended. Both sides have been told.")
    return await done(request, incident, values, command, words)


ROUTES = [
    show, take_step, ask_action, report_action, verify_action, return_action, submit_report,
    respond, suspend_pilot,
]  # fmt: skip
