"""What is owed of a period handed in, with the figures that its firm attests."""

from __future__ import annotations

from uuid import UUID

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots import queries
from sandbox.pilots.reporting import Said
from sandbox.pilots.tables import Condition, Evidence
from sandbox.telemetry import report_queries


async def hand_in_report(
    person: Person, pilot_id: UUID, condition_id: UUID, said: Said, *, seen: str | None = None
) -> Evidence:
    """Hand in what is owed next of a period: a report with what the system knows of it, or the
    attestation of a duty.

    ``seen``: the stamp of the facts that the person saw; nobody attests to others.

    :raises InvalidInput: something is left unsaid, nobody stands in for it, or the facts have
        changed.
    :raises RuleBroken: it is too early, or an earlier one is still being looked at.
    """
    head = await queries.head(person, pilot_id)
    condition = await queries.part(Condition, head, condition_id)
    facts = await report_queries.known(head, condition)
    if facts is not None and seen is not None and seen != facts.stamp:
        words = _("The figures have changed since you opened this page. Look at them again.")
        raise InvalidInput({"attested": words})
    return await pilots.hand_in_report(person, condition.id, said, facts=facts)
