"""Answers for people: a page, a part of it, a redirect, a message shown once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from jinja2_fragments import render_block, render_blocks
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.template.base import csrf_token
from markupsafe import Markup

from sandbox.foundation import clock, i18n
from sandbox.foundation.i18n import _
from sandbox.foundation.web.navigation import NavigationLink, navigation_for
from sandbox.foundation.web.summaries import name_lines
from sandbox.foundation.web.templating import environment
from sandbox.settings import settings

__all__ = [
    "KINDS", "AnyRequest", "NavigationLink", "flash", "local_path", "page", "redirect",
    "saved", "wants_part",
]  # fmt: skip

AnyRequest = Request[Any, Any, Any]
KINDS = ("success", "information", "warning", "error")


class _Visitor:
    """Whoever asks where nobody was looked up (an unknown address, say)."""

    id = None
    name = ""
    email = ""
    signed_in = False
    machine = False
    roles: frozenset[Any] = frozenset()
    organisation = None
    organisation_name = ""
    authority = ""


def page(
    request: AnyRequest,
    template: str,
    status: int = 200,
    block: str | list[str] | None = None,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """Render ``template``; to HTMX only its ``block``, so that part and page never differ.

    Several blocks come one after the other (the later ones carry ``hx-swap-oob``).
    """
    whole = block is None or not wants_part(request)
    known = {**_context(request, whole=whole), **context}
    if whole:
        body = environment().get_template(template).render(known)
    elif isinstance(block, str):
        body = render_block(environment(), template, block, known)
    else:
        body = render_blocks(environment(), template, block or [], known)
    return Response(
        name_lines(body), status_code=status, media_type=MediaType.HTML,
        headers={"Vary": "HX-Request", **(headers or {})},
    )  # fmt: skip


def redirect(request: AnyRequest, path: str) -> Response[str]:
    """Send the browser to ``path`` on this site (303); HTMX moves the whole page there."""
    if request.headers.get("hx-request") == "true":
        return Response("", status_code=200, headers={"HX-Redirect": path})
    return Response("", status_code=303, headers={"Location": path})


def saved() -> Response[str]:
    """Answer an autosave: "Saved 14:02", which the form shows beside its button."""
    words = _("Saved %(time)s") % {"time": i18n.format_clock(clock.now())}
    return Response(words, media_type=MediaType.TEXT, status_code=200)


def flash(request: AnyRequest, kind: str, text: str) -> None:
    """Show ``text`` once, at the top of the next page. ``kind`` is one of :data:`KINDS`."""
    request.session["flashes"] = [*request.session.get("flashes", []), [kind, text]]


def wants_part(request: AnyRequest) -> bool:
    """Whether HTMX asks for a part of a page; going back in history wants it whole."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-history-restore-request") != "true"
        and headers.get("hx-boosted") != "true"
    )


def local_path(path: str | None, otherwise: str = "/") -> str:
    """``path`` where it leads to a page of this site, else ``otherwise`` (no open redirects)."""
    if not path or not path.startswith("/") or path.startswith("//") or "\\" in path:
        return otherwise
    if any(ord(character) < 32 for character in path) or urlsplit(path).netloc:
        return otherwise
    return path


def _context(request: AnyRequest, *, whole: bool) -> dict[str, Any]:
    """What every template can count on."""
    person = request.scope.get("user") or _Visitor()
    token = csrf_token({"request": request})
    path = request.url.path
    return {
        "request": request,
        "request_path": path,
        "request_query": request.url.query,
        "user": person,
        "language": i18n.current_language(),
        "navigation": navigation_for(person, path) if whole else [],
        "flashes": _take_flashes(request) if whole else [],
        "demo": settings.demo,
        "csrf_token_value": token,
        "csrf_input": Markup('<input type="hidden" name="_csrf_token" value="{}">').format(token),
    }


def _take_flashes(request: AnyRequest) -> list[list[str]]:
    session = request.scope.get("session")
    taken: list[list[str]] = session.pop("flashes", []) if isinstance(session, dict) else []
    return taken
