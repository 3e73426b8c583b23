"""Reads of incidents: the list with its clocks, one incident in full."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications.reading import cell
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.i18n import _, current_language, format_list, format_number
from sandbox.foundation.web.pagination import Cursor, Page, keyset, paginate
from sandbox.framework.pack import Pack
from sandbox.framework.questions import QuestionKind
from sandbox.framework.severities import Regime, RegimeReport
from sandbox.incidents import facts as told
from sandbox.incidents import owing
from sandbox.incidents.causes import NEWEST_FISHBONE
from sandbox.incidents.tables import (
    Assessment,
    CorrectiveAction,
    Incident,
    IncidentClock,
    IncidentReport,
)
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; empty means the open ones.

    ``cause``: a branch of the newest fishbone. ``lead``: the sector that leads the pilot.
    ``drill``: ``no`` leaves drills out.
    """

    state: str = ""
    severity: str = ""
    sector: str = ""
    weakness: str = ""
    cause: str = ""
    lead: str = ""
    drill: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in a list; ``due_at``: by when the firm owes its next report or response."""

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


# What the system wrote itself is shown in the reader's language.
_LINE = """
SELECT i.id, i.reference, coalesce(i.words -> '{language}' ->> 'title', i.title) AS title, i.pilot,
       p.title AS pilot_title, p.lead_sector, i.severity, i.state, i.drill, i.reported_at,
       least(
         (SELECT min(c.due_at) FROM incident_clock c
          WHERE c.incident = i.id AND c.met_at IS NULL AND c.cancelled_at IS NULL),
         CASE WHEN i.responded_at IS NULL AND i.state <> 'closed' THEN i.respond_by END
       ) AS due_at
