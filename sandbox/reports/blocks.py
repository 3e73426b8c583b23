"""What each kind of section shows: one content for the screen and for the PDF.

A pack's report section names the blocks it shows; a block holds sentences, charts, tables
and lessons, with every key already turned into words of the current language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sandbox.foundation.i18n import N_, _, format_number
from sandbox.foundation.web.states import word
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.framework.words import limit_in_words
from sandbox.reports import facts
from sandbox.reports.dataset import Dataset, DecisionTime, Taken
from sandbox.reports.disclosure import Table

HIDDEN = "·"


class Grid(msgspec.Struct, frozen=True):
    """A table in words: the first column heads its row, the others are figures."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


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
_ROW_HEADS = {"conditions": N_("Kind"), "vulnerabilities": N_("Vulnerability")}
_WORDS = {
    "in_progress": N_("In progress"),
    "withdrawn": N_("Withdrawn or lapsed"),
    "never_breached": N_("Never breached"),
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
            charts=["applications"],
            grids=[_grid(data, "applications", pack), _grid(data, "pilots", pack)],
        ),
        "time_to_decision": lambda: Block(
            sentences=facts.of_decisions(data, pack), charts=["decision_times"],
            grids=[_decision_grid(data, pack)],
        ),
        "outcomes": lambda: Block(grids=[_grid(data, "outcomes", pack)]),
        "conditions": lambda: Block(
            sentences=facts.of_conditions(data), charts=["conditions"],
            grids=[_grid(data, "conditions", pack), *_never_bound(data, pack)],
        ),
        "incidents": lambda: Block(
            sentences=facts.of_incidents(data), charts=["incidents"],
            grids=[_grid(data, "incidents", pack)],
        ),
        "vulnerabilities": lambda: Block(
            charts=["vulnerabilities"], grids=[_grid(data, "vulnerabilities", pack)]
        ),
        "lessons": lambda: Block(sentences=facts.of_lessons(data), lessons=data.lessons),
        "balance": lambda: Block(grids=[_misuse(data), _missed_use(data)]),
        "framework_changes": lambda: Block(sentences=_framework(data)),
        "method": lambda: Block(
            sentences=[str(pack.reports.disclosure.explanation), facts.of_control(data)]
        ),
        "annex": lambda: Block(grids=[_grid(data, name, pack) for name in CAPTIONS]),
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


def _grid(data: Dataset, name: str, pack: Pack) -> Grid:
    table = data.tables[name]
    rows = [
        [label(key, pack), *map(_figure, cells), _figure(total)]
        for key, cells, total in zip(table.rows, table.cells, table.row_totals, strict=True)
        if any(value != 0 for value in (*cells, total))
    ]
    rows.append([_("All"), *map(_figure, table.column_totals), _figure(table.total)])
    head = _(_ROW_HEADS.get(name, N_("Sector")))
    return Grid(_(CAPTIONS[name]), [head, *_heads(table, pack), _("All")], rows)


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
    )


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
