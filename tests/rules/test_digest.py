"""The week a mail is about: it begins after the weekend; the mail goes when people work."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.framework.clocks import Calendar
from sandbox.oversight.rules.digest import DUE, HAPPENED, first_weekday, week_of

KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")
PLAIN = Calendar(zone=KUALA_LUMPUR)
CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from([KUALA_LUMPUR, ZoneInfo("UTC"), ZoneInfo("America/New_York")]),
    weekend=st.sampled_from(
        [frozenset({5, 6}), frozenset({4, 5}), frozenset({6}), frozenset[int]()]
    ),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), max_size=30),
)
MOMENTS = st.builds(
    lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours),
    st.floats(0, 24 * 90),
)


def local(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), KUALA_LUMPUR)


def test_a_week_from_monday_to_sunday_in_the_zone_of_the_pack() -> None:
    week = week_of(PLAIN, local(date(2026, 11, 26), 15))
    assert week.first == date(2026, 11, 23)
    assert week.since == local(date(2026, 11, 16))
    assert week.begins == local(date(2026, 11, 23))
    assert week.ends == local(date(2026, 11, 30))
    assert week.sent_from == local(date(2026, 11, 23), 7)
    # 16:30 UTC on Sunday is Monday there
    assert week_of(PLAIN, datetime(2026, 11, 22, 16, 30, tzinfo=UTC)).first == week.first


def test_the_mail_goes_on_the_first_working_day() -> None:
    holiday = Calendar(zone=KUALA_LUMPUR, holidays=frozenset({date(2026, 11, 23)}))
    assert week_of(holiday, local(date(2026, 11, 26))).sent_from == local(date(2026, 11, 24), 7)


@pytest.mark.parametrize(
    ("weekend", "first"), [({5, 6}, 0), ({4, 5}, 6), ({6}, 0), ({4}, 5), (set(), 0)]
)
def test_a_week_begins_after_the_weekend(weekend: set[int], first: int) -> None:
    assert first_weekday(Calendar(zone=KUALA_LUMPUR, weekend=frozenset(weekend))) == first


def test_after_a_week_off_two_weeks_are_told() -> None:
    off = frozenset(date(2026, 11, 16) + timedelta(days=n) for n in range(7))
    week = week_of(Calendar(zone=KUALA_LUMPUR, holidays=off), local(date(2026, 11, 26)))
    assert week.since == local(date(2026, 11, 9))
    in_it = week_of(Calendar(zone=KUALA_LUMPUR, holidays=off), local(date(2026, 11, 20)))
    assert in_it.sent_from == local(date(2026, 11, 23), 7), "not before that week is over"


@given(CALENDARS, MOMENTS)
def test_every_moment_lies_in_its_week_and_nothing_is_told_twice(
    calendar: Calendar, moment: datetime
) -> None:
    week = week_of(calendar, moment)
    assert week.begins <= moment < week.ends
    assert week.sent_from >= week.begins
    assert calendar.works_on(calendar.day_of(week.sent_from))
    before = week_of(calendar, week.begins - timedelta(seconds=1))
    assert before.ends == week.begins
    sent = before.sent_from < before.ends
    assert (before.begins == week.since) if sent else (before.since == week.since)


def test_what_happened_and_what_is_due_are_told_apart() -> None:
    assert set(HAPPENED).isdisjoint(DUE)
