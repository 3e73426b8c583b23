"""The charts of a report, drawn from its controlled data set. Pure.

A title is the chart's message and says no more than the data set shows: "the most" only where
no figure is hidden that might be more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.foundation import charts, i18n
from sandbox.foundation.charts import Bar, Chart, Limit, Part, response
from sandbox.foundation.i18n import _, format_number
from sandbox.framework import library
from sandbox.framework.clocks import ClockName, Unit
from sandbox.framework.pack import Pack
from sandbox.framework.words import limit_in_words
from sandbox.reports.blocks import label
from sandbox.reports.dataset import Dataset
from sandbox.reports.disclosure import Table

__all__ = ["Chart", "of", "response"]

_OUTCOMES = {
    "in_progress": "pale", "admitted": "green", "refused": "slate", "redirected": "sky",
    "withdrawn": "grey",
}  # fmt: skip
_FATES = {"never_breached": "pale", "cured": "green", "open_or_escalated": "red"}
_GRAVER = ("pale", "grey", "sky", "amber", "red", "ink")
"""From the lightest severity to the gravest."""
_DAYS = {Unit.HOURS: 1 / 24, Unit.DAYS: 1, Unit.WORKING_DAYS: 7 / 5, Unit.MONTHS: 365.25 / 12}
"""About how many days a limit's unit has, for an axis in days."""


def of(data: Dataset, language: str | None = None) -> dict[str, Chart]:
    """Every chart that ``data`` has figures for, by name, in ``language`` (or the current)."""
    makers: dict[str, Callable[[Dataset, Pack], Chart | None]] = {
        "applications": _applications,
        "decision_times": _decision_times,
        "conditions": _conditions,
        "incidents": _incidents,
        "vulnerabilities": _vulnerabilities,
    }
    with i18n.use(language or i18n.current_language()):
        drawn = {name: make(data, library.current()) for name, make in makers.items()}
    return {name: chart for name, chart in drawn.items() if chart is not None}


def _applications(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["applications"]
    leader = _leader(table)
    title = _("Applications by lead sector and what became of them")
    if leader:
        title = _("%(sector)s sent the most applications: %(n)s of %(all)s") % {
            "sector": label(leader[0], pack), "n": format_number(leader[1]),
            "all": format_number(table.total),
        }  # fmt: skip
    return _stacked(title, table, _OUTCOMES, pack, head=_("Sector"))


def _conditions(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["conditions"]
    _never, cured, still_open = table.column_totals
    title = _("Conditions by kind and what became of them")
    if cured and still_open is not None:
        title = _("%(n)s of %(all)s breached conditions were cured") % {
            "n": format_number(cured), "all": format_number(cured + still_open),
        }  # fmt: skip
    return _stacked(title, table, _FATES, pack, head=_("Kind"))


def _incidents(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["incidents"]
    serious = [d for d in pack.severities if d.suspend and d.key in table.columns]
    grave = [table.column_totals[table.columns.index(degree.key)] for degree in serious]
    title = _("Incidents by lead sector and severity")
    if table.total and grave and None not in grave:
        title = _("Incidents graded %(names)s: %(n)s of %(all)s") % {
            "n": format_number(sum(n or 0 for n in grave)), "all": format_number(table.total),
            "names": " / ".join(str(degree.name) for degree in serious),
        }  # fmt: skip
    return _stacked(title, table, _shades(table.columns), pack, head=_("Sector"))


def _shades(degrees: Sequence[str]) -> dict[str, str]:
    """A colour for each severity, spread over the scale however many the pack has."""
    last = max(len(degrees) - 1, 1)
    return {
        key: _GRAVER[round(place * (len(_GRAVER) - 1) / last)] for place, key in enumerate(degrees)
    }


def _vulnerabilities(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["vulnerabilities"]
    rows = _by_size(table)
    if not rows:
        return None
    leader = _leader(table)
    title = _("What lay behind incidents")
    if leader:
        title = _("Most often behind an incident: %(name)s (%(n)s)") % {
            "name": label(leader[0], pack), "n": format_number(leader[1]),
        }  # fmt: skip
    shown = [Bar(label(table.rows[index], pack), table.row_totals[index]) for index in rows]
    return charts.bars(title, shown, heads=(_("Vulnerability"), _("Incidents")))


def _decision_times(data: Dataset, pack: Pack) -> Chart | None:
    every, *sectors = data.decision_times
    allowed = pack.clock(ClockName.DECISION).limit
    days = round(allowed.amount * _DAYS[allowed.unit])
    shown = [
        Bar(label(time.sector, pack), time.median_days, _pace(time.median_days, days))
        for time in sectors
        if time.decided != 0
    ]
    if not shown:
        return None
    title = _("How long half of all decisions took at most, in days")
    if every.median_days is not None:
        title = _("Half of all decisions took %(days)s days at most; the limit is %(limit)s") % {
            "days": format_number(every.median_days), "limit": limit_in_words(allowed),
        }  # fmt: skip
    limit = Limit(days, limit_in_words(allowed))
    return charts.bars(title, shown, unit=_("days"), limit=limit, heads=(_("Sector"), _("Median")))


def _pace(days: float | None, limit: float) -> str:
    return "red" if days is not None and days > limit else "blue"


def _stacked(
    title: str, table: Table, colours: dict[str, str], pack: Pack, *, head: str
) -> Chart | None:
    rows = _by_size(table)
    if not rows:
        return None
    parts = [Part(label(key, pack), colours[key]) for key in table.columns]
    shown = [(label(table.rows[index], pack), table.cells[index]) for index in rows]
    return charts.stacked(title, parts, shown, head=head)


def _by_size(table: Table) -> list[int]:
    """The rows that hold anything, the largest known total first, hidden ones last."""
    held = [
        index
        for index, cells in enumerate(table.cells)
        if any(value != 0 for value in (*cells, table.row_totals[index]))
    ]
    return sorted(held, key=lambda index: -(table.row_totals[index] or 0))


def _leader(table: Table) -> tuple[str, int] | None:
    """The row with the largest total and that total, where that is certain and not shared."""
    if None in table.row_totals or not table.total:
        return None
    ranked: Sequence[tuple[int, str]] = sorted(
        ((total or 0, key) for key, total in zip(table.rows, table.row_totals, strict=True)),
        reverse=True,
    )
    if len(ranked) < 2 or ranked[0][0] == ranked[1][0]:
        return None
    return ranked[0][1], ranked[0][0]
