"""Values over time, with the limit that they must keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sandbox.foundation.charts.parts import (
    WIDTH,
    Chart,
    Limit,
    Line,
    figure,
    limit_sentence,
    limit_words,
)
from sandbox.foundation.charts.svg import (
    Scale,
    box,
    diamond,
    drawing,
    path,
    rule,
    ticks,
    width_of,
    words,
)
from sandbox.foundation.i18n import (
    _,
    current_zone,
    format_clock,
    format_date,
    format_datetime,
    format_number,
    local_date,
    ngettext,
)

_HEIGHT, _TOP, _BOTTOM = 280.0, 16.0, 30.0
_MOST_POINTS = 400
"""On one line: more would not be seen."""
_MOST_ROWS = 60
_SHADES = ("blue", "amber", "purple", "green", "slate", "sky")

Points = Sequence[tuple[datetime, float]]


def series(
    title: str,
    lines: Sequence[Line],
    *,
    unit: str = "",
    limit: Limit | None = None,
    gap: timedelta | None = None,
) -> Chart:
    """Lines over time. A value past ``limit`` is a red diamond; a silence longer than
    ``gap`` breaks the line. The table holds the latest figures where there are many.
    """
    lines = [line for line in lines if line.points]
    if not lines:
        nothing = _("No figures have arrived yet.")
        empty = [words(nothing, WIDTH / 2, 60, anchor="middle", colour="muted")]
        return Chart(
            title=title, alternative=f"{title}. {nothing}", columns=[], rows=[],
            svg=drawing(WIDTH, 110, title, nothing, empty),
        )  # fmt: skip
    spoken = " ".join(_spoken(line, unit, limit) for line in lines)
    if limit:
        spoken += f" {limit_sentence(limit, unit)}"
    columns, rows, note = _table(lines, unit)
    return Chart(
        title=title, alternative=f"{title}. {spoken}", columns=columns, rows=rows, note=note,
        svg=drawing(WIDTH, _HEIGHT, title, spoken, _drawn(lines, unit, limit, gap)),
    )  # fmt: skip


def _drawn(
    lines: Sequence[Line], unit: str, limit: Limit | None, gap: timedelta | None
) -> list[str]:
    levels = _levels(lines, limit)
    left = max(width_of(figure(level, unit)) for level in levels) + 12
    right = WIDTH - (_room_for_names(lines) if len(lines) > 1 else 14)
    first = min(line.points[0][0] for line in lines).timestamp()
    last = max(line.points[-1][0] for line in lines).timestamp()
    along = Scale(first, last, left + 4, right - 6)
    upward = Scale(levels[0], levels[-1], _HEIGHT - _BOTTOM, _TOP)
    parts = _grid(levels, upward, left, right, unit)
    parts += _days(first, last, along)
    for index, line in enumerate(lines):
        colour = line.colour if len(lines) == 1 else _SHADES[index % len(_SHADES)]
        for run in _runs(line.points, gap):
            parts.append(path([(along(t.timestamp()), upward(v)) for t, v in run], colour))
    if limit:
        parts += _limit_line(limit, upward(limit.value), left, right, unit)
        parts += _past(lines, limit, along, upward)
    return parts + (_names(lines, upward, right) if len(lines) > 1 else [])


def _levels(lines: Sequence[Line], limit: Limit | None) -> list[float]:
    """The values at the left; they begin at nought where that costs little."""
    values = [value for line in lines for _at, value in line.points]
    low, high = min(values), max(values)
    if limit:
        low, high = min(low, limit.value), max(high, limit.value)
    if 0 < low < high * 0.6 or low == high > 0:
        low = 0
    held = [*values, *([limit.value] if limit else [])]
    return ticks(low, high, whole=all(float(value).is_integer() for value in held))


def _grid(
    levels: Sequence[float], upward: Scale, left: float, right: float, unit: str
) -> list[str]:
    return [
        part
        for level in levels
        for part in (
            rule(left, upward(level), right, upward(level), "line"),
            words(figure(level, unit), left - 7, upward(level) + 4.5, anchor="end", colour="muted"),
        )
    ]


def _days(first: float, last: float, along: Scale) -> list[str]:
    """A few moments along the foot: dates, or within two days their hours too."""
    zone, hourly = current_zone(), last - first < 2 * 86400
    count = 1 if last == first else 3 if hourly else 5
    parts = []
    for n in range(count):
        at = datetime.fromtimestamp(first + (last - first) * n / max(count - 1, 1), zone)
        text = format_date(at, short=True) + (f", {format_clock(at)}" if hourly else "")
        anchor = "start" if n == 0 else "end" if n == count - 1 else "middle"
        parts.append(words(text, along(at.timestamp()), _HEIGHT - 8, anchor=anchor, colour="muted"))
    return parts


def _runs(points: Points, gap: timedelta | None) -> Iterator[list[tuple[datetime, float]]]:
    """The points between silences, thinned to what can be seen."""
    run: list[tuple[datetime, float]] = []
    for point in _thinned(points):
        if run and gap and point[0] - run[-1][0] > gap:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _thinned(points: Points) -> Points:
    """At most ``_MOST_POINTS``, keeping the lowest and the highest of each stretch."""
    if len(points) <= _MOST_POINTS:
        return points
    stretch = len(points) * 2 // _MOST_POINTS + 1
    kept = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def _limit_line(limit: Limit, y: float, left: float, right: float, unit: str) -> list[str]:
    text = limit_words(limit, unit)
    wide = width_of(text, bold=True) + 8
    above = y - 20 if y > _TOP + 20 else y + 4
    return [
        rule(left, y, right, y, "red", dash="6 4", thick=1.75),
        box(left + 3, above + 1, wide, 17, "ground"),
        words(text, left + 7, above + 14, colour="red", bold=True),
    ]


def _past(lines: Sequence[Line], limit: Limit, along: Scale, upward: Scale) -> list[str]:
    found = [p for line in lines for p in line.points if limit.broken_by(p[1])]
    return [diamond(along(at.timestamp()), upward(v), "red") for at, v in _thinned(found)]


def _room_for_names(lines: Sequence[Line]) -> float:
    return min(max(width_of(line.label) for line in lines) + 20, 170)


def _names(lines: Sequence[Line], upward: Scale, right: float) -> list[str]:
    """Each line's name at its end, moved apart where they would touch."""
    ends = sorted((upward(line.points[-1][1]), n) for n, line in enumerate(lines))
    parts, lowest = [], 0.0
    for y, n in ends:
        place = max(y + 4.5, lowest + 16)
        lowest = place
        colour = _SHADES[n % len(_SHADES)]
        text = "slate" if colour == "sky" else colour
        parts.append(box(right, place - 9, 8, 8, colour, round_=4))
        parts.append(words(lines[n].label, right + 12, place, colour=text, bold=True))
    return parts


