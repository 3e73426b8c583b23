"""Keyset pagination: pages that stay right while rows come and go, however deep.

A page is found by the sort values of the row it follows, not by counting rows. The
cursor in the address (``?after=…`` or ``?before=…``) holds those values, opaque but not
secret: a query compares them like any other input.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

Row = TypeVar("Row")
SIZE = 25
_KINDS: dict[str, Callable[[str], Any]] = {
    "d": date.fromisoformat,
    "t": datetime.fromisoformat,
    "u": UUID,
}


class Cursor(msgspec.Struct, frozen=True):
    """Where a page begins: after (or before) the row with these sort values."""

    values: tuple[Any, ...]
    backwards: bool = False


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows, with the cursors of its neighbours; empty where there is none."""

    rows: Sequence[Row]
    after: str = ""
    before: str = ""

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def encode(values: Sequence[Any]) -> str:
    """Sort values (text, numbers, dates, times, UUIDs, ``None``) as a cursor."""
    body = json.dumps([_pack(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def decode(text: str) -> tuple[Any, ...] | None:
    """The sort values of a cursor; ``None`` where it is not one of ours."""
    try:
        packed = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return tuple(_unpack(value) for value in packed)
    except (binascii.Error, ValueError, TypeError, KeyError):
        return None


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": str(value)}
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _KINDS[kind](text)
    if isinstance(value, list):
        raise TypeError("a sort value is never a list")
    return value


def read_cursor(query: Mapping[str, Any], *, length: int) -> Cursor | None:
    """The cursor of a request's query; ``None`` (the first page) without a sound one.

    ``length`` is the number of sort values the query expects.
    """
    for name in ("after", "before"):
        values = decode(str(query.get(name) or ""))
        if values is not None and len(values) == length:
            return Cursor(values, backwards=name == "before")
    return None


def keyset(
    columns: Sequence[str], cursor: Cursor | None, *, descending: bool = True, first: int = 1
) -> tuple[str, str, tuple[Any, ...]]:
    """SQL for a page: a condition, an ORDER BY list, and the values for ``$first`` onwards.

    ``columns`` end with a unique one and hold no NULL. Fetch one row more than the page
    and give all of them to :func:`paginate`.
    """
    falling = descending != (cursor is not None and cursor.backwards)
    order = ", ".join(f"{column} {'DESC' if falling else 'ASC'}" for column in columns)
    if cursor is None:
        return "true", order, ()
    marks = ", ".join(f"${first + index}" for index in range(len(columns)))
    condition = f"({', '.join(columns)}) {'<' if falling else '>'} ({marks})"
    return condition, order, cursor.values


def paginate(
    rows: Sequence[Row],
    cursor: Cursor | None,
    key: Callable[[Row], Sequence[Any]],
    *,
    size: int = SIZE,
) -> Page[Row]:
    """Make a page of the ``size + 1`` rows fetched in the order of :func:`keyset`.

    ``key`` gives a row's sort values.
    """
    more = len(rows) > size
    shown = list(rows[:size])
    backwards = cursor is not None and cursor.backwards
    if backwards:
        shown.reverse()
    if not shown:
        return Page(shown)
    has_after = backwards or more
    has_before = more if backwards else cursor is not None
    return Page(
        shown,
        after=encode(key(shown[-1])) if has_after else "",
        before=encode(key(shown[0])) if has_before else "",
    )


def portion(
    rows: Iterable[Row],
    cursor: Cursor | None,
    key: Callable[[Row], tuple[Any, ...]],
    *,
    size: int = SIZE,
) -> Page[Row]:
    """One page of ``rows`` that are all at hand, by their ``key`` in ascending order.

    A cursor that holds other kinds of values than the key does means the first page.
    """
    ordered = sorted(rows, key=key)
    if cursor is not None and ordered:
        kinds = [type(value) for value in key(ordered[0])]
        if [type(value) for value in cursor.values] != kinds:
            cursor = None
    if cursor is None:
        beyond = ordered
    elif cursor.backwards:
        beyond = [row for row in reversed(ordered) if key(row) < cursor.values]
    else:
        beyond = [row for row in ordered if key(row) > cursor.values]
    return paginate(beyond[: size + 1], cursor, key, size=size)
