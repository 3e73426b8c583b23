"""Reads of people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people import rules
from sandbox.people.person import Level, Person, Role

_PERSON = """
SELECT a.id, a.name, a.email, a.language, m.level, o.id AS organisation, o.name AS firm,
       coalesce(array_agg(DISTINCT p.role) FILTER (WHERE p.id IS NOT NULL), '{}') AS roles,
       coalesce(max(p.authority), '') AS authority,
       coalesce((SELECT array_agg(DISTINCT s) FROM appointment q, unnest(q.sectors) s
                 WHERE q.account = a.id AND q.ended_at IS NULL), '{}') AS sectors
FROM account a
LEFT JOIN appointment p ON p.account = a.id AND p.ended_at IS NULL
LEFT JOIN membership m ON m.account = a.id AND m.ended_at IS NULL
LEFT JOIN organisation o ON o.id = m.organisation
WHERE {where} AND a.disabled_at IS NULL AND a.confirmed_at IS NOT NULL
GROUP BY a.id, m.level, o.id, o.name
"""


def _person(row: dict[str, Any]) -> Person:
    roles = {Role(role) for role in row["roles"]}
    if row["organisation"] or not roles:
        roles.add(Role.APPLICANT)
    return Person(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        language=row["language"],
        roles=frozenset(roles),
        authority=row["authority"],
        sectors=frozenset(row["sectors"]),
        organisation=row["organisation"],
        organisation_name=row["firm"] or "",
        level=Level(row["level"]) if row["level"] else None,
    )


async def person(account: UUID) -> Person | None:
    """The person behind ``account``; ``None`` when disabled, unconfirmed or gone."""
    rows = await fetch(_PERSON.replace("{where}", "a.id = $1"), account)
    return _person(rows[0]) if rows else None


async def person_by_email(email: str) -> Person | None:
    """The person with this address (any case)."""
    rows = await fetch(_PERSON.replace("{where}", "a.email = lower($1)"), email)
    return _person(rows[0]) if rows else None


async def staff(*, role: Role, sector: str | None = None) -> list[Person]:
    """Everyone who holds ``role`` (over ``sector`` when given), by name."""
    where = (
        "EXISTS (SELECT 1 FROM appointment q WHERE q.account = a.id AND q.ended_at IS NULL "
        "AND q.role = $1 AND ($2::text IS NULL OR $2 = ANY(q.sectors)))"
    )
    rows = await fetch(_PERSON.replace("{where}", where) + " ORDER BY a.name", role, sector)
    return [_person(row) for row in rows]


async def weekly_readers() -> list[Person]:
    """The officers who have not stopped the weekly mail, by name."""
    where = (
        "a.weekly_mail AND EXISTS (SELECT 1 FROM appointment q WHERE q.account = a.id "
        "AND q.ended_at IS NULL AND q.role = $1)"
    )
    rows = await fetch(_PERSON.replace("{where}", where) + " ORDER BY a.name, a.id", Role.OFFICER)
    return [_person(row) for row in rows]


async def wants_weekly_mail(account: UUID | None) -> bool:
    """Whether ``account`` has not stopped the weekly mail."""
    rows = await fetch("SELECT weekly_mail FROM account WHERE id = $1", account)
    return bool(rows and rows[0]["weekly_mail"])


async def members(organisation: UUID) -> list[Person]:
    """The members of ``organisation``, owners first."""
    query = _PERSON.replace("{where}", "o.id = $1") + " ORDER BY m.level DESC, a.name"
    return [_person(row) for row in await fetch(query, organisation)]


class PendingInvitation(msgspec.Struct, frozen=True):
    """Somebody who was invited and has not joined yet."""

    email: str
    level: str
    expires_at: datetime


async def pending_invitations(organisation: UUID) -> list[PendingInvitation]:
    """The invitations into ``organisation`` that still work, oldest first."""
    rows = await fetch(
        "SELECT email, level, expires_at FROM ticket WHERE purpose = 'invite' "
        "AND organisation = $1 AND used_at IS NULL AND expires_at > $2 ORDER BY expires_at",
        organisation, clock.now(),
    )  # fmt: skip
    return [PendingInvitation(**row) for row in rows]


class Invitation(msgspec.Struct, frozen=True):
    """Who invites into which organisation."""

    organisation: str
    inviter: str


async def invitation(secret: str) -> Invitation | None:
    """What the link with ``secret`` invites to; ``None`` where it works no more."""
    rows = await fetch(
        "SELECT o.name AS organisation, a.name AS inviter FROM ticket t "
        "JOIN organisation o ON o.id = t.organisation JOIN account a ON a.id = t.made_by "
        "WHERE t.purpose = 'invite' AND t.secret_hash = $1 AND t.used_at IS NULL "
        "AND t.expires_at > $2",
        rules.hashed(secret), clock.now(),
    )  # fmt: skip
    return Invitation(**rows[0]) if rows else None


class DemoPerson(msgspec.Struct, frozen=True):
    """One button on the demo's sign-in page."""

    id: UUID
    name: str
    role: str
    place: str


