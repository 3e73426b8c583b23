"""What every answer carries and every request passes: headers, CSRF, limits, permissions."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import Forbidden, SignInNeeded, TooMany
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Permission
from sandbox.foundation.web import api
from sandbox.settings import settings

AnyConnection = ASGIConnection[Any, Any, Any, Any]
FORM_TIMES, FORM_SECONDS = 60, 300  # a form that is open to everybody, for one address

_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'; "
    "manifest-src 'self'; "
).rstrip("; ")
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS = "max-age=31536000; includeSubDomains"


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """As ASGI has them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def security_headers(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: the headers above on every answer; nothing personal is cached.

    What an answer says itself stays.
    """
    usual = _raw(HEADERS | {"Cache-Control": "no-store"})
    if settings.https:
        usual += _raw({"Strict-Transport-Security": _HSTS})

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _value in message["headers"]}
                more = [pair for pair in usual if pair[0] not in given]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await app(scope, receive, send_with_headers)

    return wrapped


def csrf_config() -> CSRFConfig:
    """A token in every form; machines with tokens (``/api``) have no cookie to abuse."""
    return CSRFConfig(
        secret=hashlib.sha256(f"csrf:{settings.secret_key}".encode()).hexdigest(),
        cookie_name="csrf",
        cookie_secure=settings.https,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude=[f"^{path}" for path in api.PATHS],
    )


class UndeclaredPermission(Exception):
    """A route declares no permission: a fault of the code, found at start."""


def check_permissions_declared(routes: Any) -> None:
    """Refuse to start with a route that declares no permission.

    :raises UndeclaredPermission: naming the path.
    """
    for route in routes:
        for handler in getattr(route, "route_handlers", ()):
            automatic = handler.http_methods == {"OPTIONS"}  # made by Litestar beside ours
            if not automatic and not isinstance(handler.opt.get("permission"), Permission):
                raise UndeclaredPermission(route.path)


async def declared_permission(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of every route: whoever asks must hold the permission that the route declares.

    :raises SignInNeeded: nobody has signed in, or a machine has sent no key that works.
    :raises Forbidden: somebody has, without the right role.
    """
    wanted = handler.opt.get("permission")
    if wanted is None or wanted.allows(connection.user):
        return
    if wanted.machines:
        raise SignInNeeded(_("Send a key of the pilot: Authorization: Bearer rintis_…"))
    if not connection.user.signed_in:
        raise SignInNeeded(_("Sign in to go on"))
    raise Forbidden(_("Your role does not include this page."))


async def limited_forms(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of every route: a form that is open to everybody takes so many posts of an address.

    A handler that costs more, or sends mail, asks for a stricter :func:`limit` of its own.

    :raises TooMany: beyond that.
    """
    wanted = handler.opt.get("permission")
    if wanted is not None and wanted.everyone and connection.scope.get("method") == "POST":
        template = connection.scope["path_template"]
        await limit(connection, f"form:{template}"[:150], times=FORM_TIMES, seconds=FORM_SECONDS)


def client_address(request: AnyConnection) -> str:
    """The caller's address, believing as many proxies as ``TRUSTED_PROXIES`` says."""
    forwarded = request.headers.get("x-forwarded-for", "").split(",")
    hops = settings.trusted_proxies
    if hops and len(forwarded) >= hops and forwarded[-hops].strip():
        return forwarded[-hops].strip()
    return request.client.host if request.client else "unknown"


async def limit(
    request: AnyConnection, what: str, *, times: int, seconds: int, of: str = ""
) -> None:
    """Let a caller do ``what`` at most ``times`` in ``seconds``, over all web processes.

    ``of`` counts by something else than the address (an account's mail, say).

    :raises TooMany: beyond that, until the window ends.
    """
    window = int(time.time()) // seconds * seconds
    who = hashlib.sha256((of or client_address(request)).encode()).hexdigest()[:32]
    (row,) = await fetch(
        'INSERT INTO rate_count AS r (key, "window", times) VALUES ($1, $2, 1) '
        "ON CONFLICT (key) DO UPDATE SET "
        'times = CASE WHEN r."window" = excluded."window" THEN r.times + 1 ELSE 1 END, '
        '"window" = excluded."window" RETURNING times',
        f"{what}:{who}",
        window,
    )
    if row["times"] > times:
        wait = window + seconds - int(time.time())
        raise TooMany(_("Too many tries. Wait a little and try again."), max(wait, 1))
