"""People: links that were used or are too old."""

import dramatiq

from sandbox.people import commands


@dramatiq.actor(actor_name="forget_tickets", queue_name="default")
async def forget_tickets() -> None:
    """Forget links that open nothing any more."""
    await commands.forget_tickets()
