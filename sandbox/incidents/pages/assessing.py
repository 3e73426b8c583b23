"""How grave it is and who is told: confirmed at triage, weighed anew when more is known."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.foundation import clock
from sandbox.foundation.errors import Forbidden, InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect, wants_part
from sandbox.framework import words as pack_words
from sandbox.incidents import commands, facts, queries, rules
from sandbox.incidents.pages.common import (
    Asked,
    as_typed,
    done,
    incident_page,
    moment,
    people_count,
    several,
    stored,
)
from sandbox.incidents.policy import HANDLE_INCIDENTS, REPORT

BY_THE_RULES = "rules"


@post("/incidents/{incident:uuid}/triage", permission=HANDLE_INCIDENTS)
async def triage(request: Asked, incident: FromPath[UUID]) -> Any:
    """Confirm how grave it is, or decide otherwise with a reason, from the incident's page."""
    found = await queries.one(request.user, incident)
    if not found.complete:
        flash(request, "information", _("Answer the questions first: nobody has done so yet."))
        return redirect(request, f"/incidents/{incident}/assess")
    values, uploads = await read_values(request)
    try:
        verdict = await _verdict(request, found, values, uploads)
    except InvalidInput as error:
        return await incident_page(request, incident, Form(values, dict(error.errors)))
    command = commands.triage(request.user, incident, verdict)
    return await done(request, incident, values, command, _("Triaged. The firm has been told."))


@get("/incidents/{incident:uuid}/assess", permission=REPORT)
async def show(request: Asked, incident: FromPath[UUID]) -> Any:
    """The questions with the answers so far, and the decision."""
    found = await _assessable(request, incident)
    values = queries.answers_in(found)
    values["aware_at"] = as_typed(clock.now())
    standing = found.standing
    if found.incident.state != "reported" and standing is not None:
        values |= _decided(standing)
    return _page(
        request, found, Form({"severity": BY_THE_RULES, "reporting": BY_THE_RULES} | values)
    )


def _decided(standing: Any) -> dict[str, Any]:
    """What stands against the rules, so that weighing anew does not undo it unseen."""
    values: dict[str, Any] = {}
    if standing.severity != standing.derived:
        values["severity"] = standing.severity
    more = [key for key in standing.regimes if key not in standing.regimes_derived]
    if more:
        values |= {"reporting": "more", "regimes": more}
    elif standing.regimes_derived and not standing.regimes:
        values["reporting"] = "none"
    return values


async def _assessable(request: Asked, incident_id: UUID) -> queries.Whole:
    found = await queries.one(request.user, incident_id)
    if not {"handle_incident", "act_on_incident"} & found.pilot.can:
        raise Forbidden(_("The authority that leads this case weighs it, and the firm adds to it."))
    return found


def _page(request: Asked, found: queries.Whole, form: Form[Any], status: int = 422) -> Any:
    pack = found.pilot.pack
    answers = _answers(form.values, found, {})
    return page(
        request, "incidents/assess.html", block="follows",
        status=status if form.errors else 200, found=found, incident=found.incident,
        pilot=found.pilot, pack=pack, form=form, questions=pack.incidents.questions,
        asked_now={question.key for question in facts.asked(pack, answers.facts)},
        officer="handle_incident" in found.pilot.can, preview=queries.preview(found, answers),
        severity=pack.incidents.severity(found.incident.severity), rules_say=BY_THE_RULES,
        say_limit=pack_words.limit_in_words,
    )  # fmt: skip


@post("/incidents/{incident:uuid}/assess", permission=REPORT)
async def assess(request: Asked, incident: FromPath[UUID]) -> Any:
    """Triage with the questions, or weigh anew; or only look at what would follow."""
    found = await _assessable(request, incident)
    values, uploads = await read_values(request)
    if values.get("look") or wants_part(request):
        return _page(request, found, Form(values))
    errors: dict[str, str] = {}
    answers = _answers(values, found, errors)
    if errors:
        return _page(request, found, Form(values, errors))
    try:
        verdict = await _verdict(request, found, values, uploads, answers)
        words = await _carry_out(request, found, verdict)
    except InvalidInput as error:
        return _page(request, found, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return _page(request, found, Form(values, {"_": error.message}), 409)
    flash(request, "success", words)
    return redirect(request, f"/incidents/{incident}")


async def _carry_out(request: Asked, found: queries.Whole, verdict: rules.Verdict) -> str:
    officer = "handle_incident" in found.pilot.can
    if officer and found.incident.state == "reported":
        await commands.triage(request.user, found.incident.id, verdict)
        return _("Triaged. The firm has been told.")
    await commands.assess(request.user, found.incident.id, verdict)
    if officer:
        return _("Weighed anew. The firm has been told.")
    return _("Thank you. The authority has been told.")


def _answers(values: dict[str, Any], found: queries.Whole, errors: dict[str, str]) -> facts.Answers:
    since = found.incident.aware_at
    known = moment(values, "aware_at", errors) or since
    # A field holds whole minutes: the minute in which the incident became known is not before it.
    same_minute = since - timedelta(minutes=1) < known < since
    if same_minute or found.incident.state == "reported":
        known = since
    return facts.Answers(
        aware_at=known,
        harms_actual=several(values, "harms_actual"),
        harms_potential=several(values, "harms_potential"),
        people_affected=people_count(values, errors),
        groups=str(values.get("groups") or ""),
        facts=queries.typed_facts(values, found.pilot.pack.incidents.questions),
    )


async def _verdict(
    request: Asked,
    found: queries.Whole,
    values: dict[str, Any],
    uploads: dict[str, Any],
    answers: facts.Answers | None = None,
) -> rules.Verdict:
    if "handle_incident" not in found.pilot.can:
        return rules.Verdict(answers=answers, reason=str(values.get("reason") or ""))
    chosen, reporting = (str(values.get(name) or "") for name in ("severity", "reporting"))
    shown = str(values.get("report") or "")
    reports = {str(one.id): one.id for one in found.reports}
    if shown and shown not in reports:
        raise InvalidInput({"report": _("Choose from the options")})
    return rules.Verdict(
        severity="" if chosen == BY_THE_RULES else chosen,
        reporting="" if reporting == BY_THE_RULES else reporting,
        regimes=several(values, "regimes"), reason=str(values.get("reason") or ""),
        vulnerabilities=several(values, "vulnerabilities"), answers=answers,
        report=reports.get(shown),
        file=await stored(request, found, uploads.get("file"), "handle_incident"),
    )  # fmt: skip


ROUTES = [triage, show, assess]
