"""The report as a PDF: its data set in words, charts and tables, and the same set attached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sandbox.foundation import documents, i18n
from sandbox.foundation.charts import Chart
from sandbox.foundation.i18n import N_, _, format_number, ngettext
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.framework.publishing import ReportSection
from sandbox.reports import blocks, charts, facts
from sandbox.reports.attachments import attachments
from sandbox.reports.blocks import Block, Grid
from sandbox.reports.dataset import Dataset, Taken
from sandbox.reports.tables import Report

_WIDE = 10
"""Columns from which a table stands on a page laid across."""

_FILES = {
    "data.json": N_("The whole data set of this report"),
    "applications.csv": N_("Applications by sector and outcome"),
    "pilots.csv": N_("Pilots by sector and state"),
    "outcomes.csv": N_("Closed pilots by sector and outcome"),
    "conditions.csv": N_("Conditions by kind and fate"),
    "incidents.csv": N_("Incidents by sector and severity"),
    "vulnerabilities.csv": N_("Incidents by vulnerability and sector"),
}


class Shown(msgspec.Struct, frozen=True):
    """A numbered chart or table: ``Figure 2`` and its content."""

    number: str
    what: Any
    wide: bool = False


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered chapter with all that stands in it."""

    number: int
    key: str
    title: str
    written: str
    sentences: list[str]
    figures: list[Shown]
    tables: list[Shown]
    lessons: list[Taken]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to print."""
        parts = (self.written, self.sentences, self.figures, self.tables, self.lessons)
        return not any(parts)

    @property
    def groups(self) -> list[list[Shown]]:
        """The tables as they stand on the page: two narrow ones side by side."""
        made: list[list[Shown]] = []
        for shown in self.tables:
            beside = made[-1] if made else []
            if shown.what.is_narrow and len(beside) == 1 and beside[0].what.is_narrow:
                beside.append(shown)
            else:
                made.append([shown])
        return made


async def pdf_of(report: Report, data: Dataset, language: str) -> bytes:
    """The PDF of ``report`` in ``language``, with ``data`` attached as JSON and CSV.

    ``report`` needs title, period and narrative only.

    :raises DocumentFailed: it could not be set.
    """
    pack = library.current()
    with i18n.use(language):
        attached = [
            documents.Attached(name, _(_FILES.get(name, name)), content)
            for name, _media_type, content in attachments(data)
        ]
        context: dict[str, Any] = {
            "report": report, "data": data, "pack": pack,
            "title": i18n.local(report.title), "chapters": chapters(report, data, pack),
            "numbers": key_numbers(data), "control": facts.of_control(data),
        }  # fmt: skip
    return await documents.pdf("reports/document.html", language, attached=attached, **context)


def chapters(report: Report, data: Dataset, pack: Pack) -> list[Chapter]:
    """The chapters that hold something, numbered from one, in the current language."""
    counters = _Counters()
    words = report.narrative.get(i18n.current_language(), {})
    drawn, held = charts.of(data), blocks.of(data, pack)
    made: list[Chapter] = []
    for section in pack.reports.sections:
        several = [held[name] for name in section.shows if name in held]
        chapter = _chapter(
            section, several, drawn, counters, number=len(made) + 1,
            written=words.get(section.key, "").strip(),
        )  # fmt: skip
        if not chapter.is_empty:
            made.append(chapter)
    return made


class _Counters:
    """Figures and tables are counted through the whole document."""

    def __init__(self) -> None:
        self._figures = self._tables = 0
        self.printed: set[str] = set()
        """The captions of the tables so far: none stands twice."""

    def figure(self, chart: Chart) -> Shown:
        self._figures += 1
        return Shown(_("Figure %(n)d") % {"n": self._figures}, chart)

    def table(self, grid: Grid) -> Shown:
        self._tables += 1
        number = _("Table %(n)d") % {"n": self._tables}
        return Shown(number, grid, wide=len(grid.columns) >= _WIDE)


def _chapter(
    section: ReportSection, several: list[Block], drawn: dict[str, Chart], counters: _Counters,
    *, number: int, written: str,
) -> Chapter:  # fmt: skip
    names = [name for block in several for name in block.charts if name in drawn]
    return Chapter(
        number=number, key=section.key, title=str(section.title), written=written,
        sentences=[sentence for block in several for sentence in block.sentences],
        figures=[counters.figure(drawn[name]) for name in names],
        tables=[counters.table(grid) for grid in _grids(several, names, counters.printed)],
        lessons=[lesson for block in several for lesson in block.lessons],
    )  # fmt: skip


def _grids(several: list[Block], drawn: list[str], printed: set[str]) -> Iterator[Grid]:
    """The tables of a chapter that hold anything and are not ``printed`` yet; what a chart
    shows is left to the annex."""
    charted = {name.partition("_columns")[0] for name in drawn}
    for block in several:
        for grid in block.grids:
            if grid.rows and grid.of not in charted and grid.caption not in printed:
                printed.add(grid.caption)
                yield grid


def key_numbers(data: Dataset) -> list[tuple[str, str]]:
    """The few numbers a hurried reader wants; a hidden one is left out."""
    every = data.decision_times[0] if data.decision_times else None
    lessons = len(data.lessons)
    known = [
        (data.tables["applications"].total, _("applications submitted")),
        (every.median_days if every else None, _("days to decide, in the middle case")),
        (data.tables["pilots"].total, _("pilots running")),
        (lessons, ngettext("lesson published", "lessons published", lessons)),
    ]
    return [(format_number(value), words) for value, words in known if value is not None]
