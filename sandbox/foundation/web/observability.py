"""Request ids and structured logs; what is counted of a request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.foundation.web.metrics import REQUESTS, SECONDS
from sandbox.settings import settings

log = structlog.get_logger()

_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def set_up_logs() -> None:
    """One JSON object a line on standard error; readable text where a person looks on."""
    import sys

    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def observed(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: give the request an id, count and log its answer."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["state"]["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        begun = time.perf_counter()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                _note(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        await app(scope, receive, send_and_note)

    return wrapped


def _request_id(scope: Scope) -> str:
    """The id a trusted proxy gave, or a new one."""
    if settings.trusted_proxies:
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        if _SOUND_ID.fullmatch(given):
            return given
    return uuid.uuid4().hex


def _note(scope: Any, status: int, seconds: float) -> None:
    route = scope.get("path_template") or "unrouted"
    REQUESTS.labels(scope["method"], route, status).inc()
    SECONDS.labels(route).observe(seconds)
    if not scope["path"].startswith(("/assets/", "/health/")):
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
        )
