"""Languages, and how dates, numbers and money are written in each.

English is the source language. The catalogues are ``sandbox/locale/<code>/LC_MESSAGES/rintis.po``,
read as they are: nothing has to be compiled. A text without a translation stays English.

Zone, territory and currency belong to the jurisdiction, so the application sets them from
its pack (:func:`set_region`); until then it is UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from sandbox.foundation import clock

LANGUAGES = ("en", "ms")
LANGUAGE_NAMES = {"en": "English", "ms": "Bahasa Melayu"}
LANGUAGE_SHORT = {"en": "EN", "ms": "BM"}
DOMAIN = "rintis"
FOLDER = Path(__file__).parent.parent / "locale"

# Day before month everywhere; Malay writes the hour with a full stop and the part of the day.
_DATE = "d MMMM y"
_SHORT_DATE = "d MMM y"
_TIME = {"en": "h:mm a", "ms": "h.mm B"}
_CLOCK = {"en": "HH:mm", "ms": "HH.mm"}

_SIZES = (("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000))

_language: ContextVar[str] = ContextVar("language", default="en")
_zone: ContextVar[ZoneInfo | None] = ContextVar("zone", default=None)


@dataclass
class _Region:
    zone: ZoneInfo
    territory: str
    currency: str


_region = _Region(ZoneInfo("UTC"), "GB", "XXX")


# The language ----------------------------------------------------------------------------


def current_language() -> str:
    """The language of this answer or job."""
    return _language.get()


def set_language(language: str) -> None:
    """Speak ``language`` for the rest of this request; an unknown one means English."""
    _language.set(language if language in LANGUAGES else "en")


@contextmanager
def use(language: str) -> Iterator[None]:
    """Speak ``language`` within this context; an unknown one means English."""
    token = _language.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)


def _(message: str) -> str:
    """``message`` in the current language."""
    return _catalogue(current_language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of the message that ``number`` wants, in the current language."""
    return _catalogue(current_language()).ngettext(singular, plural, number)


def N_(message: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Mark ``message`` for the catalogue; ``_()`` translates it where it is shown."""
    return message


def local(texts: Mapping[str, str] | str | None) -> str:
    """One text of several languages: the current one, else English, else the first."""
    if not texts:
        return ""
    if isinstance(texts, str):
        return texts
    found = texts.get(current_language()) or texts.get("en")
    return found or next(iter(texts.values()))


@cache
def _catalogue(language: str) -> NullTranslations:
    path = FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if language == "en" or not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language, domain=DOMAIN))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


# The region ------------------------------------------------------------------------------


def set_region(*, zone: str, territory: str = "GB", currency: str = "XXX") -> None:
    """Set the zone (IANA name), territory and currency (ISO codes) of the jurisdiction.

    :raises zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    _region.zone = ZoneInfo(zone)
    _region.territory = territory
    _region.currency = currency


@contextmanager
def use_zone(zone: str) -> Iterator[None]:
    """Show times in ``zone`` (IANA name) within this context."""
    token = _zone.set(ZoneInfo(zone))
    try:
        yield
    finally:
        _zone.reset(token)


def current_zone() -> ZoneInfo:
    """The zone in which times are shown and days begin."""
    return _zone.get() or _region.zone


def local_date(moment: datetime | date) -> date:
    """The day of ``moment`` in the current zone; a plain date is that day already."""
    if isinstance(moment, datetime):
        return moment.astimezone(current_zone()).date()
    return moment


def today() -> date:
    """The present day in the current zone."""
    return local_date(clock.now())


def _locale() -> Locale:
    return _locale_of(current_language(), _region.territory)


@cache
def _locale_of(language: str, territory: str) -> Locale:
    try:
        return Locale(language, territory)
    except UnknownLocaleError:
        return Locale("en", "GB") if language == "en" else Locale(language)


# Dates and times -------------------------------------------------------------------------


def format_date(moment: datetime | date | None, *, short: bool = False) -> str:
    """``23 November 2026``, or ``23 Nov 2026`` where it is ``short``; nothing for ``None``."""
    if moment is None:
        return ""
    pattern = _SHORT_DATE if short else _DATE
    return dates.format_date(local_date(moment), pattern, locale=_locale())


def format_time(moment: datetime) -> str:
    """``3:00 pm``; in Malay ``3.00 petang``."""
    pattern = _TIME[current_language()]
    local_time = moment.astimezone(current_zone())
    return dates.format_time(local_time, pattern, tzinfo=current_zone(), locale=_locale())


def format_clock(moment: datetime) -> str:
    """``15:00``, for "Saved 15:00" and other small print."""
    pattern = _CLOCK[current_language()]
    return dates.format_time(moment, pattern, tzinfo=current_zone(), locale=_locale())


def format_datetime(moment: datetime | date | None, *, short: bool = False) -> str:
    """``23 November 2026, 3:00 pm``; a plain date has no time; nothing for ``None``."""
    if not isinstance(moment, datetime):
        return format_date(moment, short=short)
    return f"{format_date(moment, short=short)}, {format_time(moment)}"


def format_month(moment: datetime | date) -> str:
    """``November 2026``."""
    return dates.format_date(local_date(moment), "MMMM y", locale=_locale())


def days_until(moment: datetime | date) -> int:
    """Calendar days from today to ``moment`` in the current zone; negative when past."""
    return (local_date(moment) - today()).days


def relative_days(moment: datetime | date | None) -> str:
    """``today``, ``tomorrow``, ``in 3 days``, ``yesterday``, ``3 days ago``."""
    if moment is None:
        return ""
    days = days_until(moment)
    named = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}
    if days in named:
        return named[days]
    if days > 0:
        return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}
    return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}


