"""The strokes that charts are drawn with: text of a known width, scales, SVG elements. Pure.

Colours and fonts stand as SVG attributes, never as styles, so that a drawing may lie inside
a page under its strict Content-Security-Policy. It is drawn for white paper.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape

FONT = "Inter, system-ui, sans-serif"
SIZE = 13
"""Of all text, in units of the drawing."""

COLOURS = {
    "ink": "#0f172a", "muted": "#475569", "line": "#d5dde8", "ground": "#ffffff",
    "navy": "#1e3a8a", "blue": "#2563eb", "sky": "#93c5fd", "green": "#15803d",
    "amber": "#b45309", "red": "#be123c", "grey": "#94a3b8", "pale": "#cbd5e1",
    "slate": "#334155", "purple": "#6d28d9", "rose": "#fda4af", "sand": "#fcd34d",
}  # fmt: skip
_ON_LIGHT = frozenset({"sky", "grey", "pale", "line", "ground", "rose", "sand"})

_UNWRITABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
_NARROW = frozenset("iljtfrI.,:;'|!()[] \N{NO-BREAK SPACE}·/-")
_WIDE = frozenset("mwMW@%–—")


def width_of(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """How wide ``text`` stands, near enough (a little too wide rather than too narrow)."""
    ems = sum(
        0.33 if sign in _NARROW else 0.9 if sign in _WIDE else 0.68 if sign.isupper() else 0.58
        for sign in text
    )
    return ems * size * (1.06 if bold else 1)


def wrapped(text: str, width: float, *, lines: int = 2) -> list[str]:
    """``text`` in at most ``lines`` lines of ``width``; what does not fit ends in an ellipsis."""
    made = [""]
    for word in text.split():
        longer = f"{made[-1]} {word}".strip()
        if made[-1] and width_of(longer) > width:
            made.append(word)
        else:
            made[-1] = longer
    if len(made) > lines:
        made = [*made[: lines - 1], f"{made[lines - 1]}…"]
    return made


def text_on(colour: str) -> str:
    """The colour of text that is read on ``colour``."""
    return "ink" if colour in _ON_LIGHT else "ground"


def number(value: float) -> str:
    """A coordinate: two places are finer than print."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def safe(text: str) -> str:
    """``text`` for XML, without the signs that XML knows no way to write."""
    return escape(_UNWRITABLE.sub("", text))


def element(name: str, content: str = "", **attributes: object) -> str:
    """An SVG element; ``fill`` and ``stroke`` may name a colour of the brand."""
    parts = []
    for key, value in attributes.items():
        if value is None:
            continue
        shown = number(value) if isinstance(value, int | float) else str(value)
        if key in {"fill", "stroke"}:
            shown = COLOURS.get(shown, shown)
        parts.append(f' {key.strip("_").replace("_", "-")}="{safe(shown)}"')
    return f"<{name}{''.join(parts)}>{content}</{name}>"


def words(
    text: str, x: float, y: float, *, anchor: str = "start", colour: str = "ink",
    bold: bool = False, size: float = SIZE,
) -> str:  # fmt: skip
    """A line of text with its baseline at ``y``."""
    return element(
        "text", safe(text), x=x, y=y, fill=colour, font_size=size,
        text_anchor=None if anchor == "start" else anchor,
        font_weight="600" if bold else None,
    )  # fmt: skip


def box(x: float, y: float, width: float, height: float, colour: str, *, round_: float = 2) -> str:
    """A filled rectangle."""
    return element("rect", x=x, y=y, width=max(width, 0), height=height, rx=round_, fill=colour)


def rule(
    x1: float, y1: float, x2: float, y2: float, colour: str = "line", *, dash: str | None = None,
    thick: float | None = None,
) -> str:  # fmt: skip
    """A straight line."""
    return element(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_dasharray=dash,
        stroke_width=thick,
    )  # fmt: skip


def path(points: Sequence[tuple[float, float]], colour: str) -> str:
    """A line through ``points``; a single point is a dot."""
    if len(points) == 1:
        return element("circle", cx=points[0][0], cy=points[0][1], r=2.5, fill=colour)
    d = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", d=d, fill="none", stroke=colour, stroke_width=2, stroke_linejoin="round")


def diamond(x: float, y: float, colour: str, *, half: float = 4.5) -> str:
    """A point that must be seen without its colour too."""
    corners = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]
    d = "M" + "L".join(f"{number(a)} {number(b)}" for a, b in corners) + "Z"
    return element("path", d=d, fill=colour, stroke="ground", stroke_width=1)


def hatched(x: float, y: float, width: float, height: float) -> str:
    """A box that stands for a figure that is not shown."""
    frame = element(
        "rect", x=x + 0.5, y=y + 0.5, width=width - 1, height=height - 1, rx=2,
        fill="none", stroke="grey",
    )  # fmt: skip
    steps = range(4, int(width + height), 6)
    strokes = [
        rule(x + max(0, s - height), y + min(s, height), x + min(s, width), y + max(0, s - width),
             "grey")
        for s in steps
    ]  # fmt: skip
    return frame + "".join(strokes)


def ticks(low: float, high: float, wanted: int = 5, *, whole: bool = False) -> list[float]:
    """Round values from below ``low`` to above ``high``, about ``wanted`` of them; of what is
    counted only ``whole`` ones."""
    size = max(abs(low), abs(high))
    span = high - low
    if span <= max(size * 1e-9, 1e-12):  # as good as one value
        span = size if size > 1e-12 else 1.0
    rough = span / wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    if whole:
        step = math.ceil(step)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, max(last, first + 1) + 1)]


class Scale:
    """Numbers of a domain as places on the drawing."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.span = low, (high - low) or 1
        self.start, self.length = start, end - start

    def __call__(self, value: float) -> float:
        """The place of ``value``."""
        return self.start + (value - self.low) / self.span * self.length


def drawing(width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """The whole SVG: named by its title, told by its description.

    The first child is the title, which PDF makes the figure's alternative text of.
    """
    told = f"{title}. {description}" if description else title
    return element(
        "svg",
        f"<title>{safe(told)}</title>" + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        class_="app-chart__image",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=told,
        font_family=FONT,
        font_size=SIZE,
    )
