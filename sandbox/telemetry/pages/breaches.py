"""A breach explained: by what it rests on, and by the firm."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation import charts
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import decimal
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.telemetry import breach_queries, commands
from sandbox.telemetry.pages.board import board_page
from sandbox.telemetry.policy import KEEP_PILOTS, READ_PILOTS

Asked = Request[Person, Any, Any]


@get("/pilots/{pilot:uuid}/breaches/{breach:uuid}", permission=READ_PILOTS)
async def show_breach(request: Asked, pilot: FromPath[UUID], breach: FromPath[UUID]) -> Any:
    """A breach explained: the rule, the values, the figures, who was told; another limit tried."""
    head = await pilots.head(request.user, pilot)
    found = await breach_queries.explained(head, breach)
    form = _limit_form(request, found)
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
        await commands.explain_breach(
            request.user, breach, str(values.get(f"explanation_{breach}") or "")
        )
    except InvalidInput as error:
        errors = {f"explanation_{breach}": error.errors["explanation"]}
        return await board_page(request, pilot, Form(values, errors))
    flash(request, "success", _("Your explanation has been sent."))
    return redirect(request, f"/pilots/{pilot}/telemetry#breaches")


ROUTES = [show_breach, explain]
