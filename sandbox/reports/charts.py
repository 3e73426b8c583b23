"""The charts of a report, drawn from its controlled data set. Pure.

A title is the chart's message and says no more than the data set shows: "the most" only where
no figure is hidden that might be more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sandbox.foundation import charts, i18n
from sandbox.foundation.charts import Bar, Chart, Limit, Part, response
from sandbox.foundation.i18n import _, format_number
from sandbox.framework import library
from sandbox.framework.clocks import ClockName, Unit
from sandbox.framework.pack import Pack
from sandbox.framework.words import limit_in_words
from sandbox.reports.blocks import label, pooled_words
from sandbox.reports.dataset import Dataset
from sandbox.reports.disclosure import Table
from sandbox.reports.pooling import POOLED

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
_POOLED = "grey"


def of(data: Dataset, language: str | None = None) -> dict[str, Chart]:
    """Every chart that ``data`` has figures for, by name, in ``language`` (or the current)."""
    makers: dict[str, Callable[[Dataset, Pack], Chart | None]] = {
        "applications": _applications,
        "applications_columns": _outcomes,
        "decision_times": _decision_times,
        "conditions": _conditions,
        "conditions_columns": _fates,
        "incidents": _incidents,
        "incidents_columns": _severities,
        "vulnerabilities": _vulnerabilities,
    }
    with i18n.use(language or i18n.current_language()):
        drawn = {name: make(data, library.current()) for name, make in makers.items()}
    return {name: chart for name, chart in drawn.items() if chart is not None}


def _applications(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["applications"]
    leader = _leader(table.rows, table.row_totals)
    title = _("%(n)s applications, by lead sector") % {"n": format_number(table.total or 0)}
    if leader:
        title = _("%(sector)s sent the most applications: %(n)s of %(all)s") % {
            "sector": label(leader[0], pack), "n": format_number(leader[1]),
            "all": format_number(table.total),
        }  # fmt: skip
    return _by_row(title, table, _OUTCOMES, pack, head=_("Sector"), unit=_("Applications"))


def _outcomes(data: Dataset, pack: Pack) -> Chart | None:
    """What became of applications, where the split by sector is not published."""
    table = data.tables["applications"]
    admitted = table.column_total("admitted")
    title = _("What became of %(n)s applications") % {"n": format_number(table.total or 0)}
    if admitted:
        title = _("%(n)s of %(all)s applications ended in an admission so far") % {
            "n": format_number(admitted), "all": format_number(table.total),
        }  # fmt: skip
    return _by_column(title, table, _OUTCOMES, pack, heads=(_("Outcome"), _("Applications")))


def _conditions(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["conditions"]
    title = _fate_title(table)
    if not table.is_split:
        title = _("%(n)s conditions, by kind") % {"n": format_number(table.total or 0)}
    return _by_row(title, table, _FATES, pack, head=_("Kind"), unit=_("Conditions"))


def _fates(data: Dataset, pack: Pack) -> Chart | None:
    """What became of conditions, where the split by kind is not published."""
    table = data.tables["conditions"]
    heads = (_("What became of them"), _("Conditions"))
    return _by_column(_fate_title(table), table, _FATES, pack, heads=heads)


def _fate_title(table: Table) -> str:
    cured, still_open = table.column_total("cured"), table.column_total("open_or_escalated")
    if cured and still_open is not None:
        return _("On %(n)s of %(all)s breached conditions every breach is cured") % {
            "n": format_number(cured), "all": format_number(cured + still_open),
        }  # fmt: skip
    kept = table.column_total("never_breached")
    if kept is not None and table.total:
        return _("%(n)s of %(all)s conditions were breached") % {
            "n": format_number(table.total - kept), "all": format_number(table.total),
        }  # fmt: skip
    return _("What became of %(n)s conditions") % {"n": format_number(table.total or 0)}


def _incidents(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["incidents"]
    leader = _leader(table.rows, table.row_totals)
    title = _severity_title(table, pack)
    if not table.is_split:
        title = _("%(n)s incidents, by lead sector") % {"n": format_number(table.total or 0)}
        if leader:
            title = _("%(sector)s had the most incidents: %(n)s of %(all)s") % {
                "sector": label(leader[0], pack), "n": format_number(leader[1]),
                "all": format_number(table.total),
            }  # fmt: skip
    return _by_row(title, table, _shades(pack), pack, head=_("Sector"), unit=_("Incidents"))


def _severities(data: Dataset, pack: Pack) -> Chart | None:
    """How grave incidents were, where the split by sector is not published."""
    table = data.tables["incidents"]
    heads = (_("Severity"), _("Incidents"))
    return _by_column(_severity_title(table, pack), table, _shades(pack), pack, heads=heads)


def _severity_title(table: Table, pack: Pack) -> str:
    serious = [degree for degree in pack.severities if degree.suspend]
    grave = [table.column_total(degree.key) for degree in serious]
    if table.total and grave and None not in grave:
        return _("Incidents graded %(names)s: %(n)s of %(all)s") % {
            "n": format_number(sum(n or 0 for n in grave)), "all": format_number(table.total),
            "names": " / ".join(str(degree.name) for degree in serious),
        }  # fmt: skip
    leader = _leader(table.columns, table.column_totals)
    if leader:
        return _("%(n)s of %(all)s incidents were of one severity: %(name)s") % {
            "n": format_number(leader[1]), "all": format_number(table.total),
            "name": label(leader[0], pack),
        }  # fmt: skip
    return _("How grave %(n)s incidents were") % {"n": format_number(table.total or 0)}


def _shades(pack: Pack) -> dict[str, str]:
    """A colour for each severity, spread over the scale however many the pack has."""
    last = max(len(pack.severities) - 1, 1)
    return {
        degree.key: _GRAVER[round(place * (len(_GRAVER) - 1) / last)]
        for place, degree in enumerate(pack.severities)
    }


def _vulnerabilities(data: Dataset, pack: Pack) -> Chart | None:
    table = data.tables["vulnerabilities"]
    leader = _leader(table.rows, table.row_totals)
    title = _("What lay behind incidents")
    if leader:
        title = _("Most often behind an incident: %(name)s (%(n)s)") % {
            "name": label(leader[0], pack), "n": format_number(leader[1]),
        }  # fmt: skip
    return _totals(title, table, pack, (_("Vulnerability"), _("Incidents")))


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


def _by_row(
    title: str, table: Table, colours: dict[str, str], pack: Pack, *, head: str, unit: str
) -> Chart | None:
    """The table's rows: split where that is published, else their totals."""
    if not table.is_split:
        return _totals(title, table, pack, (head, unit))
    parts = [Part(label(key, pack), colours.get(key, _POOLED)) for key in table.columns]
    shown = [(label(table.rows[index], pack), table.cells[index]) for index in _by_size(table)]
    members = (*table.pooled_rows, *table.pooled_columns)
    return _noted(charts.stacked(title, parts, shown, head=head), members, pack) if shown else None


