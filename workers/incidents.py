"""Incidents: those that a breach opens, and clocks that run out."""

from uuid import UUID

import dramatiq

from sandbox.incidents import commands, document


@dramatiq.actor(actor_name="open_incident_from_breach", queue_name="default")
async def open_incident_from_breach(breach: str) -> None:
    """Open an incident from a breach, once."""
    await commands.open_from_breach(UUID(breach))


@dramatiq.actor(actor_name="sweep_incidents", queue_name="default")
async def sweep_incidents() -> None:
    """Tell both sides of reports and answers that are overdue."""
    await commands.sweep_clocks()
    await commands.sweep_inquiries()


@dramatiq.actor(actor_name="build_incident_document", queue_name="documents", time_limit=300_000)
async def build_incident_document(document_id: str) -> None:
    """Make the PDF of an incident that somebody asked for."""
    await document.build(UUID(document_id))
