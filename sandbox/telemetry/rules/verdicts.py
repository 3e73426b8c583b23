"""How a condition's figures stand: kept, exceeding, open, recovering. Pure.

The phases follow from the points alone, in the order of their times, not of their coming: what
is judged again because of late figures ends as if they had come in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from sandbox.framework.thresholds import Threshold


class Standing(StrEnum):
    """Where a condition stands."""

    KEPT = "kept"
    EXCEEDING = "exceeding"  # past the limit, within the grace
    OPEN = "open"
    RECOVERING = "recovering"  # keeps to the limit again, not yet for long enough


class Moment(msgspec.Struct, frozen=True):
    """A window's end and its value; ``None``: nothing can be decided."""

    at: datetime
    value: float | None
    samples: int = 0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A standing since a figure; ``opened_at``: the figure that opened the breach."""

    standing: Standing = Standing.KEPT
    since: datetime
    value: float | None = None
    opened_at: datetime | None = None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a threshold allows: ``grace`` past the limit, ``recovery`` before it is cured."""

    threshold: Threshold
    recovery: timedelta

    @property
    def grace(self) -> timedelta:
        """How long the value may be past the limit."""
        return timedelta(hours=self.threshold.grace_hours)


def course(threshold: Threshold, cadence: timedelta) -> Course:
    """The course of ``threshold`` over a metric that comes every ``cadence``."""
    hours = threshold.recover_hours
    return Course(
        threshold=threshold, recovery=cadence if hours is None else timedelta(hours=hours)
    )


def follow(course: Course, state: State, moments: Iterable[Moment]) -> list[State]:
    """The states that ``moments``, by time, lead to from ``state``: the changes only."""
    changes = []
    for moment in moments:
        after = _step(course, state, moment)
        if after is not state:
            changes.append(after)
            state = after
    return changes


def _step(course: Course, state: State, moment: Moment) -> State:
    if moment.value is None:
        return state
    if course.threshold.satisfied(moment.value):
        return _kept(course, state, moment)
    return _passed(course, state, moment)


def _kept(course: Course, state: State, moment: Moment) -> State:
    if state.standing is Standing.KEPT:
        return state
    if state.standing is Standing.EXCEEDING:
        return State(since=moment.at, value=moment.value)
    if state.standing is Standing.OPEN:
        state = State(
            standing=Standing.RECOVERING, since=moment.at, value=moment.value,
            opened_at=state.opened_at,
        )  # fmt: skip
    if moment.at - state.since >= course.recovery:
        return State(since=moment.at, value=moment.value)
    return state


def _passed(course: Course, state: State, moment: Moment) -> State:
    if state.standing is Standing.OPEN:
        return state
    if state.standing is Standing.RECOVERING:
        return State(
            standing=Standing.OPEN, since=moment.at, value=moment.value, opened_at=state.opened_at
        )
    if state.standing is Standing.KEPT:
        state = State(standing=Standing.EXCEEDING, since=moment.at, value=moment.value)
    if moment.at - state.since >= course.grace:
        return State(
            standing=Standing.OPEN, since=moment.at, value=moment.value, opened_at=moment.at
        )
    return state


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """A breach as the figures tell it: from the figure that opened it to the one that cured it."""

    opened_at: datetime
    value: float | None
    cured_at: datetime | None = None
    recovering_since: datetime | None = None


def episodes(states: Sequence[State]) -> list[Episode]:
    """The breaches in a course of states."""
    found: list[Episode] = []
    for state in states:
        if state.standing is Standing.OPEN and state.opened_at == state.since:
            found.append(Episode(opened_at=state.since, value=state.value))
        elif found and found[-1].cured_at is None:
            found[-1] = _changed(found[-1], state)
    return found


def _changed(episode: Episode, state: State) -> Episode:
    if state.standing is Standing.KEPT:
        return msgspec.structs.replace(episode, cured_at=state.since, recovering_since=None)
    since = state.since if state.standing is Standing.RECOVERING else None
    return msgspec.structs.replace(episode, recovering_since=since)