_DEMO = """
SELECT a.id, a.name, coalesce(min(p.role), 'applicant') AS role,
       coalesce(max(o.name), max(p.authority), '') AS place
FROM account a LEFT JOIN appointment p ON p.account = a.id
LEFT JOIN membership m ON m.account = a.id AND m.ended_at IS NULL
LEFT JOIN organisation o ON o.id = m.organisation
WHERE a.demo AND a.confirmed_at IS NOT NULL GROUP BY a.id ORDER BY min(a.made_at), a.id
"""
_FOUNDERS = 6
_FIRST = (
    "applicant", "officer", "reviewer", "decision_maker", "central", "policymaker", "auditor",
    "administrator",
)  # fmt: skip


async def demo_people() -> list[DemoPerson]:
    """The accounts that the demo offers for one-click sign-in: a few founders, then officials,
    in the order in which a case meets them."""
    people = [DemoPerson(**row) for row in await fetch(_DEMO)]
    founders = [one for one in people if one.role == "applicant"]
    officials = [one for one in people if one.role in _FIRST[1:]]
    spread = founders[:: max(len(founders) // _FOUNDERS, 1)][:_FOUNDERS]
    return [*spread, *sorted(officials, key=lambda one: _FIRST.index(one.role))]


async def organisation_name(organisation: UUID) -> str:
    """The name of ``organisation``; empty when there is none."""
    rows = await fetch("SELECT name FROM organisation WHERE id = $1", organisation)
    return rows[0]["name"] if rows else ""


class AccountLine(msgspec.Struct, frozen=True):
    """An account as an administrator sees it: no case, only who and what role."""

    id: UUID
    name: str
    email: str
    roles: list[str]
    place: str
    disabled: bool


async def accounts(*, text: str = "", after: str = "", limit: int = 50) -> list[AccountLine]:
    """Accounts by name after ``after``, ``limit`` + 1 of them; ``text`` is in name or address."""
    rows = await fetch(
        "SELECT a.id, a.name, a.email, a.disabled_at IS NOT NULL AS disabled, "
        "coalesce(array_agg(DISTINCT p.role) FILTER (WHERE p.id IS NOT NULL), '{}') AS roles, "
        "coalesce(max(o.name), max(p.authority), '') AS place "
        "FROM account a LEFT JOIN appointment p ON p.account = a.id AND p.ended_at IS NULL "
        "LEFT JOIN membership m ON m.account = a.id AND m.ended_at IS NULL "
        "LEFT JOIN organisation o ON o.id = m.organisation "
        "WHERE ($1 = '' OR a.name ILIKE '%' || $1 || '%' OR a.email ILIKE '%' || $1 || '%') "
        "AND lower(a.name) || a.id::text > $2 "
        "GROUP BY a.id ORDER BY lower(a.name) || a.id::text LIMIT $3",
        text, after, limit + 1,
    )  # fmt: skip
    return [AccountLine(**row) for row in rows]
