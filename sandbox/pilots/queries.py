"""Reads of pilots. Firm and authority see the same pilot: nothing internal is kept in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from piccolo.table import Table

from sandbox.foundation import i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import may
from sandbox.foundation.web.pagination import Cursor, Page, keyset, paginate
from sandbox.framework import clocks, library
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.people.person import SECTOR_ROLES, Delegate, Person
from sandbox.pilots import cap_queries, closing, evidence_queries, plan, promises, rules, versions
from sandbox.pilots.cap_queries import Cap
from sandbox.pilots.policy import READS_ALL
from sandbox.pilots.tables import (
    Condition,
    ExitReport,
    Extension,
    FollowUp,
    Guidance,
    Metric,
    Milestone,
    Pilot,
    PilotStep,
    Plan,
    Relief,
)

Row = TypeVar("Row", bound=Table)

_ACTS = (
    "declare_ready", "stop", "submit_evidence", "acknowledge_guidance", "ask_extension",
    "accept_amendment", "write_exit_report", "issue_token", "go_live", "suspend", "resume",
    "begin_exit", "judge_evidence", "supervise_conditions", "waive_milestone",
    "judge_exit_report", "answer_follow_up", "terminate", "decide_extension", "amend_plan",
    "waive_condition", "give_guidance", "revoke_token", "send_telemetry", "explain_breach",
    "report_incident", "handle_incident", "act_on_incident", "judge_explanation",
    "decide_suspension",
)  # fmt: skip


_DECLARED = (
    'EXISTS (SELECT 1 FROM review c WHERE c."case" = p."case" AND c.reviewer = ? '
    "AND c.state = 'declined_conflict')"
)


def visible_to(person: Person, first: int) -> tuple[str, list[Any]]:
    """SQL over ``pilot p`` for the pilots that ``person`` may read, its values from ``$first``:
    the one place that says so, for lists, pages and commands alike.

    Read are one's own firm's, and those that an official's role reaches (the policy's
    ``reaches``) unless they declared a conflict when the case was reviewed.
    """
    if isinstance(person, Delegate):  # a key speaks for one pilot, whatever its maker may read
        own = f"p.id = ${first} AND p.organisation = ${first + 1}::uuid"
        return own, [person.speaks_for, person.organisation]
    parts, values = ["false"], list[Any]()
    if person.organisation is not None:
        values.append(person.organisation)
        parts.append(f"p.organisation = ${first}")
    if person.is_any(*READS_ALL, *SECTOR_ROLES):
        n = first + len(values)
        everywhere = person.is_any(*READS_ALL)
        values += [person.id] if everywhere else [person.id, sorted(person.sectors)]
        declared = _DECLARED.replace("?", f"${n}")
        reached = "true" if everywhere else f"p.sectors && ${n + 1}::varchar[]"
        parts.append(f"{reached} AND NOT {declared}")
    return "(" + " OR ".join(f"({part})" for part in parts) + ")", values


async def check_visible(person: Person, pilot_id: UUID) -> None:
    """Stop whoever may not read a pilot.

    :raises NotFound: it is not there, or not for them.
    """
    seen, values = visible_to(person, 2)
    query = f"SELECT 1 FROM pilot p WHERE p.id = $1 AND {seen}"  # noqa: S608  (no values in it)
    if not await fetch(query, pilot_id, *values):
        raise NotFound


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; empty means all."""

    q: str = ""
    state: str = ""
    sector: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot in a list, with what asks for attention. ``overdue``: milestones; ``late``:
    documents and reports."""

    id: UUID
    reference: str
    title: str
    organisation: str
    lead_sector: str
    state: str
    outcome: str
    starts_on: date | None
    ends_on: date | None
    breaches: int
    overdue: int
    late: int
    waiting: int
    incidents: int
    suspension: bool
    accepted_at: datetime
    incident_due_at: datetime | None


_INCIDENT_DUE = """
(SELECT min(k.due_at) FROM incident_clock k JOIN incident i ON i.id = k.incident
 WHERE i.pilot = {pilot} AND k.met_at IS NULL AND k.cancelled_at IS NULL
 AND k.started_at IS NOT NULL) AS incident_due_at
