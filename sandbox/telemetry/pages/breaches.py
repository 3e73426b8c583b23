"""A breach explained: by what it rests on, and by the firm, whose words the authority judges."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation import charts
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import decimal
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.telemetry import breach_queries, commands
from sandbox.telemetry.policy import KEEP_PILOTS, READ_PILOTS, SUPERVISE_PILOTS

Asked = Request[Person, Any, Any]


@get("/pilots/{pilot:uuid}/breaches/{breach:uuid}", permission=READ_PILOTS)
async def show_breach(request: Asked, pilot: FromPath[UUID], breach: FromPath[UUID]) -> Any:
    """A breach explained: the rule, the values, the figures, who was told; another limit tried."""
    return await _breach_page(request, pilot, breach)


async def _breach_page(
    request: Asked, pilot_id: UUID, breach_id: UUID, form: Form[Any] | None = None
) -> Any:
    head = await pilots.head(request.user, pilot_id)
    found = await breach_queries.explained(head, breach_id)
    form = form or _limit_form(request, found)
    past = found.history
    return page(
        request, "telemetry/breach.html", status=422 if form.errors else 200, pilot=head,
        pack=head.pack, limit_sentence=terms.limit_sentence, found=found, breach=found.breach,
        form=form,
        name=head.pack.metric_name(found.breach.metric),
        unit=past.threshold.unit if past else "",
        chart=_course(head, past) if past and past.moments else None,
        actual=past.tried(past.threshold.limit) if past else None,
        tried=past.tried(form.values["value"]) if past and "value" in form.values else None,
    )  # fmt: skip


def _limit_form(request: Asked, found: breach_queries.Explained) -> Form[Any]:
    """The limit that was asked for, as typed; ``value``: as a number."""
    typed = request.query_params.get("limit", "").strip()[:40]
    if not typed or found.history is None:
        return Form({"limit": typed})
    value = decimal(typed.replace(",", ""))
    if value is None:
        return Form({"limit": typed}, {"limit": _("Enter a limit as a number, like 0.9")})
    return Form({"limit": typed, "value": value})


def _course(pilot: pilots.Head, past: breach_queries.History) -> charts.Chart:
    """Every value that the condition was held to, with its limit."""
    threshold = past.threshold
    held = [(one.at, one.value) for one in past.moments if one.value is not None]
    return charts.series(
        pilot.pack.metric_name(threshold.metric),
        [charts.Line(_("Value that is held to the limit"), held)],
        unit=pilot.pack.unit_symbol(threshold.unit) if threshold.unit else "",
        limit=charts.Limit(threshold.limit, at_most=threshold.at_most),
    )


@post("/pilots/{pilot:uuid}/breaches/{breach:uuid}", permission=KEEP_PILOTS)
async def explain(request: Asked, pilot: FromPath[UUID], breach: FromPath[UUID]) -> Any:
    """Say what happened and what is done about it."""
    values, _files = await read_values(request)
    try:
        await commands.explain_breach(request.user, breach, str(values.get("explanation") or ""))
    except InvalidInput as error:
        return await _breach_page(request, pilot, breach, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _breach_page(request, pilot, breach, Form(values, {"_": error.message}))
    flash(request, "success", _("Your explanation has been sent. The authority looks at it."))
    return redirect(request, f"/pilots/{pilot}/breaches/{breach}#explanation")


@post("/pilots/{pilot:uuid}/breaches/{breach:uuid}/verdict", permission=SUPERVISE_PILOTS)
async def judge(request: Asked, pilot: FromPath[UUID], breach: FromPath[UUID]) -> Any:
    """Take the explanation, or ask again and say what is missing."""
    values, _files = await read_values(request)
    accepted = values.get("verdict") == "accepted"
    try:
        if accepted:
            await commands.accept_explanation(request.user, breach)
        else:
            await commands.ask_again(request.user, breach, str(values.get("words") or ""))
    except InvalidInput as error:
        return await _breach_page(request, pilot, breach, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _breach_page(request, pilot, breach, Form(values, {"_": error.message}))
    words = _("Accepted. The firm has been told.") if accepted else _("The firm is asked again.")
    flash(request, "success", words)
    return redirect(request, f"/pilots/{pilot}/breaches/{breach}#explanation")


ROUTES = [show_breach, explain, judge]
