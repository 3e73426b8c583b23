"""How near a value comes to a limit, and which limits are candidates to relax."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.framework.nearness import room_used
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.oversight.rules import binding
from sandbox.oversight.rules.binding import Verdict, Watched

FIRM = uuid4()


def threshold(comparator: str, limit: float, **more: Any) -> Threshold:
    found = threshold_of({
        "metric": "x", "aggregate": "mean", "window": {"unit": "day"}, "comparator": comparator,
        "limit": limit, **more,
    })  # fmt: skip
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("comparator", "limit", "value", "most", "used"),
    [
        ("<=", 50, 41, None, 0.82), ("<", 50, 50, None, 1), ("<=", 50, 75, None, 1.5),
        ("<=", 50, -3, None, 0), ("<=", 2, 1, 100, 0.5),
        (">=", 0.9, 0.97, 1, 0.3), (">", 0.9, 0.9, 1, 1), (">=", 0.9, 0.8, 1, 2),
        (">=", 0.9, 1.2, 1, 0), (">=", 100, 200, None, 0.5), (">=", 100, 100, None, 1),
        (">=", 100, 0, None, 2), (">=", 100, -100, None, 3),
        ("<=", 0, 0, None, None), ("<=", -1, -2, None, None), ("==", 5, 5, None, None),
        (">=", 0, 3, None, None), (">=", 1, 1, 1, None),
    ],
)  # fmt: skip
def test_the_room_that_a_value_uses(
    comparator: str, limit: float, value: float, most: float | None, used: float | None
) -> None:
    found = room_used(threshold(comparator, limit), value, most)
    assert found == (None if used is None else pytest.approx(used))


def test_what_is_added_up_is_not_bounded_by_the_largest_value() -> None:
    assert room_used(threshold(">=", 90, aggregate="sum"), 180, 100) == pytest.approx(0.5)


NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


@given(st.sampled_from(["<=", "<", ">=", ">"]), NUMBERS, NUMBERS, NUMBERS,
       st.sampled_from([None, 1.0, 100.0]))  # fmt: skip
def test_what_is_further_never_uses_less_and_past_the_limit_is_more_than_all(
    comparator: str, limit: float, one: float, other: float, most: float | None
) -> None:
    held = threshold(comparator, limit)
    used = room_used(held, one, most)
    if used is None:
        return
    assert used >= 0
    if held.further(one, other):
        less = room_used(held, other, most)
        assert less is not None
        assert used >= less
    if abs(one - limit) > 1e-6 * max(1, abs(limit)):
        assert (used > 1) == (not held.satisfied(one))


# Candidates --------------------------------------------------------------------------------


def watched(used: float | None = 0.3, *, firm: UUID = FIRM, **changed: Any) -> Watched:
    fields: dict[str, Any] = {"judged": True, "days": 120, "figures": 120, "breaches": 0, **changed}
    return Watched(firm=firm, used=used, **fields)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (watched(0.3), Verdict.NEVER_NEAR), (watched(0.79), Verdict.NEVER_NEAR),
        (watched(0.8), Verdict.NEAR), (watched(1.2), Verdict.NEAR),
        (watched(0.3, breaches=1), Verdict.BOUND), (watched(None, breaches=1), Verdict.BOUND),
        (watched(0.3, days=90), Verdict.UNKNOWN), (watched(0.3, figures=11), Verdict.UNKNOWN),
        (watched(0.9, days=1), Verdict.NEAR), (watched(None), Verdict.NO_ROOM),
        (watched(None, judged=False), Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_what_figures_say_of_a_condition(one: Watched, said: Verdict) -> None:
    assert binding.verdict(one) is said
    assert binding.of_kind([one]) is said


def test_of_a_kind_the_strongest_is_said() -> None:
    loose, young, near, bound = (
        watched(0.2), watched(0.2, days=3), watched(0.9), watched(1.5, breaches=2)
    )  # fmt: skip
    assert binding.of_kind([young, loose]) is Verdict.NEVER_NEAR
    assert binding.of_kind([loose, near]) is Verdict.NEAR
    assert binding.of_kind([near, loose, bound]) is Verdict.BOUND
    assert binding.of_kind([young, watched(None)]) is Verdict.NO_ROOM


def test_candidates_come_first_the_least_used_before_the_others() -> None:
    other = uuid4()
    order = [
        [watched(0.1)], [watched(0.3), watched(0.2, firm=other)], [watched(0.3, days=200)],
        [watched(0.3)], [watched(0.3, days=3)], [watched(0.9)], [watched(0.9, breaches=1)],
        [watched(None)],
    ]  # fmt: skip
    assert sorted(order, key=binding.place) == order
