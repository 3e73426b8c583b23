"""Forgetting what has served its time, so that tables stay small."""

from __future__ import annotations

from sandbox.foundation import mail, outbox
from sandbox.foundation.database import fetch

_SPENT = (
    "DELETE FROM session WHERE expires_at < now()",
    'DELETE FROM rate_count WHERE "window" < extract(epoch FROM now()) - 86400',
    "DELETE FROM periodic_slot WHERE at < now() - interval '2 days'",
    # Longer than any job could still come a second time.
    "DELETE FROM job_effect WHERE at < now() - interval '90 days'",
)


async def clear_up() -> None:
    """Delete expired sessions, old counts, slots, jobs and mails."""
    for statement in _SPENT:
        await fetch(statement)
    await outbox.prune()
    await mail.prune()
