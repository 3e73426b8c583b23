"""Reads of incidents: the list with its clocks, one incident in full."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications.reading import cell
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.web.pagination import Cursor, Page, keyset, paginate
from sandbox.framework.questions import QuestionKind
from sandbox.incidents import rules
from sandbox.incidents.tables import CorrectiveAction, Incident, IncidentClock, IncidentReport
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; empty means the open ones."""

    state: str = ""
    severity: str = ""
    sector: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in a list; ``due_at`` is of the next report that a regime wants."""

    id: UUID
    reference: str
    title: str
    pilot: UUID
    pilot_title: str
    lead_sector: str
    severity: str
    state: str
    drill: bool
    reported_at: datetime
    due_at: datetime | None


_LINE = """
SELECT i.id, i.reference, i.title, i.pilot, p.title AS pilot_title, p.lead_sector, i.severity,
       i.state, i.drill, i.reported_at,
       (SELECT min(c.due_at) FROM incident_clock c WHERE c.incident = i.id AND c.met_at IS NULL)
         AS due_at
FROM incident i JOIN pilot p ON p.id = i.pilot
"""


async def listed(person: Person, filters: Filters, cursor: Cursor | None) -> Page[Line]:
    """The incidents that ``person`` may read, the newest first."""
    seen, values = pilots.visible_to(person, 1)
    parts = [seen]
    if filters.state == "":
        parts.append("i.state <> 'closed'")
    wanted = (
        ("i.state = ${n}", filters.state if filters.state != "all" else ""),
        ("i.severity = ${n}", filters.severity),
        ("${n} = ANY(p.sectors)", filters.sector),
    )
    for condition, value in wanted:
        if value:
            values.append(value)
            parts.append(condition.replace("{n}", str(len(values))))
    after, order, more = keyset(("i.reported_at", "i.id"), cursor, first=len(values) + 1)
    rows = await fetch(
        f"{_LINE} WHERE {' AND '.join(parts)} AND {after} ORDER BY {order} LIMIT 26",
        *values, *more,
    )  # fmt: skip
    lines = [Line(**row) for row in rows]
    return paginate(lines, cursor, key=lambda line: (line.reported_at, line.id))


async def of_pilot(pilot_id: UUID) -> list[Line]:
    """The incidents of one pilot, the newest first."""
    rows = await fetch(f"{_LINE} WHERE i.pilot = $1 ORDER BY i.reported_at DESC", pilot_id)
    return [Line(**row) for row in rows]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with everything that belongs to it."""

    incident: Incident
    pilot: pilots.Head
    derived: str
    clocks: list[IncidentClock]
    reports: list[IncidentReport]
    actions: list[CorrectiveAction]
    facts: list[tuple[str, str]]


async def one(person: Person, incident_id: UUID) -> Whole:
    """One incident as ``person`` may read it.

    :raises NotFound: it is not there, or not for them.
    """
    incident = await Incident.objects().get(Incident.id == incident_id).output(load_json=True)
    if incident is None:
        raise NotFound
    pilot = await pilots.head(person, incident.pilot)
    clocks = await IncidentClock.objects().where(
        IncidentClock.incident == incident_id
    ).output(load_json=True)  # fmt: skip
    reports = await IncidentReport.objects().where(IncidentReport.incident == incident_id)
    actions = await CorrectiveAction.objects().where(CorrectiveAction.incident == incident_id)
    facts = rules.all_facts(incident, sectors=pilot.sectors)
    return Whole(
        incident=incident, pilot=pilot,
        derived=pilot.pack.incidents.severity_of(facts).key,
        clocks=sorted(clocks, key=lambda row: row.due_at),
        reports=sorted(reports, key=lambda row: row.number),
        actions=sorted(actions, key=lambda row: row.number),
        facts=_facts_in_words(incident, pilot),
    )  # fmt: skip


def _facts_in_words(incident: Incident, pilot: pilots.Head) -> list[tuple[str, str]]:
    pack = pilot.pack
    return [
        (str(question.label), cell(pack, question, incident.facts.get(question.key)))
        for question in pack.incidents.questions
        if incident.facts.get(question.key) is not None
    ]


def typed_facts(values: dict[str, Any], questions: Any) -> dict[str, Any]:
    """The facts out of posted fields named ``fact_<question>``."""
    facts: dict[str, Any] = {}
    for question in questions:
        raw = str(values.get(f"fact_{question.key}") or "")
        if not raw:
            continue
        if question.kind is QuestionKind.YES_NO:
            facts[question.key] = {"yes": True, "no": False}.get(raw, raw)
        elif question.kind is QuestionKind.NUMBER:
            facts[question.key] = int(raw) if raw.isdecimal() else raw
        else:
            facts[question.key] = raw
    return facts
