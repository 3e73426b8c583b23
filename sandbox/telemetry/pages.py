"""The figures of a pilot: drawn, listed, uploaded; breaches explained."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation import charts, files, i18n
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import decimal
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.telemetry import breach_queries, commands, queries
from sandbox.telemetry.policy import KEEP_PILOTS, READ_PILOTS
from sandbox.telemetry.rules.delivery import Refused
from sandbox.telemetry.wire import files as tables

Asked = Request[Person, Any, Any]
_COLOURS = ("blue", "green", "purple", "amber", "teal", "grey")


@get("/pilots/{pilot:uuid}/telemetry", permission=READ_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Every series with its limit, the breaches, and what arrived."""
    return await _board_page(request, pilot, Form({}))


async def _board_page(
    request: Asked, pilot_id: UUID, form: Form[Any], refused: list[Refused] | None = None
) -> Any:
    head = await pilots.head(request.user, pilot_id)
    board = await queries.board(head)
    return page(
        request, "telemetry/board.html", status=422 if form.errors else 200, pilot=head,
        pack=head.pack, board=board, form=form, refused=bool(refused),
        refused_rows=[(one.line, one.reason) for one in refused or []],
        drawn=[(one, _chart(head, one)) for one in board.series],
    )  # fmt: skip


def _chart(pilot: pilots.Head, series: queries.Series) -> charts.Chart | None:
    if not series.lines:
        return None
    unit = pilot.pack.unit_symbol(series.metric.unit)
    limit = series.limit
    return charts.series(
        series.metric.name,
        [
            charts.Line(label, points, colour=_COLOURS[number % len(_COLOURS)])
            for number, (label, points) in enumerate(list(series.lines.items())[:6])
        ],
        unit=unit,
        limit=charts.Limit(limit[0], at_most=limit[1]) if limit else None,
        gap=timedelta(seconds=series.metric.cadence_seconds * 2.5),
    )


@post("/pilots/{pilot:uuid}/telemetry", permission=KEEP_PILOTS)
async def upload(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Take a CSV file in; the lines that are not taken are told with their reasons."""
    values, uploads = await read_values(request)
    if "file" not in uploads:
        return await _board_page(request, pilot, Form(values, {"file": _("Choose a CSV file")}))
    try:
        checked = await files.accept_upload(uploads["file"], "file", endings=(".csv",))
        points, unread = tables.read_csv(checked.content.decode("utf-8-sig"))
        receipt = await commands.receive(
            request.user, pilot, points, source="csv", unread=len(unread)
        )
    except InvalidInput as error:
        words = error.errors.get("file") or error.errors.get("points", "")
        return await _board_page(request, pilot, Form(values, {"file": words}))
    except RuleBroken as error:
        return await _board_page(request, pilot, Form(values, {"file": error.message}))
    refused = [*unread, *receipt.refused]
    told = {"taken": receipt.taken, "same": receipt.duplicates, "refused": len(refused)}
    words = _("%(taken)s points taken, %(same)s known already, %(refused)s not taken.") % told
    if refused:
        form: Form[Any] = Form(values)
        flash(request, "warning", words)
        return await _board_page(request, pilot, form, refused[:50])
    flash(request, "success", words)
    return redirect(request, f"/pilots/{pilot}/telemetry")


@post("/pilots/{pilot:uuid}/telemetry/names", permission=KEEP_PILOTS)
async def map_name(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Say what a sender's name means."""
    values, _files = await read_values(request)
    field = f"metric_{values.get('place', '')}"
    name, metric = str(values.get("name") or ""), str(values.get(field) or "")
    try:
        await commands.map_name(request.user, pilot, name=name, metric=metric)
    except InvalidInput as error:
        return await _board_page(request, pilot, Form(values, {field: error.errors["metric"]}))
    flash(request, "success", _("Figures sent as “%(name)s” count now.") % {"name": name})
    return redirect(request, f"/pilots/{pilot}/telemetry")


@get("/pilots/{pilot:uuid}/telemetry/template.csv", permission=READ_PILOTS)
async def template(request: Asked, pilot: FromPath[UUID]) -> Response[str]:
    """An example file with the pilot's own metrics."""
    head = await pilots.head(request.user, pilot)
    today = i18n.today()
    at = datetime.combine(today, time(), i18n.current_zone()).isoformat()
    rows = [f"{one.key},{at},0,1," for one in await pilots.metrics(pilot)]
    return Response(
        "\n".join([",".join(tables.COLUMNS), *rows, ""]),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{head.reference}.csv"'},
    )


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
        return await _board_page(request, pilot, Form(values, errors))
    flash(request, "success", _("Your explanation has been sent."))
    return redirect(request, f"/pilots/{pilot}/telemetry#breaches")


ROUTES = [show, upload, map_name, template, show_breach, explain]
