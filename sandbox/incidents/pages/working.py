"""Work on an incident: tasks, questions to the firm, what happened when, and why."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.foundation import clock
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _, today
from sandbox.foundation.typed import day
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.incidents import causes, commands, queries, work_queries
from sandbox.incidents.pages.common import Asked, as_typed, moment, stored
from sandbox.incidents.policy import HANDLE_INCIDENTS, KEEP_PILOTS, READ_INCIDENTS, REPORT

_FILES = ("file", "file_2", "file_3")


@get("/incidents/{incident:uuid}/work", permission=READ_INCIDENTS)
async def show(request: Asked, incident: FromPath[UUID]) -> Any:
    """Everything that is done about it, by both sides."""
    return await _page(request, incident, Form({}))


async def _page(request: Asked, incident_id: UUID, form: Form[Any], status: int = 422) -> Any:
    found = await queries.one(request.user, incident_id)
    work = await work_queries.work_on(found)
    form.values.setdefault("happened_at", as_typed(clock.now()))
    form.values.setdefault("method", "five_whys")
    return page(
        request, "incidents/work.html", status=status if form.errors else 200, found=found,
        incident=found.incident, pilot=found.pilot, pack=found.pilot.pack, form=form, work=work,
        whys=causes.WHYS, branches=causes.BRANCHES, methods=causes.METHODS,
        officer="handle_incident" in found.pilot.can and not found.pilot.firm,
        acts="act_on_incident" in found.pilot.can, is_late=work_queries.is_late,
        today=today(), open=found.incident.state != "closed", file_fields=_FILES,
    )  # fmt: skip


async def _done(
    request: Asked, incident_id: UUID, values: dict[str, Any], command: Awaitable[Any], words: str
) -> Any:
    try:
        await command
    except InvalidInput as error:
        return await _page(request, incident_id, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _page(request, incident_id, Form(values, {"_": error.message}), 409)
    flash(request, "success", words)
    return redirect(request, f"/incidents/{incident_id}/work")


@post("/incidents/{incident:uuid}/tasks", permission=HANDLE_INCIDENTS)
async def add_task(request: Asked, incident: FromPath[UUID]) -> Any:
    """Note what somebody of the authority is to do."""
    values, _files = await read_values(request)
    command = commands.add_task(
        request.user, incident, text=str(values.get("task") or ""),
        owner=str(values.get("task_owner") or ""), due_on=day(values.get("task_due")),
    )  # fmt: skip
    return await _done(request, incident, values, command, _("The task is noted."))


@post("/incidents/{incident:uuid}/tasks/{task:uuid}/done", permission=HANDLE_INCIDENTS)
async def finish_task(request: Asked, incident: FromPath[UUID], task: FromPath[UUID]) -> Any:
    """Say that a task is done."""
    command = commands.finish_task(request.user, incident, task)
    return await _done(request, incident, {}, command, _("Done."))


@post("/incidents/{incident:uuid}/inquiries", permission=HANDLE_INCIDENTS)
async def ask(request: Asked, incident: FromPath[UUID]) -> Any:
    """Ask the firm something."""
    values, _files = await read_values(request)
    command = commands.ask_firm(
        request.user, incident, question=str(values.get("question") or ""),
        due_on=day(values.get("question_due")),
    )  # fmt: skip
    return await _done(request, incident, values, command, _("Asked. The firm has been told."))


@post("/incidents/{incident:uuid}/inquiries/{inquiry:uuid}/answer", permission=KEEP_PILOTS)
async def answer(request: Asked, incident: FromPath[UUID], inquiry: FromPath[UUID]) -> Any:
    """Answer a question, with files if need be."""
    values, uploads = await read_values(request)
    found = await queries.one(request.user, incident)
    field = f"answer-{inquiry}"
    if not values.get(field):
        return await _page(request, incident, Form(values, {field: _("Write the answer")}))
    try:
        fields = [f"{name}-{inquiry}" for name in _FILES]
        sent = [(name, uploads[name]) for name in fields if name in uploads]
        kept = [await stored(request, found, one, "act_on_incident", name) for name, one in sent]
    except InvalidInput as error:
        return await _page(request, incident, Form(values, dict(error.errors)))
    command = commands.answer_inquiry(
        request.user, incident, inquiry, text=str(values[field]),
        files=[key for key in kept if key is not None],
    )  # fmt: skip
    return await _done(request, incident, values, command, _("Thank you. The officer reads it."))


@post("/incidents/{incident:uuid}/timeline", permission=REPORT)
async def add_entry(request: Asked, incident: FromPath[UUID]) -> Any:
    """Add to the timeline."""
    values, _files = await read_values(request)
    errors: dict[str, str] = {}
    happened_at = moment(values, "happened_at", errors)
    if errors:
        return await _page(request, incident, Form(values, errors))
    command = commands.add_entry(
        request.user, incident, text=str(values.get("entry") or ""), happened_at=happened_at,
        internal=values.get("internal") == "yes",
    )  # fmt: skip
    return await _done(request, incident, values, command, _("Added to the timeline."))


@post("/incidents/{incident:uuid}/cause", permission=REPORT)
async def explain(request: Asked, incident: FromPath[UUID]) -> Any:
    """Say why it happened."""
    values, _files = await read_values(request)
    command = commands.explain_cause(
        request.user, incident, values, conclusion=str(values.get("conclusion") or "")
    )
    return await _done(request, incident, values, command, _("Kept. Both sides see it."))


ROUTES = [show, add_task, finish_task, ask, answer, add_entry, explain]
