"""Making accounts from the command line."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass

import click

from sandbox.cli import ground


@dataclass(frozen=True)
class NewPerson:
    """What the command was told, as it was told."""

    email: str
    name: str
    roles: tuple[str, ...]
    authority: str
    sectors: tuple[str, ...]
    language: str


def make(told: NewPerson, *, from_stdin: bool) -> None:
    """Make the account, after every word of it has been checked."""
    from sandbox.foundation.i18n import LANGUAGES
    from sandbox.people.person import SECTOR_ROLES, Role

    known = [str(role) for role in Role if role not in {Role.SYSTEM, Role.APPLICANT}]
    _check("role", told.roles, known)
    _check("language", (told.language,), LANGUAGES)
    if not told.authority and SECTOR_ROLES.intersection(map(Role, told.roles)):
        ground.refuse("An officer, reviewer or decision maker needs --authority.")
    sectors = _sectors(told.authority, told.sectors) if told.authority else told.sectors
    ground.need_database()
    ground.run(_make(told, sectors, _password(from_stdin=from_stdin)))
    click.echo(f"{told.name} can sign in as {told.email.lower()}.")


def _check(what: str, given: tuple[str, ...], known: Collection[str]) -> None:
    for word in given:
        if word not in known:
            ground.refuse(f"There is no {what} {word!r}: choose from {', '.join(known)}.")


def _sectors(authority: str, sectors: tuple[str, ...]) -> tuple[str, ...]:
    """The sectors given, or all those that the authority leads or joins."""
    from sandbox.framework import library

    pack = library.current()
    _check("authority", (authority,), [known.key for known in pack.authorities])
    _check("sector", sectors, [known.key for known in pack.sectors])
    place = pack.authority(authority)
    return sectors or (*place.leads, *place.joins)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


async def _make(told: NewPerson, sectors: tuple[str, ...], password: str) -> None:
    from sandbox.people import commands
    from sandbox.people.person import Role

    await commands.make_person(
        name=told.name,
        email=told.email,
        password=password,
        roles=frozenset(map(Role, told.roles)),
        authority=told.authority,
        sectors=frozenset(sectors),
        language=told.language,
    )
