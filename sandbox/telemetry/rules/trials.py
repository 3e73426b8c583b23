"""What another limit would have made of the values that a condition was held to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from sandbox.telemetry.rules import verdicts
from sandbox.telemetry.rules.verdicts import Course, Moment, State

_DAY = timedelta(days=1)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``limit`` makes of the values: how many breaches, and how long they lasted in all."""

    limit: float
    times: int
    lasted: timedelta

    @property
    def days(self) -> float:
        """How long, in days with one decimal."""
        return round(self.lasted / _DAY, 1)


def tried(course: Course, moments: Sequence[Moment], limit: float) -> Trial:
    """Hold ``moments``, by time, to ``limit``; all else is as ``course`` says.

    A breach that is open at the last of them lasts until then.
    """
    if not moments:
        return Trial(limit=limit, times=0, lasted=timedelta())
    threshold = msgspec.structs.replace(course.threshold, limit=limit)
    other = msgspec.structs.replace(course, threshold=threshold)
    found = verdicts.episodes(verdicts.follow(other, State(since=moments[0].at), moments))
    last = moments[-1].at
    lasted = sum(((one.cured_at or last) - one.opened_at for one in found), timedelta())
    return Trial(limit=limit, times=len(found), lasted=lasted)
