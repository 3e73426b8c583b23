"""The public pages: home, the register of pilots, and what the sandbox says of itself."""

from typing import Any

from litestar import Request, get

from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.pages import page
from sandbox.people.person import Person
from sandbox.register import home as front
from sandbox.register import queries

Asked = Request[Person, Any, Any]


@get("/", permission=PUBLIC)
async def home(request: Asked) -> Any:
    """What the sandbox is, for each kind of visitor."""
    return page(
        request,
        "home.html",
        numbers=front.tiles(await queries.numbers()),
        reports=await front.newest_reports(),
    )


@get(["/about", "/accessibility", "/privacy"], permission=PUBLIC, sync_to_thread=False)
def statement(request: Asked) -> Any:
    """The standing pages: about the sandbox, accessibility, privacy."""
    return page(request, f"register/{request.url.path.strip('/')}.html")


NAVIGATION: list[Any] = []

ROUTES = [home, statement]
