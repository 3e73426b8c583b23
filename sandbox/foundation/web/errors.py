"""How refusals and faults are told: a page to a person, an RFC 9457 problem to a machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Receive, Scope, Send

from sandbox.foundation import database
from sandbox.foundation.errors import (
    DomainError,
    InvalidInput,
    RuleBroken,
    SignInNeeded,
    TooMany,
)
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.pages import page, redirect

log = structlog.get_logger()

PROBLEM = "application/problem+json"
_TITLES = {
    400: N_("We could not read that request"),
    401: N_("Sign in to go on"),
    403: N_("You cannot do this"),
    404: N_("Page not found"),
    405: N_("That is not how this page is used"),
    409: N_("This cannot be done now"),
    413: N_("That is too large"),
    415: N_("That kind of file or data is not accepted"),
    422: N_("Some of what you entered needs another look"),
    429: N_("Too many tries"),
    500: N_("Something went wrong on our side"),
    503: N_("The service is not available"),
}
_TRY_AGAIN = 5  # seconds: a standby takes over in about as many
AnyRequest = Request[Any, Any, Any]


def domain_error(request: AnyRequest, error: DomainError) -> Response[Any]:
    """Answer a refusal of the domain."""
    if isinstance(error, SignInNeeded) and not is_api(request):
        return to_sign_in(request)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
    extra: dict[str, Any] = {}
    if isinstance(error, RuleBroken):
        extra["rule"] = error.rule
    if isinstance(error, InvalidInput):
        extra["errors"] = error.errors
    return answer(request, error.status, error.message, headers=headers, **extra)


def http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer what Litestar refused: unknown paths, wrong methods, bad bodies, CSRF."""
    extra: dict[str, Any] = {}
    if isinstance(error, ValidationException):
        details: list[Any] = error.extra if isinstance(error.extra, list) else []
        extra["errors"] = {
            str(item.get("key", "")): str(item.get("message", ""))
            for item in details
            if isinstance(item, dict)
        }
    detail = error.detail if error.status_code < 500 else ""
    headers = error.headers or {}
    if "user" in request.scope or is_api(request):
        return answer(request, error.status_code, detail, headers=headers, **extra)
    return _Unrouted(
        request, lambda: answer(request, error.status_code, detail, headers=headers, **extra)
    )


class _Unrouted(Response[Any]):
    """The answer where no route was found, so that nobody has looked yet who is asking: the
    visitor's language is settled first, then the page is made."""

    def __init__(self, request: AnyRequest, make: Callable[[], Response[Any]]) -> None:
        super().__init__(None)
        self._request, self._make = request, make

    def to_asgi_response(self, *_arguments: Any, **_options: Any) -> Any:
        """The page, made when it is sent: a handler of errors cannot wait, this can."""

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await _settle.language(self._request)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                log.warning("language.unsettled", exc_info=True)
            made = self._make().to_asgi_response(None, self._request)
            await made(scope, receive, send)

        return respond


async def _as_it_is(_request: AnyRequest) -> None:
    """Leave the language alone."""


class _Settle:
    """How the language of a visitor is found: said by :func:`set_language_with`."""

    language: Callable[[AnyRequest], Awaitable[None]] = staticmethod(_as_it_is)


_settle = _Settle()


def set_language_with(settle: Callable[[AnyRequest], Awaitable[None]]) -> None:
    """Let ``settle`` set the language of an answer where no route was found."""
    _settle.language = settle


def unstorable(request: AnyRequest, _error: Exception) -> Response[Any]:
    """Answer values that no column holds: a NUL in a text, a number beyond its range."""
    return answer(request, 422, _("Some of the values cannot be stored: check them."))


def fault(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer a fault of ours; the log keeps it under the request's id.

    While the database is away that is said: senders of figures keep what they sent and try again
    after a 503, and throw it away after a 500 (OTLP says so).
    """
    log.error("fault", path=request.url.path, exc_info=error)
    if database.away(error):
        return answer(request, 503, "", headers={"Retry-After": str(_TRY_AGAIN)})
    return answer(request, 500, "")


def answer(
    request: AnyRequest,
    status: int,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> Response[Any]:
    """A page or a problem document, by who asks."""
    title = _(_TITLES.get(status, HTTPStatus(status).phrase))
    if is_api(request):
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
        return Response(
            {key: value for key, value in body.items() if value or key == "type"},
            status_code=status,
            media_type=PROBLEM,
            headers=headers,
        )
    request_id = request.scope["state"].get("request_id", "")
    response = page(
        request,
        "errors/error.html",
        status=status,
        title=title,
        detail=detail,
        code=status,
        request_id=request_id,
    )
    response.headers.update(headers or {})
    return response


def is_api(request: AnyRequest) -> bool:
    """Whether a machine is asking."""
    return request.url.path.startswith(("/api/", "/v1/", "/health/", "/schema"))


def to_sign_in(request: AnyRequest) -> Response[Any]:
    """Send a person to the sign-in page, and back here afterwards where that is safe."""
    back = request.url.path if request.method == "GET" else "/"
    return redirect(request, f"/sign-in?next={back}")


HANDLERS: dict[Any, Any] = {
    DomainError: domain_error,
    HTTPException: http_error,
    asyncpg.DataError: unstorable,
    Exception: fault,
}
