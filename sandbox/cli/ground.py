"""What every command stands on: a database that answers, an event loop, plain refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from sandbox.settings import settings

Result = TypeVar("Result")


def refuse(sentence: str) -> NoReturn:
    """End the command with one sentence on standard error and status 1."""
    click.echo(sentence, err=True)
    raise SystemExit(1)


def need_pack() -> None:
    """See that the pack can be used, or say in one sentence what is wrong with it.

    A pack that was sound and has not been touched since is not read again: that takes a second
    of every start.
    """
    note = settings.var / "cache" / "sound-pack"
    seen = _look_of_pack()
    if note.is_file() and note.read_text() == seen:
        return
    from sandbox.framework import library
    from sandbox.framework.errors import PackError

    try:
        library.current()
    except PackError as error:
        refuse(f"PACK is {settings.pack!r}: {error}")
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    note.write_text(seen)


def _look_of_pack() -> str:
    """What changes when a file of the pack does, or of what reads it."""
    reader = Path(__file__).parents[1] / "framework"
    folders = (reader / "packs" / settings.pack, Path(settings.pack).resolve())
    files = [*reader.glob("*.py"), *(one for folder in folders for one in folder.rglob("*.yaml"))]
    looks = (f"{one} {one.stat().st_mtime_ns} {one.stat().st_size}" for one in sorted(files))
    return sha256("\n".join((settings.pack, *looks)).encode()).hexdigest()


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
