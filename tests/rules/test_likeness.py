"""Two tellings are held to be of the same thing by their words and their time alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.framework.severities import Alike
from sandbox.incidents.likeness import Telling, features, likely, share

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULE = Alike(days=14, percent=25)
TEXTS = st.text(alphabet="abcde fghij klmno", max_size=120)


def telling(text: str, days: float = 0) -> Telling:
    return Telling(
        id=uuid4(), kind="incident", reference="INC-1", title="", text=text,
        at=AT + timedelta(days=days),
    )  # fmt: skip


@given(TEXTS, TEXTS)
def test_it_does_not_matter_which_comes_first(one: str, other: str) -> None:
    there, back = share(features(one), features(other)), share(features(other), features(one))
    assert there == back
    assert 0 <= there <= 1


@given(TEXTS)
def test_the_same_words_are_all_in_common_and_none_are_nothing(text: str) -> None:
    assert share(features(text), features(text)) == (1.0 if features(text) else 0.0)
    assert share(features(text), frozenset()) == 0.0
    assert features(text.upper()) == features(text)


@given(TEXTS, TEXTS, st.integers(0, 40))
def test_a_suggestion_keeps_both_limits(one: str, other: str, days: int) -> None:
    found = likely(telling(one), [telling(other, days)], RULE)
    fits = round(share(features(one), features(other)) * 100) >= RULE.percent
    assert bool(found) == (fits and days <= RULE.days)


SENT_HOME = "The system read a scan as harmless and the patient was sent home from the clinic."


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (
            "A patient was sent home from the clinic: the system had read the scan as harmless.",
            True,
        ),
        (
            "I was sent home from the clinic because the system said that my scan was harmless.",
            True,
        ),
        ("The system of the bank held my payment for two days and the shop sent me away.", False),
        ("Pictures came out darker after a lamp was replaced at one clinic.", False),
        ("", False),
    ],
)
def test_people_tell_one_thing_in_several_ways(other: str, same: bool) -> None:
    assert bool(likely(telling(SENT_HOME), [telling(other, 2)], RULE)) is same


def test_the_likeliest_comes_first_with_what_it_has_in_common() -> None:
    near, exact = (
        telling(SENT_HOME + " Nobody noticed it before Monday morning."),
        telling(SENT_HOME),
    )
    first, second = likely(telling(SENT_HOME), [near, exact], RULE)
    assert (first.telling, first.percent, first.days) == (exact, 100, 0)
    assert second.percent < 100
    assert "harmless" in first.words
