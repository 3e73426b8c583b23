"""Who is asking: the session's person on pages, the token's pilot on the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection, Request
from litestar.middleware.authentication import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
)

from sandbox.foundation import clock, i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound, SignInNeeded
from sandbox.foundation.i18n import _
from sandbox.foundation.web import api, sessions
from sandbox.people import queries, rules
from sandbox.people.person import NOBODY, Delegate, Person

LANGUAGE = "language"  # the cookie of a choice: a visitor needs no session for it
USE_NOTED = timedelta(minutes=1)


_BY_KEY = ("/v1/", "/api/v1/write")
"""Where thousands of requests come: they look at their key themselves, and nothing else."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A token at work: it speaks for one pilot, in the name of whoever made it."""

    token: UUID
    pilot: UUID
    case: UUID
    person: Delegate


class Authentication(AbstractAuthenticationMiddleware):
    """Puts the :class:`Person` on ``request.user``; on the API, and nowhere else, a
    :class:`Delegate`, with its :class:`Machine` on ``request.auth``. Sets the language of the
    answer."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        if connection.scope["path"].startswith(_BY_KEY):
            return AuthenticationResult(user=NOBODY, auth=None)
        if connection.scope["path"].startswith(api.PATHS):
            machine = await _machine(connection)
            person = machine.person if machine else NOBODY
            i18n.set_language(_language(connection, person))
            return AuthenticationResult(user=person, auth=machine)
        session = connection.scope.get("session")
        person = await _meet(connection, session if isinstance(session, dict) else {})
        return AuthenticationResult(user=person, auth=None)


async def set_language(request: Request[Any, Any, Any]) -> None:
    """Speak the visitor's language where no route was found, so that nobody has met them."""
    await _meet(request, await sessions.session_of(request))


async def _meet(
    connection: ASGIConnection[Any, Any, Any, Any], session: Mapping[str, Any]
) -> Person:
    """Who has this session; the answer will speak their language."""
    account = session.get("person")
    person = (await queries.person(UUID(account)) if account else None) or NOBODY
    i18n.set_language(_language(connection, person))
    return person


async def _machine(connection: ASGIConnection[Any, Any, Any, Any]) -> Machine | None:
    return await machine_of_key(connection.headers.get("authorization", ""))


async def machine_of_key(authorization: str) -> Machine | None:
    """What a header ``Bearer rintis_…`` speaks for; ``None``: nothing that works."""
    scheme, _space, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(rules.TOKEN_PREFIX):
        return None
    rows = await fetch(
        'SELECT id, pilot, "case", made_by, last_used_at FROM api_token '
        "WHERE secret_hash = $1 AND revoked_at IS NULL",
        rules.hashed(token),
    )
    person = await queries.person(rows[0]["made_by"]) if rows else None
    if person is None:
        return None
    await _note_use(rows[0]["id"], rows[0]["last_used_at"])
    return Machine(
        token=rows[0]["id"],
        pilot=rows[0]["pilot"],
        case=rows[0]["case"],
        person=Delegate(
            **{**msgspec.structs.asdict(person), "roles": frozenset()},
            speaks_for=rows[0]["pilot"],
        ),
    )


async def _note_use(token: UUID, last: datetime | None) -> None:
    """Write when the key was last used, to the minute: a busy key writes no more than that."""
    now = clock.now()
    if last is None or now - last >= USE_NOTED:
        await fetch("UPDATE api_token SET last_used_at = $2 WHERE id = $1", token, now)


def machine_of(request: Request[Person, Any, Any], pilot: UUID | None = None) -> Machine:
    """The key at work, which must be of ``pilot`` where one is named.

    :raises SignInNeeded: no key, or one that does not work.
    :raises NotFound: the key is another pilot's.
    """
    machine = request.auth
    if not isinstance(machine, Machine):
        raise SignInNeeded(_("Send a key of the pilot: Authorization: Bearer rintis_…"))
    if pilot is not None and machine.pilot != pilot:
        raise NotFound
    return machine


def _language(connection: ASGIConnection[Any, Any, Any, Any], person: Person) -> str:
    """What the visitor chose, else what the person reads, else what the browser asks for."""
    chosen = connection.cookies.get(LANGUAGE)
    if chosen in i18n.LANGUAGES:
        return str(chosen)
    if person.signed_in and person.language in i18n.LANGUAGES:
        return person.language
    asked = connection.headers.get("accept-language", "").lower()
    return next((code for code in i18n.LANGUAGES if asked.startswith(code)), "en")