"""
"""The nearest limit of a report about an incident of ``pilot``."""
_LATE = """
(SELECT count(*) FROM condition c WHERE c.pilot = p.id AND c.due_on < $1
 AND c.state IN ('pending', 'in_force', 'breached', 'cured', 'escalated')
 AND NOT EXISTS (SELECT FROM evidence e WHERE e.subject = c.id AND e.verdict = ''))
"""
"""How many documents and reports pilot ``p`` owes since before the day ``$1``; see
:func:`promises.is_late`."""
_LINE = f"""
SELECT p.id, p.reference, p.title, o.name AS organisation, p.lead_sector, p.state,
       coalesce(p.outcome, '') AS outcome, p.starts_on, p.ends_on, p.accepted_at,
       (SELECT count(*) FROM condition c WHERE c.pilot = p.id
        AND c.state IN ('breached', 'escalated')) AS breaches,
       (SELECT count(*) FROM milestone m WHERE m.pilot = p.id
        AND m.state IN ('planned', 'returned') AND m.due_on < $1) AS overdue,
       {_LATE} AS late,
       (SELECT count(*) FROM evidence e WHERE e.pilot = p.id AND e.verdict = '') AS waiting,
       (SELECT count(*) FROM incident i WHERE i.pilot = p.id AND i.state <> 'closed') AS incidents,
       {_INCIDENT_DUE.format(pilot="p.id")},
       EXISTS (SELECT FROM suspension s WHERE s.pilot = p.id AND s.state = 'proposed')
       AS suspension
FROM pilot p JOIN organisation o ON o.id = p.organisation
"""  # noqa: S608


async def portfolio(person: Person, filters: Filters, cursor: Cursor | None) -> Page[Line]:
    """The pilots that ``person`` may read, the newest first."""
    seen, mine = visible_to(person, 2)
    values = [i18n.today(), *mine]
    parts = [seen]
    wanted = (
        ("p.state = ${n}", filters.state),
        ("${n} = ANY(p.sectors)", filters.sector),
        (
            "(p.reference || ' ' || p.title || ' ' || o.name) ILIKE '%' || ${n} || '%'",
            filters.q,
        ),
    )
    for condition, value in wanted:
        if value:
            values.append(value)
            parts.append(condition.replace("{n}", str(len(values))))
    after, order, more = keyset(("p.accepted_at", "p.id"), cursor, first=len(values) + 1)
    rows = await fetch(
        f"{_LINE} WHERE {' AND '.join(parts)} AND {after} ORDER BY {order} LIMIT 26",
        *values, *more,
    )  # fmt: skip
    lines = [Line(**row) for row in rows]
    return paginate(lines, cursor, key=lambda line: (line.accepted_at, line.id))


# One pilot -----------------------------------------------------------------------------------


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every page of a pilot shows above its content. ``can``: what the viewer may do.

    ``suspension``: the oldest that was proposed and waits to be decided, by ``suspension_by``.
    """

    id: UUID
    case: UUID
    reference: str
    title: str
    organisation: str
    pack_version: str
    lead_sector: str
    sectors: list[str]
    authority: str
    state: str
    state_since: datetime
    outcome: str
    testing_months: int
    plan_version: int
    accepted_at: datetime
    ready_at: datetime | None
    starts_on: date | None
    ends_on: date | None
    closed_at: datetime | None
    breaches: int
    incidents: int
    incident_due_at: datetime | None
    suspension: UUID | None
    suspension_by: datetime | None
    firm: bool
    can: frozenset[str]

    @property
    def pack(self) -> Pack:
        """The pack under which the case began."""
        return library.pack_of(self.pack_version)

    @property
    def suspension_reviewed_by(self) -> datetime | None:
        """By when the authority must have looked again at a suspension, while it lasts."""
        if self.state != "suspended":
            return None
        found = self.pack.clock(ClockName.SUSPENSION_REVIEW)
        calendar = self.pack.calendar_of(self.authority)
        return clocks.due(found.limit, self.state_since, calendar, roll=found.roll)


