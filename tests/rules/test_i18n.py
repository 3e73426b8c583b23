"""How moments, money and numbers are written, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.foundation import clock, i18n

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 3 pm in Kuala Lumpur


@pytest.fixture(autouse=True)
def region():
    before = i18n._region
    i18n._region = i18n._Region(before.zone, before.territory, before.currency)
    i18n.set_region(zone="Asia/Kuala_Lumpur", territory="MY", currency="MYR")
    with clock.at(NOW), i18n.use("en"):
        yield
    i18n._region = before


@pytest.mark.parametrize(
    ("language", "written"),
    [("en", "23 November 2026, 3:00 pm"), ("ms", "23 November 2026, 3.00 petang")],
)
def test_a_moment_is_shown_in_the_zone_of_the_place(language, written) -> None:
    with i18n.use(language):
        assert i18n.format_datetime(NOW) == written


def test_a_day_begins_at_midnight_of_the_place() -> None:
    assert i18n.format_date(datetime(2026, 11, 23, 16, 30, tzinfo=UTC)) == "24 November 2026"


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (125_000, "", "RM\N{NO-BREAK SPACE}1,250.00"),
        (5, "", "RM\N{NO-BREAK SPACE}0.05"),
        (125_000, "JPY", "JP¥\N{NO-BREAK SPACE}125,000"),
        (None, "", ""),
    ],
)
def test_money_is_whole_minor_units(minor, currency, written) -> None:
    assert i18n.format_money(minor, currency) == written


@pytest.mark.parametrize(
    ("number", "written", "share"),
    [
        (1250.5, "1,250.5", "125,050%"), (1e13, "10,000,000,000,000", "1,000,000,000,000,000%"),
        (-1.5e30, "-1.5E30", "-1.5E32%"), (1e300, "1E300", "1E302%"),
    ],
)  # fmt: skip
def test_a_number_of_any_size_is_written(number: float, written: str, share: str) -> None:
    assert i18n.format_number(number) == written
    assert i18n.format_percent(number) == share


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (timedelta(hours=5, minutes=1), "5 hours left"),
        (timedelta(minutes=20), "less than an hour left"),
        (timedelta(minutes=-20), "just overdue"),
        (timedelta(hours=-30), "30 hours overdue"),
        (timedelta(days=3), "3 days left"),
        (timedelta(days=-4), "4 days overdue"),
    ],
)
def test_time_left_counts_in_hours_when_it_is_short(due, words) -> None:
    assert i18n.time_left(NOW + due) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [(0, "due today"), (1, "1 day left"), (-1, "1 day overdue"), (9, "9 days left")],
)
def test_time_left_of_a_day_counts_in_days(day, words) -> None:
    assert i18n.time_left(date(2026, 11, 23) + timedelta(days=day)) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "today"), (1, "tomorrow"), (-1, "yesterday"), (3, "in 3 days"), (-8, "8 days ago")],
)
def test_relative_days(days, words) -> None:
    assert i18n.relative_days(NOW + timedelta(days=days)) == words


@pytest.mark.parametrize(
    ("size", "written"),
    [(1, "1 byte"), (12_300, "12\N{NO-BREAK SPACE}kB"), (3_400_000, "3.4\N{NO-BREAK SPACE}MB")],
)
def test_sizes_are_written_as_people_read_them(size, written) -> None:
    assert i18n.format_size(size) == written


def test_an_unknown_language_is_english() -> None:
    with i18n.use("tlh"):
        assert i18n.current_language() == "en"


def test_a_text_falls_back_to_english_then_to_what_there_is() -> None:
    with i18n.use("ms"):
        assert i18n.local({"en": "a", "ms": "b"}) == "b"
        assert i18n.local({"en": "a"}) == "a"
        assert i18n.local({"ta": "c"}) == "c"
        assert i18n.local(None) == ""


def test_an_amount_is_written_with_its_unit() -> None:
    from sandbox.framework import library

    pack = library.current()
    i18n.set_region(zone="Asia/Kuala_Lumpur", territory="MY", currency="MYR")
    shown = [pack.amount(n, unit).replace("\N{NO-BREAK SPACE}", " ") for n, unit in (
        (812000, "ringgit"), (5, "percent"), (2000, "people"), (1, "people"), (0.92, "ratio"),
    )]  # fmt: skip
    assert shown == ["RM 812,000.00", "5%", "2,000 people", "1 person", "0.92"]
