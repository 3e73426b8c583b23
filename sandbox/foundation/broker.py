"""The broker that carries jobs from the relay to the workers, and what each job passes.

By default jobs lie in the system's own database; ``BROKER_URL`` chooses Redis or RabbitMQ
with no other change. Making a broker opens no connection.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import (
    AsyncIO,
    Middleware,
    MiddlewareError,
    Retries,
    ShutdownNotifications,
    TimeLimit,
)
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres import init as init_queue
from psycopg_pool import ConnectionPool

from sandbox.foundation import postgres
from sandbox.foundation.database import DB, fetch
from sandbox.foundation.errors import DomainError
from sandbox.settings import settings

# A job that fails is tried nine times within about four minutes, then it is dead.
MAX_RETRIES = 8
MIN_BACKOFF = 1_000  # milliseconds, doubled each time
MAX_BACKOFF = 60_000
TIME_LIMIT = 120_000  # milliseconds, where an actor does not say otherwise

# A worker that was killed is missed after this many seconds and its jobs are given to others.
HEARTBEAT = 3.0
HEARTBEAT_TTL = 10.0


# Choosing --------------------------------------------------------------------------------


def make() -> dramatiq.Broker:
    """The broker that the settings ask for, with our middleware."""
    scheme = urlsplit(settings.broker_url).scheme
    if scheme in {"redis", "rediss"}:
        from dramatiq.brokers.redis import RedisBroker

        timeout = int(HEARTBEAT_TTL * 1000)
        return RedisBroker(  # type: ignore[no-untyped-call]
            url=settings.broker_url, middleware=_middleware(), heartbeat_timeout=timeout
        )
    if scheme in {"amqp", "amqps"}:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(
            url=settings.broker_url, middleware=_middleware(), confirm_delivery=True
        )
    return DatabaseBroker(postgres.url())


def install() -> dramatiq.Broker:
    """Make the broker and let actors be declared on it."""
    broker = make()
    dramatiq.set_broker(broker)
    return broker


def prepare() -> None:
    """Make the tables of the queue where it lies in our database. Idempotent."""
    if settings.broker_url:
        return
    import psycopg

    with psycopg.connect(postgres.url()) as connection, connection.cursor() as cursor:
        init_queue(cursor)


class DatabaseBroker(PostgresBroker):  # type: ignore[misc]
    """Jobs in our own database, woken by LISTEN, safe through the death of either side."""

    def __init__(self, url: str) -> None:
        # Each queue holds a connection, and so does the retry queue beside it.
        self.connections = ConnectionPool(url, min_size=0, max_size=40, timeout=5, open=False)
        self._consumed: set[str] = set()
        super().__init__(
            pool=self.connections,
            results=False,
            heartbeat_interval=HEARTBEAT,
            heartbeat_ttl=HEARTBEAT_TTL,
            maintenance_interval=HEARTBEAT_TTL / 2,
            middleware=_middleware(),
        )

    def open(self) -> None:
        """Open the connections; nothing waits for the server here."""
        self.connections.open()

    def close(self) -> None:
        super().close()
        self.connections.close()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> Any:
        """Consume a queue, as somebody else when it is again after a lost connection.

        What the lost connection had claimed but not delivered belongs to the old identity;
        its heartbeat ends, so those jobs are given back instead of waiting for ever.
        """
        if queue_name in self._consumed:
            self.worker_id = str(uuid4())
            self._heartbeat_at = 0.0
        self._consumed.add(queue_name)
        return super().consume(queue_name, prefetch, timeout)


# What each job passes --------------------------------------------------------------------


def _middleware() -> list[Middleware]:
    return [
        Defaults(),
        TimeLimit(time_limit=TIME_LIMIT),
        ShutdownNotifications(),
        AsyncIO(),
        Pool(),
        Outcome(),  # before Retries, so that it looks on after Retries has decided
        Retries(max_retries=MAX_RETRIES, min_backoff=MIN_BACKOFF, max_backoff=MAX_BACKOFF),
    ]


def on_worker_loop(coroutine: Any) -> Any:
    """Run ``coroutine`` on the worker's event loop and wait for its result."""
    thread = get_event_loop_thread()
    assert thread is not None
    return thread.run_coroutine(coroutine)


class Defaults(Middleware):
    """A refusal of the domain is final: trying again would be refused again."""

    def before_declare_actor(self, broker: dramatiq.Broker, actor: Any) -> None:  # noqa: ARG002
        actor.options.setdefault("throws", (DomainError,))


class NoDatabase(MiddlewareError):
    """A worker without its database does not start."""


class Pool(Middleware):
    """The worker's own database pool, on the worker's own event loop."""

    def before_worker_boot(self, broker: dramatiq.Broker, worker: Any) -> None:
        if isinstance(broker, DatabaseBroker):
            broker.open()
        try:
            on_worker_loop(DB.start_connection_pool(min_size=1, max_size=worker.worker_threads + 2))
        except OSError as error:
            raise NoDatabase(f"the database cannot be reached: {error}") from error

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:  # noqa: ARG002
        on_worker_loop(DB.close_connection_pool())


class Outcome(Middleware):
    """Writes beside the outbox row that its job is done, or why it died."""

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002
        message: Any,
        *,
        result: Any = None,  # noqa: ARG002
        exception: BaseException | None = None,
    ) -> None:
        if exception is None:
            on_worker_loop(_done(message.message_id))
        else:
            message.options["error"] = f"{type(exception).__name__}: {exception}"

    def before_nack(self, broker: dramatiq.Broker, message: Any) -> None:  # noqa: ARG002
        error = message.options.get("error") or f"no actor is called {message.actor_name}"
        trace = message.options.get("traceback", "")
        on_worker_loop(_bury(message, f"{error}\n\n{trace}".strip()))


async def _done(message_id: str) -> None:
    await fetch("UPDATE outbox SET done_at = now() WHERE id = $1", UUID(message_id))


async def _bury(message: Any, error: str) -> None:
    """Keep a dead job for an administrator to see and send again; it is not swept again."""
    await fetch(
        "WITH done AS (UPDATE outbox SET done_at = now() WHERE id = $1) "
        "INSERT INTO dead_job (id, actor, queue, args, error, at) "
        "VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT (id) DO UPDATE "
        "SET error = excluded.error, at = excluded.at, resent_at = NULL",
        UUID(message.message_id),
        message.actor_name,
        message.queue_name.removesuffix(".DQ"),
        json.dumps(message.args),
        error,
    )
