"""A worker with actors that only tests ask for: ``python -m tests.jobs_worker``."""

from __future__ import annotations

import asyncio

import dramatiq

from sandbox.cli import processes
from sandbox.foundation import broker
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM

broker.install()


@dramatiq.actor(actor_name="note", queue_name="default")
async def note(key: str) -> None:
    """Count a run; have an effect once."""
    await fetch("INSERT INTO runs (key) VALUES ($1)", key)
    async with work_of(SYSTEM) as work:
        if await work.once(f"note:{key}"):
            await fetch("INSERT INTO effects (key) VALUES ($1)", key)


@dramatiq.actor(actor_name="note_slowly", queue_name="default")
async def note_slowly(key: str) -> None:
    """The same, slowly enough to be killed in the middle."""
    await fetch("INSERT INTO runs (key) VALUES ($1)", key)
    async with work_of(SYSTEM) as work:
        if await work.once(f"note:{key}"):
            await fetch("INSERT INTO effects (key) VALUES ($1)", key)
        await asyncio.sleep(0.5)


@dramatiq.actor(actor_name="fail", queue_name="default", max_retries=2, min_backoff=10)
async def fail(key: str) -> None:
    """A fault that trying again does not mend, until somebody does."""
    await fetch("INSERT INTO runs (key) VALUES ($1)", key)
    if not await fetch("SELECT FROM effects WHERE key = 'mended'"):
        raise ValueError("out of order")


@dramatiq.actor(actor_name="refuse", queue_name="default")
async def refuse(key: str) -> None:
    """A refusal of the domain."""
    await fetch("INSERT INTO runs (key) VALUES ($1)", key)
    raise RuleBroken("test.refused", "Not so.")


if __name__ == "__main__":
    processes.work()
