"""Forgetting what has served its time, so that tables stay small.

Marks of effects (``job_effect``) are not among it: a mark says that somebody was told of
something, and must outlast the thing. There is about one for each promise of a pilot.
"""

from __future__ import annotations

from sandbox.foundation import mail, outbox
from sandbox.foundation.database import fetch

_SPENT = (
    "DELETE FROM session WHERE expires_at < now()",
    'DELETE FROM rate_count WHERE "window" < extract(epoch FROM now()) - 86400',
    "DELETE FROM periodic_slot WHERE at < now() - interval '2 days'",
)


async def clear_up() -> None:
    """Delete expired sessions, old counts, slots, jobs and mails."""
    for statement in _SPENT:
        await fetch(statement)
    await outbox.prune()
    await mail.prune()
