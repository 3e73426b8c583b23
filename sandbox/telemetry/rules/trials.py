"""What another limit would have made of the values that a condition was held to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from sandbox.telemetry.rules import verdicts
from sandbox.telemetry.rules.verdicts import Course, Moment, State

_DAY = timedelta(days=1)
_Span = tuple[datetime, datetime]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``limit`` makes of the values: how many breaches, and how long they lasted in all.

    ``since`` and ``until``: of the first and the last value. Where parts of a condition were
    broken at the same time, that time counts once.
    """

    limit: float
    times: int
    lasted: timedelta
    since: datetime | None = None
    until: datetime | None = None

    @property
    def days(self) -> float:
        """How long, in days with one decimal."""
        return round(self.lasted / _DAY, 1)

    @property
    def share(self) -> float:
        """The part of the time, from 0 to 1; of a single value, whether it was broken."""
        if self.since is None or self.until is None or self.since == self.until:
            return float(self.times > 0)
        return self.lasted / (self.until - self.since)


def tried(course: Course, moments: Sequence[Moment], limit: float) -> Trial:
    """Hold ``moments``, by time, to ``limit``; all else is as ``course`` says."""
    threshold = msgspec.structs.replace(course.threshold, limit=limit)
    return held(msgspec.structs.replace(course, threshold=threshold), [moments])


def held(course: Course, parts: Sequence[Sequence[Moment]]) -> Trial:
    """Hold the moments of each part of a condition, by time, to what ``course`` says.

    A breach that is open at the last of a part's moments lasts until then.
    """
    parts = [moments for moments in parts if moments]
    found = [span for moments in parts for span in _broken(course, moments)]
    return Trial(
        limit=course.threshold.limit, times=len(found), lasted=_length(found),
        since=min((moments[0].at for moments in parts), default=None),
        until=max((moments[-1].at for moments in parts), default=None),
    )  # fmt: skip


def _broken(course: Course, moments: Sequence[Moment]) -> list[_Span]:
    states = verdicts.follow(course, State(since=moments[0].at), moments)
    last = moments[-1].at
    return [(one.opened_at, one.cured_at or last) for one in verdicts.episodes(states)]


def _length(spans: Sequence[_Span]) -> timedelta:
    """How long ``spans`` last together; what lies in several counts once."""
    lasted, reached = timedelta(), None
    for since, until in sorted(spans):
        start = since if reached is None else max(since, reached)
        lasted += max(until - start, timedelta())
        reached = until if reached is None else max(reached, until)
    return lasted
