"""What charts over time share: levels at the left, moments at the foot, lines and their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sandbox.foundation.charts.parts import Line, figure
from sandbox.foundation.charts.svg import Scale, box, rule, width_of, words
from sandbox.foundation.i18n import current_zone, format_clock, format_date

HEIGHT, TOP, BOTTOM = 280.0, 16.0, 30.0
SHADES = ("blue", "amber", "purple", "green", "slate", "sky")
_MOST_POINTS = 400
"""On one line: more would not be seen."""

Points = Sequence[tuple[datetime, float]]


def limit_label(text: str, x: float, y: float) -> list[str]:
    """A limit's words from ``x`` on, above its line at ``y``, or below where there is no room."""
    above = y - 20 if y > TOP + 20 else y + 4
    return [
        box(x, above + 1, width_of(text, bold=True) + 8, 17, "ground"),
        words(text, x + 4, above + 14, colour="red", bold=True),
    ]


def grid(levels: Sequence[float], upward: Scale, left: float, right: float, unit: str) -> list[str]:
    """A line and its figure for each of ``levels``."""
    return [
        part
        for level in levels
        for part in (
            rule(left, upward(level), right, upward(level), "line"),
            words(figure(level, unit), left - 7, upward(level) + 4.5, anchor="end", colour="muted"),
        )
    ]


def days(first: float, last: float, along: Scale, foot: float = HEIGHT) -> list[str]:
    """A few moments along the foot: dates, or within two days their hours too."""
    zone, hourly = current_zone(), last - first < 2 * 86400
    count = 1 if last == first else 3 if hourly else 5
    parts = []
    for n in range(count):
        at = datetime.fromtimestamp(first + (last - first) * n / max(count - 1, 1), zone)
        text = format_date(at, short=True) + (f", {format_clock(at)}" if hourly else "")
        anchor = "start" if n == 0 else "end" if n == count - 1 else "middle"
        parts.append(words(text, along(at.timestamp()), foot - 8, anchor=anchor, colour="muted"))
    return parts


def runs(points: Points, gap: timedelta | None) -> Iterator[Points]:
    """The points between silences, thinned to what can be seen."""
    stretch = _stretch(len(points))
    start = 0
    for place in range(1, len(points) + 1):
        over = place == len(points)
        if over or (gap is not None and points[place][0] - points[place - 1][0] > gap):
            yield _extremes(points[start:place], stretch)
            start = place


def thinned(points: Points) -> Points:
    """At most ``_MOST_POINTS``, keeping the lowest and the highest of each stretch."""
    return _extremes(points, _stretch(len(points)))


def _stretch(count: int) -> int:
    return count * 2 // _MOST_POINTS + 1 if count > _MOST_POINTS else 1


def _extremes(points: Points, stretch: int) -> Points:
    if stretch == 1:
        return points
    kept: list[tuple[datetime, float]] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        kept += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    return kept


def room_for_names(lines: Sequence[Line]) -> float:
    """How wide the lines' names stand behind their ends."""
    return min(max(width_of(line.label) for line in lines) + 20, 170)


def names(lines: Sequence[Line], upward: Scale, right: float) -> list[str]:
    """Each line's name at its end, moved apart where they would touch."""
    ends = sorted((upward(line.points[-1][1]), n) for n, line in enumerate(lines))
    parts, lowest = [], 0.0
    for y, n in ends:
        place = max(y + 4.5, lowest + 16)
        lowest = place
        colour = SHADES[n % len(SHADES)]
        text = "slate" if colour == "sky" else colour
        parts.append(box(right, place - 9, 8, 8, colour, round_=4))
        parts.append(words(lines[n].label, right + 12, place, colour=text, bold=True))
    return parts
