"""What every command stands on: a database that answers, an event loop, plain refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import click

from sandbox.settings import settings

Result = TypeVar("Result")


def refuse(sentence: str) -> NoReturn:
    """End the command with one sentence on standard error and status 1."""
    click.echo(sentence, err=True)
    raise SystemExit(1)


def need_pack() -> None:
    """See that the pack can be used, or say in one sentence what is wrong with it."""
    from sandbox.framework import library
    from sandbox.framework.errors import PackError

    try:
        library.current()
    except PackError as error:
        refuse(f"PACK is {settings.pack!r}: {error}")


def need_database() -> None:
    """See that the database answers, or say in one sentence what to do."""
    from sandbox.foundation import postgres

    if postgres.running():
        return
    if postgres.embedded():
        refuse("The database is not running: start the site with `sandbox up` first.")
    refuse("The database at DATABASE_URL does not answer: check the address and the server.")


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run ``coroutine`` with the database's pool open; what the domain refuses is said."""
    from sandbox.foundation.database import pool
    from sandbox.foundation.errors import DomainError

    async def inside() -> Result:
        async with pool(size=4):
            return await coroutine

    try:
        return asyncio.run(inside())
    except DomainError as error:
        refuse(error.message or "There is no such thing.")
