"""Jobs: asked for in a command's transaction, done once, never lost."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from sandbox.foundation import broker as brokers
from sandbox.foundation import outbox
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound, RuleBroken
from sandbox.foundation.outbox import Relay
from sandbox.foundation.schedule import Periodic, Schedule, collect
from sandbox.foundation.upkeep import clear_up
from sandbox.foundation.work import work_of
from sandbox.oversight import policy as _policy  # noqa: F401  (says who may send again)
from sandbox.people.person import SYSTEM
from tests import factories, harness

pytestmark = pytest.mark.usefixtures("database")


class Recorder(dramatiq.Broker):
    """A broker that only remembers; it may be told to be away."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.sent: list[dramatiq.Message[Any]] = []
        self.away = False

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        if self.away:
            raise ConnectionError("away")
        self.sent.append(message)
        return message


async def _ask(actor: str, *keys: str, queue: str = "default") -> None:
    async with work_of(SYSTEM) as work:
        for key in keys:
            work.later(actor, key, queue=queue)


async def _until(what: Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not await what():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


# The relay -------------------------------------------------------------------------------


async def test_a_job_is_sent_with_its_row_as_its_identity() -> None:
    broker = Recorder()
    await _ask("note", "a", queue="mail")
    (row,) = await fetch("SELECT * FROM outbox")

    assert await Relay(broker).send_some() == 1

    (message,) = broker.sent
    assert (message.message_id, message.actor_name, message.queue_name, message.args) == (
        str(row["id"]),
        "note",
        "mail",
        ("a",),
    )
    assert await Relay(broker).send_some() == 0


async def test_a_command_that_fails_asks_for_nothing() -> None:
    async def fail() -> None:
        async with work_of(SYSTEM) as work:
            work.later("note", "a")
            raise RuleBroken("test", "no")

    with pytest.raises(RuleBroken):
        await fail()
    assert await fetch("SELECT FROM outbox") == []


async def test_many_relays_at_once_send_each_job_once() -> None:
    keys = [str(number) for number in range(230)]
    await _ask("note", *keys)
    broker = Recorder()
    relays = [Relay(broker) for _ in range(4)]

    async def drain(relay: Relay) -> None:
        while await relay.send_some():
            pass

    await asyncio.gather(*map(drain, relays))

    assert sorted(message.args[0] for message in broker.sent) == sorted(keys)


async def test_jobs_are_sent_in_the_order_in_which_they_were_asked_for() -> None:
    keys = [str(number) for number in range(120)]
    await _ask("note", *keys)
    broker = Recorder()
    relay = Relay(broker)
    while await relay.send_some():
        pass
    assert [message.args[0] for message in broker.sent] == keys


async def test_a_claim_is_left_to_its_relay_until_it_is_stale() -> None:
    await _ask("note", "fresh", "stale")
    await fetch("UPDATE outbox SET claimed_at = now()")
    await fetch(
        "UPDATE outbox SET claimed_at = now() - make_interval(secs => $1) "
        "WHERE args LIKE '%stale%'",
        outbox.STALE + 1,
    )
    broker = Recorder()
    await Relay(broker).send_some()
    assert [message.args for message in broker.sent] == [("stale",)]


async def test_a_broker_that_is_away_is_waited_for() -> None:
    await _ask("note", "a")
    broker = Recorder()
    broker.away = True
    with pytest.raises(ConnectionError):
        await Relay(broker).send_some()
    broker.away = False
    assert await Relay(broker).send_some() == 1


async def test_a_running_relay_hears_of_a_job_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "POLL", 30)
    broker = Recorder()
    relaying = asyncio.create_task(Relay(broker).run())
    try:
        await asyncio.sleep(0.3)
        await _ask("note", "a")

        async def sent() -> bool:
            return bool(broker.sent)

        await _until(sent, seconds=5)
    finally:
        relaying.cancel()
        await asyncio.wait({relaying})


