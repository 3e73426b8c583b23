"""Who is asking: the session's person on pages, the token's pilot on the API."""

from __future__ import annotations

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
from sandbox.people import queries, rules
from sandbox.people.person import NOBODY, Person, Role


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A token at work: it speaks for one pilot, in the name of whoever made it."""

    token: UUID
    pilot: UUID
    case: UUID
    person: Person


class Authentication(AbstractAuthenticationMiddleware):
    """Puts the :class:`Person` on ``request.user``; on the API also the :class:`Machine`
    on ``request.auth``. Sets the language of the answer."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        machine = await _machine(connection)
        if machine is not None:
            return AuthenticationResult(user=machine.person, auth=machine)
        person = await _session_person(connection)
        i18n.set_language(_language(connection, person))
        return AuthenticationResult(user=person, auth=None)


async def _session_person(connection: ASGIConnection[Any, Any, Any, Any]) -> Person:
    session = connection.scope.get("session") or {}
    account = session.get("person") if isinstance(session, dict) else None
    return (await queries.person(UUID(account)) if account else None) or NOBODY


async def _machine(connection: ASGIConnection[Any, Any, Any, Any]) -> Machine | None:
    scheme, _space, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(rules.TOKEN_PREFIX):
        return None
    rows = await fetch(
        "UPDATE api_token SET last_used_at = $2 WHERE secret_hash = $1 AND revoked_at IS NULL "
        'RETURNING id, pilot, "case", made_by',
        rules.hashed(token),
        clock.now(),
    )
    if not rows:
        return None
    person = await queries.person(rows[0]["made_by"])
    if person is None:
        return None
    return Machine(
        token=rows[0]["id"],
        pilot=rows[0]["pilot"],
        case=rows[0]["case"],
        person=msgspec.structs.replace(person, roles=frozenset({Role.APPLICANT})),
    )


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
    session = connection.scope.get("session") or {}
    chosen = session.get("language") if isinstance(session, dict) else None
    if chosen in i18n.LANGUAGES:
        return str(chosen)
    if person.signed_in and person.language in i18n.LANGUAGES:
        return person.language
    asked = connection.headers.get("accept-language", "").lower()
    return next((code for code in i18n.LANGUAGES if asked.startswith(code)), "en")
