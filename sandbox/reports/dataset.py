"""The data set of a cross-sector report: counted once, controlled, then fixed.

Everything a report shows or attaches comes from here, so that text, chart, table and file
cannot disagree; what disclosure control hides is not in it at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

import msgspec

from sandbox.applications import rules as applications
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import current_zone
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.reports.disclosure import Cell, Control, Table, count_of
from sandbox.reports.pooling import POOLED, pool, published

APPLICATION_OUTCOMES = ("in_progress", "admitted", "refused", "redirected", "withdrawn")
PILOT_STATES = ("preparing", "live", "suspended", "exiting", "closed")
PILOT_OUTCOMES = ("completed", "moving_to_market", "stopped_by_applicant", "terminated")
CONDITION_FATES = ("never_breached", "cured", "open_or_escalated")


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: whole days from ``first`` to ``last`` in the pack's zone.

    ``severities`` from the lightest; ``serious`` are those of which the pack says that testing
    must stop.
    """

    first: date
    last: date
    sectors: tuple[str, ...]
    conditions: tuple[str, ...]
    vulnerabilities: tuple[str, ...]
    severities: tuple[str, ...]
    serious: tuple[str, ...]
    control: Control

    @property
    def begin(self) -> datetime:
        """The first moment that counts."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that no longer counts."""
        return _midnight(self.last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=current_zone()).astimezone(UTC)


class DecisionTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long decisions took, for a sector, for those pooled, or (empty key) all; days from
    the complete application. ``None`` where too few firms stand behind it."""

    sector: str
    decided: int | None
    median_days: float | None
    within_limit: int | None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A published lesson as the report tells it."""

    number: str
    sector: str
    texts: dict[str, dict[str, str]]
    kind: str
    theme: str
    principle: str
    strength: str
    vulnerabilities: list[str]
    adoptions: dict[str, str]


class NeverBound(msgspec.Struct, frozen=True, kw_only=True):
    """A condition template that no pilot ever breached: a candidate to relax."""

    template: str
    pilots: int | None


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a report. Tables by name; single figures by name, ``None`` if hidden."""

    first: date
    last: date
    gathered_at: datetime
    sectors: tuple[str, ...]
    threshold: int
    tables: dict[str, Table]
    figures: dict[str, float | None]
    decision_times: list[DecisionTime]
    never_bound: list[NeverBound]
    lessons: list[Taken]
    framework_versions: list[str]

    @property
    def suppressed(self) -> int:
        """How many values are hidden in all tables."""
        return sum(table.suppressed for table in self.tables.values())


_APPLICATIONS = """
SELECT lead_sector AS row, organisation::text AS firm,
       CASE WHEN state IN ('withdrawn', 'lapsed') THEN 'withdrawn'
            WHEN outcome IN ('admitted', 'admitted_with_conditions') THEN 'admitted'
            WHEN outcome IN ('refused', 'redirected') THEN outcome
            ELSE 'in_progress' END AS col
FROM application WHERE submitted_at >= $1 AND submitted_at < $2
"""
_PILOTS = """
SELECT lead_sector AS row, organisation::text AS firm, state AS col FROM pilot
WHERE accepted_at < $2 AND (closed_at IS NULL OR closed_at >= $1)
"""
_OUTCOMES = """
SELECT lead_sector AS row, organisation::text AS firm, outcome AS col FROM pilot
WHERE state = 'closed' AND closed_at >= $1 AND closed_at < $2
"""
_CONDITIONS = """
SELECT c.kind AS row, p.organisation::text AS firm,
       CASE WHEN NOT EXISTS (SELECT 1 FROM breach b WHERE b.condition = c.id
                             AND b.opened_at >= $1 AND b.opened_at < $2)
            THEN 'never_breached'
            WHEN EXISTS (SELECT 1 FROM breach b WHERE b.condition = c.id AND b.cured_at IS NULL
                         AND b.opened_at >= $1 AND b.opened_at < $2)
            THEN 'open_or_escalated' ELSE 'cured' END AS col
