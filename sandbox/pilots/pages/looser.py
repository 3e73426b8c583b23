"""Running pilots whose conditions are looser than the framework asks for by now."""

from typing import Any
from urllib.parse import urlencode

from litestar import get

from sandbox.foundation.web.pages import page
from sandbox.framework import library, threshold_form
from sandbox.pilots import looser_queries
from sandbox.pilots.looser_queries import Looser
from sandbox.pilots.pages.common import Asked
from sandbox.pilots.policy import DECIDE_PILOTS, SUPERVISE_PILOTS


@get("/pilots/looser", permission=SUPERVISE_PILOTS)
async def show_looser(request: Asked) -> Any:
    """Each with the limit in force, the framework's, and the step to a change of its plan."""
    person = request.user
    return page(
        request, "pilots/looser.html", pack=library.current(),
        lines=[
            (one, _change(one) if _may_change(request, one) else "")
            for one in await looser_queries.looser(person)
        ],
    )  # fmt: skip


def _may_change(request: Asked, one: Looser) -> bool:
    person = request.user
    return DECIDE_PILOTS.allows(person) and one.lead_sector in person.sectors and not one.waits


def _change(one: Looser) -> str:
    """The form of a change with what the framework asks for filled in."""
    now, wanted = threshold_form.opened(one.agreed), threshold_form.opened(one.wanted)
    fields = {name: value for name, value in wanted.items() if value != now[name]}
    query = urlencode({**fields, "framework": library.current().version})
    return f"/pilots/{one.pilot}/conditions/{one.id}/change?{query}"


ROUTES = [show_looser]
