"""Disclosure control: what a published table may show. Pure.

The unit at risk is the firm, so every cell carries the firms behind it and *distinct firms*
are counted, not rows. A cell below the threshold is suppressed; complementary suppression
then hides further cells until no row, column or total gives one back; a sum that two firms
dominate is suppressed too. Sources: ONS guidance on tables (thresholds, zeros), the
Handbook on Statistical Disclosure Control (dominance, secondary suppression).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

SUPPRESSED = None


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """The pack's settings: a cell needs ``threshold`` firms; zeros are hidden where
    ``suppress_zeros``; two firms may hold at most the share ``dominance`` of a sum."""

    threshold: int = 5
    suppress_zeros: bool = False
    dominance: float = 0.85


class Cell(msgspec.Struct, frozen=True):
    """A count before control: its value and the firms behind it."""

    value: int
    firms: frozenset[str]


EMPTY = Cell(0, frozenset())


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table as it may be published. ``None`` is a suppressed value.

    ``rows`` and ``columns`` are the pack's or the report's keys; ``cells[r][c]``. What
    :mod:`sandbox.reports.pooling` made one line of is named in ``pooled_rows`` and
    ``pooled_columns``.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None
    pooled_rows: tuple[str, ...] = ()
    pooled_columns: tuple[str, ...] = ()

    @property
    def is_split(self) -> bool:
        """Whether cells are shown that tell more than the totals of rows and columns."""
        crosses = len(self.rows) > 1 and len(self.columns) > 1
        return crosses and any(value is not None for row in self.cells for value in row)

    @property
    def suppressed(self) -> int:
        """How many values are not shown."""
        margins = (*self.row_totals, *self.column_totals, self.total)
        inner = [value for row in self.cells for value in row]
        return sum(value is None for value in (*inner, *margins))

    def row(self, key: str) -> dict[str, int | None]:
        """The values of row ``key`` by column."""
        index = self.rows.index(key)
        return dict(zip(self.columns, self.cells[index], strict=True))

    def column_total(self, key: str) -> int | None:
        """The total of column ``key``; ``None`` where it is hidden or pooled."""
        return self.column_totals[self.columns.index(key)] if key in self.columns else None


def controlled(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
    control: Control,
) -> Table:
    """The table of ``cells`` with its margins, fit to be published.

    The margins are treated as a further row and column of the same table, so that every
    line of it, inner or marginal, either hides nothing or hides at least two values whose
    sum no line gives away below the threshold.
    """
    grid = _Grid(rows, columns, cells)
    hidden = {place for place, cell in grid.items() if is_risky(cell, control)}
    _complement(grid, hidden, control)
    width = len(columns)
    shown = [
        [None if (r, c) in hidden else grid.at(r, c).value for c in range(width + 1)]
        for r in range(len(rows) + 1)
    ]
    return Table(
        rows=tuple(rows),
        columns=tuple(columns),
        cells=tuple(tuple(line[:width]) for line in shown[:-1]),
        row_totals=tuple(line[width] for line in shown[:-1]),
        column_totals=tuple(shown[-1][:width]),
        total=shown[-1][width],
    )


Place = tuple[int, int]


class _Grid:
    """All cells with their margins: the last row and the last column are the totals."""

    def __init__(
        self, rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], Cell]
    ) -> None:
        self.height, self.width = len(rows) + 1, len(columns) + 1
        inner = [[cells.get((row, column), EMPTY) for column in columns] for row in rows]
        lines = [[*line, sum_of_cells(line)] for line in inner]
        self._lines = [*lines, [sum_of_cells(column) for column in zip(*lines, strict=True)]]

    def at(self, row: int, column: int) -> Cell:
        return self._lines[row][column]

    def items(self) -> list[tuple[Place, Cell]]:
        return [((r, c), self.at(r, c)) for r in range(self.height) for c in range(self.width)]

    def lines(self) -> list[list[Place]]:
        """Every equation a reader can write: each row and each column with its total."""
        across = [[(r, c) for c in range(self.width)] for r in range(self.height)]
        down = [[(r, c) for r in range(self.height)] for c in range(self.width)]
        return across + down


def sum_of_cells(cells: Iterable[Cell]) -> Cell:
    """All of ``cells`` as one: their values added, their firms counted once."""
    cells = tuple(cells)
    firms: frozenset[str] = frozenset().union(*(cell.firms for cell in cells))
    return Cell(sum(cell.value for cell in cells), firms)


def is_risky(cell: Cell, control: Control) -> bool:
    """Whether too few firms stand behind ``cell`` for it to be published."""
    if cell.value == 0:
        return control.suppress_zeros
    return len(cell.firms) < control.threshold


def _complement(grid: _Grid, hidden: set[Place], control: Control) -> None:
    """Hide further values until no line gives a hidden one away."""
    changed = True
    while changed:
        changed = False
        for line in grid.lines():
            while _gives_away(grid, line, hidden, control):
                candidates = [place for place in line if place not in hidden]
                if not candidates:
                    break
                hidden.add(min(candidates, key=lambda place: _cost(grid, place)))
                changed = True


def _gives_away(grid: _Grid, line: Sequence[Place], hidden: set[Place], control: Control) -> bool:
    """Whether the shown values of ``line`` pin its hidden ones down.

    One hidden value is the difference of the others. Several are still given away when
    their sum, which the line tells, stands for fewer firms than the threshold.
    """
    unseen = [place for place in line if place in hidden]
    if not unseen:
        return False
    if len(unseen) == 1:
        return True
    total = line[-1]
    inner = [grid.at(*place) for place in unseen if place != total]
    return total not in hidden and len(sum_of_cells(inner).firms) < control.threshold


def _cost(grid: _Grid, place: Place) -> tuple[bool, bool, int]:
    """Prefer to hide a small inner value over a large one, a zero last, a total last of all:
    a reader who may guess that the partner is zero has guessed the hidden value too."""
    cell = grid.at(*place)
    is_total = place[0] == grid.height - 1 or place[1] == grid.width - 1
    return is_total, cell.value == 0, cell.value


def dominated(contributions: Mapping[str, float], control: Control) -> bool:
    """Whether a sum may not be shown: too few firms, or two that hold most of it."""
    amounts = sorted((abs(amount) for amount in contributions.values() if amount), reverse=True)
    if not amounts:
        return control.suppress_zeros
    if len(amounts) < control.threshold:
        return True
    return sum(amounts[:2]) > control.dominance * sum(amounts)


def sum_of(contributions: Mapping[str, float], control: Control) -> float | None:
    """The sum of what firms contributed, or ``None`` where it may not be shown."""
    return SUPPRESSED if dominated(contributions, control) else sum(contributions.values())


def count_of(firms_by_row: Collection[str], control: Control) -> int | None:
    """A single published count of rows, each given by its firm."""
    cell = Cell(len(firms_by_row), frozenset(firms_by_row))
    return SUPPRESSED if is_risky(cell, control) else cell.value