FROM condition c JOIN pilot p ON p.id = c.pilot
WHERE p.accepted_at < $2 AND (p.closed_at IS NULL OR p.closed_at >= $1)
"""
_INCIDENTS = """
SELECT p.lead_sector AS row, p.organisation::text AS firm, i.severity AS col
FROM incident i JOIN pilot p ON p.id = i.pilot
WHERE i.aware_at >= $1 AND i.aware_at < $2 AND NOT i.drill
"""
_VULNERABILITIES = """
SELECT v AS row, p.organisation::text AS firm, p.lead_sector AS col
FROM incident i JOIN pilot p ON p.id = i.pilot, unnest(i.vulnerabilities) v
WHERE i.aware_at >= $1 AND i.aware_at < $2 AND NOT i.drill
"""


Told = Callable[[str, int], Awaitable[None]]


async def _silently(stage: str, progress: int) -> None:
    """Tell nobody."""


async def gather(scope: Scope, at: datetime, told: Told = _silently) -> Dataset:
    """Count everything in ``scope`` as it stands ``at`` and let only safe figures through.

    ``told`` hears the name of each stage and how far it is, in per cent.
    """
    wanted = {
        "applications": (_APPLICATIONS, scope.sectors, APPLICATION_OUTCOMES),
        "pilots": (_PILOTS, scope.sectors, PILOT_STATES),
        "outcomes": (_OUTCOMES, scope.sectors, PILOT_OUTCOMES),
        "conditions": (_CONDITIONS, scope.conditions, CONDITION_FATES),
        "incidents": (_INCIDENTS, scope.sectors, scope.severities),
        "vulnerabilities": (_VULNERABILITIES, scope.vulnerabilities, scope.sectors),
    }
    tables: dict[str, Table] = {}
    for step, (name, (query, rows, columns)) in enumerate(wanted.items(), 1):
        await told(name, 10 + 10 * step)
        tables[name] = await _table(query, scope, rows, columns)
    await told("lessons", 85)
    decided = await _decided(scope)
    return Dataset(
        first=scope.first, last=scope.last, gathered_at=at, sectors=scope.sectors,
        threshold=scope.control.threshold, tables=tables, figures=await _figures(scope, decided),
        decision_times=_decision_times(scope, decided), never_bound=await _never_bound(scope),
        lessons=await _lessons(scope), framework_versions=await _versions(scope),
    )  # fmt: skip


async def _table(query: str, scope: Scope, rows: Sequence[str], columns: Sequence[str]) -> Table:
    counted = await fetch(
        f"SELECT row, col, count(*) AS n, array_agg(DISTINCT firm) AS firms "  # noqa: S608
        f"FROM ({query}) counted GROUP BY row, col",
        scope.begin, scope.end,
    )  # fmt: skip
    cells = {
        (line["row"], line["col"]): Cell(line["n"], frozenset(line["firms"])) for line in counted
    }
    return published(rows, columns, cells, scope.control)


async def _decided(scope: Scope) -> list[dict[str, Any]]:
    """The decisions of the period, each with whether its own clock was kept.

    The clock is that of the case's page: by the pack that the case began under, with its stops
    and the holidays of its authority.
    """
    rows = await fetch(
        "SELECT lead_sector AS sector, organisation::text AS firm, authority, pack_version, "
        "complete_at, decided_at, stops::text AS stops, "
        "extract(epoch FROM decided_at - complete_at)::float8 / 86400 AS days "
        "FROM application WHERE decided_at >= $1 AND decided_at < $2 AND complete_at IS NOT NULL",
        scope.begin, scope.end,
    )  # fmt: skip
    for row in rows:
        until = applications.due(
            ClockName.DECISION, row["complete_at"], msgspec.json.decode(row["stops"]),
            authority=row["authority"], pack=library.pack_of(row["pack_version"]),
            at=row["decided_at"],
        )  # fmt: skip
        row["in_time"] = row["decided_at"] <= until
    return rows


def _decision_times(scope: Scope, decided: list[dict[str, Any]]) -> list[DecisionTime]:
    decided = [row for row in decided if row["sector"] in scope.sectors]
    every = _decision_time("", decided, scope.control)
    if not every.decided:
        return [every]
    by_sector = {sector: [d for d in decided if d["sector"] == sector] for sector in scope.sectors}
    cells = {sector: _cell_of(rows) for sector, rows in by_sector.items()}
    pooled = pool(cells, scope.control)
    if pooled:
        by_sector[POOLED] = [row for sector in pooled for row in by_sector.pop(sector)]
    lines = [_decision_time(key, rows, scope.control) for key, rows in by_sector.items()]
    return [every, *_told_together(lines)]


def _cell_of(rows: list[dict[str, Any]]) -> Cell:
    return Cell(len(rows), frozenset(row["firm"] for row in rows))


def _told_together(lines: list[DecisionTime]) -> list[DecisionTime]:
    """How many kept the limit is told of every sector or of none: else one gives another back."""
    if all(line.within_limit is not None for line in lines if line.decided):
        return lines
    return [msgspec.structs.replace(line, within_limit=None) for line in lines]


def _decision_time(sector: str, rows: list[dict[str, Any]], control: Control) -> DecisionTime:
    shown = count_of([row["firm"] for row in rows], control)
    if not shown:
        return DecisionTime(sector=sector, decided=shown, median_days=None, within_limit=None)
    in_time = count_of([row["firm"] for row in rows if row["in_time"]], control)
    late = count_of([row["firm"] for row in rows if not row["in_time"]], control)
    return DecisionTime(
        sector=sector, decided=shown, median_days=round(median(row["days"] for row in rows), 1),
        within_limit=in_time if late is not None else None,
    )  # fmt: skip


async def _figures(scope: Scope, decided: list[dict[str, Any]]) -> dict[str, float | None]:
    """The single figures of both halves of the mandate; each names its firms."""
    counts = {
        "breaches": "SELECT p.organisation::text AS firm FROM breach b "
        "JOIN pilot p ON p.id = b.pilot WHERE b.opened_at >= $1 AND b.opened_at < $2",
        "breaches_cured": "SELECT p.organisation::text AS firm FROM breach b "
        "JOIN pilot p ON p.id = b.pilot "
        "WHERE b.opened_at >= $1 AND b.opened_at < $2 AND b.cured_at IS NOT NULL",
        "breaches_open": "SELECT p.organisation::text AS firm FROM breach b "
        "JOIN pilot p ON p.id = b.pilot "
        "WHERE b.opened_at >= $1 AND b.opened_at < $2 AND b.cured_at IS NULL",
        "serious_incidents": "SELECT p.organisation::text AS firm FROM incident i "
        "JOIN pilot p ON p.id = i.pilot WHERE i.aware_at >= $1 AND i.aware_at < $2 "
        "AND NOT i.drill AND i.severity = ANY($3::varchar[])",
        "refused": "SELECT organisation::text AS firm FROM application "
        "WHERE decided_at >= $1 AND decided_at < $2 AND outcome = 'refused'",
        "abandoned": "SELECT organisation::text AS firm FROM application "
        "WHERE state IN ('withdrawn', 'lapsed') AND state_since >= $1 AND state_since < $2",
        "reliefs_in_use": "SELECT p.organisation::text AS firm FROM relief r "
        "JOIN pilot p ON p.id = r.pilot "
        "WHERE p.accepted_at < $2 AND (p.closed_at IS NULL OR p.closed_at >= $1)",
    }
    figures: dict[str, float | None] = {}
    for name, query in counts.items():
        more = [list(scope.serious)] if "$3" in query else []
        rows = await fetch(query, scope.begin, scope.end, *more)
        figures[name] = count_of([row["firm"] for row in rows], scope.control)
    late = [row["firm"] for row in decided if not row["in_time"]]
    figures["late_decisions"] = count_of(late, scope.control)
    if None in (figures["breaches_cured"], figures["breaches_open"]):
        # with the sum of both, either gives the other back
        figures |= {"breaches_cured": None, "breaches_open": None}
    return {**figures, **await _live_months(scope)}


async def _live_months(scope: Scope) -> dict[str, float | None]:
    """Pilot-months of live testing in the period: the denominator of every rate."""
    rows = await fetch(
        "SELECT organisation::text AS firm, extract(epoch FROM "
        "least(coalesce(closed_at, $2), $2) - greatest(starts_on::timestamptz, $1))::float8 "
        "/ 86400 / 30.4375 AS months FROM pilot "
        "WHERE starts_on IS NOT NULL AND starts_on < $2 AND coalesce(closed_at, $2) > $1",
        scope.begin, scope.end,
    )  # fmt: skip
    shown = count_of([row["firm"] for row in rows], scope.control)
    months = sum(max(row["months"], 0) for row in rows)
    return {"live_pilots": shown, "live_pilot_months": None if shown is None else round(months, 1)}


async def _never_bound(scope: Scope) -> list[NeverBound]:
    rows = await fetch(
        "SELECT c.template, array_agg(p.organisation::text) AS firms "
        "FROM condition c JOIN pilot p ON p.id = c.pilot "
        "WHERE p.starts_on < $2 AND (p.closed_at IS NULL OR p.closed_at >= $1) "
        "AND c.template <> '' AND NOT EXISTS (SELECT 1 FROM condition o "
        "JOIN breach b ON b.condition = o.id WHERE o.template = c.template) "
        "AND c.kind IN ('threshold', 'cap') "
        "GROUP BY c.template ORDER BY count(*) DESC, c.template LIMIT 12",
        scope.begin, scope.end,
    )  # fmt: skip
    lines = (
        NeverBound(template=row["template"], pilots=count_of(row["firms"], scope.control))
        for row in rows
    )
    return [line for line in lines if line.pilots]


async def _lessons(scope: Scope) -> list[Taken]:
    rows = await fetch(
        "SELECT l.number, l.sector, l.texts::text AS texts, l.kind, l.theme, l.principle, "
        "l.strength, l.vulnerabilities, "
        "coalesce((SELECT jsonb_object_agg(a.sector, a.verdict) FROM adoption a "
        "WHERE a.lesson = l.id), '{}')::text AS adoptions "
        "FROM lesson l WHERE l.state = 'published' AND l.published_at >= $1 "
        "AND l.published_at < $2 AND l.sector = ANY($3::text[]) ORDER BY l.theme, l.number",
        scope.begin, scope.end, list(scope.sectors),
    )  # fmt: skip
    decode = msgspec.json.decode
    return [
        Taken(**{**row, "texts": decode(row["texts"]), "adoptions": decode(row["adoptions"])})
        for row in rows
    ]


async def _versions(scope: Scope) -> list[str]:
    rows = await fetch(
        "SELECT DISTINCT pack_version FROM application "
        "WHERE submitted_at < $1 ORDER BY pack_version",
        scope.end,
    )
    return [row["pack_version"] for row in rows]
