"""Values over a time that is given, with the limits of that time and what happened in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    Lane,
    Line,
    Mark,
    Step,
    figure,
    limit_words,
)
from sandbox.foundation.charts.series import spoken_line, table
from sandbox.foundation.charts.svg import (
    Scale,
    box,
    diamond,
    drawing,
    element,
    number,
    path,
    rule,
    ticks,
    width_of,
    words,
    wrapped,
)
from sandbox.foundation.i18n import _, format_date, format_datetime

_LANE = 26.0
_WIDEST = 130.0


def course(
    title: str, lines: Sequence[Line], *, since: datetime, until: datetime, unit: str = "",
    limits: Sequence[Step] = (), lanes: Sequence[Lane] = (), gap: timedelta | None = None,
) -> Chart:  # fmt: skip
    """Lines from ``since`` to ``until`` over lanes of marks, with limits as steps.

    A value past a limit that then stood is a red diamond. What lies outside the time is cut off.
    """
    lines = [line for line in lines if line.points]
    lanes = [lane for lane in lanes if lane.marks]
    spoken = _spoken(lines, unit, limits, lanes)
    columns, rows, note = table(lines, unit) if lines else ([], [], "")
    height = HEIGHT + _LANE * len(lanes)
    drawn = _Course(lines, since, until, unit, limits, lanes).drawn(gap)
    return Chart(
        title=title, alternative=f"{title}. {spoken}", columns=columns, rows=rows, note=note,
        svg=drawing(WIDTH, height, title, spoken, drawn),
    )  # fmt: skip


class _Course:
    """The places of a drawing: how its values and its moments lie on it."""

    def __init__(  # noqa: PLR0917
        self, lines: Sequence[Line], since: datetime, until: datetime, unit: str,
        limits: Sequence[Step], lanes: Sequence[Lane],
    ) -> None:  # fmt: skip
        self.lines, self.unit, self.limits, self.lanes = lines, unit, limits, lanes
        self.since, self.until = since, until
        self.levels = _levels(lines, limits)
        wide = [width_of(figure(level, unit)) for level in self.levels]
        wide += [min(width_of(lane.name), _WIDEST) for lane in lanes]
        self.left = max(wide) + 12
        self.right = WIDTH - (room_for_names(lines) if len(lines) > 1 else 14)
        first, last = since.timestamp(), until.timestamp()
        self.along = Scale(first, last, self.left + 4, self.right - 6)
        self.upward = Scale(self.levels[0], self.levels[-1], HEIGHT - BOTTOM, TOP)

    def drawn(self, gap: timedelta | None) -> list[str]:
        """All of it, from the back to the front."""
        foot = HEIGHT + _LANE * len(self.lanes)
        parts = [part for lane in self.lanes if lane.shaded for part in self._shades(lane)]
        parts += grid(self.levels, self.upward, self.left, self.right, self.unit)
        parts += days(self.since.timestamp(), self.until.timestamp(), self.along, foot)
        for index, line in enumerate(self.lines):
            colour = line.colour if len(self.lines) == 1 else SHADES[index % len(SHADES)]
            parts += self._ribbon(line) if len(self.lines) == 1 else []
            parts += [path(self._places(run), colour) for run in runs(line.points, gap)]
        parts += self._limits()
        parts += self._past()
        for place, lane in enumerate(self.lanes):
            parts += self._lane(lane, HEIGHT - BOTTOM + 12 + _LANE * place + _LANE / 2)
        return parts + (names(self.lines, self.upward, self.right) if len(self.lines) > 1 else [])

    def _x(self, at: datetime) -> float:
        return self.along(min(max(at, self.since), self.until).timestamp())

    def _places(self, points: Iterable[tuple[datetime, float]]) -> list[tuple[float, float]]:
        return [(self._x(at), self.upward(value)) for at, value in points]

    def _ribbon(self, line: Line) -> list[str]:
        """From the lowest to the highest of what each point sums up."""
        if not line.around:
            return []
        upper = self._places((at, high) for at, _low, high in line.around)
        lower = self._places((at, low) for at, low, _high in reversed(line.around))
        corners = " L".join(f"{number(x)} {number(y)}" for x, y in [*upper, *lower])
        return [element("path", d=f"M{corners}Z", fill="sky", fill_opacity="0.45")]

    def _shades(self, lane: Lane) -> list[str]:
        return [
            element(
                "rect", x=self._x(mark.since), y=TOP, height=HEIGHT - BOTTOM - TOP,
                width=max(self._x(mark.until or mark.since) - self._x(mark.since), 1.5),
                fill="rose", fill_opacity="0.3",
            )
            for mark in lane.marks
        ]  # fmt: skip

    def _limits(self) -> list[str]:
        parts, told = [], set[tuple[float, str]]()
        for step in self.limits:
            y, text = self.upward(step.limit.value), limit_words(step.limit, self.unit)
            start, end = self._x(step.since), self._x(step.until)
            parts.append(rule(start, y, end, y, "red", dash="6 4", thick=1.75))
            if (step.limit.value, text) in told:
                continue
            told.add((step.limit.value, text))
            wide = width_of(text, bold=True) + 8
            parts += limit_label(text, min(start + 3, self.right - wide), y)
        return parts

    def _past(self) -> list[str]:
        found = [
            (at, value)
            for line in self.lines
            for at, value in line.points
            if any(
                line.label in s.of and s.since <= at <= s.until and s.limit.broken_by(value)
                for s in self.limits
            )
        ]
        return [diamond(x, y, "red") for x, y in self._places(thinned(sorted(found)))]

    def _lane(self, lane: Lane, y: float) -> list[str]:
        name = wrapped(lane.name, _WIDEST, lines=1)[0]
        parts = [
            rule(self.left, y, self.right, y, "line"),
            words(name, self.left - 7, y + 4.5, anchor="end", colour="muted"),
        ]
        for place, mark in enumerate(lane.marks):
            start, end = self._x(mark.since), self._x(mark.until or mark.since)
            if mark.until is None:
                parts.append(diamond(start, y, lane.colour))
                end = start + 5
            else:
                parts.append(box(start, y - 5, max(end - start, 3), 10, lane.colour))
            following = lane.marks[place + 1 : place + 2]
            room = self._x(following[0].since) - 8 if following else self.right
            wide = width_of(mark.words) + 6
            if end + wide < room:
                parts += [
                    box(end + 2, y - 8, wide, 16, "ground"),
                    words(mark.words, end + 5, y + 4.5),
                ]
        return parts


def _levels(lines: Sequence[Line], limits: Sequence[Step]) -> list[float]:
    """The values at the left; they begin at nought where that costs little."""
    values = [value for line in lines for _at, value in line.points]
    if len(lines) == 1:
        values += [end for _at, low, high in lines[0].around for end in (low, high)]
    held = values + [step.limit.value for step in limits] or [0.0, 1.0]
    low, high = min(held), max(held)
    if 0 < low < high * 0.6 or low == high > 0:
        low = 0
    return ticks(low, high, whole=all(float(value).is_integer() for value in held))


# Words -----------------------------------------------------------------------------------


def _spoken(lines: Sequence[Line], unit: str, limits: Sequence[Step], lanes: Sequence[Lane]) -> str:
    said = [spoken_line(line, unit, None) for line in lines]
    said += [
        _("The limit from %(since)s to %(until)s: %(limit)s.")
        % {
            "since": format_date(step.since), "until": format_date(step.until),
            "limit": limit_words(step.limit, unit),
        }
        for step in limits
    ]  # fmt: skip
    said += [f"{lane.name}: {'; '.join(map(_said, lane.marks))}." for lane in lanes]
    return " ".join(said) or _("No figures have arrived yet.")


def _said(mark: Mark) -> str:
    when = format_datetime(mark.since, short=True)
    if mark.until is not None:
        when = _("%(from)s to %(until)s") % {
            "from": when, "until": format_datetime(mark.until, short=True),
        }  # fmt: skip
    return f"{mark.words} ({when})" if mark.words else when
