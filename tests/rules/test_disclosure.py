"""Disclosure control: no published table gives a hidden value back."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.reports.disclosure import (
    Cell,
    Control,
    Table,
    controlled,
    count_of,
    dominated,
    is_risky,
    sum_of,
    sum_of_cells,
)
from sandbox.reports.pooling import POOLED, gives_back, published

CONTROL = Control(threshold=5)


def _cell(value: int, firms: int, mark: str) -> Cell:
    return Cell(value, frozenset(f"{mark}-{n}" for n in range(firms)))


@st.composite
def grids(draw: st.DrawFn) -> tuple[list[str], list[str], dict[tuple[str, str], Cell]]:
    rows = [f"r{n}" for n in range(draw(st.integers(1, 5)))]
    columns = [f"c{n}" for n in range(draw(st.integers(1, 5)))]
    cells = {}
    for row, column in product(rows, columns):
        firms = draw(st.integers(0, 12))
        extra = draw(st.integers(0, 5)) if firms else 0
        cells[row, column] = _cell(firms + extra, firms, f"{row}{column}")
    return rows, columns, cells


def _lines(table: Table) -> list[list[int | None]]:
    across = [[*row, total] for row, total in zip(table.cells, table.row_totals, strict=True)]
    across.append([*table.column_totals, table.total])
    return across + [list(line) for line in zip(*across, strict=True)]


@given(grids())
def test_no_line_has_a_single_hidden_value(grid) -> None:
    table = controlled(*grid, CONTROL)
    assert all(line.count(None) != 1 for line in _lines(table))


@given(grids())
def test_no_shown_value_stands_for_fewer_firms_than_the_threshold(grid) -> None:
    rows, columns, cells = grid
    table = controlled(rows, columns, cells, CONTROL)
    for (r, row), (c, column) in product(enumerate(rows), enumerate(columns)):
        if table.cells[r][c]:
            assert len(cells[row, column].firms) >= CONTROL.threshold


@given(grids())
def test_what_is_shown_is_true(grid) -> None:
    rows, columns, cells = grid
    table = controlled(rows, columns, cells, CONTROL)
    for (r, row), (c, column) in product(enumerate(rows), enumerate(columns)):
        assert table.cells[r][c] in {None, cells[row, column].value}
    assert table.total in {None, sum(cell.value for cell in cells.values())}


def test_a_table_of_large_cells_is_shown_whole() -> None:
    cells = {(r, c): _cell(10, 10, r + c) for r in "ab" for c in "xy"}
    table = controlled(["a", "b"], ["x", "y"], cells, CONTROL)
    assert table.cells == ((10, 10), (10, 10))
    assert table.total == 40
    assert table.suppressed == 0


def test_one_small_cell_takes_a_partner_in_its_row_and_column() -> None:
    cells = {(r, c): _cell(10, 10, r + c) for r in "abc" for c in "xyz"}
    cells["a", "x"] = _cell(2, 2, "ax")
    table = controlled(list("abc"), list("xyz"), cells, CONTROL)
    assert table.cells[0][0] is None
    assert table.cells[0].count(None) >= 2
    assert [row[0] for row in table.cells].count(None) >= 2


def test_zeros_are_hidden_where_the_pack_says_so() -> None:
    cells = {("a", "x"): Cell(0, frozenset()), ("a", "y"): _cell(9, 9, "y")}
    assert controlled(["a"], ["x", "y"], cells, CONTROL).cells[0][0] == 0
    zeros = Control(threshold=5, suppress_zeros=True)
    assert controlled(["a"], ["x", "y"], cells, zeros).cells[0][0] is None


def test_a_sum_that_two_firms_dominate_is_hidden() -> None:
    even = dict.fromkeys("abcdef", 10.0)
    assert sum_of(even, CONTROL) == 60
    assert dominated({**even, "a": 1000.0, "b": 900.0}, CONTROL)
    assert sum_of({"a": 5.0}, CONTROL) is None


def test_a_count_of_many_rows_of_one_firm_is_hidden() -> None:
    assert count_of(["a"] * 50, CONTROL) is None
    assert count_of(list("abcdef"), CONTROL) == 6


# Pooled lines and totals ---------------------------------------------------------------------


def _readings(table: Table, most: int = 2) -> dict[tuple[int, int], set[int]]:
    """What each hidden cell may be, by trying every table that fits what is printed.

    It is enough to find ``most`` values for each: then nobody can tell which is right.
    """
    places = list(product(range(len(table.rows)), range(len(table.columns))))
    hidden = [(r, c) for r, c in places if table.cells[r][c] is None]
    rest_of_row = [
        total - sum(value or 0 for value in row)
        for row, total in zip(table.cells, table.row_totals, strict=True)
    ]
    rest_of_column = [
        total - sum(row[c] or 0 for row in table.cells)
        for c, total in enumerate(table.column_totals)
    ]
    found: dict[tuple[int, int], set[int]] = {place: set() for place in hidden}

    def fill(at: int, held: dict[tuple[int, int], int]) -> bool:
        if at == len(hidden):
            if any(rest_of_row) or any(rest_of_column):
                return False
            for place, value in held.items():
                found[place].add(value)
            return all(len(values) >= most for values in found.values())
        r, c = hidden[at]
        last = not any(row == r for row, _column in hidden[at + 1 :])
        least, most_here = (rest_of_row[r] if last else 0), min(rest_of_row[r], rest_of_column[c])
        for value in range(least, most_here + 1):
            rest_of_row[r] -= value
            rest_of_column[c] -= value
            enough = fill(at + 1, {**held, (r, c): value})
            rest_of_row[r] += value
            rest_of_column[c] += value
            if enough:
                return True
        return False

    fill(0, {})
    return found


@st.composite
def small_grids(draw: st.DrawFn) -> tuple[list[str], list[str], dict[tuple[str, str], Cell]]:
    rows = [f"r{n}" for n in range(draw(st.integers(1, 3)))]
    columns = [f"c{n}" for n in range(draw(st.integers(1, 3)))]
    cells = {}
    for row, column in product(rows, columns):
        firms = draw(st.sampled_from([0, 0, 1, 2, 3]))
        extra = draw(st.integers(0, 1)) if firms else 0
        cells[row, column] = _cell(firms + extra, firms, f"{row}{column}")
    return rows, columns, cells


@given(small_grids())
@settings(max_examples=200, deadline=None)
def test_no_risky_cell_can_be_worked_out_from_what_is_printed(grid) -> None:
    rows, columns, cells = grid
    control = Control(threshold=3)
    table = published(rows, columns, cells, control)
    if table.total is None:
        assert not any(table.row_totals)
        return
    for (r, c), possible in _readings(table).items():
        cell = sum_of_cells(
            held
            for (row, column), held in cells.items()
            if (POOLED if row in table.pooled_rows else row) == table.rows[r]
            and (POOLED if column in table.pooled_columns else column) == table.columns[c]
        )
        assert len(possible) > 1 or not is_risky(cell, control), (table, table.rows[r])


@given(grids())
def test_published_totals_stand_for_enough_firms_and_add_up(grid) -> None:
    rows, columns, cells = grid
    table = published(rows, columns, cells, CONTROL)
    if table.total is None:
        assert is_risky(sum_of_cells(cells.values()), CONTROL)
        return
    assert table.total == sum(cell.value for cell in cells.values())
    assert sum(table.row_totals) == sum(table.column_totals) == table.total
    for row, total in zip(table.rows, table.row_totals, strict=True):
        members = table.pooled_rows if row == POOLED else (row,)
        firms = {f for (r, _c), cell in cells.items() if r in members for f in cell.firms}
        assert not total or len(firms) >= CONTROL.threshold


def test_a_hidden_ring_is_found_out_where_its_counts_leave_no_choice() -> None:
    def ring(*values: int) -> tuple[Table, dict[tuple[str, str], Cell]]:
        cells = {
            place: _cell(value, value, "".join(place))
            for place, value in zip(product("ab", "xy"), values, strict=True)
        }
        a, b, c, d = values
        table = Table(
            rows=("a", "b"), columns=("x", "y"), cells=((None, None), (None, None)),
            row_totals=(a + b, c + d), column_totals=(a + c, b + d), total=sum(values),
        )  # fmt: skip
        return table, cells

    assert not gives_back(*ring(2, 1, 1, 2))
    assert gives_back(*ring(2, 0, 3, 0))


def test_rows_that_too_few_firms_stand_behind_are_pooled() -> None:
    cells = {(r, c): _cell(9, 9, r + c) for r in "abcd" for c in "xy"}
    cells |= {(r, c): _cell(3, 3, r + c) for r in "cd" for c in "xy"}
    cells["c", "y"] = cells["d", "x"] = Cell(0, frozenset())
    table = published(list("abcd"), list("xy"), cells, Control(threshold=5))
    assert (table.rows, table.pooled_rows) == (("a", "b", POOLED), ("c", "d"))
    assert table.row_totals == (18, 18, 6)


def test_a_split_full_of_holes_gives_way_to_its_totals() -> None:
    cells = {(r, c): _cell(2, 2, r + c) for r in "abc" for c in "xyz"}
    table = published(list("abc"), list("xyz"), cells, CONTROL)
    assert not table.is_split
    assert (table.row_totals, table.column_totals, table.total) == ((6, 6, 6), (6, 6, 6), 18)


def test_a_split_of_large_cells_is_published_whole() -> None:
    cells = {(r, c): _cell(10, 10, r + c) for r in "ab" for c in "xy"}
    table = published(["a", "b"], ["x", "y"], cells, CONTROL)
    assert table.cells == ((10, 10), (10, 10))
    assert (table.pooled_rows, table.pooled_columns) == ((), ())