def _totals(title: str, table: Table, pack: Pack, heads: tuple[str, str]) -> Chart | None:
    shown = [
        Bar(label(table.rows[index], pack), table.row_totals[index]) for index in _by_size(table)
    ]
    if len(shown) < 2:
        return None
    return _noted(charts.bars(title, shown, heads=heads), table.pooled_rows, pack)


def _by_column(
    title: str, table: Table, colours: dict[str, str], pack: Pack, *, heads: tuple[str, str]
) -> Chart | None:
    """The totals of the columns, where the rows do not show them already."""
    pairs = zip(table.columns, table.column_totals, strict=True)
    shown = [
        Bar(label(key, pack), total, colours.get(key, _POOLED)) for key, total in pairs if total
    ]
    if table.is_split or len(shown) < 2:
        return None
    return _noted(charts.bars(title, shown, heads=heads), table.pooled_columns, pack)


def _noted(chart: Chart, members: Sequence[str], pack: Pack) -> Chart:
    words = f"{pooled_words(members, pack)} {chart.note}".strip()
    return msgspec.structs.replace(chart, note=words)


def _by_size(table: Table) -> list[int]:
    """The rows that hold anything, the largest first, those pooled and hidden ones last."""
    held = [
        index
        for index, cells in enumerate(table.cells)
        if table.row_totals[index] != 0 and (table.row_totals[index] or any(cells))
    ]
    return sorted(
        held, key=lambda index: (table.rows[index] == POOLED, -(table.row_totals[index] or 0))
    )


def _leader(keys: Sequence[str], totals: Sequence[int | None]) -> tuple[str, int] | None:
    """The line with the largest total and that total, where that is certain and not shared.

    It is not certain where lines that were pooled may hold more.
    """
    if None in totals:
        return None
    ranked = sorted(
        ((total or 0, key) for key, total in zip(keys, totals, strict=True)), reverse=True
    )
    if len(ranked) < 2 or ranked[0][0] == ranked[1][0] or ranked[0][1] == POOLED:
        return None
    return ranked[0][1], ranked[0][0]
