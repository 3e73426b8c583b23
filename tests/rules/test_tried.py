"""What another limit would have made of the same values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.framework.thresholds import Aggregate, Comparator, Threshold, Window
from sandbox.telemetry.rules import trials, verdicts
from sandbox.telemetry.rules.trials import Trial
from sandbox.telemetry.rules.verdicts import Moment

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def _tried(values: list[float], limit: float, *, grace: int = 0) -> Trial:
    """A value a day, to be at least 0.9; kept for a day before it is cured."""
    threshold = Threshold(
        metric="sensitivity", aggregate=Aggregate.LAST, window=Window(),
        comparator=Comparator.AT_LEAST, limit=0.9, grace_hours=grace,
    )  # fmt: skip
    moments = [Moment(BEGIN + number * DAY, value, 50) for number, value in enumerate(values)]
    return trials.tried(verdicts.course(threshold, DAY), moments, limit)


@pytest.mark.parametrize(
    ("limit", "times", "days"),
    [
        (0.9, 2, 2),  # open from day 1 until it has been kept for a day, and again at the end
        (0.75, 1, 0),
        (0.7, 0, 0),
        (0.99, 1, 6),  # never kept: one breach from the first value to the last
    ],
)
def test_a_limit_is_tried_on_what_was(limit: float, times: int, days: int) -> None:
    trial = _tried([0.95, 0.8, 0.95, 0.95, 0.95, 0.95, 0.7], limit)
    assert (trial.times, trial.lasted) == (times, days * DAY)


def test_the_grace_holds_for_a_limit_that_is_tried() -> None:
    assert _tried([0.95, 0.8, 0.95], 0.9, grace=48).times == 0
    assert _tried([0.8, 0.8, 0.8], 0.9, grace=48).times == 1


def test_nothing_comes_of_nothing() -> None:
    assert _tried([], 0.9).times == 0


def test_parts_that_are_broken_at_the_same_time_count_their_breaches_and_the_time_once() -> None:
    def part(*values: float) -> list[Moment]:
        return [Moment(BEGIN + day * DAY, value, 50) for day, value in enumerate(values)]

    threshold = Threshold(
        metric="sensitivity", aggregate=Aggregate.LAST, window=Window(),
        comparator=Comparator.AT_LEAST, limit=0.9,
    )  # fmt: skip
    course = verdicts.course(threshold, DAY)
    fell, fell_later = part(0.95, 0.8, 0.8, 0.95, 0.95), part(0.95, 0.95, 0.8, 0.8, 0.8)
    trial = trials.held(course, [fell, fell_later, []])
    assert (trial.times, trial.lasted) == (2, 3 * DAY)
    assert trial.share == 0.75
    assert trials.held(course, [part(0.8)]).share == 1
    assert trials.held(course, [part(0.95)]).share == 0
