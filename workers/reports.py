"""Reports: gather, then set in each language."""

from uuid import UUID

import dramatiq

from sandbox.reports import building


@dramatiq.actor(
    actor_name="gather_report", queue_name="documents", time_limit=600_000, max_retries=2
)
async def gather_report(report: str) -> None:
    """Gather a report's data set."""
    await building.gather_report(UUID(report))


@dramatiq.actor(actor_name="set_report", queue_name="documents", time_limit=900_000, max_retries=2)
async def set_report(report: str, language: str) -> None:
    """Make a report's PDF in one language."""
    await building.set_report(UUID(report), language)
