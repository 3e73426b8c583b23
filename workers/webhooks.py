"""Webhooks: events on their way to other people's addresses."""

from uuid import UUID

import dramatiq

from sandbox.webhooks import commands


@dramatiq.actor(actor_name="deliver_webhook", queue_name="webhooks", max_retries=2)
async def deliver_webhook(delivery: str) -> None:
    """Make one attempt; a further one follows at its own time."""
    await commands.deliver(UUID(delivery))


@dramatiq.actor(actor_name="sweep_webhooks", queue_name="default")
async def sweep_webhooks() -> None:
    """Have everything sent whose time has come."""
    await commands.sweep()