async def test_what_was_sent_and_never_done_is_sent_again() -> None:
    await _ask("note", "lost", "under way", "done")
    broker = Recorder()
    await Relay(broker).send_some()
    long_ago = "now() - make_interval(secs => $1)"
    await fetch(
        f"UPDATE outbox SET sent_at = {long_ago} WHERE args NOT LIKE '%way%'", outbox.LOST + 1
    )
    await fetch("UPDATE outbox SET done_at = now() WHERE args LIKE '%done%'")
    broker.sent.clear()

    assert await outbox.sweep() == 1
    await Relay(broker).send_some()

    assert [message.args for message in broker.sent] == [("lost",)]


def test_a_job_is_not_called_lost_while_it_may_still_be_tried() -> None:
    import workers  # noqa: F401

    def longest(options: dict[str, Any]) -> float:
        """Seconds from its first try to the end of its last, as the broker's middleware does."""
        retries = options.get("max_retries", brokers.MAX_RETRIES)
        limit = options.get("time_limit", brokers.TIME_LIMIT)
        waits = retries * options.get("max_backoff", brokers.MAX_BACKOFF)
        return ((retries + 1) * limit + waits) / 1000

    broker = dramatiq.get_broker()
    taken = {name: longest(broker.get_actor(name).options) for name in broker.get_declared_actors()}
    assert len(taken) > 10
    assert {name: seconds for name, seconds in taken.items() if seconds >= outbox.LOST} == {}


async def test_done_jobs_are_forgotten_after_days() -> None:
    await _ask("note", "old", "new", "undone")
    await fetch("UPDATE outbox SET done_at = now() WHERE args LIKE '%new%'")
    await fetch("UPDATE outbox SET done_at = now() - interval '8 days' WHERE args LIKE '%old%'")
    await outbox.prune()
    rows = await fetch("SELECT args FROM outbox ORDER BY position")
    assert [row["args"] for row in rows] == ['["new"]', '["undone"]']


# A real worker, in a process of its own --------------------------------------------------


class Workers:
    """Worker processes over the test's own database."""

    def __init__(self, broker_url: str = "") -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = os.environ | {
            "DATABASE_URL": harness.database_url(),
            "BROKER_URL": broker_url,
            "PYTHONPATH": os.curdir,
        }

    def begin(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.jobs_worker"]
        process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=30)


@contextmanager
def _broker() -> Any:
    """The real broker over the test's own database."""
    import psycopg

    with psycopg.connect(harness.database_url()) as connection, connection.cursor() as cursor:
        brokers.init_queue(cursor)
    broker = brokers.DatabaseBroker(harness.database_url())
    broker.open()
    try:
        yield broker
    finally:
        broker.close()


@contextmanager
def _other_broker() -> Any:
    """The broker that the settings ask for."""
    broker = brokers.make()
    try:
        yield broker
    finally:
        broker.close()


@asynccontextmanager
async def _carried(relays: int = 1, broker_url: str = "") -> AsyncIterator[tuple[Workers, Any]]:
    """Relays and the tables that the test's actors write to; workers begin when told."""
    await fetch("CREATE TABLE runs (key text)")
    await fetch("CREATE TABLE effects (key text)")
    workers = Workers(broker_url)
    with _other_broker() if broker_url else _broker() as broker:
        tasks = [asyncio.create_task(Relay(broker).run()) for _ in range(relays)]
        try:
            yield workers, broker
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.to_thread(workers.end)


async def _keys(table: str) -> list[str]:
    return [row["key"] for row in await fetch(f"SELECT key FROM {table} ORDER BY key")]


async def _all_done() -> bool:
    return not await fetch("SELECT FROM outbox WHERE done_at IS NULL")


