"""When periodic reports and attestations are owed, and for which time. Pure.

Days are days of the jurisdiction.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from sandbox.framework import clocks
from sandbox.framework.clocks import Calendar, Limit, add_months
from sandbox.framework.conditions import Cadence

_MONTHS = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3}
_DAY = timedelta(days=1)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The time that a report is about, its first and its last day, and the day it is owed by."""

    first: date
    last: date
    due_on: date

    def is_over(self, today: date) -> bool:
        """Whether all of it lies behind."""
        return self.last < today


class Rhythm(msgspec.Struct, frozen=True):
    """The periods of a pilot, counted from its first day live, and the days that follow them.

    Counting from there, and not from the report before, a day that is moved to the next working
    day does not move those after it. ``within``: how long after its period a report is owed;
    without it, on the day after.
    """

    start: date
    calendar: Calendar
    within: Limit | None = None

    def first(self, day: date, every: str) -> date:
        """The day by which the report is owed of the period that ``day`` lies in."""
        number = 1
        while self._nth(number, every) <= day:
            number += 1
        return self._owed(number, every)

    def after(self, day: date, every: str) -> date:
        """The first day after ``day`` by which a report is owed."""
        number = 1
        while (owed := self._owed(number, every)) <= day:
            number += 1
        return owed

    def period(self, due_on: date, every: str, ends_on: date | None = None) -> Period:
        """What the report is about that is owed by ``due_on``, as agreed or put off.

        Nothing is reported of after ``ends_on``, the last day of testing.
        """
        number = 1
        while self._owed(number + 1, every) <= due_on:
            number += 1
        first, last = self._nth(number - 1, every), self._nth(number, every) - _DAY
        if ends_on is not None and first <= ends_on:
            last = min(last, ends_on)
        return Period(first=first, last=last, due_on=due_on)

    def _nth(self, number: int, every: str) -> date:
        """The first day of a period; the days before it belong to those before."""
        months = _MONTHS.get(Cadence(every))
        if months:
            return add_months(self.start, number * months)
        return self.start + number * timedelta(days=7 if every == Cadence.WEEKLY else 1)

    def _owed(self, number: int, every: str) -> date:
        ended = self._nth(number, every)
        if self.within is None:
            return self.calendar.next_working(ended)
        end = self.calendar.end_of(ended - _DAY)
        return self.calendar.day_of(clocks.due(self.within, end, self.calendar, roll=True))
