"""Values over time, with the limit that they must keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.foundation.charts.axes import (
    BOTTOM,
    HEIGHT,
    SHADES,
    TOP,
    days,
    grid,
    limit_label,
    names,
    room_for_names,
    runs,
    thinned,
)
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
    format_date,
    format_datetime,
    format_number,
    local_date,
    ngettext,
)

_MOST_ROWS = 60


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
    spoken = " ".join(spoken_line(line, unit, limit) for line in lines)
    if limit:
        spoken += f" {limit_sentence(limit, unit)}"
    columns, rows, note = table(lines, unit)
    return Chart(
        title=title, alternative=f"{title}. {spoken}", columns=columns, rows=rows, note=note,
        svg=drawing(WIDTH, HEIGHT, title, spoken, _drawn(lines, unit, limit, gap)),
    )  # fmt: skip


def _drawn(
    lines: Sequence[Line], unit: str, limit: Limit | None, gap: timedelta | None
) -> list[str]:
    levels = _levels(lines, limit)
    left = max(width_of(figure(level, unit)) for level in levels) + 12
    right = WIDTH - (room_for_names(lines) if len(lines) > 1 else 14)
    first = min(line.points[0][0] for line in lines).timestamp()
    last = max(line.points[-1][0] for line in lines).timestamp()
    along = Scale(first, last, left + 4, right - 6)
    upward = Scale(levels[0], levels[-1], HEIGHT - BOTTOM, TOP)
    parts = grid(levels, upward, left, right, unit)
    parts += days(first, last, along)
    for index, line in enumerate(lines):
        colour = line.colour if len(lines) == 1 else SHADES[index % len(SHADES)]
        for run in runs(line.points, gap):
            parts.append(path([(along(t.timestamp()), upward(v)) for t, v in run], colour))
    if limit:
        parts += _limit_line(limit, upward(limit.value), left, right, unit)
        parts += _past(lines, limit, along, upward)
    return parts + (names(lines, upward, right) if len(lines) > 1 else [])


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


def _limit_line(limit: Limit, y: float, left: float, right: float, unit: str) -> list[str]:
    line = rule(left, y, right, y, "red", dash="6 4", thick=1.75)
    return [line, *limit_label(limit_words(limit, unit), left + 3, y)]


def _past(lines: Sequence[Line], limit: Limit, along: Scale, upward: Scale) -> list[str]:
    found = [p for line in lines for p in line.points if limit.broken_by(p[1])]
    return [diamond(along(at.timestamp()), upward(v), "red") for at, v in thinned(found)]


# Words and figures -----------------------------------------------------------------------


def spoken_line(line: Line, unit: str, limit: Limit | None) -> str:
    """A line as a sentence: from when to when, its extremes, its latest value."""
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


def table(lines: Sequence[Line], unit: str) -> tuple[list[str], list[list[str]], str]:
    """The heads, the latest rows, and a note where there are more."""
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
