"""What the firm owes in time: its first response, and the reports that regimes want."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.applications import queries as applications
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework import library
from sandbox.incidents import owing
from sandbox.incidents.commands.common import announce, clocks_of, opened, tell
from sandbox.incidents.tables import Incident, IncidentClock, IncidentReport
from sandbox.people import queries as people
from sandbox.people.person import SYSTEM, Person, Role
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot


async def respond(person: Person, incident_id: UUID, *, text: str) -> None:
    """The firm says what it has done so far: its first response.

    :raises InvalidInput: nothing was written.
    """
    if not text.strip():
        raise InvalidInput({"response": _("Say what you have done so far")})
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "act_on_incident")
        incident.immediate_action = "\n\n".join(
            part for part in (incident.immediate_action, text.strip()) if part
        )
        answered(incident, work)
        await work.save(incident)
        work.record("incident.responded", incident)
        await announce(work, pilot, incident, "incident.responded")
        await tell(work, pilot, incident, "responded", authority=True, text=text.strip())


def answered(incident: Incident, work: Work) -> None:
    """Whatever the firm does about an incident first is its first response."""
    if incident.responded_at is None:
        incident.responded_at = work.now


async def submit_report(
    person: Person, incident_id: UUID, *, text: str, clock_id: UUID | None = None
) -> None:
    """The firm submits a report: for one of the clocks, which is met by it, or beside them.

    :raises InvalidInput: nothing was written, or the clock was met before or is owed no longer.
    """
    if not text.strip():
        raise InvalidInput({"report": _("Write the report")})
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "act_on_incident")
        if clock_id is not None:
            await _meet(work, pilot, incident, clock_id)
        held = IncidentReport.incident == incident.id
        report = IncidentReport(
            id=uuid4(), case=incident.case, incident=incident.id, clock=clock_id,
            number=await IncidentReport.count().where(held) + 1, text=text.strip(),
            submitted_by=person.name, at=work.now,
        )  # fmt: skip
        answered(incident, work)
        await work.save(report, incident)
        work.record("incident_report.submitted", report, number=report.number)
        await announce(work, pilot, incident, "incident.report_submitted")
        await tell(work, pilot, incident, "report_submitted", authority=True, report=report)


async def _meet(work: Work, pilot: Pilot, incident: Incident, clock_id: UUID) -> None:
    found = await work.lock(IncidentClock, clock_id)
    if found.incident != incident.id:
        raise NotFound
    if found.met_at is not None:
        raise InvalidInput({"clock": _("This report is in already")})
    if found.cancelled_at is not None:
        raise InvalidInput({"clock": _("This report is owed no longer")})
    found.met_at, found.met_by = work.now, work.person.name
    calendar = common.pack_of(pilot).jurisdiction.calendar()
    others = [row for row in await clocks_of(incident.id) if row.id != found.id]
    await work.save(found, *owing.start_after(found, others, calendar))


async def sweep_clocks() -> int:
    """Remind, tell that it is overdue, escalate: each once for a report or response; how many."""
    return await _remind() + await _sweep_late() + await _escalate()


async def _remind() -> int:
    """Remind firms of reports whose time runs out."""
    rows = await fetch(
        "SELECT c.id, c.incident, c.started_at, c.due_at, p.pack_version FROM incident_clock c "
        "JOIN incident i ON i.id = c.incident JOIN pilot p ON p.id = i.pilot "
        "WHERE c.met_at IS NULL AND c.cancelled_at IS NULL AND c.started_at IS NOT NULL "
        "AND c.reminded_at IS NULL AND c.overdue_told_at IS NULL AND c.due_at >= $1",
        clock.now(),
    )
    near = [
        row for row in rows
        if owing.near(
            row["started_at"], row["due_at"],
            library.pack_of(row["pack_version"]).incidents.watch.remind_percent, at=clock.now(),
        )
    ]  # fmt: skip
    for row in near:
        await _tell_near(row["incident"], row["id"])
    return len(near)


async def _locked(
    work: Work, incident_id: UUID, clock_id: UUID
) -> tuple[Pilot | None, Incident, IncidentClock]:
    incident = await work.lock(Incident, incident_id)
    pilot = await Pilot.objects().get(Pilot.id == incident.pilot)
    return pilot, incident, await work.lock(IncidentClock, clock_id)


async def _tell_near(incident_id: UUID, clock_id: UUID) -> None:
    async with work_of(SYSTEM) as work:
        pilot, incident, row = await _locked(work, incident_id, clock_id)
        if pilot is None or row.reminded_at is not None or not owing.running(row):
            return
        row.reminded_at = work.now
        await work.save(row)
        work.record("incident.report_reminded", incident, regime=row.regime, stage=row.stage)
        await tell(work, pilot, incident, "reminder", firm=True, late=row)


async def _escalate() -> int:
    """Tell those who decide, and the centre, of reports that stay overdue."""
    rows = await fetch(
        "SELECT id, incident FROM incident_clock WHERE met_at IS NULL AND cancelled_at IS NULL "
        "AND overdue_told_at IS NOT NULL AND escalated_at IS NULL"
    )
    return sum([await _tell_heads(row["incident"], row["id"]) for row in rows])


async def _tell_heads(incident_id: UUID, clock_id: UUID) -> int:
    async with work_of(SYSTEM) as work:
        pilot, incident, row = await _locked(work, incident_id, clock_id)
        if pilot is None or not owing.running(row):
            return 0
        pack = common.pack_of(pilot)
        calendar = pack.jurisdiction.calendar()
        if not owing.escalates(row, pack.incidents.watch.escalate, calendar, at=work.now):
            return 0
        row.escalated_at = work.now
        await work.save(row)
        work.record("incident.report_escalated", incident, regime=row.regime, stage=row.stage)
        heads = [
            *await people.staff(role=Role.DECISION_MAKER, sector=pilot.lead_sector),
            *await people.staff(role=Role.CENTRAL),
        ]
        heads = await applications.without_conflict(pilot.case, heads)
        await tell(work, pilot, incident, "escalated", authority=True, more=heads, late=row)
    return 1


async def _sweep_late() -> int:
    """Tell both sides once of every report and first response that is overdue."""
    late = await fetch(
        "SELECT id, incident FROM incident_clock WHERE met_at IS NULL AND cancelled_at IS NULL "
        "AND started_at IS NOT NULL AND overdue_told_at IS NULL AND due_at < $1",
        clock.now(),
    )
    for row in late:
        await _tell_late(row["incident"], row["id"])
    silent = await fetch(
        "SELECT id FROM incident WHERE respond_by < $1 AND responded_at IS NULL "
        "AND response_told_at IS NULL AND state <> 'closed'",
        clock.now(),
    )
    for row in silent:
        await _tell_silent(row["id"])
    return len(late) + len(silent)


async def _tell_late(incident_id: UUID, clock_id: UUID) -> None:
    async with work_of(SYSTEM) as work:
        pilot, incident, late = await _locked(work, incident_id, clock_id)
        if pilot is None or late.overdue_told_at is not None or not owing.running(late):
            return
        late.overdue_told_at = work.now
        await work.save(late)
        work.record("incident.report_overdue", incident, regime=late.regime)
        await announce(work, pilot, incident, "incident.report_overdue")
        await tell(work, pilot, incident, "overdue", firm=True, authority=True, late=late)


async def _tell_silent(incident_id: UUID) -> None:
    async with work_of(SYSTEM) as work:
        incident = await work.lock(Incident, incident_id)
        pilot = await Pilot.objects().get(Pilot.id == incident.pilot)
        told = incident.responded_at is not None or incident.response_told_at is not None
        if pilot is None or told:
            return
        incident.response_told_at = work.now
        await work.save(incident)
        work.record("incident.response_overdue", incident)
        await tell(work, pilot, incident, "response_overdue", firm=True, authority=True)
