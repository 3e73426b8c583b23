"""Telemetry: judge what came in, and notice what did not."""

from uuid import UUID

import dramatiq

from sandbox.telemetry import commands


@dramatiq.actor(actor_name="evaluate_telemetry", queue_name="default")
async def evaluate_telemetry(pilot: str) -> None:
    """Hold a pilot's newest figures against its thresholds."""
    await commands.evaluate(UUID(pilot))


@dramatiq.actor(actor_name="close_breaches", queue_name="default")
async def close_breaches(pilot: str) -> None:
    """End the breaches of a pilot that was closed."""
    await commands.close_breaches(UUID(pilot))


@dramatiq.actor(actor_name="sweep_silence", queue_name="default")
async def sweep_silence() -> None:
    """Notice metrics that stopped coming."""
    await commands.sweep_silence()
