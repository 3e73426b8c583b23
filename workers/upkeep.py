"""What keeps the system honest and tidy."""

from __future__ import annotations

import dramatiq

from sandbox.foundation import audit, outbox, upkeep


@dramatiq.actor(actor_name="seal_audit", queue_name="default")
async def seal_audit() -> None:
    """Seal the audit chains that grew since the last seal."""
    await audit.seal()


@dramatiq.actor(actor_name="sweep_jobs", queue_name="default")
async def sweep_jobs() -> None:
    """Have jobs that got lost on their way sent again."""
    await outbox.sweep()


@dramatiq.actor(actor_name="clear_up", queue_name="default")
async def clear_up() -> None:
    """Forget what has served its time."""
    await upkeep.clear_up()
