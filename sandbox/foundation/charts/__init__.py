"""Charts: numbers in, an accessible drawing, its words and its table out. Pure.

One drawing serves page and PDF. Labels stand at the marks, not in legends; a colour never
stands alone; a value that is ``None`` is hidden (disclosure control) and is drawn as a
hatched box of fixed size, which says nothing about how large it is.
"""

from sandbox.foundation.charts.bars import bars, ranges, stacked
from sandbox.foundation.charts.course import course
from sandbox.foundation.charts.parts import (
    Bar,
    Chart,
    Lane,
    Limit,
    Line,
    Mark,
    Part,
    Range,
    Step,
    figure,
    limit_words,
)
from sandbox.foundation.charts.series import series
from sandbox.foundation.charts.serving import response

__all__ = [
    "Bar", "Chart", "Lane", "Limit", "Line", "Mark", "Part", "Range", "Step", "bars", "course",
    "figure", "limit_words", "ranges", "response", "series", "stacked",
]  # fmt: skip
