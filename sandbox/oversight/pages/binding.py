"""Limits that never bound anybody: how near each ever came, and which to relax first."""

from typing import Any

from litestar import Request, Response, get

from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import page
from sandbox.foundation.web.tables import csv_response
from sandbox.oversight import binding_queries as queries
from sandbox.oversight.policy import WATCH_PILOTS
from sandbox.oversight.rules import binding
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]


def _filters(request: Asked) -> queries.Filters:
    asked = request.query_params
    return queries.Filters(
        **{name: asked.get(name, "")[:200] for name in queries.Filters.__struct_fields__}
    )


@get("/pilots/limits", permission=WATCH_PILOTS)
async def show(request: Asked) -> Any:
    """How near every kind of limit in one's sight ever came to being broken."""
    filters = _filters(request)
    found = queries.kinds(await queries.held(request.user, filters), filters)
    typed = {name: getattr(filters, name) for name in queries.Filters.__struct_fields__}
    return page(
        request, "oversight/limits.html", block="results", filters=Form(typed), kinds=found,
        verdicts=binding.VERDICTS, sides=queries.KINDS, aggregates=queries.AGGREGATES,
        choices=[(key.value, _(words)) for key, (words, _colour) in binding.VERDICTS.items()],
        near=binding.NEAR, enough_days=binding.ENOUGH_DAYS, enough=binding.ENOUGH_FIGURES,
    )  # fmt: skip


@get("/pilots/limits.csv", permission=WATCH_PILOTS)
async def download(request: Asked) -> Response[str]:
    """The same limits, one line a condition."""
    filters = _filters(request)
    found = queries.kinds(await queries.held(request.user, filters), filters)
    columns = (
        "metric", "limit_is", "aggregate", "kind_verdict", "verdict", "pilot", "organisation",
        "lead_sector", "condition", "state", "limit", "unit", "nearest", "nearest_at", "slice",
        "share_of_limit", "share_of_room_used", "watched_from", "watched_until", "days", "figures",
        "breaches",
    )  # fmt: skip
    return csv_response("limits", columns, [_row(kind, one) for kind in found for one in kind.held])


def _row(kind: queries.Kind, one: queries.Held) -> tuple[object, ...]:
    near = one.nearest
    return (
        one.threshold.metric, kind.side, kind.aggregate, kind.verdict.value, one.verdict.value,
        one.reference, one.organisation, one.lead_sector, one.number, one.state,
        one.threshold.limit, one.threshold.unit, near.value if near else None,
        near.at if near else None, near.slice if near else "",
        _rounded(near.of_limit if near else None), _rounded(one.watched.used), one.since,
        one.until, one.watched.days, one.watched.figures, one.watched.breaches,
    )  # fmt: skip


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


ROUTES = [show, download]
