"""The unit of work: all or nothing, whatever happens to whoever asked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from piccolo.engine.postgres import PostgresTransaction

from sandbox.foundation import clock
from sandbox.foundation.database import DB, Engine, fetch, transaction
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import allow, may, refusal
from sandbox.foundation.work import Work, work_of
from sandbox.people.person import SYSTEM
from sandbox.people.tables import Organisation, Ticket
from tests import factories
from tests.harness import connect, mails

pytestmark = pytest.mark.usefixtures("database")


def _organisation(name: str = "Firm") -> Organisation:
    return Organisation(id=uuid4(), name=name, made_at=clock.now())


async def _counts() -> dict[str, int]:
    """How much of each part of a work is there."""
    tables = ("organisation", "audit_event", "audit_head", "mail", "outbox", "job_effect")
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in tables)
    (row,) = await fetch(f"SELECT {counts}")
    return row


async def _everything(work: Work) -> None:
    """A work that does all that a work can."""
    organisation = _organisation()
    await work.save(organisation)
    work.record("organisation.founded", organisation, size="small")
    work.later("seal_audit")
    await work.mail("x@example.test", "people/already_registered", "en", name="X")
    assert await work.once("told")


# All or nothing --------------------------------------------------------------------------


async def test_state_event_mail_and_job_commit_together() -> None:
    async with work_of(SYSTEM) as work:
        await _everything(work)
    assert await _counts() == {
        "organisation": 1, "audit_event": 1, "audit_head": 1, "mail": 1, "outbox": 2,
        "job_effect": 1,
    }  # fmt: skip
    (letter,) = await mails()
    jobs = await fetch("SELECT actor, args FROM outbox ORDER BY position")
    assert jobs == [
        {"actor": "seal_audit", "args": "[]"},
        {"actor": "send_mail", "args": f'["{letter["id"]}"]'},
    ]


async def _raise(_work: Work) -> None:
    raise ValueError


async def _break_the_rules_of_the_database(work: Work) -> None:
    organisation = _organisation()
    await work.save(organisation)
    await fetch("INSERT INTO organisation SELECT * FROM organisation")


async def _cancel(_work: Work) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _event_that_cannot_be_written(work: Work) -> None:
    """Found only when the work is settled, after everything else."""
    work.record("x" * 101, _organisation())


@pytest.mark.parametrize(
    "fail", [_raise, _break_the_rules_of_the_database, _cancel, _event_that_cannot_be_written]
)
async def test_a_work_that_fails_leaves_nothing(fail: Callable[[Work], Awaitable[None]]) -> None:
    async def attempt() -> None:
        async with work_of(SYSTEM) as work:
            await _everything(work)
            await fail(work)

    before = await _counts()
    task = asyncio.ensure_future(attempt())
    await asyncio.wait({task})
    assert task.cancelled() or not isinstance(task.exception(), AssertionError | None)
    assert await _counts() == before
    async with work_of(SYSTEM) as work:
        await _everything(work)  # and stands in nobody's way


async def test_a_work_inside_a_work_is_refused() -> None:
    """It would commit or fail with the outer one, whatever its own command believes."""

    async def nest() -> None:
        async with work_of(SYSTEM) as outer:
            await outer.save(_organisation())
            async with work_of(SYSTEM) as inner:
                await inner.save(_organisation())

    with pytest.raises(RuntimeError):
        await nest()
    assert (await _counts())["organisation"] == 0


async def test_a_work_inside_a_transaction_fails_with_it() -> None:
    async def both() -> None:
        async with transaction():
            async with work_of(SYSTEM) as work:
                await _everything(work)
            raise ValueError

    before = await _counts()
    with pytest.raises(ValueError):  # noqa: PT011  (the one raised above)
        await both()
    assert await _counts() == before


async def test_what_is_locked_waits_for_the_other_work() -> None:
    organisation = _organisation("0")
    await organisation.save()

    async def count_up() -> None:
        async with work_of(SYSTEM) as work:
            row = await work.lock(Organisation, organisation.id)
            await asyncio.sleep(0.01)
            row.name = str(int(row.name) + 1)
            await work.save(row)

    await asyncio.gather(*(count_up() for _time in range(8)))
    assert await fetch("SELECT name FROM organisation") == [{"name": "8"}]


async def test_what_is_not_there_cannot_be_locked() -> None:
    with pytest.raises(NotFound):
        async with work_of(SYSTEM) as work:
            await work.lock(Organisation, uuid4())


# Policies --------------------------------------------------------------------------------


async def test_what_no_policy_speaks_of_is_denied_to_everybody() -> None:
    """And is not even there, as nobody may read it."""
    for person in (await factories.everyone()).values():
        assert not may(person, "read", Ticket())
        assert "no policy" in str(refusal(person, "read", Ticket()))
        with pytest.raises(NotFound):
            allow(person, "use", Ticket())


# Cancellation ----------------------------------------------------------------------------


async def _cancelled_at_random(times: int, *, tries: int = 300) -> None:
    """Transactions that are cancelled at any moment, some as they clear up after that."""
    chance = random.Random(times)

    async def work() -> None:
        async with DB.transaction():
            await fetch("SELECT pg_sleep(0.002)")
            await fetch("SELECT 1")

    for _try in range(tries):
        task = asyncio.ensure_future(work())
        await asyncio.sleep(chance.uniform(0, 0.006))
        for _time in range(times):
            task.cancel()
            for _step in range(chance.randrange(3)):
                await asyncio.sleep(0)
        await asyncio.wait({task}, timeout=5)
        if not task.done():
            return  # nobody gets a connection any more


async def _left_by(times: int) -> int:
    """How many connections did not come back to the pool, or came back in a transaction."""
    assert DB.pool is not None
    await _cancelled_at_random(times)
    connection = await connect()
    within = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
        "AND datname = current_database()"
    )
    await connection.close()
    left = DB.pool.get_size() - DB.pool.get_idle_size() + int(within)
    if left:
        DB.pool.terminate()  # closing it would wait for them
    return left


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_cancelled_transaction_gives_its_connection_back(times: int) -> None:
    assert await _left_by(times) == 0
    assert await fetch("SELECT 1 AS one") == [{"one": 1}]


async def test_without_our_transaction_connections_would_be_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the tests above do is enough to break the transaction that ours stands in for."""

    stock = lambda self: PostgresTransaction(self)  # noqa: E731, PLW0108  (to be bound)
    monkeypatch.setattr(Engine, "transaction", stock)
    assert await _left_by(1) > 0
