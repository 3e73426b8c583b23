"""Weighing an incident: at its report, at triage, and whenever more is known."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.work import Work, work_of
from sandbox.incidents import facts, owing, rules
from sandbox.incidents.commands.common import announce, clocks_of, last_assessment, opened, tell
from sandbox.incidents.tables import Assessment, Incident, IncidentReport
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot

_EVENTS = {
    "report": "incident.reported",
    "triage": "incident.triaged",
    "assess": "incident.assessed",
}


async def triage(person: Person, incident_id: UUID, verdict: rules.Verdict) -> None:
    """Confirm how grave it is and who is told, or decide otherwise; the clocks follow.

    :raises InvalidInput: no such severity, an answer, a reason or evidence is missing.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "handle_incident")
        rules.LIFE.move(incident, "triage", at=work.now)
        incident.confirmed_at = work.now
        await _assess(work, pilot, incident, verdict, event="triage")
        await tell(work, pilot, incident, "triaged", firm=True)


async def assess(person: Person, incident_id: UUID, verdict: rules.Verdict) -> None:
    """Weigh an open incident anew: the authority as it decides, the firm by facts that add to it.

    :raises InvalidInput: as :func:`triage`; or the firm's answers make it lighter.
    :raises RuleBroken: it is closed.
    """
    async with work_of(person) as work:
        firm = person.organisation is not None
        action = "act_on_incident" if firm else "handle_incident"
        pilot, incident = await opened(work, person, incident_id, action)
        rules.LIFE.step(incident.state, "assess")
        await _assess(work, pilot, incident, verdict, event="assess", firm=firm)
        await tell(
            work, pilot, incident, "assessed", firm=not firm, authority=firm,
            reason=incident.severity_reason,
        )  # fmt: skip


async def _assess(
    work: Work,
    pilot: Pilot,
    incident: Incident,
    verdict: rules.Verdict,
    *,
    event: str,
    firm: bool = False,
) -> None:
    pack = common.pack_of(pilot)
    before = await last_assessment(incident.id)
    aware_at = incident.aware_at
    given: dict[str, Any] = before.facts if before else {}
    if verdict.answers is not None:
        answers = verdict.answers
        facts.check_answers(answers, pack, since=incident.aware_at, at=work.now)
        facts.take_over(incident, answers, pack)
        aware_at = answers.aware_at
        stands = await _breached(pilot.id) or (firm and bool(given.get("condition_breached")))
        given = facts.all_facts(incident, sectors=pilot.sectors, condition_breached=stands)
    await _check_evidence(incident, verdict)
    decision = rules.decide(pack.incidents, given, verdict, before, firm=firm)
    incident.vulnerabilities = list(verdict.vulnerabilities) or incident.vulnerabilities
    await _take(
        work, pilot, incident, given, decision=decision, verdict=verdict, event=event, firm=firm,
        turn=owing.Turn(aware_at=aware_at, at=work.now, reason=verdict.reason.strip()),
    )  # fmt: skip


async def weigh_first(work: Work, pilot: Pilot, incident: Incident, *, firm: bool) -> None:
    """Weigh what was reported, by the rules alone."""
    given = facts.all_facts(
        incident, sectors=pilot.sectors, condition_breached=await _breached(pilot.id)
    )
    pack, verdict = common.pack_of(pilot), rules.Verdict()
    decision = rules.decide(pack.incidents, given, verdict, None, firm=False)
    await _take(
        work, pilot, incident, given, decision=decision, verdict=verdict, event="report",
        firm=firm,
        turn=owing.Turn(aware_at=incident.aware_at, at=work.now),
    )  # fmt: skip


async def _take(
    work: Work,
    pilot: Pilot,
    incident: Incident,
    given: dict[str, Any],
    *,
    decision: rules.Decision,
    verdict: rules.Verdict,
    turn: owing.Turn,
    event: str,
    firm: bool,
) -> None:
    """Keep an assessment, and let severity, clocks and the first response follow from it."""
    pack, person = common.pack_of(pilot), work.person
    row = Assessment(
        id=uuid4(), case=incident.case, incident=incident.id, event=event, facts=given,
        number=await Assessment.count().where(Assessment.incident == incident.id) + 1,
        aware_at=turn.aware_at, derived=decision.derived, severity=decision.severity,
        regimes_derived=decision.regimes_derived, regimes=decision.regimes, reason=turn.reason,
        file=verdict.file, report=verdict.report, by=person.id, by_name=person.name,
        by_firm=firm, at=work.now,
    )  # fmt: skip
    incident.severity, incident.reportable = decision.severity, bool(decision.regimes)
    incident.severity_reason = turn.reason
    if event != "report" and not firm:
        incident.severity_by = person.name
    wanted = owing.owed(
        pack, given, severity=decision.severity, regimes=decision.regimes, lead=pilot.authority
    )
    held = await clocks_of(incident.id)
    rows = owing.wind(incident, held, wanted, pack.jurisdiction.calendar(), turn)
    await work.save(row, *rows)
    # A firm that was told of it by us knows since then.
    told = event == "report" and not firm
    rules.set_response(incident, pack, aware_at=turn.at if told else turn.aware_at)
    await work.save(incident)
    work.record(
        _EVENTS[event], incident, severity=row.severity, derived=row.derived, regimes=row.regimes,
        regimes_derived=row.regimes_derived, source=incident.source,
    )  # fmt: skip
    await announce(work, pilot, incident, _EVENTS[event])


async def _breached(pilot_id: UUID) -> bool:
    """Whether a condition of the pilot is not kept now."""
    query = (
        "SELECT 1 FROM condition WHERE pilot = $1 AND state IN ('breached', 'escalated') LIMIT 1"
    )
    return bool(await fetch(query, pilot_id))


async def _check_evidence(incident: Incident, verdict: rules.Verdict) -> None:
    """What is shown must be of this case.

    :raises InvalidInput: there is no such file or report.
    """
    if verdict.file is not None:
        own = (StoredFile.id == verdict.file) & (StoredFile.case == incident.case)
        if not await StoredFile.exists().where(own):
            raise InvalidInput({"file": _("Choose the file again")})
    if verdict.report is not None:
        of_it = (IncidentReport.id == verdict.report) & (IncidentReport.incident == incident.id)
        if not await IncidentReport.exists().where(of_it):
            raise InvalidInput({"report": _("Choose from the options")})
