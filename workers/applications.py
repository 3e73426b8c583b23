"""Applications: the decision letter, and clocks that run out."""

from uuid import UUID

import dramatiq

from sandbox.applications import commands, letter


@dramatiq.actor(actor_name="build_decision_letter", queue_name="documents", time_limit=300_000)
async def build_decision_letter(decision: str) -> None:
    """Make the PDF of a decision's letter and hang it on the case."""
    await letter.build(UUID(decision))


@dramatiq.actor(actor_name="sweep_applications", queue_name="default")
async def sweep_applications() -> None:
    """Remind applicants, and let lapse what waited too long."""
    await commands.sweep()
