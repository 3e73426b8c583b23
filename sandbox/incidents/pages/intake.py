"""Incidents in a list, and one that is told of."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.foundation import clock
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word
from sandbox.framework import library
from sandbox.incidents import causes, commands, facts, public_queries, queries, rules
from sandbox.incidents.pages.common import Asked, as_typed, moment, people_count, several
from sandbox.incidents.policy import (
    HANDLE_INCIDENTS,
    READ_INCIDENTS,
    READ_PUBLIC_REPORTS,
    REPORT,
)
from sandbox.pilots import queries as pilots


@get("/incidents", permission=READ_INCIDENTS)
async def show_list(request: Asked) -> Any:
    """The open incidents, the newest first."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in queries.Filters.__struct_fields__}
    cursor = read_cursor(asked, length=2)
    staff = READ_PUBLIC_REPORTS.allows(request.user)
    return page(
        request, "incidents/list.html", block="results", filters=Form(chosen), staff=staff,
        narrowed=_narrowed(chosen),
        waiting=await public_queries.waiting(request.user) if staff else 0,
        incidents=await queries.listed(request.user, queries.Filters(**chosen), cursor),
        states=[("all", _("All")), *((s, word(s)) for s in sorted(rules.LIFE.states))],
    )  # fmt: skip


def _narrowed(chosen: dict[str, str]) -> list[str]:
    """What a link of the patterns narrowed the list to and no field of the filter shows."""
    pack = library.current()
    sectors = {sector.key: str(sector.name) for sector in pack.sectors}
    branches = {f"branch_{key}": _(label) for key, label in causes.BRANCHES.items()}
    found = [
        _("led by %(sector)s") % {"sector": sectors.get(chosen["lead"], chosen["lead"])}
        if chosen["lead"] else "",
        _("explained by %(cause)s") % {"cause": branches.get(chosen["cause"], chosen["cause"])}
        if chosen["cause"] else "",
        _("without drills") if chosen["drill"] == "no" else "",
    ]  # fmt: skip
    return [words for words in found if words]


@get("/pilots/{pilot:uuid}/incidents", permission=READ_INCIDENTS)
async def show_of_pilot(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The incidents of one pilot."""
    head = await pilots.head(request.user, pilot)
    return page(
        request, "incidents/of_pilot.html", pilot=head, pack=head.pack,
        incidents=await queries.of_pilot(head.id),
    )  # fmt: skip


# Reporting ---------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/incidents/new", permission=REPORT)
async def new(request: Asked, pilot: FromPath[UUID]) -> Any:
    """An empty report."""
    return await _report_page(request, pilot, Form({"aware_at": as_typed(clock.now())}))


async def _report_page(request: Asked, pilot_id: UUID, form: Form[Any]) -> Any:
    head = await pilots.head(request.user, pilot_id)
    typed = queries.typed_facts(form.values, head.pack.incidents.questions)
    return page(
        request, "incidents/new.html", status=422 if form.errors else 200, pilot=head,
        pack=head.pack, form=form, questions=head.pack.incidents.questions,
        asked_now={question.key for question in facts.asked(head.pack, typed)},
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/incidents/new", permission=REPORT)
async def report(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Report an incident."""
    values, _files = await read_values(request)
    head = await pilots.head(request.user, pilot)
    errors: dict[str, str] = {}
    draft = _draft(values, head, errors)
    try:
        if not errors:
            source = "firm" if head.firm else "officer"
            incident = await commands.report_incident(request.user, pilot, draft, source=source)
            flash(request, "success", _("Reported. Both sides have been told."))
            return redirect(request, f"/incidents/{incident.id}")
        facts.check_draft(draft, head.pack, at=clock.now())  # all that is wrong is said at once
    except InvalidInput as error:
        errors = {**error.errors, **errors}
    except RuleBroken as error:
        errors = {"_": error.message}
    return await _report_page(request, pilot, Form(values, errors))


def _draft(values: dict[str, Any], head: pilots.Head, errors: dict[str, str]) -> facts.Draft:
    text = {
        name: str(values.get(name) or "")
        for name in ("title", "what", "place", "system_version", "groups", "suspected_cause",
                     "immediate_action")
    }  # fmt: skip
    return facts.Draft(
        **text,
        aware_at=moment(values, "aware_at", errors) or clock.now(),
        occurred_from=moment(values, "occurred_from", errors),
        occurred_to=moment(values, "occurred_to", errors),
        harms_actual=several(values, "harms_actual"),
        harms_potential=several(values, "harms_potential"),
        people_affected=people_count(values, errors),
        vulnerabilities=several(values, "vulnerabilities"),
        facts=queries.typed_facts(values, head.pack.incidents.questions),
        drill=values.get("drill") == "yes",
    )


@post("/breaches/{breach:uuid}/incident", permission=HANDLE_INCIDENTS)
async def open_from_breach(request: Asked, breach: FromPath[UUID]) -> Any:
    """Open an incident from a breach by hand."""
    incident = await commands.open_from_breach(breach, request.user)
    if incident is None:
        flash(request, "information", _("There is an incident for this breach already."))
        return redirect(request, "/incidents")
    return redirect(request, f"/incidents/{incident.id}")


NAVIGATION = [NavigationLink("/incidents", N_("Incidents"), READ_INCIDENTS, place=40)]
ROUTES = [show_list, show_of_pilot, new, report, open_from_breach]
