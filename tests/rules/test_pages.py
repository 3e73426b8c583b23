"""Addresses to go back to, states and clocks: what every page leans on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.app import SLICES
from sandbox.foundation import clock, i18n
from sandbox.foundation.lifecycle import LifeCycle
from sandbox.foundation.web.forms import press_row_button, rows_in
from sandbox.foundation.web.pages import local_path
from sandbox.foundation.web.states import STATES, clock_state, state

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "path",
    [
        None, "", "https://evil.example", "//evil.example", "/\\evil.example", "\\/evil.example",
        "javascript:alert(1)", "/a\r\nSet-Cookie: x", "evil.example/", "/\t/evil.example",
    ],
)  # fmt: skip
def test_no_way_back_leads_off_the_site(path) -> None:
    assert local_path(path, "/home") == "/home"


@given(st.text(alphabet="/\\:.@ab\n\t?#"))
def test_a_way_back_is_always_a_path_of_this_site(text) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert "\n" not in path


def test_a_way_back_keeps_its_query() -> None:
    assert local_path("/cases?state=live#x") == "/cases?state=live#x"


def _life_cycles() -> list[LifeCycle]:
    names = [f"sandbox.{slice_}.rules" for slice_ in SLICES]
    return [
        value
        for name in names
        if find_spec(name)
        for value in vars(import_module(name)).values()
        if isinstance(value, LifeCycle)
    ]


def test_every_state_of_every_life_has_its_word_and_colour() -> None:
    lives = _life_cycles()
    assert lives
    assert {name for life in lives for name in life.states} - set(STATES) == set()


def test_an_unknown_state_is_shown_by_its_own_name_in_grey() -> None:
    shown = state("half_done")
    assert (shown.word, shown.colour) == ("Half done", "grey")


@pytest.mark.parametrize(
    ("due", "options", "colour", "words"),
    [
        (NOW + timedelta(days=20), {}, "blue", "20 days left"),
        (NOW + timedelta(days=3), {}, "amber", "3 days left"),
        (NOW - timedelta(days=3), {}, "red", "3 days overdue"),
        (date(2026, 11, 23), {}, "amber", "due today"),
        (NOW - timedelta(days=3), {"stopped": True}, "grey", "clock stopped"),
        (NOW, {"met": NOW - timedelta(days=1)}, "green", "met in time"),
        (NOW, {"met": NOW + timedelta(seconds=1)}, "red", "met late"),
        (None, {}, "grey", "no limit"),
    ],
)
def test_a_clock_in_a_few_words(due, options, colour, words) -> None:
    with clock.at(NOW), i18n.use("en"):
        chip = clock_state(due, **options)
    assert (chip.colour, chip.words) == (colour, words)


def _typed() -> dict[str, Any]:
    return {"title": "x", "risks.0.risk": "a", "risks.0.cost": "1", "risks.1.risk": "b",
            "risks.1.cost": ""}  # fmt: skip


def test_a_row_is_added_after_those_that_were_typed() -> None:
    values = _typed() | {"add_row": "risks"}
    assert press_row_button(values) == "risks"
    assert rows_in(values, "risks")[2] == {"risk": "", "cost": ""}
    assert "add_row" not in values
    assert values["title"] == "x"


def test_a_row_is_removed_and_the_rest_numbered_anew() -> None:
    values = _typed() | {"remove_row": "risks.0"}
    assert press_row_button(values) == "risks"
    assert rows_in(values, "risks") == [{"risk": "b", "cost": ""}]
    assert values["risks.0.risk"] == "b"


def test_no_button_changes_nothing() -> None:
    values = _typed()
    assert press_row_button(values) == ""
    assert values == _typed()
