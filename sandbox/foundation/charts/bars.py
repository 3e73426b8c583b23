"""Lying bars: single, stacked, and ranges."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.foundation.charts.parts import (
    WIDTH,
    Bar,
    Chart,
    Limit,
    Part,
    Range,
    figure,
    hidden_note,
    limit_sentence,
    limit_words,
    spoken_pairs,
    spoken_row,
)
from sandbox.foundation.charts.svg import (
    Scale,
    box,
    drawing,
    hatched,
    rule,
    text_on,
    width_of,
    words,
    wrapped,
)
from sandbox.foundation.i18n import _

_BAR, _STEP, _STUB = 22.0, 32.0, 22.0


# Bars ------------------------------------------------------------------------------------


def bars(
    title: str,
    shown: Sequence[Bar],
    *,
    unit: str = "",
    limit: Limit | None = None,
    heads: tuple[str, str] = ("", ""),
) -> Chart:
    """Lying bars, each with its value at its end."""
    left, top = _gutter([bar.label for bar in shown]), 20.0 if limit else 4.0
    known = [bar.value for bar in shown if bar.value is not None]
    highest = max([*known, limit.value if limit else 0, 0]) or 1
    across = Scale(0, highest, left, WIDTH - 70)
    height = top + _STEP * len(shown)
    parts = [rule(left, top, left, height)]
    if limit:
        parts += _upright_limit(limit, across(limit.value), height, unit)
    for index, bar in enumerate(shown):
        parts += _bar(bar, top + _STEP * index, across, unit, left)
    rows = [[bar.label, figure(bar.value, unit)] for bar in shown]
    return _finished(
        title,
        spoken_pairs(rows),
        height=height,
        parts=parts,
        columns=list(heads),
        rows=rows,
        limit=limit,
        unit=unit,
    )


def _bar(bar: Bar, y: float, across: Scale, unit: str, left: float) -> list[str]:
    drawn = _label(bar.label, y, left)
    middle = y + _STEP / 2
    if bar.value is None:
        return [*drawn, hatched(left, middle - _BAR / 2, _STUB, _BAR)]
    end = across(bar.value)
    return [
        *drawn,
        box(left, middle - _BAR / 2, end - left, _BAR, bar.colour),
        *_value(figure(bar.value, unit), end, middle),
    ]


def _value(text: str, end: float, middle: float) -> list[str]:
    """A value behind its bar, on a ground of its own where a limit's line crosses it."""
    return [
        box(end + 3, middle - 9, width_of(text, bold=True) + 7, 18, "ground"),
        words(text, end + 7, middle + 4.5, bold=True),
    ]


def _gutter(labels: Sequence[str]) -> float:
    """The room at the left that the labels want, within reason."""
    return min(max((width_of(label) for label in labels), default=0) + 14, 200)


def _label(text: str, y: float, left: float) -> list[str]:
    lines = wrapped(text, left - 12)
    first = y + _STEP / 2 + 4.5 - 7.5 * (len(lines) - 1)
    return [words(line, left - 10, first + 15 * n, anchor="end") for n, line in enumerate(lines)]


def _upright_limit(limit: Limit, x: float, height: float, unit: str) -> list[str]:
    text = limit_words(limit, unit)
    half = width_of(text, bold=True) / 2
    return [
        rule(x, 18, x, height, "red", dash="5 4", thick=1.5),
        words(text, min(x, WIDTH - half), 12, anchor="middle", colour="red", bold=True),
    ]


# Stacked bars ----------------------------------------------------------------------------


def stacked(
    title: str,
    parts: Sequence[Part],
    rows: Sequence[tuple[str, Sequence[float | None]]],
    *,
    head: str = "",
) -> Chart:
    """Lying bars of ``parts``; what is hidden stands as a hatched box at the bar's end."""
    left = _gutter([label for label, _values in rows])
    stubs = max((sum(v is None for v in values) for _label, values in rows), default=0)
    highest = max((sum(v or 0 for v in values) for _label, values in rows), default=0) or 1
    across = Scale(0, highest, 0, WIDTH - left - 12 - (_STUB + 8 if stubs else 0))
    named = [part for n, part in enumerate(parts) if any(values[n] != 0 for _label, values in rows)]
    first = dict(zip(parts, rows[0][1], strict=True)) if rows else {}
    names, top = _part_names(named, [first.get(part) for part in named], left, across)
    height = top + _STEP * len(rows)
    drawn = [*names, rule(left, top, left, height)]
    for index, (label, values) in enumerate(rows):
        y = top + _STEP * index
        drawn += [
            *_label(label, y, left),
            *_stack(parts, values, y + (_STEP - _BAR) / 2, left, across),
        ]
    table = [[label, *map(figure, values)] for label, values in rows]
    columns = [head, *(part.label for part in parts)]
    spoken = "; ".join(spoken_row(columns, row) for row in table)
    note = hidden_note(hides=bool(stubs))
    return Chart(
        title=title,
        alternative=f"{title}. {spoken}.",
        columns=columns,
        rows=table,
        note=note,
        svg=drawing(WIDTH, height, title, spoken + ".", drawn),
    )


