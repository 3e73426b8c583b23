"""What every regime wants of an incident, by when, and what new facts do to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.framework import clocks
from sandbox.framework.clocks import Calendar, Limit
from sandbox.framework.pack import Pack
from sandbox.framework.severities import RegimeReport
from sandbox.incidents.tables import Incident, IncidentClock


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A report that a regime wants."""

    regime: str
    authority: str
    report: RegimeReport


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """When something new was decided: the facts were known at ``aware_at``, it is ``at`` now."""

    aware_at: datetime
    at: datetime
    reason: str = ""


def owed(
    pack: Pack, facts: dict[str, Any], *, severity: str, regimes: Sequence[str], lead: str
) -> list[Owed]:
    """The reports of ``regimes``; ``lead`` is the authority that leads the pilot.

    Those counted from the first report come last.
    """
    given = {**facts, "severity": severity}
    found = [
        Owed(regime=regime.key, authority=regime.goes_to(lead), report=report)
        for regime in pack.incidents.regimes
        if regime.key in regimes
        for report in regime.owed(given)
    ]
    return sorted(found, key=lambda one: one.report.starts == "initial")


def near(started_at: datetime, due_at: datetime, percent: int, *, at: datetime) -> bool:
    """Whether no more than ``percent`` of the time is left, and some is."""
    left = (due_at - at).total_seconds()
    return 0 <= left <= (due_at - started_at).total_seconds() * percent / 100


def escalates(row: IncidentClock, after: Limit, calendar: Calendar, *, at: datetime) -> bool:
    """Whether a report has been overdue so long that those who decide must know."""
    return row.escalated_at is None and clocks.due(after, row.due_at, calendar) < at


def running(clock: IncidentClock) -> bool:
    """Whether a report is still owed."""
    return clock.met_at is None and clock.cancelled_at is None


def wind(
    incident: Incident,
    held: Sequence[IncidentClock],
    wanted: Sequence[Owed],
    calendar: Calendar,
    turn: Turn,
) -> list[IncidentClock]:
    """Every clock of the incident once it owes ``wanted``: old ones moved, new ones started.

    A report that is in stays in. A graver one of its kind that the new facts ask for starts a
    clock of its own, from when they were known; one that still runs is brought forward, but has
    its own time from then. What is owed no longer is cancelled, not forgotten.
    """
    rows, running_on = list(held), set()
    for one in wanted:
        mine = [row for row in rows if (row.regime, row.stage) == (one.regime, one.report.stage)]
        if any(_serves(row, one.report, calendar, turn) for row in mine):
            continue
        row = next((row for row in mine if row.met_at is None), None)
        if row is None:
            row = _new(incident, one)
            rows.append(row)
        _set(row, one.report, rows, calendar, turn)
        running_on.add(row.id)
    for row in rows:
        if running(row) and row.id not in running_on:
            row.cancelled_at, row.cancelled_reason = turn.at, turn.reason
    return rows


def _new(incident: Incident, one: Owed) -> IncidentClock:
    return IncidentClock(
        id=uuid4(), case=incident.case, incident=incident.id, regime=one.regime,
        authority=one.authority, stage=one.report.stage,
    )  # fmt: skip


def _serves(row: IncidentClock, report: RegimeReport, calendar: Calendar, turn: Turn) -> bool:
    """Whether a report that is in is the one wanted, or one that is wanted sooner."""
    if row.met_at is None:
        return False
    from_now = clocks.due(report.limit, turn.aware_at, calendar)
    return bool(
        row.name == dict(report.name)
        or clocks.due(limit_of(row), turn.aware_at, calendar) <= from_now
    )


def limit_of(row: IncidentClock) -> Limit:
    """Within what time it is owed."""
    return msgspec.convert(row.limit, Limit)


def _set(
    row: IncidentClock,
    report: RegimeReport,
    rows: Sequence[IncidentClock],
    calendar: Calendar,
    turn: Turn,
) -> None:
    before = row.due_at
    fresh = row.started_at is None or row.cancelled_at is not None
    same = row.name == dict(report.name)
    row.cancelled_at, row.cancelled_reason = None, ""
    row.name, row.limit = dict(report.name), msgspec.to_builtins(report.limit)
    first = _first(row, rows) if report.starts == "initial" else None
    if first is not None and first.met_at is None:
        row.started_at = None
        row.due_at = clocks.due(report.limit, first.due_at, calendar)
    elif fresh:
        start(row, first.met_at if first is not None else turn.aware_at, calendar)
    elif not same:
        held, from_now = row.due_at, clocks.due(report.limit, turn.aware_at, calendar)
        from_first = clocks.due(report.limit, row.started_at, calendar)
        row.due_at = max(from_first, min(held, from_now))
    if row.due_at > turn.at:
        row.overdue_told_at = row.escalated_at = None
    if row.due_at != before:
        row.reminded_at = None


def _first(row: IncidentClock, rows: Iterable[IncidentClock]) -> IncidentClock | None:
    """The first report of the same regime: the one that is in, else the one that is owed."""
    initial = [one for one in rows if one.regime == row.regime and one.stage == "initial"]
    made = [one for one in initial if one.met_at is not None]
    if made:
        return min(made, key=lambda one: one.met_at)
    return next((one for one in initial if one.cancelled_at is None), None)


def start(row: IncidentClock, at: datetime, calendar: Calendar) -> None:
    """Let a clock run from ``at``."""
    row.started_at = at
    row.due_at = clocks.due(limit_of(row), at, calendar)


def start_after(
    first: IncidentClock, rows: Iterable[IncidentClock], calendar: Calendar
) -> list[IncidentClock]:
    """The clocks that ``first``, the first report, sets going now that it is in."""
    if first.stage != "initial":
        return []
    waiting = [
        row for row in rows
        if row.regime == first.regime and row.started_at is None and running(row)
    ]  # fmt: skip
    for row in waiting:
        start(row, first.met_at, calendar)
    return waiting
