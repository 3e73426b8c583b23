"""A standby that takes the primary's place may lack what the last moments made.

Then whatever a process remembers of the database may not be there: a series under whose number
points would be written, a month's partition. So each new connection asks by which timeline the
server writes its log, which is another one after each promotion, and at a change all that is
remembered is forgotten. Slices say with :func:`forget_with` how.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

_TIMELINE = (
    "SELECT CASE WHEN pg_is_in_recovery() THEN '' "
    "ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END"
)

log = structlog.get_logger()
_forgetting: list[Callable[[], object]] = []
_seen: set[str] = set()


def forget_with(forget: Callable[[], object]) -> None:
    """Have ``forget`` called when another server has taken over."""
    _forgetting.append(forget)


async def notice(connection: asyncpg.Connection[Any]) -> None:
    """Ask a new connection's server who it is, and forget everything when it is another."""
    timeline = ""
    with suppress(asyncpg.PostgresError):  # some hosted databases do not tell
        timeline = await connection.fetchval(_TIMELINE)
    if not timeline or timeline in _seen:
        return
    if _seen:
        log.warning("database taken over", timeline=timeline)
        for forget in _forgetting:
            forget()
        _seen.clear()
    _seen.add(timeline)
