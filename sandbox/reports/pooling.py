"""What is published where a table would be full of holes: pooled lines, or totals alone. Pure.

Pooled sectors beat blank tables. Lines that too few firms stand behind are pooled into one;
where the split within the table would still hide more than a few cells, or could be worked
out from what is printed, only the totals of rows and of columns are published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sandbox.reports.disclosure import (
    EMPTY,
    Cell,
    Control,
    Table,
    controlled,
    is_risky,
    sum_of_cells,
)

POOLED = "pooled"
"""The key of a line that stands for several."""

_MOST_HIDDEN = 0.25
"""The share of a split's cells that may be hidden before its totals tell more."""

Cells = Mapping[tuple[str, str], Cell]


def published(rows: Sequence[str], columns: Sequence[str], cells: Cells, control: Control) -> Table:
    """The table of ``cells`` as it is published: split where that is safe, else its totals."""
    by_row = {r: sum_of_cells(cells.get((r, c), EMPTY) for c in columns) for r in rows}
    by_column = {c: sum_of_cells(cells.get((r, c), EMPTY) for r in rows) for c in columns}
    row_pool, column_pool = pool(by_row, control), pool(by_column, control)
    pooled_cells = _merged(cells, row_pool, column_pool)
    table = msgspec.structs.replace(
        controlled(_kept(rows, row_pool), _kept(columns, column_pool), pooled_cells, control),
        pooled_rows=row_pool,
        pooled_columns=column_pool,
    )
    if _tells_enough(table) and not gives_back(table, pooled_cells):
        return table
    return _totals(table, pooled_cells, control)


def pool(lines: Mapping[str, Cell], control: Control) -> tuple[str, ...]:
    """Which of ``lines`` are published as one: those that too few firms stand behind.

    Where they are still too few together, the smallest of the others join them. Nothing is
    pooled where even all lines together are too few.
    """
    chosen = [key for key, cell in lines.items() if is_risky(cell, control)]
    others = sorted(
        (key for key, cell in lines.items() if key not in chosen and cell.value),
        key=lambda key: lines[key].value,
    )
    while chosen and is_risky(sum_of_cells(lines[key] for key in chosen), control):
        if not others:
            return ()
        chosen.append(others.pop(0))
    return tuple(key for key in lines if key in chosen)


def _kept(keys: Sequence[str], pooled: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(key for key in keys if key not in pooled)
    return (*kept, POOLED) if pooled else kept


def _merged(
    cells: Cells, rows: Sequence[str], columns: Sequence[str]
) -> dict[tuple[str, str], Cell]:
    merged: dict[tuple[str, str], Cell] = {}
    for (row, column), cell in cells.items():
        place = (POOLED if row in rows else row, POOLED if column in columns else column)
        merged[place] = sum_of_cells((merged.get(place, EMPTY), cell))
    return merged


def _tells_enough(table: Table) -> bool:
    """Whether every total is shown, and most of what lies between them (not counting lines
    that hold nothing)."""
    inner = [
        value
        for row, of_row in zip(table.cells, table.row_totals, strict=True)
        for value, of_column in zip(row, table.column_totals, strict=True)
        if of_row and of_column
    ]
    if None in (*table.row_totals, *table.column_totals, table.total):
        return False
    return inner.count(None) <= len(inner) * _MOST_HIDDEN


def _totals(table: Table, cells: Cells, control: Control) -> Table:
    """The same rows and columns with their totals, and nothing between them.

    Each total stands for enough firms, or for nobody, because its line was pooled; where
    nothing could be pooled, all together are too few and nothing is shown.
    """
    by_row = [sum_of_cells(cells.get((r, c), EMPTY) for c in table.columns) for r in table.rows]
    by_column = [sum_of_cells(cells.get((r, c), EMPTY) for r in table.rows) for c in table.columns]
    total = sum_of_cells(by_row)
    hides = is_risky(total, control)
    return msgspec.structs.replace(
        table,
        cells=tuple(tuple(None for _column in table.columns) for _row in table.rows),
        row_totals=tuple(None if hides else cell.value for cell in by_row),
        column_totals=tuple(None if hides else cell.value for cell in by_column),
        total=None if hides else total.value,
    )


# What a reader could work out ----------------------------------------------------------------


def gives_back(table: Table, cells: Cells) -> bool:
    """Whether a reader with pencil and paper finds a hidden cell of ``table``; all its totals
    are printed.

    Counts are whole and not negative; every row and column adds up. A hidden cell is safe
    where another table fits the same print: where it may be one more and others on a closed
    way through rows and columns one less and one more in turn, or the other way round.
    (A circulation in the residual graph: exact, as all such tables are joined by such ways.)
    """
    hidden = {
        (r, c): cells.get((row, column), EMPTY).value
        for r, row in enumerate(table.rows)
        for c, column in enumerate(table.columns)
        if table.cells[r][c] is None
    }
    return any(not _may_differ(place, hidden) for place in hidden)


Place = tuple[int, int]
Node = tuple[str, int]


def _may_differ(place: Place, hidden: Mapping[Place, int]) -> bool:
    row, column = ("row", place[0]), ("column", place[1])
    others = {other: value for other, value in hidden.items() if other != place}
    more = _leads(column, row, others)
    less = hidden[place] > 0 and _leads(row, column, others)
    return more or less


def _leads(start: Node, goal: Node, hidden: Mapping[Place, int]) -> bool:
    """Whether a way of cells that may grow (row to column) or shrink (back) ends at ``goal``."""
    steps: dict[Node, list[Node]] = {}
    for (r, c), value in hidden.items():
        steps.setdefault(("row", r), []).append(("column", c))
        if value:
            steps.setdefault(("column", c), []).append(("row", r))
    seen, waiting = {start}, [start]
    while waiting:
        for node in steps.get(waiting.pop(), []):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return goal in seen
