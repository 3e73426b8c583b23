"""Holding all jobs: while somebody does, none is handed to the workers and no periodic one is due.

Whoever plays the past (the demo) does so, since a job that looks at what is half told would
act on it at today's time. The hold is a lock of the database's: it ends with its holder.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from sandbox.foundation.database import DB, fetch

FREE = "pg_try_advisory_xact_lock_shared(hashtext('jobs'))"
"""SQL: whether nobody holds the jobs; until the transaction ends nobody can."""


@asynccontextmanager
async def holding() -> AsyncIterator[None]:
    """Hold all jobs within this context; another holder is waited for."""
    connection = await asyncpg.connect(**DB.config)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext('jobs'))")
        yield
    finally:
        await connection.close()


async def held() -> bool:
    """Whether somebody holds the jobs now."""
    (row,) = await fetch(f"SELECT {FREE} AS free")
    return not row["free"]
