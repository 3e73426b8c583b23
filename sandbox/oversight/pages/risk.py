"""The portfolio by risk: which pilot to look at first, and why."""

from typing import Any

from litestar import Request, Response, get

from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import NavigationLink, page
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word
from sandbox.foundation.web.tables import csv_response
from sandbox.oversight import risk_queries as queries
from sandbox.oversight.policy import WATCH_PILOTS
from sandbox.oversight.rules import risk
from sandbox.people.person import Person
from sandbox.pilots.policy import SUPERVISE_PILOTS

Asked = Request[Person, Any, Any]
_STATES = ("preparing", "live", "suspended", "exiting", "closed")


def _filters(request: Asked) -> queries.Filters:
    asked = request.query_params
    return queries.Filters(
        **{name: asked.get(name, "")[:200] for name in queries.Filters.__struct_fields__}
    )


@get("/pilots/risk", permission=WATCH_PILOTS)
async def show(request: Asked) -> Any:
    """All pilots in one's sight, by risk."""
    filters = _filters(request)
    found = await queries.lines(request.user, filters)
    needed = queries.needing(found, filters.need)
    cursor = read_cursor(request.query_params, length=queries.key_length(filters.order))
    return page(
        request, "oversight/risk.html", block="results", filters=Form(_typed(filters)),
        pilots=queries.page_of(needed, filters.order, cursor), tally=queries.tally(found),
        found=len(needed), grades=risk.GRADES, ladder=risk.LADDER, needs=queries.NEEDS,
        states=[(state, word(state)) for state in _STATES],
        orders=[(key, _(name)) for key, name in queries.ORDERS.items() if key],
        may_act=SUPERVISE_PILOTS.allows(request.user),
    )  # fmt: skip


def _typed(filters: queries.Filters) -> dict[str, str]:
    return {name: getattr(filters, name) for name in queries.Filters.__struct_fields__}


@get("/pilots/risk.csv", permission=WATCH_PILOTS)
async def download(request: Asked) -> Response[str]:
    """The same pilots in the same order, all of them, to take away."""
    filters = _filters(request)
    found = queries.needing(await queries.lines(request.user, filters), filters.need)
    counted = [name for name in risk.Facts.__struct_fields__ if name != "days_left"]
    columns = (
        "place", "reference", "title", "organisation", "lead_sector", "state", "grade", "why",
        *counted, "next_report_due_at", "suspension_decided_by", "to_judge",
        "testing_ends_on", "days_left",
    )  # fmt: skip
    rows = [
        (place, one.reference, one.title, one.organisation, one.lead_sector, one.state,
         one.standing.grade.name.lower(), "; ".join(one.reasons),
         *(getattr(one.facts, name) for name in counted), one.due_at, one.decide_by,
         one.waiting,         one.ends_on, one.facts.days_left)
        for place, one in enumerate(sorted(found, key=queries.key_of(filters.order)), 1)
    ]  # fmt: skip
    return csv_response("pilots-by-risk", columns, rows)


# Officials find their pilots here; a firm's own list stands at /pilots under the same name.
NAVIGATION = [NavigationLink("/pilots/risk", N_("Pilots"), WATCH_PILOTS, place=29, over="/pilots")]
ROUTES = [show, download]
