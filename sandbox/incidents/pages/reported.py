"""What the public told, as the authority's queue, and what an officer does about it."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.foundation import clock
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word
from sandbox.incidents import commands, comparisons, facts, public_queries, public_rules
from sandbox.incidents.pages.common import Asked, as_typed, moment
from sandbox.incidents.policy import HANDLE_INCIDENTS, READ_PUBLIC_REPORTS

PATH = "/public-reports"


@get(PATH, permission=READ_PUBLIC_REPORTS)
async def show_list(request: Asked) -> Any:
    """The reports that are not closed, the newest first."""
    asked = request.query_params
    state = asked.get("state", "")
    return page(
        request, "incidents/public/list.html", block="results", filters=Form({"state": state}),
        reports=await public_queries.listed(request.user, state, read_cursor(asked, length=2)),
        waiting=await public_queries.waiting(request.user), harms=public_rules.HARMS,
        states=[("all", _("All")), *((s, word(s)) for s in sorted(public_rules.LIFE.states))],
    )  # fmt: skip


@get(PATH + "/{public_report:uuid}", permission=READ_PUBLIC_REPORTS)
async def show(request: Asked, public_report: FromPath[UUID]) -> Any:
    """One report, and what may be done about it."""
    return await _report_page(request, public_report, Form())


async def _report_page(request: Asked, report_id: UUID, form: Form[Any], status: int = 422) -> Any:
    found = await public_queries.one(request.user, report_id)
    form.values.setdefault("what", found.report.what)
    form.values.setdefault("aware_at", as_typed(clock.now()))
    form.values.setdefault("answer", found.report.answer)
    return page(
        request, "incidents/public/show.html", status=status if form.errors else 200,
        found=found, report=found.report, pilot=found.pilot, pack=found.pilot.pack, form=form,
        harms=public_rules.HARMS, officer="handle_incident" in found.pilot.can,
        suggested=await comparisons.of(found.pilot, report_id),
    )  # fmt: skip


@post(PATH + "/{public_report:uuid}/steps/{step:str}", permission=HANDLE_INCIDENTS)
async def take_step(request: Asked, public_report: FromPath[UUID], step: FromPath[str]) -> Any:
    """Take it up, make an incident of it, join it to one, answer or dismiss it."""
    if step not in _STEPS:
        raise NotFound
    values, _files = await read_values(request)
    try:
        words, path = await _STEPS[step](request, public_report, values)
    except InvalidInput as error:
        return await _report_page(request, public_report, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _report_page(request, public_report, Form(values, {"_": error.message}), 409)
    flash(request, "success", words)
    return redirect(request, path or f"{PATH}/{public_report}")


async def _take_up(request: Asked, report: UUID, _values: dict[str, Any]) -> tuple[str, str]:
    await commands.take_up(request.user, report)
    return _("You look into it. Whoever reported can see that somebody does."), ""


async def _make_incident(request: Asked, report: UUID, values: dict[str, Any]) -> tuple[str, str]:
    errors: dict[str, str] = {}
    aware_at = moment(values, "aware_at", errors) or clock.now()
    if errors:
        raise InvalidInput(errors)
    draft = facts.Draft(
        title=str(values.get("title") or ""), what=str(values.get("what") or ""), aware_at=aware_at
    )
    incident = await commands.make_incident(request.user, report, draft)
    return _("An incident was made of it. Both sides have been told."), f"/incidents/{incident.id}"


async def _join(request: Asked, report: UUID, values: dict[str, Any]) -> tuple[str, str]:
    try:
        incident = UUID(str(values.get("incident") or ""))
    except ValueError:
        raise InvalidInput({"incident": _("Choose an incident of this pilot")}) from None
    await commands.join(request.user, report, incident)
    return _("Joined. The incident shows the report to the authority."), ""


async def _answer(request: Asked, report: UUID, values: dict[str, Any]) -> tuple[str, str]:
    await commands.answer_public(request.user, report, words=str(values.get("answer") or ""))
    return _("Answered. Whoever has the number can read it."), ""


async def _dismiss(request: Asked, report: UUID, values: dict[str, Any]) -> tuple[str, str]:
    await commands.dismiss(
        request.user, report, reason=str(values.get("reason") or ""),
        words=str(values.get("words") or ""),
    )  # fmt: skip
    return _("Dismissed, with your reason."), ""


_STEPS = {
    "take_up": _take_up,
    "make_incident": _make_incident,
    "join": _join,
    "answer": _answer,
    "dismiss": _dismiss,
}

ROUTES = [show_list, show, take_step]
