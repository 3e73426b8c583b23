"""Thresholds: a limit on a metric that a machine checks. From a pack or written by hand."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Literal

import msgspec

from sandbox.foundation import i18n
from sandbox.foundation.i18n import N_, _, ngettext
from sandbox.framework.clocks import Limit
from sandbox.framework.durations import limit_in_words as time_in_words
from sandbox.framework.struct import Count, Key, Part, Positive


class Aggregate(StrEnum):
    """How the points of a window become one value.

    ``mean`` weighs each point by its sample count; ``rate`` is the sum per hour of the window;
    ``count`` counts samples.
    """

    LAST = "last"
    MEAN = "mean"
    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    RATE = "rate"


class Comparator(StrEnum):
    """How the value must stand to the limit for the condition to hold."""

    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    EXACTLY = "=="


_COMPARE: dict[Comparator, Callable[[float, float], bool]] = {
    Comparator.AT_LEAST: operator.ge,
    Comparator.AT_MOST: operator.le,
    Comparator.ABOVE: operator.gt,
    Comparator.BELOW: operator.lt,
    Comparator.EXACTLY: operator.eq,
}


class OnBreach(StrEnum):
    """What a breach does beside being recorded and told to both sides.

    ``notify``: nothing more. ``warn``: the firm explains it; so it does under ``incident``, which
    opens one, and ``suspend``, which puts a suspension before a decision maker: a machine never
    stops a service by itself.
    """

    NOTIFY = "notify"
    WARN = "warn"
    INCIDENT = "incident"
    SUSPEND = "suspend"


class Window(Part, frozen=True, kw_only=True):
    """The time a value is taken over.

    ``rolling``: the last ``length`` × ``unit`` before now. ``calendar``: the ``unit`` (day, week
    from Monday, month) that contains the moment, in the jurisdiction's zone. ``cumulative``: all
    since the pilot went live.
    """

    kind: Literal["rolling", "calendar", "cumulative"] = "rolling"
    unit: Literal["hour", "day", "week", "month"] = "day"
    length: Positive = 1

    def __post_init__(self) -> None:
        if self.kind == "calendar" and (self.unit == "hour" or self.length != 1):
            raise ValueError("a calendar window is one `day`, `week` or `month`")
        if self.kind == "cumulative" and (self.unit, self.length) != ("day", 1):
            raise ValueError("a cumulative window has no `unit` and no `length`")
        if self.kind == "rolling" and self.unit == "month":
            raise ValueError("a rolling window counts hours, days or weeks")

    @property
    def duration(self) -> timedelta:
        """How long it is; a calendar month counts as 31 days."""
        if self.unit == "month":
            return timedelta(days=31)
        return self.length * timedelta(**{f"{self.unit}s": 1})


class Slice(Part, frozen=True, kw_only=True):
    """The part of a metric that is held to the limit.

    Without ``value``: ``each`` value of the ``dimension`` must hold by itself, or the ``gap``
    between its highest and its lowest is held to the limit (the gap between languages).
    """

    dimension: Key
    value: str = ""
    across: Literal["each", "gap"] = "each"

    def __post_init__(self) -> None:
        if self.value and self.across == "gap":
            raise ValueError("a `gap` is between values, so it has no `value`")


class Threshold(Part, frozen=True, kw_only=True):
    """A limit on a metric: the condition holds while ``aggregate(window) comparator limit``.

    ``unit`` is a key of the pack's units. ``over``: another metric that the value is divided by.
    Fewer than ``min_samples`` in the window decide nothing. ``grace_hours``: how long the value
    may be past the limit before it is a breach. ``recover_hours``: how long it must keep to the
    limit again before the breach is cured; by default as long as the metric's cadence, so that
    one good figure alone cures nothing. ``on_missing``: what silence (no point in the window)
    means; it is never a pass. ``explain``: how long the firm has to explain a breach; by default as
    long as the pack's clock says.
    """

    metric: str
    aggregate: Aggregate
    window: Window
    comparator: Comparator
    limit: float
    unit: str = ""
    over: str = ""
    min_samples: Count = 0
    grace_hours: Count = 0
    recover_hours: Count | None = None
    slice: Slice | None = None
    on_missing: Literal["ignore", "warn", "breach"] = "warn"
    on_breach: OnBreach = OnBreach.WARN
    explain: Limit | None = None

    @property
    def at_most(self) -> bool:
        """Whether the limit is one from above."""
        return self.comparator in {Comparator.AT_MOST, Comparator.BELOW}

    def satisfied(self, value: float) -> bool:
        """Whether ``value``, already aggregated, keeps to the limit.

        A value that differs from the limit by no more than sums of doubles are off is at it.
        """
        if math.isclose(value, self.limit, rel_tol=1e-9, abs_tol=1e-12):
            return _COMPARE[self.comparator](self.limit, self.limit)
        return _COMPARE[self.comparator](value, self.limit)

    def tightens(self, other: Threshold) -> bool:
        """Whether it is stricter than ``other``, of the same figures, and in nothing looser."""
        alike = msgspec.structs.replace(
            self, limit=other.limit, grace_hours=other.grace_hours, min_samples=other.min_samples,
            on_breach=other.on_breach, explain=other.explain,
        )  # fmt: skip
        if alike != other or (self.limit != other.limit and not self._stricter(other.limit)):
            return False
        ranks = list(OnBreach)
        steps = (
            other.grace_hours - self.grace_hours, other.min_samples - self.min_samples,
            ranks.index(self.on_breach) - ranks.index(other.on_breach),
        )  # fmt: skip
        return min(steps) >= 0 and (self.limit != other.limit or max(steps) > 0)

    def _stricter(self, limit: float) -> bool:
        if self.comparator is Comparator.EXACTLY:
            return False
        return self.limit < limit if self.at_most else self.limit > limit

    def further(self, a: float, b: float) -> bool:
        """Whether ``a`` is further past the limit, or nearer to it, than ``b``."""
        if self.comparator is Comparator.EXACTLY:
            return abs(a - self.limit) > abs(b - self.limit)
        return a > b if self.at_most else a < b


def threshold_of(data: object) -> Threshold | None:
    """The threshold stored as JSON in ``data``; ``None`` for none.

    :raises msgspec.ValidationError: it is not one.
    """
    return msgspec.convert(data, Threshold) if data else None


_AGGREGATES = {
    Aggregate.LAST: N_("%(metric)s, at the latest figure"),
    Aggregate.MEAN: N_("%(metric)s, averaged %(window)s"),
    Aggregate.SUM: N_("%(metric)s, added up %(window)s"),
    Aggregate.COUNT: N_("%(metric)s, counted in samples %(window)s"),
    Aggregate.MIN: N_("%(metric)s, at its lowest %(window)s"),
    Aggregate.MAX: N_("%(metric)s, at its highest %(window)s"),
    Aggregate.P50: N_("%(metric)s, at the median %(window)s"),
    Aggregate.P95: N_("%(metric)s, at the 95th percentile %(window)s"),
    Aggregate.P99: N_("%(metric)s, at the 99th percentile %(window)s"),
    Aggregate.RATE: N_("%(metric)s, per hour %(window)s"),
}
_COMPARATORS = {
    Comparator.AT_LEAST: N_("must be at least %(limit)s"),
    Comparator.AT_MOST: N_("must be at most %(limit)s"),
    Comparator.ABOVE: N_("must be above %(limit)s"),
    Comparator.BELOW: N_("must be below %(limit)s"),
    Comparator.EXACTLY: N_("must be exactly %(limit)s"),
}
_CALENDAR = {
    "day": N_("in each calendar day"),
    "week": N_("in each calendar week"),
    "month": N_("in each calendar month"),
}
_DIMENSIONS = (
    N_("language"), N_("state"), N_("site"), N_("sex"), N_("age group"), N_("ethnicity"),
    N_("crop"),
)  # fmt: skip
"""Usual dimensions of a slice, marked for the catalogue; any other is shown as it is."""
_BREACHES = {
    OnBreach.NOTIFY: N_("A breach is told to both sides."),
    OnBreach.WARN: N_("The firm explains a breach."),
    OnBreach.INCIDENT: N_("A breach opens an incident."),
    OnBreach.SUSPEND: N_("A breach puts a suspension before a decision maker."),
}
_MISSING = {
    "ignore": "",
    "warn": N_("Missing data gives a warning."),
    "breach": N_("Missing data counts as a breach."),
}


def in_words(
    threshold: Threshold,
    metric: str,
    unit: str = "",
    *,
    language: str | None = None,
    short: bool = False,
) -> str:
    """``threshold`` as a sentence a person would say, in ``language`` (default: the current).

    ``metric`` and ``unit`` are their names in that language (``pack.metric_name``,
    ``pack.unit_symbol``). ``short`` leaves out grace, silence and consequence.
    """
    if language is not None and language != i18n.current_language():
        with i18n.use(language):
            return in_words(threshold, metric, unit, short=short)
    sentences = [_main_sentence(threshold, metric, unit)]
    if not short:
        sentences += [_grace(threshold), _(_BREACHES[threshold.on_breach]), _explain(threshold)]
        sentences.append(_(_MISSING[threshold.on_missing]))
    return " ".join(filter(None, sentences))


def _main_sentence(threshold: Threshold, metric: str, unit: str) -> str:
    window = _window(threshold.window)
    name = metric[:1].upper() + metric[1:]
    parts = [
        _(_AGGREGATES[threshold.aggregate]) % {"metric": name, "window": window},
        _slice(threshold.slice),
        must_in_words(threshold, unit),
    ]
    samples = _samples(threshold.min_samples)
    return ", ".join(filter(None, parts)) + (f" {samples}" if samples else "") + "."


def must_in_words(threshold: Threshold, unit: str = "") -> str:
    """``must be at most 2%``, in the current language."""
    if threshold.limit == 0 and threshold.comparator in {Comparator.AT_MOST, Comparator.EXACTLY}:
        return _("must be zero")
    limit = limit_in_words(threshold.limit, unit)
    return _(_COMPARATORS[threshold.comparator]) % {"limit": limit}


def limit_in_words(limit: float, unit: str = "") -> str:
    """``2%``, ``RM 500,000``, ``24 hours``; symbols of one sign stand close."""
    number = i18n.format_number(limit)
    if unit == "%":
        return f"{number}%"
    if unit and unit == i18n.currency_symbol():
        return f"{unit}\N{NO-BREAK SPACE}{number}"
    return f"{number}\N{NO-BREAK SPACE}{unit}" if unit else number


def _window(window: Window) -> str:
    if window.kind == "cumulative":
        return _("since the pilot went live")
    if window.kind == "calendar":
        return _(_CALENDAR[window.unit])
    n = window.length
    words = {
        "hour": ngettext("over any %(n)d hour", "over any %(n)d hours", n),
        "day": ngettext("over any %(n)d day", "over any %(n)d days", n),
        "week": ngettext("over any %(n)d week", "over any %(n)d weeks", n),
    }
    return words[window.unit] % {"n": n}


def _slice(part: Slice | None) -> str:
    if part is None:
        return ""
    dimension = _(part.dimension.replace("_", " "))
    if part.across == "gap":
        return _("as the gap between the highest and the lowest %(dimension)s") % {
            "dimension": dimension
        }
    if not part.value:
        return _("for each %(dimension)s") % {"dimension": dimension}
    return _("for %(dimension)s “%(value)s”") % {"dimension": dimension, "value": part.value}


def _samples(number: int) -> str:
    if not number:
        return ""
    words = ngettext(
        "(once there is at least %(n)s sample)", "(once there are at least %(n)s samples)", number
    )
    return words % {"n": i18n.format_number(number)}


def _explain(threshold: Threshold) -> str:
    if threshold.explain is None or threshold.on_breach is OnBreach.NOTIFY:
        return ""
    time = time_in_words(threshold.explain)
    return _("The explanation is due within %(time)s.") % {"time": time}


def _grace(threshold: Threshold) -> str:
    hours = threshold.grace_hours
    if not hours:
        return ""
    if hours % 24 == 0:
        words = ngettext(
            "It may be past the limit for up to %(n)d day.",
            "It may be past the limit for up to %(n)d days.",
            hours // 24,
        )
        return words % {"n": hours // 24}
    words = ngettext(
        "It may be past the limit for up to %(n)d hour.",
        "It may be past the limit for up to %(n)d hours.",
        hours,
    )
    return words % {"n": hours}
