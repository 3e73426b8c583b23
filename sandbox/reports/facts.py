"""Sentences whose numbers are bound to the data set, so that text and table cannot disagree.

They are offered to the writer of the summary and stand under their heading in the report.
A hidden figure makes no sentence.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.foundation.i18n import _, format_number, ngettext
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.framework.words import limit_in_words
from sandbox.reports.dataset import Dataset
from sandbox.reports.disclosure import Table


def of_applications(data: Dataset) -> list[str]:
    """How many applied, and what became of them."""
    table = data.tables["applications"]
    said = [
        _count(
            table.total,
            lambda n: ngettext(
                "%(n)s application was submitted.", "%(n)s applications were submitted.", n
            ),
        ),
        _share(table, "admitted", _("%(part)s of %(whole)s ended in an admission.")),
        _share(
            table, "redirected",
            _("%(part)s of %(whole)s needed no sandbox and were told so."),
        ),
    ]  # fmt: skip
    return _said(said)


def of_decisions(data: Dataset, pack: Pack) -> list[str]:
    """How long decisions took."""
    every = data.decision_times[0] if data.decision_times else None
    if every is None or every.median_days is None:
        return []
    said = [
        _("Half of all decisions came within %(days)s days of a complete application.")
        % {"days": format_number(every.median_days)}
    ]
    if every.within_limit is not None and every.decided:
        said.append(
            _("%(part)s of %(whole)s decisions kept the limit of %(limit)s.")
            % {
                "part": format_number(every.within_limit),
                "whole": format_number(every.decided),
                "limit": limit_in_words(pack.clock(ClockName.DECISION).limit),
            }
        )
    return said


def of_pilots(data: Dataset) -> list[str]:
    """How many pilots ran."""
    table, months = data.tables["pilots"], data.figures.get("live_pilot_months")
    said = [
        _count(
            table.total,
            lambda n: ngettext("%(n)s pilot was running.", "%(n)s pilots were running.", n),
        )
    ]
    if months:
        said.append(
            _("Together they tested for %(months)s pilot-months.")
            % {"months": format_number(months)}
        )
    return _said(said)


def of_outcomes(data: Dataset) -> list[str]:
    """How many pilots closed."""
    table = data.tables["outcomes"]
    said = [
        _count(table.total, lambda n: ngettext("%(n)s pilot closed.", "%(n)s pilots closed.", n))
    ]
    if table.total and not table.is_split and max(len(table.rows), len(table.columns)) == 1:
        said.append(
            _("Too few firms stand behind each sector and each outcome to tell them apart.")
        )
    return _said(said)


def of_conditions(data: Dataset) -> list[str]:
    """What conditions did, on both sides of the mandate."""
    figures = data.figures
    said = [
        _count(
            figures.get("breaches"),
            lambda n: ngettext(
                "%(n)s breach of a condition was found.",
                "%(n)s breaches of conditions were found.",
                n,
            ),
        ),
        _count(
            figures.get("breaches_cured"),
            lambda n: ngettext(
                "%(n)s of them was cured by the firm.", "%(n)s of them were cured by the firms.", n
            ),
        ),
    ]
    said += [_breached_conditions(data)]
    if data.never_bound:
        said.append(
            ngettext(
                "%(n)s kind of condition never bound anybody: a candidate to relax.",
                "%(n)s kinds of condition never bound anybody: candidates to relax.",
                len(data.never_bound),
            )
            % {"n": len(data.never_bound)}
        )
    return _said(said)


def _breached_conditions(data: Dataset) -> str:
    """Why breaches and breached conditions are two numbers."""
    table, breaches = data.tables["conditions"], data.figures.get("breaches")
    cured, still_open = table.column_total("cured"), table.column_total("open_or_escalated")
    if not breaches or cured is None or still_open is None:
        return ""
    return _(
        "These breaches fell on %(conditions)s conditions, as a condition can be breached more "
        "than once; %(cured)s of these conditions have no open breach left."
    ) % {"conditions": format_number(cured + still_open), "cured": format_number(cured)}


def of_incidents(data: Dataset) -> list[str]:
    """How many incidents, and how grave."""
    return _said(
        [
            _count(
                data.tables["incidents"].total,
                lambda n: ngettext(
                    "%(n)s incident was reported.", "%(n)s incidents were reported.", n
                ),
            ),
            _count(
                data.figures.get("serious_incidents"),
                lambda n: ngettext("%(n)s of them was serious.", "%(n)s of them were serious.", n),
            ),
        ]
    )


def of_lessons(data: Dataset) -> list[str]:
    """How many lessons were published, and taken up elsewhere."""
    taken = sum(
        any(verdict in {"adopted", "adapted"} for verdict in lesson.adoptions.values())
        for lesson in data.lessons
    )
    said = [
        ngettext("%(n)s lesson was published.", "%(n)s lessons were published.", len(data.lessons))
        % {"n": format_number(len(data.lessons))}
    ]
    if taken:
        said.append(
            ngettext(
                "%(n)s of them was taken up in another sector.",
                "%(n)s of them were taken up in another sector.",
                taken,
            )
            % {"n": format_number(taken)}
        )
    return said


def of_control(data: Dataset) -> str:
    """What was hidden or pooled, and why."""
    tables = data.tables.values()
    said = []
    if any(table.pooled_rows or table.pooled_columns for table in tables):
        said.append(
            _("Where fewer than %(threshold)s firms stand behind a line, it is told together with "
              "others.")
        )  # fmt: skip
    if any(table.total and not table.is_split for table in tables):
        said.append(
            _("Where a split would tell about fewer than %(threshold)s firms, only its totals are "
              "given.")
        )  # fmt: skip
    if hides(data):
        said.append(
            _("A figure marked “·” is hidden: fewer than %(threshold)s firms stand behind it, or "
              "it would give such a figure back.")
        )  # fmt: skip
    if not said:
        return _("No figure had to be hidden.")
    return " ".join(said) % {"threshold": data.threshold}


def hides(data: Dataset) -> bool:
    """Whether a “·” stands anywhere."""
    cells = (
        value
        for table in data.tables.values()
        if table.is_split or not table.total
        for row in (*table.cells, table.row_totals, table.column_totals)
        for value in row
    )
    times = (
        value
        for time in data.decision_times
        if time.decided != 0
        for value in (time.decided, time.median_days, time.within_limit)
    )
    return None in cells or None in times or None in data.figures.values()


def all_of(data: Dataset, pack: Pack) -> list[str]:
    """Every sentence, in the order of the report."""
    return [
        *of_applications(data), *of_decisions(data, pack), *of_pilots(data), *of_outcomes(data),
        *of_conditions(data), *of_incidents(data), *of_lessons(data),
    ]  # fmt: skip


def _count(value: float | None, words: object) -> str:
    if not value:
        return ""
    return words(int(value)) % {"n": format_number(value)}  # type: ignore[operator, no-any-return]


def _share(table: Table, column: str, words: str) -> str:
    part = table.column_total(column)
    if not part or table.total is None:
        return ""
    return words % {"part": format_number(part), "whole": format_number(table.total)}


def _said(sentences: Iterable[str]) -> list[str]:
    return [sentence for sentence in sentences if sentence]
