"""What is done about an incident: investigated, set right, settled; the pilot suspended for it."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.incidents import owing, rules
from sandbox.incidents.commands.clocks import answered
from sandbox.incidents.commands.common import announce, clocks_of, opened, tell
from sandbox.incidents.commands.public import settle_reports
from sandbox.incidents.tables import CorrectiveAction, Incident
from sandbox.people.person import Person
from sandbox.pilots.commands import common, life
from sandbox.pilots.tables import Pilot


async def investigate(person: Person, incident_id: UUID) -> None:
    """Begin to look for the cause."""
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "handle_incident")
        rules.LIFE.move(incident, "investigate", at=work.now)
        await work.save(incident)
        work.record("incident.investigating", incident)
        await tell(work, pilot, incident, "investigating", firm=True)


async def ask_action(
    person: Person,
    incident_id: UUID,
    *,
    text: str,
    owner: str = "",
    due_on: date | None = None,
    kind: str = "corrective",
) -> CorrectiveAction:
    """Ask the firm to set something right or to prevent the next, by default in the pack's time.

    :raises InvalidInput: nothing was asked, no such kind, or the day is over.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "handle_incident")
        pack = common.pack_of(pilot)
        today = common.day_of(pack, work.now)
        errors = {} if text.strip() else {"text": _("Say what is to be set right")}
        if kind not in rules.ACTION_KINDS:
            errors["kind"] = _("Choose from the options")
        if due_on is not None and due_on < today:
            errors["due_on"] = _("Choose a day ahead")
        if errors:
            raise InvalidInput(errors)
        rules.LIFE.move(incident, "ask_action", at=work.now)
        held = CorrectiveAction.incident == incident.id
        action = CorrectiveAction(
            id=uuid4(), case=incident.case, incident=incident.id,
            number=await CorrectiveAction.count().where(held) + 1, text=text.strip(),
            owner=owner.strip(), kind=kind,
            due_on=due_on
            or common.day_of(pack, common.due(pack, "corrective_action", work.now)),
        )  # fmt: skip
        await work.save(incident, action)
        work.record("corrective_action.asked", action, number=action.number, kind=kind)
        await announce(work, pilot, incident, "incident.action_asked")
        await tell(work, pilot, incident, "action_asked", firm=True, action=action)
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
        answered(incident, work)
        await work.save(action, incident)
        work.record("corrective_action.done", action, number=action.number)
        await tell(work, pilot, incident, "action_done", authority=True, action=action)


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


async def return_action(person: Person, action_id: UUID, *, reason: str) -> None:
    """The officer has not found it done: it is to be done again.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: the firm has not said that it is done, or it was verified.
    """
    if not reason.strip():
        raise InvalidInput({"return_reason": _("Say what is missing")})
    async with work_of(person) as work:
        pilot, incident, action = await _action(work, person, action_id, "handle_incident")
        if action.done_at is None or action.verified_at is not None:
            raise RuleBroken(
                "corrective_action.return.not_waiting", _("This does not wait to be verified.")
            )
        action.done_at, action.returned_at = None, work.now
        action.returned_reason = reason.strip()
        await work.save(action)
        work.record("corrective_action.returned", action, number=action.number)
        await tell(work, pilot, incident, "action_returned", firm=True, action=action)


async def _action(
    work: Work, person: Person, action_id: UUID, may: str
) -> tuple[Pilot, Incident, CorrectiveAction]:
    rows = await fetch("SELECT incident FROM corrective_action WHERE id = $1", action_id)
    if not rows:
        raise NotFound
    pilot, incident = await opened(work, person, rows[0]["incident"], may)
    return pilot, incident, await work.lock(CorrectiveAction, action_id)


async def resolve(person: Person, incident_id: UUID, *, root_cause: str) -> None:
    """Name the cause and settle the incident.

    :raises InvalidInput: no cause is named.
    :raises RuleBroken: a corrective action is open.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "handle_incident")
        actions = await CorrectiveAction.objects().where(CorrectiveAction.incident == incident.id)
        rules.resolve(incident, actions, root_cause=root_cause, at=work.now)
        await work.save(incident)
        work.record("incident.resolved", incident)
        await announce(work, pilot, incident, "incident.resolved")
        await tell(work, pilot, incident, "resolved", firm=True)


async def close(person: Person, incident_id: UUID, *, words: str = "") -> None:
    """Close the incident for good.

    :raises RuleBroken: a report is still owed.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "handle_incident")
        unmet = [one for one in await clocks_of(incident.id) if owing.running(one)]
        rules.close(incident, len(unmet), words=words, at=work.now)
        await work.save(incident)
        await settle_reports(work, incident.id)
        work.record("incident.closed", incident)
        await announce(work, pilot, incident, "incident.closed")
        await tell(work, pilot, incident, "closed", firm=True)


async def reopen(person: Person, incident_id: UUID, *, reason: str) -> None:
    """Open a resolved or closed incident again.

    :raises InvalidInput: no reason is given.
    """
    if not reason.strip():
        raise InvalidInput({"reason": _("Say why")})
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "handle_incident")
        rules.LIFE.move(incident, "reopen", at=work.now)
        incident.closed_at = None
        await work.save(incident)
        await common.note(work, pilot, "incident_reopened", reason.strip(), incident.id)
        work.record("incident.reopened", incident)
        await announce(work, pilot, incident, "incident.reopened")
        await tell(work, pilot, incident, "reopened", firm=True, reason=reason.strip())


async def suspend_pilot(person: Person, incident_id: UUID, *, reason: str) -> None:
    """Suspend the pilot, as the pack proposes for an incident this grave: a person confirms.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: the pilot is not live.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, incident_id, "suspend")
        await life.suspend_within(work, pilot, reason=reason)
        work.record("incident.pilot_suspended", incident, severity=incident.severity)
