"""Composes the Litestar application; nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from litestar import Litestar, Response, Router, get
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins.htmx import HTMXPlugin

from sandbox.foundation import database, i18n
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web import (
    assets,
    errors,
    events,
    metrics,
    observability,
    security,
    sessions,
    states,
    templating,
    uploads,
)
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Column, Question
from sandbox.framework.when import as_json as condition_json
from sandbox.people.authentication import Authentication, set_language
from sandbox.people.person import LEVEL_NAMES, ROLE_NAMES

SLICES = (
    "people",
    "webhooks",
    "applications",
    "pilots",
    "telemetry",
    "incidents",
    "lessons",
    "reports",
    "framework",
    "register",
    "oversight",
)


def _parts(module: str, attribute: str) -> list[Any]:
    """``attribute`` of every slice's ``module``, in the order of SLICES."""
    names = [f"sandbox.{slice_}.{module}" for slice_ in SLICES]
    return [
        part
        for name in names
        if find_spec(name)
        for part in getattr(import_module(name), attribute, [])
    ]


@get("/health/live", permission=PUBLIC, sync_to_thread=False, include_in_schema=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", permission=PUBLIC, include_in_schema=False)
async def ready() -> Response[dict[str, str]]:
    """The process and its database answer."""
    try:
        await database.fetch("SELECT 1")
    except Exception:  # noqa: BLE001  (whatever it is, the answer is: not ready)
        return Response({"status": "database unavailable"}, status_code=503)
    return Response({"status": "ready"})


@get("/metrics", permission=PUBLIC, include_in_schema=False)
async def prometheus() -> Response[bytes]:
    """Metrics of this machine's web processes; the operator keeps the path in the network."""
    body, media_type = await metrics.exposition()
    return Response(body, media_type=media_type)


def _place_name(place: str) -> str:
    """An authority's name by its key; an organisation's name is itself."""
    known = {authority.key: authority for authority in library.current().authorities}
    return str(known[place].name) if place in known else place


def _names(keys: Iterable[str], kind: str) -> list[str]:
    """The pack's names of ``keys`` of one ``kind`` (sector, vulnerability, …)."""
    named = getattr(library.current(), kind)
    return [str(named(key).name) for key in keys]


def _options(question: Question | Column, pack: Pack) -> list[tuple[str, str, str]]:
    """What a question of ``pack`` offers: key, label and hint."""
    hints = {choice.key: str(choice.hint) for choice in question.choices if choice.hint}
    return [(key, str(label), hints.get(key, "")) for key, label in pack.choices(question)]


def furnish() -> None:
    """Give the templates what the pack and the slices know."""
    pack = library.current()
    place = pack.jurisdiction
    i18n.set_region(zone=place.timezone, territory=place.iso, currency=place.currency.code)
    templating.set_navigation(_parts("pages", "NAVIGATION"))
    templating.set_global("pack", pack)
    templating.set_global("place_name", _place_name)
    templating.set_global("role_names", ROLE_NAMES)
    templating.set_global("level_names", LEVEL_NAMES)
    templating.set_filter("pack_names", _names)
    templating.set_filter("event_words", events.words_of)
    templating.set_filter("options_in", _options)
    templating.set_filter("amount", pack.amount)
    templating.set_filter("condition", condition_json)
    templating.set_filter("state_pair", lambda name: (name, states.word(name)))


@asynccontextmanager
async def _pool(_app: Litestar) -> AsyncIterator[None]:
    async with database.pool():
        yield


def create_app() -> Litestar:
    """The whole application.

    :raises UndeclaredPermission: a route declares no permission.
    """
    observability.set_up_logs()
    furnish()
    errors.set_language_with(set_language)
    app = Litestar(
        route_handlers=[
            live,
            ready,
            prometheus,
            assets.router(),
            Router(
                "/",
                route_handlers=_parts("pages", "ROUTES"),
                include_in_schema=False,
                request_max_body_size=uploads.MOST_READ,
            ),
            *_parts("api", "ROUTES"),
        ],
        lifespan=[_pool],
        stores={"sessions": sessions.PostgresStore()},
        middleware=[
            sessions.session_config().middleware,
            DefineMiddleware(Authentication),
        ],
        guards=[security.declared_permission, security.limited_forms],
        csrf_config=security.csrf_config(),
        exception_handlers=errors.HANDLERS,
        template_config=templating.template_config(),
        plugins=[HTMXPlugin()],
        request_class=uploads.FormRequest,
        openapi_config=OpenAPIConfig(
            title="Rintis API",
            version="1.0.0",
            openapi_router=Router(
                "/api/v1/schema",
                route_handlers=[],
                opt={"permission": PUBLIC},
                include_in_schema=False,
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            description=(
                "What a firm's machine does for its pilot. Make a key on the pilot's page and "
                "send it as `Authorization: Bearer rintis_…`. Refusals are problem documents "
                "(RFC 9457)."
            ),
            components=Components(
                security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}
            ),
        ),
        request_max_body_size=32 * 1024 * 1024,
    )
    security.check_permissions_declared(app.routes)
    # Around the whole, as Litestar's own middleware sees no request without a route.
    app.asgi_handler = observability.observed(security.security_headers(app.asgi_handler))
    return app
