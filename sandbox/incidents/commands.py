"""Reporting an incident, weighing it, setting it right, closing it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _, local
from sandbox.foundation.work import Work, work_of
from sandbox.framework.pack import Pack
from sandbox.incidents import rules
from sandbox.incidents.tables import CorrectiveAction, Incident, IncidentClock, IncidentReport
from sandbox.people import queries as people
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot

_BREACH = """
SELECT b.id, b.pilot, b.metric, b.slice, b.value, b."limit", b.opened_at, c.title::text AS title,
       c.text::text AS text
FROM breach b JOIN condition c ON c.id = b.condition WHERE b.id = $1
"""


async def report_incident(
    person: Person, pilot_id: UUID, draft: rules.Draft, *, source: str = "firm"
) -> Incident:
    """Report an incident of a pilot; both sides are told, and every regime's clock starts.

    :raises InvalidInput: naming every field that is missing or wrong.
    :raises RuleBroken: the pilot has not gone live, or is closed.
    """
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, pilot_id, "report_incident")
        if pilot.state not in {"live", "suspended", "exiting"}:
            raise RuleBroken(
                "incident.report.not_running",
                _("Incidents are reported from the day the pilot goes live until it is closed."),
            )
        rules.check_draft(draft, common.pack_of(pilot), at=work.now)
        return await _keep(work, pilot, draft, source=source, breach=None)


async def _keep(
    work: Work, pilot: Pilot, draft: rules.Draft, *, source: str, breach: UUID | None
) -> Incident:
    pack = common.pack_of(pilot)
    (row,) = await fetch("SELECT nextval('incident_numbering') AS n")
    incident = Incident(
        id=uuid4(), case=pilot.case, pilot=pilot.id,
        reference=f"INC-{work.now.year}-{row['n']:04}", pack_version=pilot.pack_version,
        source=source, breach=breach, title=draft.title.strip()[:200], aware_at=draft.aware_at,
        occurred_from=draft.occurred_from, occurred_to=draft.occurred_to, place=draft.place,
        system_version=draft.system_version, what=draft.what.strip(),
        harms_actual=list(draft.harms_actual), harms_potential=list(draft.harms_potential),
        people_affected=draft.people_affected, groups=draft.groups,
        suspected_cause=draft.suspected_cause, immediate_action=draft.immediate_action,
        vulnerabilities=list(draft.vulnerabilities), facts=draft.facts, drill=draft.drill,
        state=rules.LIFE.initial, state_since=work.now, reported_at=work.now,
        reported_by=work.person.id, reported_name=work.person.name,
    )  # fmt: skip
    facts = rules.all_facts(incident, sectors=pilot.sectors)
    incident.severity = pack.incidents.severity_of(facts).key
    await work.save(incident)
    await _wind_clocks(work, incident, pack, facts)
    await work.save(incident)
    work.record("incident.reported", incident, source=source, severity=incident.severity)
    await _tell(work, pilot, incident, "reported", firm=source != "firm", authority=True)
    return incident


async def _wind_clocks(work: Work, incident: Incident, pack: Pack, facts: dict[str, Any]) -> None:
    """Start the clocks that are owed; those owed no longer go, unless they were met."""
    owed = rules.owed(pack, facts, severity=incident.severity, aware_at=incident.aware_at)
    held = await IncidentClock.objects().where(IncidentClock.incident == incident.id)
    wanted = {(one.regime, one.report.stage) for one in owed}
    for clock_ in held:
        if (clock_.regime, clock_.stage) not in wanted and clock_.met_at is None:
            await clock_.remove()
    have = {(one.regime, one.stage): one for one in held}
    for one in owed:
        row = have.get((one.regime, one.report.stage)) or IncidentClock(
            id=uuid4(), case=incident.case, incident=incident.id, regime=one.regime,
            authority=one.authority, stage=one.report.stage,
        )  # fmt: skip
        if row.met_at is None:
            row.name, row.due_at = dict(one.report.name), one.due_at
            await work.save(row)
    incident.reportable = bool(owed)


async def _tell(
    work: Work, pilot: Pilot, incident: Incident, template: str, *, firm: bool = False,
    authority: bool = False, **context: Any,
) -> None:  # fmt: skip
    to = await people.members(pilot.organisation) if firm else []
    to += await common.officers(pilot) if authority else []
    for person in to:
        if person.id != work.person.id:
            await work.mail(
                person.email, f"incidents/{template}", person.language, case=pilot.case,
                pilot=pilot, incident=incident, pack=common.pack_of(pilot), name=person.name,
                **context,
            )  # fmt: skip


async def open_from_breach(breach_id: UUID, person: Person = SYSTEM) -> Incident | None:
    """Open an incident from a breach; ``None`` where there is one already."""
    rows = await fetch(_BREACH, breach_id)
    if not rows:
        raise NotFound
    (row,) = rows
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, row["pilot"], "report_incident")
        if await Incident.exists().where(Incident.breach == breach_id):
            return None
        title = local(msgspec.json.decode(row["title"]))
        value = "–" if row["value"] is None else f"{row['value']:g}"
        draft = rules.Draft(
            title=_("Threshold passed: %(title)s") % {"title": title},
            what=_("%(text)s The figure was %(value)s; the limit is %(limit)s.")
            % {
                "text": local(msgspec.json.decode(row["text"])),
                "value": value,
                "limit": f"{row['limit']:g}",
            },
            aware_at=row["opened_at"],
        )
        return await _keep(work, pilot, draft, source="breach", breach=breach_id)


async def _opened(
    work: Work, person: Person, incident_id: UUID, action: str
) -> tuple[Pilot, Incident]:
    rows = await fetch("SELECT pilot FROM incident WHERE id = $1", incident_id)
    if not rows:
        raise NotFound
    pilot = await common.open_pilot(work, person, rows[0]["pilot"], action)
    return pilot, await work.lock(Incident, incident_id)


async def triage(person: Person, incident_id: UUID, verdict: rules.Verdict) -> None:
    """Confirm how grave it is, or decide otherwise with a reason; the clocks follow.

    :raises InvalidInput: no such severity, or no reason where one is needed.
    """
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "handle_incident")
        pack = common.pack_of(pilot)
        facts = rules.all_facts(incident, sectors=pilot.sectors)
        derived = pack.incidents.severity_of(facts).key
        rules.triage(incident, pack, verdict, derived=derived, by=person.name, at=work.now)
        await _wind_clocks(work, incident, pack, facts)
        await work.save(incident)
        work.record("incident.triaged", incident, severity=incident.severity, derived=derived)
        await _tell(work, pilot, incident, "triaged", firm=True)


async def investigate(person: Person, incident_id: UUID) -> None:
    """Begin to look for the cause."""
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "handle_incident")
        rules.LIFE.move(incident, "investigate", at=work.now)
        await work.save(incident)
        work.record("incident.investigating", incident)
        await _tell(work, pilot, incident, "investigating", firm=True)


async def ask_action(
    person: Person, incident_id: UUID, *, text: str, owner: str = "", due_on: date | None = None
) -> CorrectiveAction:
    """Ask the firm to set something right, by default within the pack's time.

    :raises InvalidInput: nothing was asked, or the day is over.
    """
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "handle_incident")
        pack = common.pack_of(pilot)
        today = common.day_of(pack, work.now)
        errors = {} if text.strip() else {"text": _("Say what is to be set right")}
        if due_on is not None and due_on < today:
            errors["due_on"] = _("Choose a day ahead")
        if errors:
            raise InvalidInput(errors)
        rules.LIFE.move(incident, "ask_action", at=work.now)
        held = CorrectiveAction.incident == incident.id
        action = CorrectiveAction(
            id=uuid4(), case=incident.case, incident=incident.id,
            number=await CorrectiveAction.count().where(held) + 1, text=text.strip(),
            owner=owner.strip(),
            due_on=due_on
            or common.day_of(pack, common.due(pack, "corrective_action", work.now)),
        )  # fmt: skip
        await work.save(incident, action)
        work.record("corrective_action.asked", action, number=action.number)
        await _tell(work, pilot, incident, "action_asked", firm=True, action=action)
    return action


async def report_action(person: Person, action_id: UUID, *, text: str) -> None:
    """The firm says that a corrective action is done, and how it shows.

    :raises InvalidInput: nothing was written.
    """
    if not text.strip():
        raise InvalidInput({"done": _("Say what was done and how it shows")})
    async with work_of(person) as work:
        pilot, incident, action = await _action(work, person, action_id, "act_on_incident")
        if action.verified_at is not None:
            raise RuleBroken("corrective_action.done.verified", _("This was verified before."))
        action.done, action.done_at = text.strip(), work.now
        await work.save(action)
        work.record("corrective_action.done", action, number=action.number)
        await _tell(work, pilot, incident, "action_done", authority=True, action=action)


async def verify_action(person: Person, action_id: UUID) -> None:
    """The officer has seen that it is done.

    :raises RuleBroken: the firm has not said so yet.
    """
    async with work_of(person) as work:
        _pilot, _incident, action = await _action(work, person, action_id, "handle_incident")
        if action.done_at is None:
            raise RuleBroken(
                "corrective_action.verify.not_done", _("The firm has not said that it is done.")
            )
        action.verified_at, action.verified_by = work.now, person.name
        await work.save(action)
        work.record("corrective_action.verified", action, number=action.number)


async def _action(
    work: Work, person: Person, action_id: UUID, may: str
) -> tuple[Pilot, Incident, CorrectiveAction]:
    rows = await fetch("SELECT incident FROM corrective_action WHERE id = $1", action_id)
    if not rows:
        raise NotFound
    pilot, incident = await _opened(work, person, rows[0]["incident"], may)
    return pilot, incident, await work.lock(CorrectiveAction, action_id)


async def submit_report(
    person: Person, incident_id: UUID, *, text: str, clock_id: UUID | None = None
) -> None:
    """The firm submits a report: for one of the clocks, which is met by it, or beside them.

    :raises InvalidInput: nothing was written, or the clock was met before.
    """
    if not text.strip():
        raise InvalidInput({"report": _("Write the report")})
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "act_on_incident")
        if clock_id is not None:
            await _meet(work, incident, clock_id)
        held = IncidentReport.incident == incident.id
        report = IncidentReport(
            id=uuid4(), case=incident.case, incident=incident.id, clock=clock_id,
            number=await IncidentReport.count().where(held) + 1, text=text.strip(),
            submitted_by=person.name, at=work.now,
        )  # fmt: skip
        await work.save(report)
        work.record("incident_report.submitted", report, number=report.number)
        await _tell(work, pilot, incident, "report_submitted", authority=True, report=report)


async def _meet(work: Work, incident: Incident, clock_id: UUID) -> None:
    found = await work.lock(IncidentClock, clock_id)
    if found.incident != incident.id:
        raise NotFound
    if found.met_at is not None:
        raise InvalidInput({"clock": _("This report is in already")})
    found.met_at, found.met_by = work.now, work.person.name
    await work.save(found)


async def resolve(person: Person, incident_id: UUID, *, root_cause: str) -> None:
    """Name the cause and settle the incident.

    :raises InvalidInput: no cause is named.
    :raises RuleBroken: a corrective action is open.
    """
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "handle_incident")
        actions = await CorrectiveAction.objects().where(CorrectiveAction.incident == incident.id)
        rules.resolve(incident, actions, root_cause=root_cause, at=work.now)
        await work.save(incident)
        work.record("incident.resolved", incident)
        await _tell(work, pilot, incident, "resolved", firm=True)


async def close(person: Person, incident_id: UUID, *, words: str = "") -> None:
    """Close the incident for good.

    :raises RuleBroken: a report is still owed.
    """
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "handle_incident")
        open_ = (IncidentClock.incident == incident.id) & IncidentClock.met_at.is_null()
        unmet = await IncidentClock.count().where(open_)
        rules.close(incident, unmet, words=words, at=work.now)
        await work.save(incident)
        work.record("incident.closed", incident)
        await _tell(work, pilot, incident, "closed", firm=True)


async def reopen(person: Person, incident_id: UUID, *, reason: str) -> None:
    """Open a resolved or closed incident again.

    :raises InvalidInput: no reason is given.
    """
    if not reason.strip():
        raise InvalidInput({"reason": _("Say why")})
    async with work_of(person) as work:
        pilot, incident = await _opened(work, person, incident_id, "handle_incident")
        rules.LIFE.move(incident, "reopen", at=work.now)
        incident.closed_at = None
        await work.save(incident)
        await common.note(work, pilot, "incident_reopened", reason.strip(), incident.id)
        work.record("incident.reopened", incident)
        await _tell(work, pilot, incident, "reopened", firm=True, reason=reason.strip())


async def sweep_clocks() -> int:
    """Tell both sides once of every report that is overdue; how many that were."""
    rows = await fetch(
        "SELECT id, incident FROM incident_clock WHERE met_at IS NULL "
        "AND overdue_told_at IS NULL AND due_at < $1",
        clock.now(),
    )
    for row in rows:
        async with work_of(SYSTEM) as work:
            incident = await work.lock(Incident, row["incident"])
            pilot = await Pilot.objects().get(Pilot.id == incident.pilot)
            late = await work.lock(IncidentClock, row["id"])
            if pilot is None or late.overdue_told_at is not None:
                continue
            late.overdue_told_at = work.now
            await work.save(late)
            work.record("incident.report_overdue", incident, regime=late.regime)
            await _tell(work, pilot, incident, "overdue", firm=True, authority=True, late=late)
    return len(rows)
