"""The demo year, and what a newcomer is told."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from sandbox.cli import ground
from sandbox.foundation.database import DB, fetch
from sandbox.settings import settings

if TYPE_CHECKING:
    from sandbox.demo import Perform
    from sandbox.people.queries import DemoPerson


async def played() -> bool:
    """Whether the whole year is there."""
    from sandbox.demo import record

    return await record.played()


def play() -> None:
    """Play the year, unless it has been, and say who can be met in it."""
    # What a crash could lose is cleared and played again, so nothing waits for the disk.
    DB.config["server_settings"] = {"synchronous_commit": "off"}
    click.echo(ground.run(_play()))


async def _play() -> str:
    from sandbox import demo
    from sandbox.app import furnish
    from sandbox.demo import record
    from sandbox.foundation import hold

    furnish()
    demo.check_pack()
    async with hold.holding():
        if not await record.played():
            await record.begin()
            disturbed = await demo.play(_performer())
            await record.finish()
            for words in disturbed:
                click.echo(f"Somebody acted while the year was played: {words}", err=True)
    return await welcome()


def _performer() -> Perform:
    """Does a worker's job in this process. By name: the house does not know its workers."""
    import dramatiq

    import_module("workers")
    broker = dramatiq.get_broker()

    async def perform(actor: str, args: list[Any]) -> None:
        await inspect.unwrap(broker.get_actor(actor).fn)(*args)

    return perform


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
