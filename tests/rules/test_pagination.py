"""Pages by key: every row once, forwards and backwards, and no cursor that breaks a page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from sandbox.foundation.web.pagination import (
    Cursor,
    decode,
    encode,
    keyset,
    paginate,
    portion,
    read_cursor,
)

SIZE = 4
VALUES = st.one_of(
    st.none(),
    st.text(),
    st.integers(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
)


def _fetch(rows: list[int], cursor: Cursor | None) -> list[int]:
    """What the database would answer to :func:`keyset`, newest (greatest) first."""
    if cursor is None:
        return sorted(rows, reverse=True)[: SIZE + 1]
    (edge,) = cursor.values
    if cursor.backwards:
        return sorted(row for row in rows if row > edge)[: SIZE + 1]
    return sorted((row for row in rows if row < edge), reverse=True)[: SIZE + 1]


@given(st.lists(st.integers(), unique=True, max_size=40))
def test_walking_forwards_and_back_shows_every_row_once(rows) -> None:
    cursor, forwards, backwards = None, [], []
    while True:
        page = paginate(_fetch(rows, cursor), cursor, lambda row: [row], size=SIZE)
        forwards.append(list(page))
        if not page.after:
            break
        cursor = read_cursor({"after": page.after}, length=1)
    while page.before:
        backwards.insert(0, list(page))
        cursor = read_cursor({"before": page.before}, length=1)
        page = paginate(_fetch(rows, cursor), cursor, lambda row: [row], size=SIZE)
    assert [row for part in forwards for row in part] == sorted(rows, reverse=True)
    assert [list(page), *backwards] == forwards


@given(st.lists(VALUES))
def test_a_cursor_keeps_its_values(values) -> None:
    assert decode(encode(values)) == tuple(values)


@given(st.text())
def test_whatever_stands_in_the_address_the_first_page_is_shown(text) -> None:
    cursor = read_cursor({"after": text, "before": text}, length=9)
    assert cursor is None or len(cursor.values) == 9


def test_a_forged_cursor_of_another_length_is_refused() -> None:
    assert read_cursor({"after": encode([1, 2, 3])}, length=2) is None


def test_the_sql_of_a_page() -> None:
    identity = UUID(int=7)
    assert keyset(("at", "id"), None) == ("true", "at DESC, id DESC", ())
    assert keyset(("at", "id"), Cursor((date(2026, 1, 2), identity)), first=3) == (
        "(at, id) < ($3, $4)",
        "at DESC, id DESC",
        (date(2026, 1, 2), identity),
    )
    assert keyset(("at",), Cursor((1,), backwards=True)) == ("(at) > ($1)", "at ASC", (1,))


def test_times_keep_their_zone() -> None:
    values = (datetime(2026, 11, 23, 7, tzinfo=UTC), uuid4())
    assert decode(encode(values)) == values


@given(st.lists(st.integers(), unique=True, max_size=40))
def test_rows_at_hand_are_walked_like_those_of_the_database(rows) -> None:
    cursor, forwards, backwards = None, [], []
    while True:
        page = portion(rows, cursor, lambda row: (row,), size=SIZE)
        forwards.append(list(page))
        if not page.after:
            break
        cursor = read_cursor({"after": page.after}, length=1)
    while page.before:
        backwards.insert(0, list(page))
        cursor = read_cursor({"before": page.before}, length=1)
        page = portion(rows, cursor, lambda row: (row,), size=SIZE)
    assert [row for part in forwards for row in part] == sorted(rows)
    assert [list(page), *backwards] == forwards


@given(VALUES.filter(lambda value: not isinstance(value, int)))
def test_a_cursor_of_another_kind_means_the_first_page(value) -> None:
    page = portion([3, 1, 2], Cursor((value,)), lambda row: (row,), size=2)
    assert list(page) == [1, 2]