async def head(person: Person, pilot_id: UUID) -> Head:
    """The pilot as ``person`` may read it.

    :raises NotFound: it is not there, or not for them.
    """
    await check_visible(person, pilot_id)
    row = await Pilot.objects().get(Pilot.id == pilot_id)
    assert row is not None
    (more,) = await fetch(
        "SELECT (SELECT name FROM organisation WHERE id = $2) AS organisation, "  # noqa: S608
        "(SELECT count(*) FROM condition c WHERE c.pilot = $1 "
        "AND c.state IN ('breached', 'escalated')) AS breaches, "
        "(SELECT count(*) FROM incident i WHERE i.pilot = $1 AND i.state <> 'closed') "
        "AS incidents, "
        + _INCIDENT_DUE.format(pilot="$1")
        + ", s.id AS suspension, s.decide_by AS suspension_by FROM (SELECT) one "
        "LEFT JOIN LATERAL (SELECT id, decide_by FROM suspension "
        "WHERE pilot = $1 AND state = 'proposed' ORDER BY proposed_at LIMIT 1) s ON true",
        pilot_id, row.organisation,
    )  # fmt: skip
    return Head(
        id=row.id, case=row.case, reference=row.reference, title=row.title,
        pack_version=row.pack_version, lead_sector=row.lead_sector, sectors=row.sectors,
        authority=row.authority, state=row.state, state_since=row.state_since,
        outcome=row.outcome or "", testing_months=row.testing_months,
        plan_version=row.plan_version, accepted_at=row.accepted_at, ready_at=row.ready_at,
        starts_on=row.starts_on, ends_on=row.ends_on, closed_at=row.closed_at,
        firm=person.belongs_to(row.organisation),
        can=frozenset(act for act in _ACTS if may(person, act, row)), **more,
    )  # fmt: skip


async def parts(table: type[Row], pilot_id: UUID) -> list[Row]:
    """The rows of ``table`` that belong to a pilot whose head the viewer was allowed to read."""
    pilot = table._meta.get_column_by_name("pilot")
    found: list[Row] = await table.objects().where(pilot == pilot_id).output(load_json=True)
    return sorted(found, key=lambda row: getattr(row, "number", 0) or 0)


# What came is known above, so by its table: a series is there from its first figure on.
_WAITING = """
SELECT (SELECT count(*) FROM evidence WHERE pilot = $1 AND verdict = '') AS waiting,
       EXISTS (SELECT FROM metric WHERE pilot = $1)
       AND NOT EXISTS (SELECT FROM series WHERE pilot = $1 AND NOT aside) AS unconnected
"""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page of a pilot. ``unconnected``: none of the agreed figures has ever come."""

    conditions: list[Condition]
    milestones: list[Milestone]
    reliefs: list[Relief]
    guidance: list[Guidance]
    steps: list[PilotStep]
    waiting: int
    extension: Extension | None
    exit_report: ExitReport | None
    follow_ups: list[FollowUp]
    handed_in: set[UUID]
    caps: list[Cap]
    unconnected: bool
    today: date

    @property
    def owed(self) -> list[Condition]:
        """The documents and reports that are overdue or owed within days, the first due first."""
        soon = self.today + promises.SOON
        near = [
            one
            for one in self.conditions
            if promises.is_owed(one, self.handed_in) and one.due_on <= soon
        ]
        return sorted(near, key=lambda one: one.due_on)

    @property
    def missing(self) -> list[Condition]:
        """The conditions that must be met before going live and are not."""
        return rules.missing_precedents(self.conditions)

    @property
    def counted(self) -> list[Condition]:
        """The conditions that can be kept."""
        return [one for one in self.conditions if closing.counts(one)]

    @property
    def kept(self) -> int:
        """How many of them were kept, by what happened."""
        return sum(closing.is_kept(one) for one in self.counted)

    @property
    def next_milestone(self) -> Milestone | None:
        """The one that is due next."""
        open_ = [m for m in self.milestones if m.state in rules.OPEN_STATES and m.due_on]
        return min(open_, key=lambda m: m.due_on or date.max, default=None)


async def overview(pilot: Head) -> Overview:
    """What a pilot's first page shows, in a fixed number of queries."""
    extensions = await parts(Extension, pilot.id)
    reports = await parts(ExitReport, pilot.id)
    steps = await parts(PilotStep, pilot.id)
    ((waiting, unconnected),) = [row.values() for row in await fetch(_WAITING, pilot.id)]
    return Overview(
        conditions=await parts(Condition, pilot.id), milestones=await parts(Milestone, pilot.id),
        reliefs=await parts(Relief, pilot.id), guidance=await parts(Guidance, pilot.id),
        steps=sorted(steps, key=lambda step: step.at, reverse=True), waiting=waiting,
        extension=extensions[-1] if extensions else None,
        exit_report=reports[0] if reports else None,
        follow_ups=await parts(FollowUp, pilot.id),
        handed_in=await evidence_queries.waiting_evidence(pilot.id),
        caps=await cap_queries.caps(pilot.id), unconnected=unconnected, today=i18n.today(),
    )  # fmt: skip


