"""What the columns of a file are, and the figures that its rows then say. Pure.

Long files name the metric in each row; wide ones have a column for each metric. What a column
is (its *role*) is guessed from its head and its cells, and said by whoever brings the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandbox.foundation.i18n import N_, _
from sandbox.telemetry.rules.cells import GROUPED, Cell, moment, number, plain, text_of
from sandbox.telemetry.rules.delivery import MOST, WORDS, Builder, Delivery, Name, micros

Rows = Sequence[tuple[int, Sequence[Cell]]]

FIGURES, PART = "figures:", "part:"
ROLES = {
    "": N_("Nothing: leave it out"),
    "time": N_("The time"),
    "metric": N_("The metric’s name"),
    "value": N_("The value"),
    "n": N_("How many samples"),
    "slice": N_("The part, as site:Tawau"),
}
"""Beside these: ``figures:<metric>`` (values of it), ``part:<dimension>`` (a part's name)."""
TIMES = {
    "iso": N_("2026-11-23 15:00"),
    "dmy": N_("23/11/2026 15:00"),
    "mdy": N_("11/23/2026 3:00 pm"),
    "epoch": N_("Seconds since 1970"),
    "epoch_ms": N_("Milliseconds since 1970"),
    "days": N_("Excel’s day number"),
}
MOST_POINTS = 100_000
_PLACES = 1_000
"""A point's line in its delivery is the row's number times this and the column's place."""


class Map(msgspec.Struct, frozen=True, kw_only=True):
    """What each column is, how times are written and in which zone, and the decimal sign.

    ``shares``: percentages are written as shares of one, as Excel keeps them: 0.93 is 93 %.
    """

    roles: list[str]
    times: str = "iso"
    zone: str = "UTC"
    decimal: str = "."
    shares: bool = False

    def places(self, role: str) -> list[int]:
        """The columns of ``role``; of a family where it ends in a colon."""
        return [
            place
            for place, one in enumerate(self.roles)
            if one == role or (role.endswith(":") and one.startswith(role))
        ]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of the plan: its key, the names it goes by, how it is divided, its unit."""

    key: str
    names: tuple[str, ...]
    slices: tuple[str, ...]
    percent: bool = False


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that cannot be used: its row in the file, the column's place, why."""

    row: int
    place: int
    why: str


# Checking ----------------------------------------------------------------------------------


def problems(of: Map, known: Iterable[Known]) -> dict[str, str]:
    """What is wrong with a map, by the column's field or ``""`` for all of it."""
    found: dict[str, str] = {}
    allowed = {*ROLES, *(FIGURES + one.key for one in known)}
    allowed |= {PART + dimension for one in known for dimension in one.slices}
    found |= {
        f"role_{n}": _("Choose what this column is")
        for n, role in enumerate(of.roles)
        if role not in allowed
    }
    for role in ("time", "metric", "value", "n", "slice"):
        for place in of.places(role)[1:]:
            found[f"role_{place}"] = _("Another column is this already")
    wide = bool(of.places(FIGURES))
    if not of.places("time"):
        found["role"] = _("Say which column holds the time")
    elif wide and (of.places("metric") or of.places("value")):
        found["role"] = _("Either columns hold the figures of a metric each, or one column names "
                          "the metric and one holds the value: not both")  # fmt: skip
    elif not wide and not (of.places("metric") and of.places("value")):
        found["role"] = _("Say which columns hold figures: one for each metric, or one that names "
                          "the metric and one that holds the value")  # fmt: skip
    if of.places("slice") and of.places(PART):
        found["role"] = _("Say the part in one way: by a column site:Tawau, or by its name")
    return found


# Reading -----------------------------------------------------------------------------------


def delivery(rows: Rows, of: Map, known: Sequence[Known]) -> tuple[Delivery, list[Wrong]]:
    """The figures of ``rows``, and the cells that cannot be used. ``of`` is sound."""
    reader = _Reader(of, known)
    for row, cells in rows:
        reader.take(row, cells)
        if len(reader.builder) > MOST_POINTS:
            break
    return reader.builder.delivery(), reader.wrong


def like_shares(delivery: Delivery, known: Sequence[Known]) -> list[str]:
    """The metrics in percent of which no value is above one: perhaps they are shares of one."""
    percent = {one.key for one in known if one.percent}
    found = dict.fromkeys(one.metric for one in delivery.names if one.metric in percent)
    likely = []
    for metric in found:
        places = [n for n, one in enumerate(delivery.names) if one.metric == metric]
        values = delivery.value[np.isin(delivery.name, places)]
        if len(values) and values.min() >= 0 and 0 < values.max() <= 1:
            likely.append(metric)
    return likely


def once(delivery: Delivery) -> tuple[Delivery, list[Wrong], int]:
    """Each time of a name once, as the first says; what says otherwise; how many say the same.

    Over the whole file: in the parts that it is delivered in, the second value for a time would
    correct the first, and the file brought again would turn them round.
    """
    numbers = np.arange(len(delivery))
    order = np.lexsort((numbers, delivery.at, delivery.name))
    name, at = delivery.name[order], delivery.at[order]
    again = np.zeros(len(order), bool)
    again[1:] = (name[1:] == name[:-1]) & (at[1:] == at[:-1])
    first = order[np.maximum.accumulate(np.where(again, 0, numbers))]
    same = (delivery.value[order] == delivery.value[first]) & (
        delivery.n[order] == delivery.n[first]
    )
    words = WORDS["twice"]
    wrong = [
        Wrong(row=row_of(line), place=place_of(line), why=_(words))
        for line in delivery.line[order[again & ~same]].tolist()
    ]
    return only(delivery, np.sort(order[~again])), wrong, int((again & same).sum())


def only(delivery: Delivery, which: NDArray[Any] | slice) -> Delivery:
    """The points at ``which``."""
    return Delivery(
        names=delivery.names, name=delivery.name[which], at=delivery.at[which],
        value=delivery.value[which], n=delivery.n[which], line=delivery.line[which],
    )  # fmt: skip


def parts(delivery: Delivery) -> Iterator[Delivery]:
    """A delivery in parts of a size that is taken."""
    for start in range(0, len(delivery), MOST):
        yield only(delivery, slice(start, start + MOST))


def row_of(line: int) -> int:
    """The row of the file that a point of a delivery was in."""
    return line // _PLACES


def place_of(line: int) -> int:
    """The column's place."""
    return line % _PLACES


class _Counted(Builder):
    def __len__(self) -> int:
        return len(self._at)


class _Reader:
    """Reads row by row."""

    def __init__(self, of: Map, known: Sequence[Known]) -> None:
        self.of = of
        self.zone = ZoneInfo(of.zone)
        self.keys = {plain(name): one.key for one in known for name in (one.key, *one.names)}
        self.shares = {one.key for one in known if one.percent and of.shares}
        self.builder, self.wrong = _Counted(), list[Wrong]()
        (self.time,) = of.places("time")
        self.n = next(iter(of.places("n")), None)
        self.slice = next(iter(of.places("slice")), None)
        self.parts = [(place, of.roles[place].removeprefix(PART)) for place in of.places(PART)]
        self.figures = [
            (place, of.roles[place].removeprefix(FIGURES)) for place in of.places(FIGURES)
        ]

    def take(self, row: int, cells: Sequence[Cell]) -> None:
        """One row."""
        at = moment(cells[self.time], self.of.times, self.zone)
        if at is None:
            self._refuse(row, self.time, _("The time cannot be read so"))
            return
        n = self._samples(row, cells)
        parts = self._parts(row, cells)
        if n is None or parts is None:
            return
        if self.figures:
            for place, metric in self.figures:
                if cells[place] != "":
                    self._add(row, place, metric, parts, at, cells[place], n)
            return
        (name_place,), (place,) = self.of.places("metric"), self.of.places("value")
        name = str(cells[name_place]).strip()
        if not name:
            self._refuse(row, name_place, _("The metric’s name is missing"))
            return
        self._add(row, place, self.keys.get(plain(name), name), parts, at, cells[place], n)

    def _add(  # noqa: PLR0917
        self, row: int, place: int, metric: str, parts: tuple[tuple[str, str], ...], at: datetime,
        cell: Cell, n: int,
    ) -> None:  # fmt: skip
        value = number(cell, self.of.decimal)
        if value is None:
            self._refuse(row, place, _("This is not a number"))
            return
        if metric in self.shares and not str(cell).endswith("%"):
            value = round(value * 100, 10)
        name = Name(metric, parts, strict=True)
        self.builder.add(name, micros(at), value, n, line=row * _PLACES + place)

    def _samples(self, row: int, cells: Sequence[Cell]) -> int | None:
        if self.n is None or cells[self.n] == "":
            return 1
        value = number(cells[self.n], self.of.decimal)
        if value is None or value != int(value) or not 1 <= value < 2**53:
            self._refuse(row, self.n, _("The number of samples is a whole number, at least 1"))
            return None
        return int(value)

    def _parts(self, row: int, cells: Sequence[Cell]) -> tuple[tuple[str, str], ...] | None:
        if self.slice is not None and cells[self.slice] != "":
            dimension, colon, part = str(cells[self.slice]).strip().partition(":")
            if not colon or not dimension or not part:
                self._refuse(row, self.slice, _("Write the part as site:Tawau"))
                return None
            return ((dimension.strip(), part.strip()),)
        return tuple(
            sorted((d, text_of(cells[place])) for place, d in self.parts if cells[place] != "")
        )

    def _refuse(self, row: int, place: int, why: str) -> None:
        self.wrong.append(Wrong(row=row, place=place, why=why))


def from_form(values: Mapping[str, object], columns: int) -> Map:
    """A map as it was typed into its form; what is no choice becomes the first one."""
    times, decimal = str(values.get("times") or ""), str(values.get("decimal") or "")
    return Map(
        roles=[str(values.get(f"role_{n}") or "")[:300] for n in range(columns)],
        times=times if times in TIMES else "iso",
        zone=str(values.get("zone") or "UTC"),
        decimal=decimal if decimal in GROUPED else ".",
        shares=values.get("shares") == "1",
    )
