"""Telemetry: judge what came in, notice what did not, keep room for more."""

from uuid import UUID

import dramatiq

from sandbox.telemetry import commands, document, keeping


@dramatiq.actor(actor_name="watch_telemetry", queue_name="telemetry")
async def watch_telemetry() -> None:
    """Hold the figures that came against the thresholds of their pilots."""
    while await commands.watch():
        pass


@dramatiq.actor(actor_name="close_breaches", queue_name="default")
async def close_breaches(pilot: str) -> None:
    """End the breaches of a pilot that was closed."""
    await commands.close_breaches(UUID(pilot))


@dramatiq.actor(actor_name="settle_breaches", queue_name="default")
async def settle_breaches(condition: str) -> None:
    """End or renew the breaches of a condition that was waived, discharged or brought back."""
    await commands.settle_breaches(UUID(condition))


@dramatiq.actor(actor_name="sweep_silence", queue_name="default")
async def sweep_silence() -> None:
    """Notice metrics that stopped coming."""
    await commands.sweep_silence()


@dramatiq.actor(actor_name="sweep_explanations", queue_name="default")
async def sweep_explanations() -> None:
    """Remind of explanations that are due, and escalate those that nobody gave."""
    await commands.sweep_explanations()


@dramatiq.actor(actor_name="keep_partitions", queue_name="default")
async def keep_partitions() -> None:
    """Make partitions ahead, and drop those whose time is over; and files nobody came back for."""
    await keeping.keep_partitions()
    await commands.forget_files()


@dramatiq.actor(actor_name="build_figures_document", queue_name="documents", time_limit=300_000)
async def build_figures_document(document_id: str) -> None:
    """Make the PDF of a pilot's figures."""
    await document.build(UUID(document_id))