FROM incident i JOIN pilot p ON p.id = i.pilot
"""


_EXPLAINED = f"""
EXISTS (SELECT FROM ({NEWEST_FISHBONE}) a WHERE a.incident = i.id AND a.content ? ${{n}})
"""


def _line() -> str:
    return _LINE.replace("{language}", current_language())


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
        ("${n} = ANY(i.vulnerabilities)", filters.weakness),
        ("p.lead_sector = ${n}", filters.lead),
        ("i.drill = (${n} <> 'no')", filters.drill),
        (_EXPLAINED, filters.cause),
    )
    for condition, value in wanted:
        if value:
            values.append(value)
            parts.append(condition.replace("{n}", str(len(values))))
    after, order, more = keyset(("i.reported_at", "i.id"), cursor, first=len(values) + 1)
    rows = await fetch(
        f"{_line()} WHERE {' AND '.join(parts)} AND {after} ORDER BY {order} LIMIT 26",
        *values, *more,
    )  # fmt: skip
    lines = [Line(**row) for row in rows]
    return paginate(lines, cursor, key=lambda line: (line.reported_at, line.id))


async def of_pilot(pilot_id: UUID) -> list[Line]:
    """The incidents of one pilot, the newest first."""
    rows = await fetch(f"{_line()} WHERE i.pilot = $1 ORDER BY i.reported_at DESC", pilot_id)
    return [Line(**row) for row in rows]


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment with what it changed: (question, before, after) in words."""

    row: Assessment
    changes: list[tuple[str, str, str]]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with everything that belongs to it. ``history``: assessments, newest first.

    ``complete``: the pack's questions have been answered; ``facts`` are the answers, and
    ``denied`` the questions that were answered with no.
    """

    incident: Incident
    pilot: pilots.Head
    said: told.Said
    complete: bool
    history: list[Weighed]
    clocks: list[IncidentClock]
    reports: list[IncidentReport]
    actions: list[CorrectiveAction]
    facts: list[tuple[str, str]]
    denied: list[str]

    @property
    def standing(self) -> Assessment | None:
        """The assessment that stands."""
        return self.history[0].row if self.history else None

    @property
    def running(self) -> list[IncidentClock]:
        """The clocks that still run, the next one first."""
        return [clock for clock in self.clocks if owing.running(clock)]


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
    weighed = await Assessment.objects().where(
        Assessment.incident == incident_id
    ).order_by(Assessment.number).output(load_json=True)  # fmt: skip
    return Whole(
        incident=incident, pilot=pilot, said=told.said(incident),
        complete=told.complete(pilot.pack, incident.facts),
        history=_history(weighed, pilot.pack),
        clocks=sorted(clocks, key=lambda row: (row.cancelled_at is not None, row.due_at)),
        reports=sorted(reports, key=lambda row: row.number),
        actions=sorted(actions, key=lambda row: row.number),
        facts=_facts_in_words(_only(incident.facts, denied=False), pilot.pack),
        denied=[label for label, _no in _facts_in_words(_only(incident.facts, denied=True),
                                                        pilot.pack)],
    )  # fmt: skip


def _only(facts: dict[str, Any], *, denied: bool) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if (value is False) == denied}


def _facts_in_words(facts: dict[str, Any], pack: Pack) -> list[tuple[str, str]]:
    return [
        (str(question.label), cell(pack, question, facts.get(question.key)))
        for question in pack.incidents.questions
        if facts.get(question.key) is not None
    ]


def _history(weighed: list[Assessment], pack: Pack) -> list[Weighed]:
    """The newest first, each with what differs from the one before."""
    found: list[Weighed] = []
    before: Assessment | None = None
    for row in weighed:
        changes = _changes(before.facts, row.facts, pack) if before else []
        found.append(Weighed(row=row, changes=changes))
        before = row
    return found[::-1]


def _changes(
    before: dict[str, Any], after: dict[str, Any], pack: Pack
) -> list[tuple[str, str, str]]:
    old, new = _in_words(before, pack), _in_words(after, pack)
    return [
        (label, old.get(label) or "–", new.get(label) or "–")
        for label in {**old, **new}
        if (old.get(label) or "–") != (new.get(label) or "–")
    ]


def _in_words(facts: dict[str, Any], pack: Pack) -> dict[str, str]:
    """Everything an assessment was given, as a person reads it."""
    names = {harm.key: str(harm.name) for harm in pack.incidents.harms}
    return {
        **dict(_facts_in_words(facts, pack)),
        _("Harm that happened"): format_list([names[k] for k in facts["harms_actual"]]),
        _("Harm that could have happened"): format_list(
            [names[k] for k in facts["harms_potential"]]
        ),
        _("People"): format_number(facts["people_affected"]),
        _("A condition is not kept"): _("Yes") if facts["condition_breached"] else _("No"),
    }


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules make of answers that are not saved. ``missing``: something is unanswered."""

    severity: str
    regimes: list[tuple[Regime, list[RegimeReport]]]
    missing: bool


def preview(found: Whole, answers: told.Answers) -> Preview:
    """What would follow from ``answers`` by the rules, with what the system knows itself."""
    pack, standing = found.pilot.pack, found.standing
    facts = {
        **(standing.facts if standing else {}),
        **dict.fromkeys((question.key for question in pack.incidents.questions), None),
        **told.kept(pack, answers.facts),
        "harms_actual": list(answers.harms_actual),
        "harms_potential": list(answers.harms_potential),
        "people_affected": answers.people_affected,
        "condition_breached": found.pilot.breaches > 0,
    }
    severity = pack.incidents.severity_of(facts).key
    return Preview(
        severity=severity,
        regimes=pack.incidents.regimes_of({**facts, "severity": severity}),
        missing=not told.complete(pack, facts),
    )


def answers_in(found: Whole) -> dict[str, Any]:
    """What was answered last, as the fields of a form hold it."""
    incident = found.incident
    typed = {
        f"fact_{key}": {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        for key, value in incident.facts.items()
    }
    return {
        **typed,
        "harms_actual": list(incident.harms_actual),
        "harms_potential": list(incident.harms_potential),
        "people_affected": incident.people_affected,
        "groups": incident.groups,
        "vulnerabilities": list(incident.vulnerabilities),
    }


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