def _part_names(
    parts: Sequence[Part], first: Sequence[float | None], left: float, across: Scale
) -> tuple[list[str], float]:
    """The parts' names above the first bar, each over its own piece of it; and their height.

    A name that would touch the one before it stands a line higher, and a stroke leads down.
    A part that the first bar lacks is named at the end, behind its colour.
    """
    placed, x = [], left
    for part, value in zip(parts, first, strict=False):
        wide = across(value or 0)
        if value:
            placed.append((part, x, x + wide / 2))
        x += wide
    lacking = [part for part in parts if part not in [part for part, _x, _middle in placed]]
    lines = _lines_of([(part.label, middle) for part, _x, middle in placed])
    key, low = _key(lacking) if lacking else ([], 0.0)
    top = low + _NAME * (max(lines, default=-1) + 1) + 10
    drawn = list(key)
    for (part, _x, middle), line in zip(placed, lines, strict=True):
        y = top - 12 - _NAME * line
        drawn += [
            rule(middle, y + 3, middle, top + 4, "muted"),
            words(part.label, _inside(middle, part.label), y, anchor="middle"),
        ]
    return drawn, top


_NAME = 18.0


def _inside(middle: float, text: str) -> float:
    half = width_of(text) / 2
    return min(max(middle, half), WIDTH - half)


def _lines_of(named: Sequence[tuple[str, float]]) -> list[int]:
    """For each name the lowest line above the bar where it touches no other, and no stroke."""
    ends: list[float] = []
    lines = []
    for text, middle in reversed(named):
        half, at = width_of(text) / 2 + 5, _inside(middle, text)
        line = next((n for n, end in enumerate(ends) if at + half < end), len(ends))
        ends[line:] = [min(at - half, middle - 5)]
        ends[:line] = [min(end, middle - 5) for end in ends[:line]]
        lines.append(line)
    return lines[::-1]


def _key(parts: Sequence[Part]) -> tuple[list[str], float]:
    """Names of parts, each behind its colour; and their height."""
    drawn, x, y = [], 0.0, 0.0
    for part in parts:
        wide = 20 + width_of(part.label)
        if x and x + wide > WIDTH:
            x, y = 0.0, y + 22
        drawn += [box(x, y + 2, 13, 13, part.colour), words(part.label, x + 19, y + 13)]
        x += wide + 16
    return drawn, y + 24


def _stack(
    parts: Sequence[Part], values: Sequence[float | None], y: float, left: float, across: Scale
) -> list[str]:
    drawn, x = [], left
    for part, value in zip(parts, values, strict=True):
        if not value:
            continue
        wide = across(value)
        drawn.append(box(x, y, wide - 1.5, _BAR, part.colour, round_=1))
        text = figure(value)
        if width_of(text, bold=True) + 4 < wide:
            ink = text_on(part.colour)
            drawn.append(
                words(text, x + wide / 2, y + 15.5, anchor="middle", colour=ink, bold=True)
            )
        x += wide
    return [*drawn, hatched(x + 2, y, _STUB, _BAR)] if None in values else drawn


# Ranges ----------------------------------------------------------------------------------


def ranges(
    title: str,
    shown: Sequence[Range],
    *,
    unit: str = "",
    limit: Limit | None = None,
    heads: tuple[str, str, str, str] | None = None,
) -> Chart:
    """Bars from low to high with a mark at the middle, each with its values."""
    left, top = _gutter([each.label for each in shown]), 20.0 if limit else 4.0
    highest = max([*(each.high or 0 for each in shown), limit.value if limit else 0]) or 1
    across = Scale(0, highest, left, WIDTH - 120)
    height = top + _STEP * len(shown)
    parts = [rule(left, top, left, height)]
    if limit:
        parts += _upright_limit(limit, across(limit.value), height, unit)
    for index, each in enumerate(shown):
        parts += _range(each, top + _STEP * index, across, unit, left)
    rows = [
        [each.label, *(figure(v, unit) for v in (each.low, each.middle, each.high))]
        for each in shown
    ]
    columns = list(heads or ("", _("Lowest"), _("Middle"), _("Highest")))
    spoken = "; ".join(spoken_row(columns, row) for row in rows)
    return _finished(
        title,
        spoken,
        height=height,
        parts=parts,
        columns=columns,
        rows=rows,
        limit=limit,
        unit=unit,
    )


def _range(each: Range, y: float, across: Scale, unit: str, left: float) -> list[str]:
    drawn, middle = _label(each.label, y, left), y + _STEP / 2
    if each.low is None or each.middle is None or each.high is None:
        return [*drawn, hatched(left, middle - _BAR / 2, _STUB, _BAR)]
    start, mark, end = across(each.low), across(each.middle), across(each.high)
    return [
        *drawn,
        box(start, middle - 5, max(end - start, 3), 10, "sky", round_=5),
        rule(mark, middle - 10, mark, middle + 10, "navy", thick=3),
        *_value(figure(each.middle, unit), end, middle),
    ]


# What all share --------------------------------------------------------------------------


def _finished(
    title: str,
    spoken: str,
    *,
    height: float,
    parts: list[str],
    columns: list[str],
    rows: list[list[str]],
    limit: Limit | None,
    unit: str,
) -> Chart:
    if limit:
        spoken = f"{spoken}. {limit_sentence(limit, unit)}".removesuffix(".")
    hides = any("·" in row[1:] for row in rows)
    return Chart(
        title=title,
        alternative=f"{title}. {spoken}.",
        columns=columns,
        rows=rows,
        note=hidden_note(hides=hides),
        svg=drawing(WIDTH, height, title, f"{spoken}.", parts),
    )
