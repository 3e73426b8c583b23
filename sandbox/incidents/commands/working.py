"""Work within an incident: tasks, questions to the firm, what happened when, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.work import Work, work_of
from sandbox.framework import library
from sandbox.incidents import causes, owing
from sandbox.incidents.commands.clocks import answered
from sandbox.incidents.commands.common import opened, tell
from sandbox.incidents.tables import Incident
from sandbox.incidents.work_tables import CauseAnalysis, IncidentTask, Inquiry, TimelineEntry
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot


def _check_open(incident: Incident) -> None:
    if incident.state == "closed":
        raise RuleBroken("incident.work.closed", _("The incident is closed. Open it again first."))


async def _open(
    work: Work, person: Person, incident_id: UUID, action: str
) -> tuple[Pilot, Incident]:
    pilot, incident = await opened(work, person, incident_id, action)
    _check_open(incident)
    return pilot, incident


def _side(person: Person, pilot: Any) -> str:
    return "act_on_incident" if person.belongs_to(pilot) else "handle_incident"


async def _firm_of(incident_id: UUID) -> UUID:
    rows = await fetch(
        "SELECT p.organisation FROM incident i JOIN pilot p ON p.id = i.pilot WHERE i.id = $1",
        incident_id,
    )
    if not rows:
        raise NotFound
    found: UUID = rows[0]["organisation"]
    return found


# Tasks -----------------------------------------------------------------------------------------


async def add_task(
    person: Person, incident_id: UUID, *, text: str, owner: str, due_on: date | None
) -> IncidentTask:
    """Note what somebody of the authority is to do.

    :raises InvalidInput: what, who or by when is missing, or the day is over.
    """
    async with work_of(person) as work:
        pilot, incident = await _open(work, person, incident_id, "handle_incident")
        today = common.day_of(common.pack_of(pilot), work.now)
        errors = {
            field: words
            for field, wrong, words in (
                ("task", not text.strip(), _("Say what is to be done")),
                ("task_owner", not owner.strip(), _("Say who does it")),
                ("task_due", due_on is None or due_on < today, _("Choose a day ahead")),
            )
            if wrong
        }
        if errors:
            raise InvalidInput(errors)
        number = await IncidentTask.count().where(IncidentTask.incident == incident.id) + 1
        task = IncidentTask(
            id=uuid4(), case=incident.case, incident=incident.id, number=number, text=text.strip(),
            owner=owner.strip()[:200], due_on=due_on, made_by=person.name, made_at=work.now,
        )  # fmt: skip
        await work.save(task)
        work.record("incident_task.added", task, number=number)
    return task


async def finish_task(person: Person, incident_id: UUID, task_id: UUID) -> None:
    """Say that a task is done; a second time changes nothing."""
    async with work_of(person) as work:
        _pilot, incident = await _open(work, person, incident_id, "handle_incident")
        task = await work.lock(IncidentTask, task_id)
        if task.incident != incident.id:
            raise NotFound
        if task.done_at is None:
            task.done_at, task.done_by = work.now, person.name
            await work.save(task)
            work.record("incident_task.done", task, number=task.number)


# Questions to the firm -------------------------------------------------------------------------


async def ask_firm(
    person: Person, incident_id: UUID, *, question: str, due_on: date | None
) -> Inquiry:
    """Ask the firm something, to be answered by the end of a day.

    :raises InvalidInput: nothing was asked, or the day is over.
    """
    async with work_of(person) as work:
        pilot, incident = await _open(work, person, incident_id, "handle_incident")
        calendar = common.pack_of(pilot).jurisdiction.calendar()
        errors = {} if question.strip() else {"question": _("Write the question")}
        if due_on is None or due_on < calendar.day_of(work.now):
            errors["question_due"] = _("Choose a day ahead")
        if errors or due_on is None:
            raise InvalidInput(errors)
        number = await Inquiry.count().where(Inquiry.incident == incident.id) + 1
        row = Inquiry(
            id=uuid4(), case=incident.case, incident=incident.id, number=number,
            question=question.strip(), asked_by=person.name, asked_at=work.now,
            due_at=calendar.end_of(due_on),
        )  # fmt: skip
        await work.save(row)
        work.record("inquiry.asked", row, number=number)
        await tell(work, pilot, incident, "inquiry", firm=True, inquiry=row)
    return row


async def answer_inquiry(
    person: Person, incident_id: UUID, inquiry_id: UUID, *, text: str, files: Sequence[UUID] = ()
) -> None:
    """The firm answers a question, with files if need be.

    :raises InvalidInput: nothing was written, or a file is not of this case.
    :raises RuleBroken: it was answered before.
    """
    if not text.strip():
        raise InvalidInput({"answer": _("Write the answer")})
    async with work_of(person) as work:
        pilot, incident = await _open(work, person, incident_id, "act_on_incident")
        row = await work.lock(Inquiry, inquiry_id)
        if row.incident != incident.id:
            raise NotFound
        if row.answered_at is not None:
            raise RuleBroken("inquiry.answer.answered", _("This was answered before."))
        await _check_files(incident, files)
        row.answer, row.files = text.strip(), list(files)
        row.answered_by, row.answered_at = person.name, work.now
        answered(incident, work)
        await work.save(row, incident)
        work.record("inquiry.answered", row, number=row.number, files=len(files))
        await tell(work, pilot, incident, "inquiry_answered", authority=True, inquiry=row)


async def _check_files(incident: Incident, files: Sequence[UUID]) -> None:
    if not files:
        return
    own = StoredFile.id.is_in(list(files)) & (StoredFile.case == incident.case)
    if await StoredFile.count().where(own) != len(set(files)):
        raise InvalidInput({"file": _("Choose the file again")})


async def sweep_inquiries() -> int:
    """Remind the firm of questions whose time runs out, tell both sides of those overdue."""
    rows = await fetch(
        "SELECT q.id, q.due_at, q.asked_at, q.reminded_at, q.overdue_told_at, q.incident, "
        "p.pack_version FROM inquiry q JOIN incident i ON i.id = q.incident "
        "JOIN pilot p ON p.id = i.pilot WHERE q.answered_at IS NULL AND i.state <> 'closed' "
        "AND q.overdue_told_at IS NULL"
    )
    done = 0
    for row in rows:
        percent = library.pack_of(row["pack_version"]).incidents.watch.remind_percent
        late = row["due_at"] < clock.now()
        if late or (
            row["reminded_at"] is None
            and owing.near(row["asked_at"], row["due_at"], percent, at=clock.now())
        ):
            done += await _press(row["id"], row["incident"], late=late)
    return done


async def _press(inquiry_id: UUID, incident_id: UUID, *, late: bool) -> int:
    async with work_of(SYSTEM) as work:
        incident = await work.lock(Incident, incident_id)
        pilot = await Pilot.objects().get(Pilot.id == incident.pilot)
        row = await work.lock(Inquiry, inquiry_id)
        told = row.overdue_told_at if late else row.reminded_at
        if pilot is None or row.answered_at is not None or told is not None:
            return 0
        if late:
            row.overdue_told_at = work.now
        else:
            row.reminded_at = work.now
        await work.save(row)
        work.record("inquiry.overdue" if late else "inquiry.reminded", row, number=row.number)
        template = "inquiry_overdue" if late else "inquiry_reminder"
        await tell(work, pilot, incident, template, firm=True, authority=late, inquiry=row)
    return 1


# What happened when, and why -------------------------------------------------------------------


async def add_entry(
    person: Person,
    incident_id: UUID,
    *,
    text: str,
    happened_at: datetime | None,
    internal: bool = False,
) -> TimelineEntry:
    """Add to the timeline: either side; only the authority may keep it to itself.

    :raises InvalidInput: nothing was written, or the time is missing or lies ahead.
    """
    action = _side(person, await _firm_of(incident_id))
    async with work_of(person) as work:
        _pilot, incident = await _open(work, person, incident_id, action)
        errors = {} if text.strip() else {"entry": _("Say what happened")}
        if happened_at is None:
            errors["happened_at"] = _("Enter a date and a time")
        elif happened_at > work.now:
            errors["happened_at"] = _("This time lies ahead")
        if errors:
            raise InvalidInput(errors)
        firm = action == "act_on_incident"
        entry = TimelineEntry(
            id=uuid4(), case=incident.case, incident=incident.id, happened_at=happened_at,
            text=text.strip(), internal=internal and not firm, by=person.id, by_name=person.name,
            by_firm=firm, at=work.now,
        )  # fmt: skip
        await work.save(entry)
        work.record("timeline.added", entry, internal=entry.internal)
    return entry


async def explain_cause(
    person: Person, incident_id: UUID, values: Mapping[str, Any], *, conclusion: str
) -> CauseAnalysis:
    """Say why it happened, by one of the methods; both sides see it.

    :raises InvalidInput: as ``causes.read``; or no conclusion is drawn.
    """
    action = _side(person, await _firm_of(incident_id))
    async with work_of(person) as work:
        pilot, incident = await _open(work, person, incident_id, action)
        method, content = causes.read(values)
        if not conclusion.strip():
            raise InvalidInput({"conclusion": _("Name the cause as far as it is known")})
        number = await CauseAnalysis.count().where(CauseAnalysis.incident == incident.id) + 1
        firm = action == "act_on_incident"
        row = CauseAnalysis(
            id=uuid4(), case=incident.case, incident=incident.id, number=number, method=method,
            content=content, conclusion=conclusion.strip(), by=person.id, by_name=person.name,
            by_firm=firm, at=work.now,
        )  # fmt: skip
        if firm:
            answered(incident, work)
        await work.save(row, incident)
        work.record("cause.explained", row, method=method)
        await tell(
            work, pilot, incident, "cause", firm=not firm, authority=firm, conclusion=row.conclusion
        )
    return row
