"""Pages that bring new figures by themselves: they ask again with the stamp that they show."""

from typing import Any
from uuid import UUID

from litestar import Request, Response

from sandbox.foundation.web.pages import wants_part
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.telemetry import metric_queries


async def unchanged(request: Request[Person, Any, Any], pilot: UUID) -> Response[str] | None:
    """The answer (204) to a page that has ``seen`` all there is; ``None``: there is more to show.

    :raises NotFound: the pilot is not one that the viewer may see.
    """
    seen = request.query_params.get("seen")
    if not seen or not wants_part(request):
        return None
    await pilots.check_visible(request.user, pilot)
    return Response("", status_code=204) if seen == await metric_queries.stamp(pilot) else None


def paused(request: Request[Person, Any, Any]) -> bool:
    """Whether the viewer wants to look at the figures as they are."""
    return request.query_params.get("live") == "off"
