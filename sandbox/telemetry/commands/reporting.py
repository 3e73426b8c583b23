"""The report of a period handed in, with the figures that its firm attests."""

from __future__ import annotations

from uuid import UUID

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots import queries
from sandbox.pilots.tables import Condition, Evidence, Pilot
from sandbox.telemetry import report_queries


async def hand_in_report(
    person: Person, pilot_id: UUID, condition_id: UUID, *, text: str, attested: bool,
    seen: str | None = None, file: UUID | None = None,
) -> Evidence:  # fmt: skip
    """Hand in the report that is owed next, with what the system knows of its period.

    ``seen``: the stamp of the facts that the person saw; nobody attests to others.

    :raises InvalidInput: nothing is said, nobody stands in for it, or the facts have changed.
    :raises RuleBroken: it is too early, or an earlier report is still being looked at.
    """
    head = await queries.head(person, pilot_id)
    condition = await queries.part(Condition, head, condition_id)
    row = await Pilot.objects().get(Pilot.id == head.id)
    assert row is not None
    facts = await report_queries.facts(head, pilots.period_of(row, condition))
    if seen is not None and seen != facts.stamp:
        words = _("The figures have changed since you opened this page. Look at them again.")
        raise InvalidInput({"attested": words})
    return await pilots.hand_in_report(
        person, condition.id, text=text, attested=attested, facts=facts, file=file
    )
