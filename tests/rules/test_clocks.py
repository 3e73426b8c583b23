"""Clock arithmetic against a slow, obvious implementation, and by examples people can check."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.framework import library
from sandbox.framework.clocks import (
    Calendar,
    Clock,
    Limit,
    State,
    Stop,
    Unit,
    add_months,
    due,
    read,
)
from sandbox.framework.text import Text

KL = ZoneInfo("Asia/Kuala_Lumpur")
LISBON = ZoneInfo("Europe/Lisbon")  # a zone that changes its clocks
OFFICE = Calendar(zone=KL, holidays=frozenset({date(2026, 8, 31), date(2026, 9, 16)}))


def at(text: str, zone: ZoneInfo = KL) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def local(moment: datetime, zone: ZoneInfo = KL) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def clock(amount: int, unit: Unit, **more: object) -> Clock:
    same = Text({"en": "x"})
    limit = Limit(amount=amount, unit=unit, before=bool(more.pop("before", False)))
    return Clock(
        key="c", name=same, limit=limit, starts="a", ends="b", who="authority", source=same, **more
    )


# By example ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "unit", "start", "expected"),
    [
        (2, Unit.WORKING_DAYS, "2026-11-23 09:00", "2026-11-25 23:59:59"),
        (2, Unit.WORKING_DAYS, "2026-11-20 18:00", "2026-11-24 23:59:59"),  # over a weekend
        (1, Unit.WORKING_DAYS, "2026-08-28 09:00", "2026-09-01 23:59:59"),  # National Day
        (5, Unit.DAYS, "2026-11-20 18:00", "2026-11-25 23:59:59"),
        (72, Unit.HOURS, "2026-11-20 18:30", "2026-11-23 18:30:00"),
        (1, Unit.MONTHS, "2026-01-31 10:00", "2026-02-28 23:59:59"),
        (1, Unit.MONTHS, "2028-01-31 10:00", "2028-02-29 23:59:59"),  # a leap year
        (12, Unit.MONTHS, "2028-02-29 10:00", "2029-02-28 23:59:59"),
        (3, Unit.MONTHS, "2026-11-30 10:00", "2027-02-28 23:59:59"),
    ],
)
def test_a_limit_ends(amount: int, unit: Unit, start: str, expected: str) -> None:
    assert local(due(Limit(amount=amount, unit=unit), at(start), OFFICE)) == expected


def test_the_day_of_the_start_is_the_local_one() -> None:
    late_evening_in_utc = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 1 am on the 24th there

    assert local(due(Limit(amount=1, unit=Unit.DAYS), late_evening_in_utc, OFFICE)) == (
        "2026-11-25 23:59:59"
    )


def test_a_rolling_limit_ends_on_a_working_day() -> None:
    limit, start = Limit(amount=1, unit=Unit.MONTHS), at("2026-10-21 09:00")

    assert local(due(limit, start, OFFICE)) == "2026-11-21 23:59:59"  # a Saturday
    assert local(due(limit, start, OFFICE, roll=True)) == "2026-11-23 23:59:59"


def test_a_question_answered_the_same_day_costs_nobody_a_day() -> None:
    limit, start = Limit(amount=3, unit=Unit.WORKING_DAYS), at("2026-11-23 09:00")
    stops: list[Stop] = [(at("2026-11-24 10:00"), at("2026-11-24 15:00"))]

    assert due(limit, start, OFFICE, stops=stops) == due(limit, start, OFFICE)


def test_a_stop_over_three_nights_pushes_by_three_days() -> None:
    limit, start = Limit(amount=3, unit=Unit.WORKING_DAYS), at("2026-11-16 09:00")
    stops: list[Stop] = [(at("2026-11-17 10:00"), at("2026-11-20 15:00"))]

    assert local(due(limit, start, OFFICE)) == "2026-11-19 23:59:59"
    assert local(due(limit, start, OFFICE, stops=stops)) == "2026-11-24 23:59:59"


def test_an_open_stop_pushes_until_now() -> None:
    limit, start = Limit(amount=24, unit=Unit.HOURS), at("2026-11-16 09:00")
    stops: list[Stop] = [(at("2026-11-16 10:00"), None)]
    now = at("2026-11-18 10:00")

    assert local(due(limit, start, OFFICE, stops=stops, now=now)) == "2026-11-19 09:00:00"


def test_a_limit_before_the_end_counts_back() -> None:
    end = at("2026-12-31 23:59")

    assert local(due(Limit(amount=30, unit=Unit.DAYS, before=True), end, OFFICE)) == (
        "2026-12-01 23:59:59"
    )
    assert local(due(Limit(amount=1, unit=Unit.MONTHS, before=True), end, OFFICE)) == (
        "2026-11-30 23:59:59"
    )


def test_state_weekends_differ() -> None:
    pack = library.load(library.BUNDLED / "malaysia")
    limit, start = Limit(amount=1, unit=Unit.WORKING_DAYS), at("2026-11-12 09:00")  # a Thursday

    ends = {
        key: local(due(limit, start, pack.jurisdiction.calendar(key)))[:10]
        for key in ("putrajaya", "kelantan")
    }

    assert ends == {"putrajaya": "2026-11-13", "kelantan": "2026-11-15"}


@pytest.mark.parametrize(
    ("now", "state", "days_left"),
    [
        ("2026-11-16 10:00", State.RUNNING, 10),
        ("2026-11-26 10:00", State.RUNNING, 2),
        ("2026-11-28 10:00", State.NEAR, 1),
        ("2026-11-30 23:59", State.NEAR, 0),
        ("2026-12-02 00:00", State.OVERDUE, -2),
    ],
)
def test_a_clock_is_read(now: str, state: State, days_left: int) -> None:
    reading = read(clock(10, Unit.WORKING_DAYS), at("2026-11-16 09:00"), OFFICE, now=at(now))

    assert (reading.state, reading.days_left) == (state, days_left)
    assert reading.remaining == reading.due - at(now)


def test_near_may_be_set() -> None:
    running = read(
        clock(10, Unit.DAYS, near=5), at("2026-11-01 09:00"), OFFICE, now=at("2026-11-06 23:00")
    )
    near = read(
        clock(10, Unit.DAYS, near=5), at("2026-11-01 09:00"), OFFICE, now=at("2026-11-07 01:00")
    )

    assert (running.state, near.state) == (State.RUNNING, State.NEAR)


def test_a_standing_clock_says_so_even_past_its_limit() -> None:
    stops: list[Stop] = [(at("2026-11-17 10:00"), None)]
    reading = read(
        clock(2, Unit.DAYS), at("2026-11-16 09:00"), OFFICE, now=at("2026-12-24 09:00"), stops=stops
    )

    assert reading.state == State.STOPPED
    assert reading.remaining > timedelta()


def test_what_was_done_in_time_stays_met() -> None:
    started, later = at("2026-11-16 09:00"), at("2027-01-01 09:00")
    in_time = read(clock(2, Unit.DAYS), started, OFFICE, now=later, met_at=at("2026-11-18 23:00"))
    late = read(clock(2, Unit.DAYS), started, OFFICE, now=later, met_at=at("2026-11-19 00:30"))

    assert (in_time.state, late.state) == (State.MET, State.MET_LATE)
    assert in_time.remaining == timedelta()


# Against the slow and obvious --------------------------------------------------------------

minutes = st.integers(0, 60 * 24 * 60)
beginnings = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
pauses = st.lists(st.tuples(minutes, st.integers(0, 60 * 24 * 12)), max_size=4)
calendars = st.builds(
    Calendar,
    zone=st.sampled_from([KL, LISBON]),
    weekend=st.sampled_from([frozenset({5, 6}), frozenset({4, 5}), frozenset({6}), frozenset()]),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2029, 12, 31)), max_size=60),
)


def stops_of(start: datetime, pauses: list[tuple[int, int]]) -> list[Stop]:
    return [
        (start + timedelta(minutes=m), start + timedelta(minutes=m + length))
        for m, length in pauses
    ]


def stands(moment: datetime, stops: list[Stop]) -> bool:
    return any(begin <= moment < end for begin, end in stops if end)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone).astimezone(UTC)


@settings(max_examples=60, deadline=None)
@given(beginnings, st.integers(1, 96), pauses)
def test_hours_against_counting_minutes(
    start: datetime, hours: int, pauses: list[tuple[int, int]]
) -> None:
    stops = stops_of(start, pauses)
    moment, left = start, hours * 60
    while left:
        left -= not stands(moment, stops)
        moment += timedelta(minutes=1)

    assert due(Limit(amount=hours, unit=Unit.HOURS), start, OFFICE, stops=stops) == moment


@settings(max_examples=200, deadline=None)
@given(beginnings, st.integers(1, 40), pauses, calendars, st.sampled_from(Unit))
def test_days_against_a_list_of_days(
    start: datetime, amount: int, pauses: list[tuple[int, int]], calendar: Calendar, unit: Unit
) -> None:
    if unit == Unit.HOURS:
        return
    stops = stops_of(start, pauses)
    today = start.astimezone(calendar.zone).date()
    following = [today + timedelta(days=n) for n in range(1, 1600)]
    counted = [d for d in following if not stands(end_of_day(d, calendar.zone), stops)]
    if unit == Unit.WORKING_DAYS:
        counted = [
            d for d in counted if d.weekday() not in calendar.weekend and d not in calendar.holidays
        ]
    number = amount
    if unit == Unit.MONTHS:
        year, month = divmod(today.year * 12 + today.month - 1 + amount, 12)
        candidates = [d for d in following if (d.year, d.month) == (year, month + 1)]
        last = max(d for d in candidates if d.day <= today.day)
        number = (last - today).days

    ended = due(Limit(amount=amount, unit=unit), start, calendar, stops=stops)

    assert ended == end_of_day(counted[number - 1], calendar.zone)


@settings(max_examples=200, deadline=None)
@given(beginnings, st.integers(1, 40), calendars, st.sampled_from(Unit), pauses)
def test_a_stop_never_shortens(
    start: datetime, amount: int, calendar: Calendar, unit: Unit, pauses: list[tuple[int, int]]
) -> None:
    limit = Limit(amount=amount, unit=unit)
    stops = stops_of(start, pauses)

    assert due(limit, start, calendar, stops=stops) >= due(limit, start, calendar)
    assert due(limit, start, calendar, stops=stops) == due(
        limit, start, calendar, stops=stops[::-1]
    )


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-240, 240))
def test_months_keep_the_day_or_take_the_last(day: date, months: int) -> None:
    later = add_months(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (
        later.day < day.day and (later + timedelta(days=1)).month != later.month
    )


@settings(max_examples=200, deadline=None)
@given(beginnings, st.integers(1, 400), calendars, st.sampled_from(Unit), minutes)
def test_a_clock_is_overdue_exactly_after_its_limit(
    start: datetime, amount: int, calendar: Calendar, unit: Unit, later: int
) -> None:
    if unit == Unit.MONTHS:
        amount = amount % 36 + 1
    now = start + timedelta(minutes=later)
    reading = read(clock(amount, unit), start, calendar, now=now)

    assert (reading.state == State.OVERDUE) == (now > reading.due)
    assert reading.state in {State.RUNNING, State.NEAR, State.OVERDUE}