async def test_a_job_that_is_sent_twice_by_two_relays_has_one_effect() -> None:
    async with _carried(relays=2) as (workers, broker):
        keys = [f"{number:03}" for number in range(100)]
        await _ask("note", *keys)
        await _until(lambda: _sent(100))
        for row in await fetch("SELECT * FROM outbox"):  # what a relay that died would do
            message = outbox._message(row)
            broker.enqueue(message.copy(message_id=str(uuid4())))
        workers.begin()
        await _until(lambda: _have_run(200))
        await _until(_all_done)
        assert await _keys("effects") == keys
        assert await _keys("runs") == sorted(keys * 2)


async def _sent(number: int) -> bool:
    (row,) = await fetch("SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL")
    return bool(row["count"] == number)


async def _have_run(number: int) -> bool:
    return len(await _keys("runs")) >= number


async def test_a_killed_workers_jobs_are_done_by_another() -> None:
    async with _carried() as (workers, _broker):
        keys = [f"{number:03}" for number in range(20)]
        await _ask("note_slowly", *keys)
        first = workers.begin()
        await _until(lambda: _have_run(3))
        first.kill()
        workers.begin()
        await _until(_all_done)
        assert await _keys("effects") == keys
        assert len(await _keys("runs")) > len(keys), "some were begun twice"


async def test_a_job_that_keeps_failing_is_kept_as_dead_and_can_be_sent_again() -> None:
    administrator = await factories.account(roles=frozenset({"administrator"}))
    officer = await factories.account(roles=frozenset({"officer"}))
    async with _carried() as (workers, _broker):
        await _ask("fail", "a")
        workers.begin()
        await _until(lambda: _dead(1))
        (job,) = await outbox.dead_jobs()
        assert (job["actor"], job["queue"], job["args"]) == ("fail", "default", '["a"]')
        assert job["error"].startswith("ValueError: out of order")
        assert len(await _keys("runs")) == 3
        assert await _all_done(), "a dead job is not swept for ever"

        with pytest.raises(NotFound):
            await outbox.send_again(officer, job["id"])
        await fetch("INSERT INTO effects VALUES ('mended')")
        await outbox.send_again(administrator, job["id"])
        with pytest.raises(RuleBroken):
            await outbox.send_again(administrator, job["id"])
        await _until(lambda: _have_run(4))
        await _until(_all_done)
        (event,) = await fetch("SELECT * FROM audit_event WHERE event = 'job.sent_again'")
        assert event["person"] == administrator.id


async def _dead(number: int) -> bool:
    return len(await outbox.dead_jobs()) == number


async def test_a_refusal_of_the_domain_is_not_tried_again() -> None:
    async with _carried() as (workers, _broker):
        await _ask("refuse", "a")
        await _ask("nobody_knows_it", "b")
        workers.begin()
        await _until(lambda: _dead(2))
        errors = {job["actor"]: job["error"] for job in await outbox.dead_jobs()}
        assert errors["refuse"].startswith("RuleBroken: Not so.")
        assert errors["nobody_knows_it"] == "no actor is called nobody_knows_it"
        assert await _keys("runs") == ["a"]


async def test_what_somebody_was_told_is_not_told_again_after_years() -> None:
    async def told() -> bool:
        async with work_of(SYSTEM) as work:
            return await work.once("milestone:7:overdue")

    assert await told()
    await fetch("UPDATE job_effect SET at = now() - interval '10 years'")
    await clear_up()
    assert not await told()


