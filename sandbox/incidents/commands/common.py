"""What the commands share: opening an incident, its clocks, and telling both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.work import Work
from sandbox.incidents import facts
from sandbox.incidents.tables import Assessment, Incident, IncidentClock, IncidentNotice
from sandbox.people import queries as people
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot
from sandbox.settings import settings
from sandbox.webhooks import commands as webhooks


async def opened(
    work: Work, person: Person, incident_id: UUID, action: str
) -> tuple[Pilot, Incident]:
    """An incident with its pilot, which is locked first, so that no two works cross.

    :raises NotFound: there is none, or not for this person.
    :raises Forbidden: they may read it but not do ``action``.
    """
    rows = await fetch("SELECT pilot FROM incident WHERE id = $1", incident_id)
    if not rows:
        raise NotFound
    pilot = await common.open_pilot(work, person, rows[0]["pilot"], action)
    return pilot, await work.lock(Incident, incident_id)


async def clocks_of(incident_id: UUID) -> list[IncidentClock]:
    """The clocks of an incident, those owed no longer too."""
    found: list[IncidentClock] = (
        await IncidentClock.objects()
        .where(IncidentClock.incident == incident_id)
        .output(load_json=True)
    )
    return found


async def last_assessment(incident_id: UUID) -> Assessment | None:
    """What stands: the newest assessment."""
    found: Assessment | None = (
        await Assessment.objects()
        .where(Assessment.incident == incident_id)
        .order_by(Assessment.number, ascending=False)
        .first()
        .output(load_json=True)
    )
    return found


async def tell(
    work: Work, pilot: Pilot, incident: Incident, template: str, *, firm: bool = False,
    authority: bool = False, more: Sequence[Person] = (), **context: Any,
) -> None:  # fmt: skip
    """Mail either side or both, each person in their language, and keep that it was written.

    ``more``: further people of the authorities.
    """
    firms = await people.members(pilot.organisation) if firm else []
    officials = [*(await common.officers(pilot) if authority else []), *more]
    for side, to in (("firm", firms), ("authority", officials)):
        for person in to:
            if person.id == work.person.id:
                continue
            letter = await work.mail(
                person.email, f"incidents/{template}", person.language, case=pilot.case,
                pilot=pilot, incident=incident, said=facts.said(incident, person.language),
                pack=common.pack_of(pilot), name=person.name, **context,
            )  # fmt: skip
            await work.save(
                IncidentNotice(
                    id=uuid4(), case=incident.case, incident=incident.id, mail=letter.id,
                    template=template, side=side, to=person.email, name=person.name,
                    subject=letter.subject, at=work.now,
                )
            )  # fmt: skip


async def announce(work: Work, pilot: Pilot, incident: Incident, event: str) -> None:
    """Tell the firm's and the authorities' own systems of an event, if they asked for it."""
    await webhooks.announce(
        work, event,
        {
            "incident": incident.id, "reference": incident.reference,
            "state": incident.state, "severity": incident.severity,
            "reportable": incident.reportable, "drill": incident.drill,
            "source": incident.source, "reported_at": incident.reported_at,
            "respond_by": incident.respond_by, "pilot": pilot.id,
            "pilot_reference": pilot.reference,
            "link": f"{settings.base_url}/incidents/{incident.id}",
        },
        organisation=pilot.organisation,
        authorities=[pilot.authority, common.pack_of(pilot).central.key],
    )  # fmt: skip
