"""The database: one engine, its pool, and the transaction every write runs in.

Which PostgreSQL that is (embedded or elsewhere) only :mod:`sandbox.foundation.postgres`
knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from sandbox.foundation import takeover
from sandbox.foundation.postgres import connection_config


class Transaction(PostgresTransaction):
    """Piccolo's transaction, made safe against cancellation.

    A task can be cancelled at any await, and again while it clears up: by a timeout, by a
    server that stops (uvicorn does not cancel a request whose client hangs up; others do).
    Piccolo's own exit would then stop between rollback and release and leave a pooled
    connection inside a transaction, so beginning and ending run in a task of their own that is
    always awaited to its end.
    """

    async def __aenter__(self) -> PostgresTransaction:
        if self._parent is not None:
            return self._parent
        await _to_its_end(self._begin(), undo=self._end)
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if self._parent is not None:
            return False
        self.engine.current_transaction.reset(self.context)
        await _to_its_end(self._end(commit=exception is None))
        return False

    async def _begin(self) -> None:
        self.connection = await self.get_connection()  # type: ignore[no-untyped-call]
        self.transaction = self.connection.transaction()
        try:
            await self.begin()  # type: ignore[no-untyped-call]
        except BaseException:
            await self._release()
            raise

    async def _end(self, *, commit: bool = False) -> None:
        try:
            if not self._committed and not self._rolled_back:
                await (self.commit() if commit else self.rollback())  # type: ignore[no-untyped-call]
        finally:
            await self._release()

    async def _release(self) -> None:
        if self.engine.pool:
            await self.engine.pool.release(self.connection)
        else:
            await self.connection.close()


async def _to_its_end(step: Coroutine[Any, Any, None], undo: Any = None) -> None:
    """Await ``step`` however often the caller is cancelled; then ``undo`` it and pass that on."""
    task = asyncio.ensure_future(step)
    told = await _awaited(task)
    if told and undo is not None and not task.cancelled() and task.exception() is None:
        await _awaited(asyncio.ensure_future(undo()))
    if told:
        raise told
    task.result()


async def _awaited(task: asyncio.Future[None]) -> asyncio.CancelledError | None:
    """Await the end of ``task``, and return a cancellation that came meanwhile."""
    told = None
    while not task.done():
        try:
            await asyncio.wait({task})  # which, unlike ``await``, does not cancel the task
        except asyncio.CancelledError as cancelled:
            told = cancelled
    return told


class Engine(PostgresEngine):
    """Piccolo's engine with our transaction; importing it does not open a connection."""

    async def check_version(self) -> None:
        """Left to ``sandbox doctor``: a module that is imported must not wait for a server."""

    def transaction(self, allow_nested: bool = True) -> Transaction:  # noqa: FBT001, FBT002
        """Piccolo's own name for :func:`transaction`, so that both are the safe one."""
        return Transaction(self, allow_nested=allow_nested)

    async def start_connection_pool(self, **settings: Any) -> None:
        """Open the pool; a connection goes back to it as it is.

        asyncpg would ask the server each time to forget the session's settings, locks and
        listeners, a round trip for every query. Ours live in a transaction, or on a connection
        of their own. (An open transaction it rolls back in any case.)
        """
        await super().start_connection_pool(init=takeover.notice, reset=_as_it_is, **settings)


async def _as_it_is(_connection: Any) -> None:
    pass


_AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a primary that is being put aside
    asyncpg.InternalClientError,  # a pooled connection that had died; no host is the primary
)


def away(error: BaseException) -> bool:
    """Whether ``error`` tells that the database (or other storage) is not there just now."""
    lost = isinstance(error, asyncpg.InterfaceError) and "is closed" in str(error)
    return lost or isinstance(error, _AWAY)


DB = Engine(config=connection_config(), extensions=())


def transaction() -> Transaction:
    """A transaction on the engine; a nested one silently joins the outer."""
    return DB.transaction()


async def fetch(query: str, *values: Any) -> list[dict[str, Any]]:
    """Run SQL with asyncpg's own ``$1`` parameters, inside the current transaction if any."""
    current = DB.current_transaction.get()
    if current:
        rows = await current.connection.fetch(query, *values)
    elif DB.pool:
        async with DB.pool.acquire() as connection:
            rows = await connection.fetch(query, *values)
    else:
        connection = await DB.get_new_connection()
        try:
            rows = await connection.fetch(query, *values)
        finally:
            await connection.close()
    return [dict(row) for row in rows]


@asynccontextmanager
async def pool(*, size: int = 10) -> AsyncIterator[None]:
    """Open the pool on this event loop for as long as the context lasts."""
    await DB.start_connection_pool(min_size=1, max_size=size)
    try:
        yield
    finally:
        await DB.close_connection_pool()