# Words and figures -----------------------------------------------------------------------


def _spoken(line: Line, unit: str, limit: Limit | None) -> str:
    values = [value for _at, value in line.points]
    said = _("%(name)s from %(first)s to %(last)s: lowest %(low)s, highest %(high)s, "
             "latest %(latest)s.") % {
        "name": line.label,
        "first": format_date(line.points[0][0]), "last": format_date(line.points[-1][0]),
        "low": figure(min(values), unit), "high": figure(max(values), unit),
        "latest": figure(values[-1], unit),
    }  # fmt: skip
    past = sum(limit.broken_by(value) for value in values) if limit else 0
    if past:
        said += " " + ngettext(
            "%(n)s figure is past the limit.", "%(n)s figures are past the limit.", past
        ) % {"n": past}
    return said


def _table(lines: Sequence[Line], unit: str) -> tuple[list[str], list[list[str]], str]:
    held: list[dict[datetime, float]] = [dict(line.points) for line in lines]
    moments = sorted({at for points in held for at in points})
    latest = moments[-_MOST_ROWS:]
    daily = len({local_date(at) for at in latest}) == len(latest)
    rows = [
        [
            format_date(at) if daily else format_datetime(at),
            *(figure(points[at], unit) if at in points else "–" for points in held),
        ]
        for at in latest
    ]
    note = (
        _("The table holds the latest %(n)s of %(all)s figures.")
        % {"n": len(latest), "all": format_number(len(moments))}
        if len(moments) > len(latest)
        else ""
    )
    return [_("Time"), *(line.label for line in lines)], rows, note
