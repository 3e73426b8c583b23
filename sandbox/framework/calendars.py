"""Where a pack is at home: country, money, states, weekends and holidays."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import holidays
import msgspec

from sandbox.framework.clocks import Calendar, Holidays
from sandbox.framework.struct import Count, Key, Named, Part
from sandbox.framework.text import Text

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


class Currency(Part, frozen=True, kw_only=True):
    """Money is stored as whole ``minor_units`` (10 to the power of it make one)."""

    code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    symbol: str
    minor_units: Count = 2


class ExtraHoliday(Part, frozen=True, kw_only=True):
    """A day off that the ``holidays`` package does not know; without ``subdivisions``, in all."""

    day: date
    name: Text
    subdivisions: tuple[Key, ...] = ()


class HolidayName(Part, frozen=True, kw_only=True):
    """What to call a holiday that the ``holidays`` package calls ``known`` in some language."""

    known: str
    name: Text


class HolidayRules(Part, frozen=True, kw_only=True):
    """Holidays by the ``holidays`` package (``country``, empty: none) and those proclaimed;
    ``names`` mend what the package calls them."""

    country: str = ""
    names: tuple[HolidayName, ...] = ()
    extra: tuple[ExtraHoliday, ...] = ()


class Subdivision(Named, frozen=True, kw_only=True):
    """A state. ``holidays``: its code there; ``weekend``: where it differs from the country's."""

    name: Text
    holidays: str = ""
    weekend: tuple[Weekday, ...] | None = None


class Jurisdiction(Part, frozen=True, kw_only=True):
    """The country."""

    country: Text
    iso: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    timezone: str
    currency: Currency
    weekend: tuple[Weekday, ...]
    holidays: HolidayRules
    subdivisions: tuple[Subdivision, ...]
    default_subdivision: Key

    @property
    def zone(self) -> ZoneInfo:
        """Where days begin."""
        return ZoneInfo(self.timezone)

    def calendar(self, subdivision: str = "") -> Calendar:
        """The working calendar of ``subdivision``, by default the authorities' own.

        :raises KeyError: there is no such subdivision.
        """
        return _calendar(self, subdivision or self.default_subdivision)

    def subdivision(self, key: str) -> Subdivision:
        """The subdivision ``key``.

        :raises KeyError: there is none such.
        """
        return {part.key: part for part in self.subdivisions}[key]


class _Days:
    """National and state holidays, with those proclaimed for the place."""

    def __init__(self, known: Holidays, extra: frozenset[date]) -> None:
        self._known = known
        self._extra = extra

    def __contains__(self, day: object) -> bool:
        return day in self._extra or day in self._known


@cache
def _calendar(jurisdiction: Jurisdiction, key: str) -> Calendar:
    place = jurisdiction.subdivision(key)
    extra = frozenset(
        holiday.day
        for holiday in jurisdiction.holidays.extra
        if not holiday.subdivisions or key in holiday.subdivisions
    )
    weekend = jurisdiction.weekend if place.weekend is None else place.weekend
    return Calendar(
        zone=jurisdiction.zone,
        weekend=frozenset(WEEKDAYS.index(day) for day in weekend),
        holidays=_Days(_known(jurisdiction.holidays.country, place.holidays), extra),
    )


def _known(country: str, subdivision: str) -> Holidays:
    if not country:
        return frozenset()
    return holidays.country_holidays(country, subdiv=subdivision or None)


def holidays_of(
    jurisdiction: Jurisdiction, year: int, subdivision: str = "", language: str = ""
) -> list[tuple[date, str]]:
    """The holidays of ``year`` with their names, for people to read."""
    place = jurisdiction.subdivision(subdivision or jurisdiction.default_subdivision)
    found: dict[date, str] = {}
    country = jurisdiction.holidays.country
    if country:
        known = holidays.country_holidays(
            country,
            subdiv=place.holidays or None,
            years=[year],
            language=_spoken(country, language),
        )
        found |= {day: _named(jurisdiction, name, language) for day, name in known.items()}
    for holiday in jurisdiction.holidays.extra:
        here = not holiday.subdivisions or place.key in holiday.subdivisions
        if here and holiday.day.year == year:
            found[holiday.day] = holiday.name.in_(language)
    return sorted(found.items())


def _named(jurisdiction: Jurisdiction, name: str, language: str) -> str:
    for rule in jurisdiction.holidays.names:
        name = name.replace(rule.known, rule.name.in_(language))
    return name


def _spoken(country: str, language: str) -> str | None:
    """The package's name for ``language``, such as ``ms_MY`` for ``ms``."""
    codes = getattr(getattr(holidays, country, None), "supported_languages", ())
    return next((code for code in codes if code.split("_")[0] == language), None)
