"""What each kind of section shows: one content for the screen and for the PDF.

A pack's report section names the blocks it shows; a block holds sentences, charts, tables
and lessons, with every key already turned into words of the current language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sandbox.foundation.i18n import N_, _, format_list, format_number
from sandbox.foundation.web.states import word
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.framework.words import limit_in_words
from sandbox.reports import facts
from sandbox.reports.dataset import Dataset, DecisionTime, Taken
from sandbox.reports.disclosure import Table
from sandbox.reports.pooling import POOLED

HIDDEN = "·"


class Grid(msgspec.Struct, frozen=True):
    """A table in words: the first column heads its row, the others are figures."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    sums: bool = False
    """Whether its last row adds the others up."""
    of: str = ""
    """The data set's table that it shows."""

    @property
    def is_narrow(self) -> bool:
        """Whether two of its kind stand side by side on a page."""
        return len(self.columns) == 2


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What one block of a section shows, in this order."""

    sentences: list[str] = []
    charts: list[str] = []
    grids: list[Grid] = []
    lessons: list[Taken] = []


CAPTIONS = {
    "applications": N_("Applications submitted in the period, by lead sector and outcome"),
    "pilots": N_("Pilots that ran in the period, by lead sector and state"),
    "outcomes": N_("Pilots closed in the period, by lead sector and outcome"),
    "conditions": N_("Conditions of pilots that ran, by kind and what became of them"),
    "incidents": N_("Incidents firms became aware of, by lead sector and severity"),
    "vulnerabilities": N_("Incidents by vulnerability and lead sector"),
}
_BY_ROW = {
    "applications": N_("Applications submitted in the period, by lead sector"),
    "pilots": N_("Pilots that ran in the period, by lead sector"),
    "outcomes": N_("Pilots closed in the period, by lead sector"),
    "conditions": N_("Conditions of pilots that ran, by kind"),
    "incidents": N_("Incidents firms became aware of, by lead sector"),
    "vulnerabilities": N_("Incidents by vulnerability"),
}
_BY_COLUMN = {
    "applications": N_("Applications submitted in the period, by outcome"),
    "pilots": N_("Pilots that ran in the period, by state"),
    "outcomes": N_("Pilots closed in the period, by outcome"),
    "conditions": N_("Conditions of pilots that ran, by what became of them"),
    "incidents": N_("Incidents firms became aware of, by severity"),
    "vulnerabilities": N_("Vulnerabilities behind incidents, by lead sector"),
}
_ROW_HEADS = {"conditions": N_("Kind"), "vulnerabilities": N_("Vulnerability")}
_COLUMN_HEADS = {
    "applications": N_("Outcome"), "pilots": N_("State"), "outcomes": N_("Outcome"),
    "conditions": N_("What became of them"), "incidents": N_("Severity"),
    "vulnerabilities": N_("Sector"),
}  # fmt: skip
_WORDS = {
    POOLED: N_("Others together"),
    "in_progress": N_("In progress"),
    "withdrawn": N_("Withdrawn or lapsed"),
    "never_breached": N_("Not breached"),
    "open_or_escalated": N_("Open or escalated"),
    "cured": N_("Cured"),
    "document": N_("Document"),
    "duty": N_("Duty"),
    "cap": N_("Cap"),
    "threshold": N_("Threshold"),
    "periodic_report": N_("Periodic report"),
    "disclosure": N_("Disclosure"),
}


def of(data: Dataset, pack: Pack) -> dict[str, Block]:
    """Every block of ``data`` by the name that the pack's sections use."""
    makers: dict[str, Callable[[], Block]] = {
        "numbers": lambda: Block(
            sentences=facts.of_applications(data) + facts.of_pilots(data),
            charts=["applications", "applications_columns"],
            grids=[*_grids(data, "applications", pack), *_grids(data, "pilots", pack)],
        ),
        "time_to_decision": lambda: Block(
            sentences=facts.of_decisions(data, pack), charts=["decision_times"],
            grids=[_decision_grid(data, pack)],
        ),
        "outcomes": lambda: Block(
            sentences=facts.of_outcomes(data), grids=_grids(data, "outcomes", pack)
        ),
        "conditions": lambda: Block(
            sentences=facts.of_conditions(data), charts=["conditions", "conditions_columns"],
            grids=[*_grids(data, "conditions", pack), *_never_bound(data, pack)],
        ),
        "incidents": lambda: Block(
            sentences=facts.of_incidents(data), charts=["incidents", "incidents_columns"],
            grids=_grids(data, "incidents", pack),
        ),
        "vulnerabilities": lambda: Block(
            charts=["vulnerabilities"], grids=_grids(data, "vulnerabilities", pack)
        ),
        "lessons": lambda: Block(sentences=facts.of_lessons(data), lessons=data.lessons),
        "balance": lambda: Block(grids=[_misuse(data), _missed_use(data)]),
        "framework_changes": lambda: Block(sentences=_framework(data)),
        "method": lambda: Block(
            sentences=[str(pack.reports.disclosure.explanation), facts.of_control(data)]
        ),
        "annex": lambda: Block(
            grids=[grid for name in CAPTIONS for grid in _grids(data, name, pack)]
        ),
    }  # fmt: skip
    return {name: make() for name, make in makers.items()}


def label(key: str, pack: Pack) -> str:
    """The words of a row's or column's key: a sector, a vulnerability, a severity, a kind, a
    state."""
    for parts in (pack.sectors, pack.vulnerabilities, pack.incidents.severities):
        for part in parts:
            if part.key == key:
                return str(part.name)
    return _(_WORDS[key]) if key in _WORDS else word(key)


