"""The public pages: home, the register of pilots, and what the sandbox says of itself."""

from typing import Any

from litestar import Request, get

from sandbox.foundation.i18n import _, format_number, ngettext
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.pages import page
from sandbox.people.person import Person
from sandbox.register import queries

Asked = Request[Person, Any, Any]


@get("/", permission=PUBLIC)
async def home(request: Asked) -> Any:
    """What the sandbox is, for each kind of visitor."""
    return page(
        request,
        "home.html",
        numbers=_tiles(await queries.numbers()),
        reports=await queries.newest_reports(),
    )


def _tiles(numbers: queries.Numbers) -> list[dict[str, Any]]:
    """The figures as tiles; none before the first pilot."""
    if not numbers.pilots:
        return []
    tiles: list[dict[str, Any]] = [
        {"value": format_number(numbers.pilots), "label": _("Pilots admitted")},
        {"value": format_number(numbers.live), "label": _("Live now")},
        {"value": format_number(numbers.lessons), "label": _("Lessons published")},
    ]
    if numbers.median_days is not None:
        days = round(numbers.median_days)
        words = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        tiles.append({"value": words, "label": _("Median time to a decision")})
    return tiles


@get(["/about", "/accessibility", "/privacy"], permission=PUBLIC, sync_to_thread=False)
def statement(request: Asked) -> Any:
    """The standing pages: about the sandbox, accessibility, privacy."""
    return page(request, f"register/{request.url.path.strip('/')}.html")


NAVIGATION: list[Any] = []

ROUTES = [home, statement]
