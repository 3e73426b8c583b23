"""The public pages: home, the register of pilots, and what the sandbox says of itself."""

from typing import Any

from litestar import Request, get
from litestar.params import FromPath

from sandbox.foundation.i18n import N_, _, format_number, ngettext
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import NavigationLink, page
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word
from sandbox.people.person import Person
from sandbox.pilots.reliefs import standing
from sandbox.register import queries

Asked = Request[Person, Any, Any]
STATES_SHOWN = ("preparing", "live", "suspended", "exiting", "closed")


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
        {
            "value": format_number(numbers.pilots),
            "label": _("Pilots admitted"),
            "href": "/register",
        },
        {
            "value": format_number(numbers.live),
            "label": _("Live now"),
            "href": "/register?state=live",
        },
        {
            "value": format_number(numbers.lessons),
            "label": _("Lessons published"),
            "href": "/lessons",
        },
    ]
    if numbers.median_days is not None:
        days = round(numbers.median_days)
        words = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        tiles.append({"value": words, "label": _("Median time to a decision")})
    return tiles


@get("/register", permission=PUBLIC)
async def show_register(request: Asked) -> Any:
    """Every pilot that was admitted, by sector, state and words."""
    asked = request.query_params
    chosen = {name: asked.get(name, "").strip() for name in queries.Filters.__struct_fields__}
    filters = queries.Filters(**chosen)
    return page(
        request, "register/list.html", block="results", filters=Form(chosen),
        entries=await queries.entries(filters, read_cursor(asked, length=2)),
        total=await queries.count(filters), states=[(name, word(name)) for name in STATES_SHOWN],
    )  # fmt: skip


@get("/register/{reference:str}", permission=PUBLIC)
async def show_entry(request: Asked, reference: FromPath[str]) -> Any:
    """One pilot: what is relaxed for it, what it promised, whom to turn to."""
    whole = await queries.entry(reference)
    return page(
        request, "register/entry.html", entry=whole.entry, reliefs=whole.reliefs,
        promises=whole.promises, written=whole.written, summary=whole.summary,
        standing=standing,
    )  # fmt: skip


@get(["/about", "/accessibility", "/privacy"], permission=PUBLIC, sync_to_thread=False)
def statement(request: Asked) -> Any:
    """The standing pages: about the sandbox, accessibility, privacy."""
    return page(request, f"register/{request.url.path.strip('/')}.html")


NAVIGATION = [NavigationLink("/register", N_("Register"), PUBLIC, place=80)]

ROUTES = [home, show_register, show_entry, statement]
