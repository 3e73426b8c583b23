"""The page of a pilot's figures, and an example of a file of them."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath

from sandbox.foundation import charts, i18n
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import page, wants_part
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.pilots.rules import TESTING
from sandbox.telemetry import metric_queries, queries, uploads
from sandbox.telemetry.pages import living
from sandbox.telemetry.policy import READ_PILOTS
from sandbox.telemetry.wire import files as tables

Asked = Request[Person, Any, Any]
_COLOURS = ("blue", "green", "purple", "amber", "teal", "grey")


@get("/pilots/{pilot:uuid}/telemetry", permission=READ_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Every series with its limit, the breaches, and what arrived; asked again (``seen``), only
    what is new."""
    if (same := await living.unchanged(request, pilot)) is not None:
        return same
    return await board_page(request, pilot, Form({}))


async def board_page(request: Asked, pilot_id: UUID, form: Form[Any]) -> Any:
    """The page of figures with what was typed."""
    head = await pilots.head(request.user, pilot_id)
    stamp = await metric_queries.stamp(pilot_id)  # first: what comes meanwhile is told next time
    board = await queries.board(head)
    comes = head.state in TESTING and bool(board.series)
    return page(
        request, "telemetry/board.html", status=422 if form.errors else 200,
        block=["figures", "arrived"], part=wants_part(request), pilot=head,
        pack=head.pack, board=board, form=form, stamp=stamp, comes=comes,
        live=comes and not living.paused(request),
        waiting=await uploads.waiting(pilot_id) if head.firm else [],
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


ROUTES = [show, template]
