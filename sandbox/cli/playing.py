"""The demo year, and what a newcomer is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sandbox.cli import ground
from sandbox.foundation.database import fetch
from sandbox.settings import settings

if TYPE_CHECKING:
    from sandbox.people.queries import DemoPerson

_PLAYED = "demo year played"


async def played() -> bool:
    """Whether the whole year is there."""
    return bool(await fetch("SELECT FROM job_effect WHERE key = $1", _PLAYED))


def play() -> None:
    """Play the year, unless it has been, and say who can be met in it."""
    click.echo(ground.run(_play()))


async def _play() -> str:
    from sandbox import demo
    from sandbox.app import furnish

    if not await played():
        furnish()
        await demo.play()
        await fetch(
            "INSERT INTO job_effect (key, at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            _PLAYED,
            datetime.now(UTC),
        )
    return await welcome()


async def welcome() -> str:
    """Whom to sign in as and what to try first."""
    from sandbox.people import queries

    people = await queries.demo_people()
    if people:
        return "\n".join(_demo_words(people))
    if await fetch("SELECT FROM account LIMIT 1"):
        return ""
    return (
        "Nobody has an account yet. Make the first administrator with\n"
        '  sandbox person you@example.org --name "Your Name" --role administrator'
    )


def _demo_words(people: Sequence[DemoPerson]) -> list[str]:
    from sandbox import demo

    width = max(len(person.name) for person in people)
    offer = f"Sign in at {settings.base_url}/sign-in with one click as one of these people"
    return [
        f"{offer} (by mail address, everyone's password is “{demo.PASSWORD}”):",
        *(f"  {one.name:<{width}}  {one.role.replace('_', ' ')}, {one.place}" for one in people),
        "",
        *demo.FIRST_STEPS,
    ]