class OpenIncident(msgspec.Struct, frozen=True):
    """An incident that is not closed, as far as its pilot's pages name it."""

    id: UUID
    reference: str
    title: str
    state: str


async def open_incidents(pilot_id: UUID) -> list[OpenIncident]:
    """The incidents of a pilot that are not closed; they stand above, so by their table."""
    rows = await fetch(
        "SELECT id, reference, title, state FROM incident "
        "WHERE pilot = $1 AND state <> 'closed' ORDER BY reported_at",
        pilot_id,
    )
    return [OpenIncident(**row) for row in rows]


async def promised(pilot_id: UUID) -> closing.Promised:
    """What a pilot promised, with the evidence that waits."""
    return closing.Promised(
        conditions=await parts(Condition, pilot_id),
        milestones=await parts(Milestone, pilot_id),
        waiting=await evidence_queries.waiting_evidence(pilot_id),
    )


async def loose_ends(pilot: Head) -> list[closing.LooseEnd]:
    """What is still open in a pilot that is about to be closed."""
    row = await Pilot.objects().get(Pilot.id == pilot.id)
    assert row is not None
    return closing.loose_ends(row, await promised(pilot.id))


async def part(table: type[Row], pilot: Head, part_id: UUID) -> Row:
    """One part of a pilot.

    :raises NotFound: it is not a part of this pilot.
    """
    found = await table.objects().get(
        table._meta.get_column_by_name("id") == part_id
    ).output(load_json=True)  # fmt: skip
    if found is None or found.pilot != pilot.id:
        raise NotFound
    return found  # type: ignore[no-any-return]


async def plans(pilot_id: UUID) -> list[Plan]:
    """Every version that was offered, the newest first."""
    found = await parts(Plan, pilot_id)
    return sorted(found, key=lambda one: -one.version)


async def changes_of(pilot: Head, every: Sequence[Plan]) -> list[versions.Difference]:
    """What a version that waits (offered, or announced) would change of the one in force."""
    held = next((one for one in every if one.version == pilot.plan_version), None)
    waiting = next(
        (one for one in every if versions.is_offered(one) or versions.is_announced(one)), None
    )
    if held is None or waiting is None:
        return []
    return versions.differences(plan.read(held.content), plan.read(waiting.content))


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the API, without its secret."""

    id: UUID
    name: str
    prefix: str
    made_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def tokens(pilot_id: UUID) -> list[Token]:
    """The keys of a pilot, those in use first."""
    rows = await fetch(
        "SELECT id, name, prefix, made_at, last_used_at, revoked_at FROM api_token "
        "WHERE pilot = $1 ORDER BY revoked_at IS NOT NULL, made_at DESC",
        pilot_id,
    )
    return [Token(**row) for row in rows]


async def metrics(pilot_id: UUID) -> list[Metric]:
    """What the pilot reports, by name."""
    return sorted(await parts(Metric, pilot_id), key=lambda metric: metric.name)


def is_overdue(milestone: Milestone) -> bool:
    """Whether a milestone is overdue today."""
    return promises.is_overdue(milestone, i18n.today())


def is_late(condition: Condition, waiting: Collection[UUID] = ()) -> bool:
    """Whether a document or report is overdue today; what is ``waiting`` was handed in."""
    return promises.is_late(condition, i18n.today(), waiting)
