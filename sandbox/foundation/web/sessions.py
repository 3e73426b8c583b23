"""Server-side sessions in the database.

The cookie carries a random id; the table keeps only its hash. A session is written when
it changed, not on every answer, and signing in moves it to a new id (session fixation).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection, Request
from litestar.middleware.session.server_side import (
    ServerSideSessionBackend,
    ServerSideSessionConfig,
)
from litestar.stores.base import Store
from litestar.types import Empty, Message

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.web import api
from sandbox.settings import settings

IDLE = timedelta(hours=12)
_RENEW_AFTER = timedelta(hours=1)
_LOADED = "session_as_loaded"
_FRESH_ID = "session_fresh_id"


class PostgresStore(Store):
    """Litestar's store interface over the ``session`` table."""

    async def get(self, key: str, renew_for: int | timedelta | None = None) -> bytes | None:  # noqa: ARG002
        rows = await fetch(
            "SELECT data, expires_at FROM session WHERE id_hash = $1 AND expires_at > $2",
            _hash(key),
            clock.now(),
        )
        if not rows:
            return None
        if rows[0]["expires_at"] - clock.now() < IDLE - _RENEW_AFTER:
            await fetch(
                "UPDATE session SET expires_at = $2 WHERE id_hash = $1",
                _hash(key),
                clock.now() + IDLE,
            )
        return bytes(rows[0]["data"])

    async def set(
        self,
        key: str,
        value: str | bytes,
        expires_in: int | timedelta | None = None,  # noqa: ARG002
    ) -> None:
        data = value.encode() if isinstance(value, str) else value
        await fetch(
            "INSERT INTO session (id_hash, data, person, expires_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (id_hash) DO UPDATE SET data = excluded.data, person = excluded.person, "
            "expires_at = excluded.expires_at",
            _hash(key),
            data,
            _person_in(data),
            clock.now() + IDLE,
        )

    async def delete(self, key: str) -> None:
        await fetch("DELETE FROM session WHERE id_hash = $1", _hash(key))

    async def delete_all(self) -> None:
        await fetch("DELETE FROM session")

    async def exists(self, key: str) -> bool:
        return await self.get(key) is not None

    async def expires_in(self, key: str) -> int | None:
        rows = await fetch("SELECT expires_at FROM session WHERE id_hash = $1", _hash(key))
        return int((rows[0]["expires_at"] - clock.now()).total_seconds()) if rows else None


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _person_in(data: bytes) -> UUID | None:
    person = ServerSideSessionBackend.deserialize_data(data).get("person")
    return UUID(person) if person else None


class Backend(ServerSideSessionBackend):
    """Litestar's backend, which writes only changes and honours :func:`sign_in`."""

    def get_session_id(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        fresh = connection.scope["state"].get(_FRESH_ID)
        return fresh or super().get_session_id(connection)

    async def load_from_connection(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> dict[str, Any]:
        session = await super().load_from_connection(connection)
        connection.scope["state"][_LOADED] = self.serialize_data(session)
        return session

    async def store_in_message(
        self, scope_session: Any, message: Message, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> None:
        state = connection.scope["state"]
        had_one = state.get(_LOADED) != b"{}"
        if scope_session is Empty or not scope_session:
            if had_one:
                await super().store_in_message(Empty, message, connection)
            return
        if _FRESH_ID in state or self.serialize_data(scope_session) != state.get(_LOADED):
            await super().store_in_message(scope_session, message, connection)


class SessionConfig(ServerSideSessionConfig):
    """The cookie: only over TLS where the site is, never readable by scripts."""

    _backend_class = Backend


def session_config() -> SessionConfig:
    """The session settings of this installation; ``/api``, assets and health have none."""
    return SessionConfig(
        key="session",
        max_age=int(IDLE.total_seconds()) * 2,
        secure=settings.https,
        samesite="lax",
        exclude=[*(f"^{path}" for path in api.PATHS), "^/assets/", "^/health/", "^/metrics"],
    )


async def session_of(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What the session of this browser holds, read where no middleware has done so."""
    held = await PostgresStore().get(request.cookies.get("session", ""))
    return ServerSideSessionBackend.deserialize_data(held) if held else {}


async def sign_in(request: Request[Any, Any, Any], account: UUID) -> None:
    """Give the browser a new session for ``account``; the one it brought is gone."""
    old = request.cookies.get("session")
    if old:
        await PostgresStore().delete(old)
    keep = {key: request.session[key] for key in ("flashes",) if key in request.session}
    request.scope["state"][_FRESH_ID] = Backend(session_config()).generate_session_id()
    request.set_session(keep | {"person": str(account)})


def sign_out(request: Request[Any, Any, Any]) -> None:
    """End the browser's session."""
    request.clear_session()
