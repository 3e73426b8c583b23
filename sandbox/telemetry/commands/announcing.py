"""Telling other people's systems of a breach, if they asked for it."""

from __future__ import annotations

from sandbox.foundation.work import Work
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Condition, Pilot
from sandbox.settings import settings
from sandbox.telemetry.tables import Breach
from sandbox.webhooks import commands as webhooks


async def announce(
    work: Work, pilot: Pilot, condition: Condition, breach: Breach, event: str
) -> None:
    """Announce ``event`` (``breach.opened``, say) to the firm and the authorities."""
    await webhooks.announce(
        work, event,
        {
            "breach": breach.id, "state": breach.state, "opened_at": breach.opened_at,
            "cured_at": breach.cured_at, "explain_by": breach.explain_by,
            "condition": condition.id, "condition_number": condition.number,
            "pilot": pilot.id, "pilot_reference": pilot.reference,
            "link": f"{settings.base_url}/pilots/{pilot.id}/breaches/{breach.id}",
        },
        organisation=pilot.organisation,
        authorities=[pilot.authority, common.pack_of(pilot).central.key],
    )  # fmt: skip