def time_left(due: datetime | date) -> str:
    """What remains until ``due``: ``3 days left``, ``5 hours left``, ``2 days overdue``.

    A moment counts in hours within two days of it, since such clocks are set in hours.
    """
    if isinstance(due, datetime):
        hours = (due - clock.now()).total_seconds() / 3600
        if abs(hours) < 48:
            return _hours_left(hours)
    days = days_until(due)
    if days == 0:
        return _("due today")
    if days > 0:
        return ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}
    return ngettext("%(days)d day overdue", "%(days)d days overdue", -days) % {"days": -days}


def _hours_left(hours: float) -> str:
    whole = int(abs(hours))
    if whole == 0:
        return _("less than an hour left") if hours >= 0 else _("just overdue")
    if hours >= 0:
        return ngettext("%(hours)d hour left", "%(hours)d hours left", whole) % {"hours": whole}
    words = ngettext("%(hours)d hour overdue", "%(hours)d hours overdue", whole)
    return words % {"hours": whole}


# Numbers ---------------------------------------------------------------------------------


_WRITTEN_OUT = 1e15
"""Numbers up to which all digits are written: a float holds no more of them."""


def format_number(number: float | Decimal | None, *, decimals: int | None = None) -> str:
    """``1,250.5``; with ``decimals``, that many places. Nothing for ``None``.

    What is too large to be written out is written as ``1.5E30``.
    """
    if number is None:
        return ""
    if not -_WRITTEN_OUT <= number <= _WRITTEN_OUT:
        return numbers.format_scientific(number, "0.###E0", locale=_locale())
    pattern = "#,##0.###" if decimals is None else _fixed_places(decimals)
    return numbers.format_decimal(number, pattern, locale=_locale())


def _fixed_places(decimals: int) -> str:
    return "#,##0." + "0" * decimals if decimals else "#,##0"


def format_percent(share: float | None, *, decimals: int = 0) -> str:
    """``0.29`` as ``29%``; nothing for ``None``."""
    if share is None:
        return ""
    if abs(share) * 100 > _WRITTEN_OUT:
        return f"{format_number(share * 100)}%"
    pattern = _fixed_places(decimals) + "%"
    return numbers.format_percent(share, pattern, locale=_locale())


def format_money(minor_units: int | None, currency: str = "") -> str:
    """Integer ``minor_units`` (sen, cents) as ``RM 1,250.00``; the region's currency by default."""
    if minor_units is None:
        return ""
    code = currency or _region.currency
    places = numbers.get_currency_precision(code)
    amount = Decimal(minor_units).scaleb(-places)
    symbol = currency_symbol(code)
    return f"{symbol}\N{NO-BREAK SPACE}{format_number(amount, decimals=places)}".strip()


def format_amount(number: float | Decimal | None, unit: str = "") -> str:
    """A number with its unit's symbol: ``5%``, ``RM 812,000.00``, ``1,200 people``.

    Money is here in whole units, not in minor ones. Nothing for ``None``.
    """
    if number is None:
        return ""
    if unit == "%":
        return f"{format_number(number)}%"
    if unit and unit == currency_symbol():
        places = numbers.get_currency_precision(_region.currency)
        return f"{unit}\N{NO-BREAK SPACE}{format_number(number, decimals=places)}"
    return f"{format_number(number)}\N{NO-BREAK SPACE}{unit}".rstrip()


def currency_symbol(currency: str = "") -> str:
    """``RM`` for MYR, as the region writes it; nothing where no currency is set."""
    code = currency or _region.currency
    return "" if code == "XXX" else numbers.get_currency_symbol(code, locale=_locale())


def format_size(size: int) -> str:
    """Bytes as ``840 bytes``, ``12 kB`` or ``3.4 MB``."""
    if size < 1000:
        return ngettext("%(size)d byte", "%(size)d bytes", size) % {"size": size}
    unit, factor = next(
        (unit, factor) for unit, factor in _SIZES if size < factor * 1000 or unit == _SIZES[-1][0]
    )
    places = 0 if unit == "kB" or size % factor == 0 else 1
    return f"{format_number(size / factor, decimals=places)}\N{NO-BREAK SPACE}{unit}"


def format_list(items: list[str]) -> str:
    """``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return _("%(many)s and %(last)s") % {"many": ", ".join(items[:-1]), "last": items[-1]}
