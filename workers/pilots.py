"""Pilots: testing periods that end, and what is due."""

from uuid import UUID

import dramatiq

from sandbox.pilots import letter
from sandbox.pilots.commands.sweeping import sweep


@dramatiq.actor(actor_name="sweep_pilots", queue_name="default")
async def sweep_pilots() -> None:
    """End what is over, and tell what is due or overdue."""
    await sweep()


@dramatiq.actor(actor_name="build_pilot_letter", queue_name="documents", time_limit=300_000)
async def build_pilot_letter(step: str) -> None:
    """Make the PDF of a suspension's or resumption's letter and hang it on the case."""
    await letter.build(UUID(step))