# Other brokers ---------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path: Path, configure: Callable[..., None]) -> Iterator[str]:
    """A Redis of the test's own, which the settings name; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
               "--dir", str(tmp_path), "--logfile", str(tmp_path / "log")]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        end = time.monotonic() + 30
        while not _listens(port):
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.05)
        url = f"redis://127.0.0.1:{port}/0"
        configure(broker_url=url)
        yield url
        server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_redis_carries_each_job_to_its_one_effect(redis: str) -> None:
    async with _carried(relays=2, broker_url=redis) as (workers, broker):
        assert type(broker).__name__ == "RedisBroker"
        keys = [f"{number:02}" for number in range(30)]
        await _ask("note", *keys)
        await _until(lambda: _sent(30))
        for row in await fetch("SELECT * FROM outbox"):  # what a relay that died would do
            message = outbox._message(row)
            broker.enqueue(message.copy(message_id=str(uuid4())))
        workers.begin()
        await _until(lambda: _have_run(60))
        await _until(_all_done)
        assert await _keys("effects") == keys


async def test_what_dies_over_redis_is_kept_and_can_be_sent_again(redis: str) -> None:
    administrator = await factories.account(roles=frozenset({"administrator"}))
    async with _carried(broker_url=redis) as (workers, _broker):
        await _ask("fail", "a")
        workers.begin()
        await _until(lambda: _dead(1))
        assert len(await _keys("runs")) == 3, "tried, and tried again twice"
        await fetch("INSERT INTO effects VALUES ('mended')")
        (job,) = await outbox.dead_jobs()
        await outbox.send_again(administrator, job["id"])
        await _until(lambda: _have_run(4))
        await _until(_all_done)


async def test_a_redis_that_is_away_is_waited_for(configure: Callable[..., None]) -> None:
    configure(broker_url="redis://127.0.0.1:9")
    await _ask("note", "a")
    with _other_broker() as broker, pytest.raises(RedisConnectionError):
        await Relay(broker).send_some()
    (row,) = await fetch("SELECT claimed_at, sent_at FROM outbox")
    assert row == {"claimed_at": None, "sent_at": None}


def test_rabbitmq_is_given_the_same_queues_and_habits(configure: Callable[..., None]) -> None:
    """No server is asked: what one does with them is not tested here."""
    import workers  # noqa: F401

    queues = dramatiq.get_broker().get_declared_queues()
    habits = [type(one) for one in dramatiq.get_broker().middleware]
    configure(broker_url="amqp://me:secret@queue.test:5673/rintis")
    broker = brokers.make()
    for queue in queues:
        broker.declare_queue(queue)
    assert type(broker).__name__ == "RabbitmqBroker"
    assert broker.get_declared_queues() == queues > {"default", "mail"}
    assert [type(one) for one in broker.middleware] == habits
    where = broker.parameters  # type: ignore[attr-defined]
    assert (where.host, where.port, where.virtual_host) == ("queue.test", 5673, "rintis")
    assert broker.confirm_delivery, "what is marked as sent has arrived"  # type: ignore[attr-defined]


# Periodic jobs ---------------------------------------------------------------------------


async def test_three_schedulers_ask_for_each_run_once() -> None:
    periodics = [Periodic("seal_audit"), Periodic("sweep", every=timedelta(seconds=20))]
    schedules = [Schedule(periodics) for _ in range(3)]
    asked = []
    for moment in range(1_800_000_000, 1_800_000_180, 5):
        for ran in await asyncio.gather(*(schedule.tick(moment) for schedule in schedules)):
            asked += ran
        await fetch("UPDATE outbox SET done_at = now()")
    assert asked.count("seal_audit") == 3
    assert asked.count("sweep") == 9
    assert len(await fetch("SELECT FROM outbox")) == 12


async def test_runs_do_not_pile_up_while_the_worker_is_away() -> None:
    schedule = Schedule([Periodic("seal_audit")])
    asked = [await schedule.tick(1_800_000_000 + 60 * minute) for minute in range(5)]
    assert asked == [["seal_audit"], [], [], [], []]


async def test_every_periodic_job_has_its_actor() -> None:
    import workers  # noqa: F401

    declared = dramatiq.get_broker().get_declared_actors()
    wanted = {(periodic.actor, periodic.queue) for periodic in collect()}
    assert ("seal_audit", "default") in wanted
    assert {actor for actor, _queue in wanted} <= declared
    for actor, queue in wanted:
        assert dramatiq.get_broker().get_actor(actor).queue_name == queue
