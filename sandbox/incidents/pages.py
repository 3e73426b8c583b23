"""Incidents: reported, triaged, set right, closed."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation import clock, i18n
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word
from sandbox.incidents import commands, queries, rules
from sandbox.incidents.policy import HANDLE_INCIDENTS, KEEP_PILOTS, READ_INCIDENTS, REPORT
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots

Asked = Request[Person, Any, Any]


@get("/incidents", permission=READ_INCIDENTS)
async def show_list(request: Asked) -> Any:
    """The open incidents, the newest first."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in queries.Filters.__struct_fields__}
    cursor = read_cursor(asked, length=2)
    return page(
        request, "incidents/list.html", block="results", filters=Form(chosen),
        incidents=await queries.listed(request.user, queries.Filters(**chosen), cursor),
        states=[("all", _("All")), *((s, word(s)) for s in sorted(rules.LIFE.states))],
    )  # fmt: skip


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
    now = i18n.current_zone()
    aware = clock.now().astimezone(now).strftime("%Y-%m-%dT%H:%M")
    return await _report_page(request, pilot, Form({"aware_at": aware}))


async def _report_page(request: Asked, pilot_id: UUID, form: Form[Any]) -> Any:
    head = await pilots.head(request.user, pilot_id)
    facts = queries.typed_facts(form.values, head.pack.incidents.questions)
    return page(
        request, "incidents/new.html", status=422 if form.errors else 200, pilot=head,
        pack=head.pack, form=form, questions=head.pack.incidents.questions,
        asked_now={question.key for question in rules.asked(head.pack, facts)},
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/incidents/new", permission=REPORT)
async def report(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Report an incident."""
    values, _files = await read_values(request)
    head = await pilots.head(request.user, pilot)
    errors: dict[str, str] = {}
    draft = _draft(values, head, errors)
    if not errors:
        try:
            source = "firm" if head.firm else "officer"
            incident = await commands.report_incident(request.user, pilot, draft, source=source)
        except InvalidInput as error:
            errors = dict(error.errors)
        except RuleBroken as error:
            errors = {"_": error.message}
        else:
            flash(request, "success", _("Reported. Both sides have been told."))
            return redirect(request, f"/incidents/{incident.id}")
    return await _report_page(request, pilot, Form(values, errors))


def _several(values: dict[str, Any], name: str) -> list[str]:
    held = values.get(name) or []
    return [item for item in (held if isinstance(held, list) else [held]) if item]


def _draft(values: dict[str, Any], head: pilots.Head, errors: dict[str, str]) -> rules.Draft:
    people = str(values.get("people_affected") or "0").replace(",", "")
    if not people.isdecimal():
        errors["people_affected"] = _("Enter a number")
        people = "0"
    text = {
        name: str(values.get(name) or "")
        for name in ("title", "what", "place", "system_version", "groups", "suspected_cause",
                     "immediate_action")
    }  # fmt: skip
    return rules.Draft(
        **text,
        aware_at=_moment(values, "aware_at", errors) or clock.now(),
        occurred_from=_moment(values, "occurred_from", errors),
        occurred_to=_moment(values, "occurred_to", errors),
        harms_actual=_several(values, "harms_actual"),
        harms_potential=_several(values, "harms_potential"),
        people_affected=min(int(people), 2_000_000_000),
        vulnerabilities=_several(values, "vulnerabilities"),
        facts=queries.typed_facts(values, head.pack.incidents.questions),
        drill=values.get("drill") == "yes",
    )


def _moment(values: dict[str, Any], name: str, errors: dict[str, str]) -> datetime | None:
    """A time typed in the jurisdiction's zone."""
    typed = str(values.get(name) or "")
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=i18n.current_zone())
    except ValueError:
        errors[name] = _("Enter a date and a time")
        return None


@post("/breaches/{breach:uuid}/incident", permission=HANDLE_INCIDENTS)
async def open_from_breach(request: Asked, breach: FromPath[UUID]) -> Any:
    """Open an incident from a breach by hand."""
    incident = await commands.open_from_breach(breach, request.user)
    if incident is None:
        flash(request, "information", _("There is an incident for this breach already."))
        return redirect(request, "/incidents")
    return redirect(request, f"/incidents/{incident.id}")


# One incident ------------------------------------------------------------------------------


@get("/incidents/{incident:uuid}", permission=READ_INCIDENTS)
async def show(request: Asked, incident: FromPath[UUID]) -> Any:
    """Facts, clocks, reports, corrective actions, and what may be done next."""
    return await _incident_page(request, incident, Form({}))


async def _incident_page(
    request: Asked, incident_id: UUID, form: Form[Any], status: int = 422
) -> Any:
    found = await queries.one(request.user, incident_id)
    pack = found.pilot.pack
    if "severity" not in form.values:
        form.values["severity"] = found.incident.severity
        form.values.setdefault("vulnerabilities", list(found.incident.vulnerabilities))
    return page(
        request, "incidents/show.html", status=status if form.errors else 200, found=found,
        incident=found.incident, pilot=found.pilot, pack=pack, form=form,
        severity=pack.incidents.severity(found.incident.severity),
        derived=pack.incidents.severity(found.derived),
    )  # fmt: skip


async def _done(
    request: Asked, incident_id: UUID, values: dict[str, Any], command: Any, words: str
) -> Any:
    """Run ``command``; back to the page, with its errors beside the fields."""
    try:
        await command
    except InvalidInput as error:
        return await _incident_page(request, incident_id, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _incident_page(request, incident_id, Form(values, {"_": error.message}), 409)
    flash(request, "success", words)
    return redirect(request, f"/incidents/{incident_id}")


@post("/incidents/{incident:uuid}/triage", permission=HANDLE_INCIDENTS)
async def triage(request: Asked, incident: FromPath[UUID]) -> Any:
    """Confirm how grave it is, or decide otherwise with a reason."""
    values, _files = await read_values(request)
    verdict = rules.Verdict(
        severity=str(values.get("severity") or ""), reason=str(values.get("reason") or ""),
        vulnerabilities=_several(values, "vulnerabilities"),
    )  # fmt: skip
    command = commands.triage(request.user, incident, verdict)
    return await _done(request, incident, values, command, _("Triaged. The firm has been told."))


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
    return await _done(
        request, incident, values, command(request.user, incident, **given), _(words)
    )


@post("/incidents/{incident:uuid}/actions", permission=HANDLE_INCIDENTS)
async def ask_action(request: Asked, incident: FromPath[UUID]) -> Any:
    """Ask the firm to set something right."""
    values, _files = await read_values(request)
    try:
        due = date.fromisoformat(str(values["due_on"])) if values.get("due_on") else None
    except ValueError:
        errors = {"due_on": _("Enter a date")}
        return await _incident_page(request, incident, Form(values, errors))
    command = commands.ask_action(
        request.user, incident, text=str(values.get("text") or ""),
        owner=str(values.get("owner") or ""), due_on=due,
    )  # fmt: skip
    return await _done(request, incident, values, command, _("Asked. The firm has been told."))


@post("/incidents/{incident:uuid}/actions/{action:uuid}/done", permission=KEEP_PILOTS)
async def report_action(request: Asked, incident: FromPath[UUID], action: FromPath[UUID]) -> Any:
    """Say that a corrective action is done."""
    values, _files = await read_values(request)
    command = commands.report_action(request.user, action, text=str(values.get("done") or ""))
    return await _done(request, incident, values, command, _("Thank you. The officer looks at it."))


@post("/incidents/{incident:uuid}/actions/{action:uuid}/verify", permission=HANDLE_INCIDENTS)
async def verify_action(request: Asked, incident: FromPath[UUID], action: FromPath[UUID]) -> Any:
    """Say that it was seen to be done."""
    command = commands.verify_action(request.user, action)
    return await _done(request, incident, {}, command, _("Verified."))


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
    return await _done(request, incident, values, command, _("Your report is in."))


NAVIGATION = [NavigationLink("/incidents", N_("Incidents"), READ_INCIDENTS, place=40)]

ROUTES = [
    show_list, show_of_pilot, new, report, open_from_breach, show, triage, take_step,
    ask_action, report_action, verify_action, submit_report,
]  # fmt: skip
