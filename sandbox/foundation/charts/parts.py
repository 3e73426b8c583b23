"""What charts are made from and what they are: the numbers, and the drawing with its words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup

from sandbox.foundation import i18n
from sandbox.foundation.i18n import _, format_number

WIDTH = 680.0
"""Of every drawing; it scales to where it stands."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing with what stands in its place: a text, and the same figures as a table.

    ``title`` is the message and is not drawn: it is the figure's caption. The first of
    ``columns`` heads the rows.
    """

    title: str
    alternative: str
    svg: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""

    @property
    def printed(self) -> Markup:
        """The SVG for a document, whose alternative text its title becomes."""
        return Markup(self.svg)  # noqa: S704  (escaped where it was drawn)

    @property
    def markup(self) -> Markup:
        """The SVG for a page: named by its label, without the title that would pop up."""
        head, _title, rest = self.svg.partition("<title>")
        return Markup(head + rest.partition("</title>")[2])  # noqa: S704


class Bar(msgspec.Struct, frozen=True):
    """One bar; ``value`` is ``None`` where it is hidden."""

    label: str
    value: float | None
    colour: str = "blue"


class Part(msgspec.Struct, frozen=True):
    """One part of every stacked bar."""

    label: str
    colour: str


class Line(msgspec.Struct, frozen=True):
    """A series: its points are (UTC moment, value), in the order of time.

    ``around``: (moment, lowest, highest) of what each point sums up, drawn as a ribbon.
    """

    label: str
    points: Sequence[tuple[datetime, float]]
    colour: str = "blue"
    around: Sequence[tuple[datetime, float, float]] = ()


class Limit(msgspec.Struct, frozen=True):
    """A threshold. Values must be ``at_most`` it, else at least."""

    value: float
    label: str = ""
    at_most: bool = True

    def broken_by(self, value: float) -> bool:
        """Whether ``value`` is past it."""
        return value > self.value if self.at_most else value < self.value


class Step(msgspec.Struct, frozen=True):
    """A limit that stood from ``since`` until ``until``. ``of``: the lines that it binds."""

    since: datetime
    until: datetime
    limit: Limit
    of: Sequence[str]


class Mark(msgspec.Struct, frozen=True):
    """Something that happened at ``since``, or lasted until ``until``; ``words``: a few."""

    since: datetime
    until: datetime | None
    words: str


class Lane(msgspec.Struct, frozen=True):
    """What happened of one kind, under a time line. ``shaded``: seen in the plot above, too."""

    name: str
    colour: str
    marks: Sequence[Mark]
    shaded: bool = False


class Range(msgspec.Struct, frozen=True):
    """From ``low`` to ``high`` with a ``middle`` between; ``None`` where it is hidden."""

    label: str
    low: float | None
    middle: float | None
    high: float | None


def figure(value: float | None, unit: str = "") -> str:
    """A value as people read it, with its unit; a hidden one is “·”."""
    if value is None:
        return "·"
    places = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    text = format_number(round(value, places))
    if unit == "%":
        return f"{text}%"
    if unit and unit == i18n.currency_symbol():
        return f"{unit}\N{NO-BREAK SPACE}{text}"
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def hidden_note(*, hides: bool) -> str:
    """What the hatched box means, where there is one."""
    return _("Hatched: hidden, because too few firms stand behind the figure.") if hides else ""


def limit_words(limit: Limit, unit: str) -> str:
    """``at most 2%``, or the limit's own label."""
    words = _("at most %(value)s") if limit.at_most else _("at least %(value)s")
    return limit.label or words % {"value": figure(limit.value, unit)}


def limit_sentence(limit: Limit, unit: str) -> str:
    """The limit as a sentence: ``The limit is: at most 2%.``."""
    return _("The limit is: %(limit)s.") % {"limit": limit_words(limit, unit)}


def spoken_pairs(rows: Sequence[Sequence[str]]) -> str:
    """Rows of a label and one figure as a sentence."""
    return "; ".join(f"{label}: {_said(value)}" for label, value in rows)


def spoken_row(columns: Sequence[str], row: Sequence[str]) -> str:
    """A row of several figures as a sentence."""
    pairs = zip(columns[1:], row[1:], strict=True)
    return f"{row[0]}: " + ", ".join(f"{head} {_said(value)}" for head, value in pairs)


def _said(value: str) -> str:
    return _("hidden") if value == "·" else value
