"""Pilots: testing periods that end, and what is due."""

import dramatiq

from sandbox.pilots.commands.sweeping import sweep


@dramatiq.actor(actor_name="sweep_pilots", queue_name="default")
async def sweep_pilots() -> None:
    """End what is over, and tell what is due or overdue."""
    await sweep()
