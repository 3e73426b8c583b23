"""Disclosure control: no published table gives a hidden value back."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sandbox.reports.disclosure import Cell, Control, Table, controlled, count_of, dominated, sum_of

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