def _grids(data: Dataset, name: str, pack: Pack) -> list[Grid]:
    """The table ``name``, or where its split is not published its totals in two tables."""
    table = data.tables[name]
    if table.is_split or not table.total:
        return [_split(table, name, pack)]
    both = (_rows_alone(table, name, pack), _columns_alone(table, name, pack))
    return [grid for grid in both if len(grid.rows) > _ALONE]


_ALONE = 2
"""Rows of a table of totals that has one line and its sum: it tells what another tells."""


def _split(table: Table, name: str, pack: Pack) -> Grid:
    rows = [
        [label(key, pack), *map(_figure, cells), _figure(total)]
        for key, cells, total in zip(table.rows, table.cells, table.row_totals, strict=True)
        if any(value != 0 for value in (*cells, total))
    ]
    rows.append([_("All"), *map(_figure, table.column_totals), _figure(table.total)])
    head = _(_ROW_HEADS.get(name, N_("Sector")))
    members = (*table.pooled_rows, *table.pooled_columns)
    return Grid(
        _(CAPTIONS[name]), [head, *_heads(table, pack), _("All")], rows,
        pooled_words(members, pack), sums=True, of=name,
    )  # fmt: skip


def _rows_alone(table: Table, name: str, pack: Pack) -> Grid:
    head = _(_ROW_HEADS.get(name, N_("Sector")))
    rows = _pairs(table.rows, table.row_totals, table.total, pack)
    note = pooled_words(table.pooled_rows, pack)
    return Grid(_(_BY_ROW[name]), [head, _("Number")], rows, note, sums=True, of=name)


def _columns_alone(table: Table, name: str, pack: Pack) -> Grid:
    rows = _pairs(table.columns, table.column_totals, table.total, pack)
    heads, note = [_(_COLUMN_HEADS[name]), _("Number")], pooled_words(table.pooled_columns, pack)
    return Grid(_(_BY_COLUMN[name]), heads, rows, note, sums=True, of=name)


def _pairs(
    keys: Sequence[str], totals: Sequence[int | None], total: int | None, pack: Pack
) -> list[list[str]]:
    pairs = zip(keys, totals, strict=True)
    rows = [[label(key, pack), _figure(value)] for key, value in pairs if value != 0]
    return [*rows, [_("All"), _figure(total)]]


def pooled_words(members: Sequence[str], pack: Pack) -> str:
    """Which lines stand together, and why; nothing where none do."""
    if not members:
        return ""
    names = format_list([label(key, pack) for key in members])
    return _("Others together: %(names)s. Too few firms stand behind each to tell them apart.") % {
        "names": names
    }


def _heads(table: Table, pack: Pack) -> list[str]:
    return [label(key, pack) for key in table.columns]


def _figure(value: float | None) -> str:
    return HIDDEN if value is None else format_number(value)


def _decision_grid(data: Dataset, pack: Pack) -> Grid:
    def line(time: DecisionTime) -> list[str]:
        name = label(time.sector, pack) if time.sector else _("All")
        return [name, *map(_figure, (time.decided, time.median_days, time.within_limit))]

    every, *sectors = data.decision_times
    within = _("Within %(limit)s") % {"limit": limit_in_words(pack.clock(ClockName.DECISION).limit)}
    return Grid(
        _("Decisions in the period and how long they took"),
        [_("Sector"), _("Decided"), _("Median days"), within],
        [line(time) for time in (*sectors, every) if time.decided != 0],
        pooled_words(_pooled_sectors(data), pack),
        sums=True,
    )


def _pooled_sectors(data: Dataset) -> list[str]:
    """The sectors whose decisions are told together."""
    told = {time.sector for time in data.decision_times}
    return [sector for sector in data.sectors if sector not in told] if POOLED in told else []


def _never_bound(data: Dataset, pack: Pack) -> list[Grid]:
    if not data.never_bound:
        return []
    known = {template.key: template for template in pack.conditions}
    rows = [
        [str(known[line.template].title), _figure(line.pilots)]
        for line in data.never_bound
        if line.template in known
    ]
    return [Grid(_("Conditions that never bound anybody"), [_("Condition"), _("Pilots")], rows)]


def _misuse(data: Dataset) -> Grid:
    figures = data.figures
    return _two_columns(
        _("Misuse: harm and what stopped it"),
        [
            (_("Breaches of conditions"), figures.get("breaches")),
            (_("Breaches cured"), figures.get("breaches_cured")),
            (_("Breaches still open"), figures.get("breaches_open")),
            (_("Serious incidents"), figures.get("serious_incidents")),
            (_("Pilot-months of live testing"), figures.get("live_pilot_months")),
        ],
    )


def _missed_use(data: Dataset) -> Grid:
    figures = data.figures
    return _two_columns(
        _("Missed use: what over-regulation cost"),
        [
            (_("Applications refused"), figures.get("refused")),
            (_("Applications withdrawn or lapsed"), figures.get("abandoned")),
            (_("Decisions past their limit"), figures.get("late_decisions")),
            (_("Kinds of condition that never bound anybody"), len(data.never_bound)),
            (_("Reliefs in use"), figures.get("reliefs_in_use")),
        ],
    )


def _two_columns(caption: str, lines: Sequence[tuple[str, float | None]]) -> Grid:
    return Grid(
        caption,
        [_("What was counted"), _("In the period")],
        [[words, _figure(n)] for words, n in lines],
    )


def _framework(data: Dataset) -> list[str]:
    if not data.framework_versions:
        return []
    return [
        _("Cases of the period ran under these versions of the framework: %(versions)s.")
        % {"versions": ", ".join(data.framework_versions)}
    ]
