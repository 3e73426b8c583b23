"""Charts: what is drawn, said and tabled are the same figures, and hidden ones stay hidden."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.foundation import charts
from sandbox.foundation.charts.svg import ticks

START = datetime(2026, 3, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"

values = st.one_of(st.none(), st.integers(0, 10_000))
labels = st.text(min_size=1, max_size=40)
lines = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=60)


def _days(*figures: float) -> list[tuple[datetime, float]]:
    return [(START + timedelta(days=n), figure) for n, figure in enumerate(figures)]


def _texts(chart: charts.Chart) -> list[str]:
    return [node.text or "" for node in ET.fromstring(chart.svg).iter(f"{SVG}text")]


def _check_safe(chart: charts.Chart) -> None:
    """Fit to lie inside a page under the strict policy, and to be read out."""
    root = ET.fromstring(chart.svg)
    assert root[0].tag == f"{SVG}title"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    for node in root.iter():
        assert node.tag not in {f"{SVG}script", f"{SVG}style", f"{SVG}foreignObject"}
        assert not any(name == "style" or name.startswith("on") for name in node.attrib)


@given(st.lists(st.tuples(labels, values), min_size=1, max_size=8))
def test_bars_are_safe_whatever_the_words(rows) -> None:
    chart = charts.bars("A title & <more>", [charts.Bar(*row) for row in rows])
    _check_safe(chart)
    assert len(chart.rows) == len(rows)


@given(st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=6))
def test_stacked_bars_draw_a_box_for_each_figure_and_hide_the_rest(rows) -> None:
    parts = [charts.Part(f"part {n}", "blue") for n in range(3)]
    chart = charts.stacked("T", parts, [(f"row {n}", row) for n, row in enumerate(rows)])
    _check_safe(chart)
    hidden = sum(None in row for row in rows)
    drawn = [n for n in ET.fromstring(chart.svg).iter(f"{SVG}rect") if n.get("fill") == "none"]
    assert len(drawn) == hidden
    assert bool(chart.note) == bool(hidden)


def test_a_hidden_figure_has_the_same_size_whatever_it_was() -> None:
    def drawn(*row: int | None) -> set[str | None]:
        parts = [charts.Part("a", "blue"), charts.Part("b", "grey")]
        svg = ET.fromstring(charts.stacked("T", parts, [("row", row), ("all", (9, 9))]).svg)
        return {n.get("width") for n in svg.iter(f"{SVG}rect") if n.get("fill") == "none"}

    assert drawn(5, None) == drawn(8, None) == drawn(None, None)


def test_a_hidden_figure_is_nowhere_in_words() -> None:
    chart = charts.bars("T", [charts.Bar("Finance", None), charts.Bar("Health", 12)])
    assert chart.rows == [["Finance", "·"], ["Health", "12"]]
    assert "Finance: hidden" in chart.alternative


@given(st.lists(lines, min_size=1, max_size=4), st.floats(-1e9, 1e9, allow_nan=False))
def test_series_stay_inside_the_drawing(series, limit) -> None:
    shown = [charts.Line(f"line {n}", _days(*figures)) for n, figures in enumerate(series)]
    chart = charts.series("T", shown, limit=charts.Limit(limit))
    _check_safe(chart)
    for node in ET.fromstring(chart.svg).iter(f"{SVG}path"):
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", node.get("d") or ""):
            assert -10 <= float(x) <= 690
            assert -10 <= float(y) <= 290


def test_a_limit_stands_as_a_line_with_its_value() -> None:
    line = charts.Line("Error rate", _days(1.0, 2.5, 1.4))
    chart = charts.series("T", [line], unit="%", limit=charts.Limit(2.0))
    assert "at most 2%" in _texts(chart)
    assert "1 figure is past the limit." in chart.alternative
    assert "The limit is: at most 2%." in chart.alternative


def test_a_limit_from_below_counts_what_is_under_it() -> None:
    line = charts.Line("Sensitivity", _days(0.91, 0.93, 0.90))
    chart = charts.series("T", [line], limit=charts.Limit(0.92, at_most=False))
    assert "at least 0.92" in _texts(chart)
    assert "2 figures are past the limit." in chart.alternative


def test_a_silence_breaks_the_line() -> None:
    points = [p for n, p in enumerate(_days(*range(20))) if n not in {8, 9, 10}]
    whole = charts.series("T", [charts.Line("a", points)])
    broken = charts.series("T", [charts.Line("a", points)], gap=timedelta(days=2))
    assert broken.svg.count("<path") == whole.svg.count("<path") + 1


def test_a_long_series_keeps_its_peak_and_says_what_its_table_leaves_out() -> None:
    figures = [1.0] * 5000
    figures[3333] = 99.0
    line = charts.Line("a", [(START + timedelta(minutes=n), v) for n, v in enumerate(figures)])
    chart = charts.series("T", [line], limit=charts.Limit(50))
    assert "highest 99" in chart.alternative
    assert len(chart.svg) < 40_000
    assert len(chart.rows) == 60
    assert "60 of 5,000" in chart.note


def test_nothing_yet_is_said() -> None:
    chart = charts.series("T", [charts.Line("a", [])])
    assert _texts(chart) == ["No figures have arrived yet."]


def test_ranges_show_low_middle_and_high() -> None:
    shown = [charts.Range("Health", 10, 40, 95), charts.Range("Finance", None, None, None)]
    chart = charts.ranges("T", shown, unit="days", limit=charts.Limit(90, "three months"))
    _check_safe(chart)
    assert chart.rows[1] == ["Finance", "·", "·", "·"]
    assert "three months" in _texts(chart)


def test_as_a_file_it_brings_its_own_policy() -> None:
    answer = charts.response(charts.bars("T", [charts.Bar("a", 1)]))
    assert answer.media_type == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    ET.fromstring(answer.content)


@given(st.floats(-1e12, 1e12, allow_nan=False), st.floats(0, 1e12, allow_nan=False))
def test_ticks_surround_what_they_measure(low, span) -> None:
    marks = ticks(low, low + span)
    slack = 1e-6 * max(abs(low), span, 1)
    assert marks[0] <= low + slack
    assert marks[-1] >= low + span - slack
    assert len(marks) <= 12


def test_what_is_counted_has_whole_levels() -> None:
    line = charts.Line("Complaints", _days(0, 1, 0, 1))
    levels = [
        text for text in _texts(charts.series("T", [line], unit="people")) if "people" in text
    ]
    assert levels == ["0\N{NO-BREAK SPACE}people", "1\N{NO-BREAK SPACE}people"]


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1250, "", "1,250"),
        (0.1234, "%", "0.123%"),
        (None, "%", "·"),
        (12.345, "days", "12.35 days"),
    ],
)
def test_figures_are_written_for_people(value, unit, words) -> None:
    assert charts.figure(value, unit).replace("\N{NO-BREAK SPACE}", " ") == words


# A course ----------------------------------------------------------------------------------


@given(st.lists(lines, min_size=1, max_size=3), labels, st.integers(0, 90))
def test_a_course_is_safe_and_tells_what_happened(many, word, began) -> None:
    since, until = START, START + timedelta(days=60)
    happened = START + timedelta(days=began)
    chart = charts.course(
        "T", [charts.Line(f"line {n}", _days(*one)) for n, one in enumerate(many)],
        since=since, until=until,
        limits=[charts.Step(since, until, charts.Limit(5), of=["line 0"])],
        lanes=[charts.Lane("Breaches", "red", [charts.Mark(happened, None, word)], shaded=True)],
    )  # fmt: skip
    _check_safe(chart)
    assert "Breaches" in chart.alternative
    for node in ET.fromstring(chart.svg).iter(f"{SVG}rect"):
        assert 0 <= float(node.get("x", "0")) <= 680


def test_a_limit_marks_only_the_line_that_it_binds() -> None:
    until = START + timedelta(days=3)
    step = charts.Step(START, until, charts.Limit(5), of=["bound"])
    drawn = {
        name: charts.course(
            "T", [charts.Line(name, _days(1, 9, 1))], since=START, until=until, limits=[step]
        ).svg.count('stroke="#ffffff"')
        for name in ("bound", "free")
    }
    assert drawn["bound"] > drawn["free"]
