"""Windows where clocks change: whole, without a gap, made of hours and local days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.framework.clocks import Calendar
from sandbox.framework.thresholds import Window
from sandbox.telemetry.rules.windows import pieces, window_start

ZONES = (
    "Asia/Kuala_Lumpur", "Europe/Lisbon", "America/Santiago", "America/St_Johns",
    "Australia/Lord_Howe", "Asia/Kathmandu",
)  # fmt: skip
"""No change; at one in the morning; at midnight; half an hour off; by half an hour; a quarter."""
calendars = st.sampled_from([Calendar(zone=ZoneInfo(zone)) for zone in ZONES])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 3, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
windows = st.one_of(
    st.builds(
        Window, kind=st.just("rolling"), unit=st.sampled_from(["hour", "day", "week"]),
        length=st.integers(1, 30),
    ),
    st.builds(
        Window, kind=st.just("calendar"), unit=st.sampled_from(["day", "week", "month"]),
        length=st.just(1),
    ),
)  # fmt: skip
SANTIAGO = Calendar(zone=ZoneInfo("America/Santiago"))
"""Its clocks go on from midnight to one: on that day there is no midnight."""


@settings(max_examples=500, deadline=None)
@given(windows, moments, calendars, st.integers(0, 400))
@example(Window(kind="calendar", unit="day"), datetime(2026, 9, 6, 20, tzinfo=UTC), SANTIAGO, 0)
@example(Window(kind="calendar", unit="week"), datetime(2026, 9, 6, 20, tzinfo=UTC), SANTIAGO, 0)
def test_pieces_make_up_the_window(
    window: Window, until: datetime, calendar: Calendar, unrolled: int
) -> None:
    start = window_start(window, until, calendar, until - timedelta(days=400))
    rolled_until = until.replace(minute=0, second=0) - timedelta(hours=unrolled)
    found = list(pieces(start, until, rolled_until, calendar))

    assert found[0].a == start
    assert found[-1].b == until
    for before, after in pairwise(found):
        assert before.b == after.a
    for piece in found:
        assert piece.a < piece.b
        if piece.level:
            for edge in (piece.a, piece.b):
                assert edge.astimezone(UTC).minute == 0
            assert piece.b <= rolled_until
        if piece.level == 2:
            for edge in (piece.a, piece.b):
                day = calendar.day_of(edge - timedelta(microseconds=1))
                assert calendar.day_of(edge) > day, "a local day begins here"


@settings(max_examples=300, deadline=None)
@given(moments, calendars, st.sampled_from(["day", "week", "month"]))
def test_a_calendar_window_begins_with_its_first_local_day(
    until: datetime, calendar: Calendar, unit: str
) -> None:
    window = Window(kind="calendar", unit=unit, length=1)
    start = window_start(window, until, calendar, until - timedelta(days=400))
    day = calendar.day_of(until - timedelta(microseconds=1))
    first = {
        "day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)
    }[unit]  # fmt: skip

    assert calendar.day_of(start + timedelta(microseconds=1)) == first
    assert calendar.day_of(start - timedelta(microseconds=1)) < first
