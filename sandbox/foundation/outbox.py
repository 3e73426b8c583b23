"""The relay: hands the jobs that commands asked for to the broker, after their commit.

Any number of relays may run at once. A row is claimed by compare-and-swap, sent, and marked
as sent; a claim whose relay died is taken over after :data:`STALE` seconds, so a job may be
sent twice but never lost. The worker marks it as done, and what was sent but is not done
after :data:`LOST` seconds is sent again. Actors are idempotent, hence each job has its
effect exactly once.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import dramatiq
import structlog

from sandbox.foundation.broker import DatabaseBroker
from sandbox.foundation.database import DB, fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.hold import FREE
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.tables import DeadJob
from sandbox.foundation.work import Worker, work_of

BATCH = 50
POLL = 1.0  # seconds, where no notification came
STALE = 30  # seconds
LOST = 3600  # seconds: longer than every try of every job takes (a test adds them up)
KEPT_DAYS = 7

log = structlog.get_logger()


# The relay -------------------------------------------------------------------------------


class Relay:
    """Sends outbox rows to ``broker`` until it is cancelled."""

    def __init__(self, broker: dramatiq.Broker) -> None:
        self.broker = broker
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Relay for ever; a database or broker that is away is waited for."""
        if isinstance(self.broker, DatabaseBroker):
            self.broker.open()
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                self._asked.clear()
                await self._send_all()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._asked.wait(), POLL)
        finally:
            listening.cancel()

    async def _send_all(self) -> None:
        try:
            while await self.send_some():
                pass
        except Exception as error:  # noqa: BLE001  (whatever is away comes back)
            log.warning("relay waits", error=f"{type(error).__name__}: {error}")

    async def send_some(self) -> int:
        """Claim and send one batch; return how many rows were sent."""
        rows = await _claim()
        try:
            for row in rows:
                await asyncio.to_thread(self.broker.enqueue, _message(row))
        except Exception:
            await _release(rows)
            raise
        if rows:
            await fetch(
                "UPDATE outbox SET sent_at = now() WHERE id = ANY($1)", [row["id"] for row in rows]
            )
        return len(rows)

    async def _listen(self) -> None:
        """Wake the relay when a command has committed a job."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_once()
            await asyncio.sleep(POLL)

    async def _listen_once(self) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(**DB.config)
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener("outbox", lambda *_notification: self._asked.set())
            self._asked.set()  # for what was asked while nobody listened
            await lost.wait()
        finally:
            connection.terminate()


_CLAIM = f"""
WITH hold AS MATERIALIZED (SELECT {FREE} AS free),
due AS (SELECT id FROM outbox WHERE (SELECT free FROM hold) AND sent_at IS NULL
        AND (claimed_at IS NULL OR claimed_at < now() - make_interval(secs => $1))
        ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE outbox o SET claimed_at = now() FROM due WHERE o.id = due.id
RETURNING o.id, o.actor, o.queue, o.args, o.position
"""  # noqa: S608


async def _claim() -> list[dict[str, Any]]:
    rows = await fetch(_CLAIM, STALE, BATCH)
    return sorted(rows, key=lambda row: row["position"])


async def _release(rows: list[dict[str, Any]]) -> None:
    await fetch(
        "UPDATE outbox SET claimed_at = NULL WHERE id = ANY($1) AND sent_at IS NULL",
        [row["id"] for row in rows],
    )


def _message(row: dict[str, Any]) -> dramatiq.Message[None]:
    """The outbox row's id is the message's: the same job is the same message."""
    return dramatiq.Message(
        queue_name=row["queue"],
        actor_name=row["actor"],
        args=tuple(json.loads(row["args"])),
        kwargs={},
        options={},
        message_id=str(row["id"]),
    )


async def sweep() -> int:
    """Have what was sent long ago and is not done sent again; return how many."""
    rows = await fetch(
        "UPDATE outbox SET sent_at = NULL, claimed_at = NULL WHERE done_at IS NULL "
        "AND sent_at < now() - make_interval(secs => $1) RETURNING id",
        LOST,
    )
    return len(rows)


async def prune() -> None:
    """Forget jobs that were done days ago."""
    await fetch("DELETE FROM outbox WHERE done_at < now() - make_interval(days => $1)", KEPT_DAYS)


# Dead jobs -------------------------------------------------------------------------------


async def dead_jobs(limit: int = 50) -> list[dict[str, Any]]:
    """Jobs whose retries are used up, the newest first."""
    return await fetch("SELECT * FROM dead_job ORDER BY at DESC, id LIMIT $1", limit)


async def send_again(person: Worker, job_id: UUID) -> None:
    """Give a dead job to the worker once more.

    :raises NotFound: there is none, or ``person`` may not see it.
    :raises RuleBroken: it is on its way already.
    """
    async with work_of(person) as work:
        job = await work.lock(DeadJob, job_id)
        allow(person, "send_again", job)
        if job.resent_at is not None:
            raise RuleBroken("job.sent_again", _("This job is on its way already."))
        job.resent_at = work.now
        await work.save(job)
        await fetch(
            "INSERT INTO outbox (id, actor, queue, args, made_at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO UPDATE SET claimed_at = NULL, sent_at = NULL, done_at = NULL",
            job.id,
            job.actor,
            job.queue,
            job.args,
            work.now,
        )
        await fetch("SELECT pg_notify('outbox', '')")
        work.record("job.sent_again", job, actor=job.actor)
