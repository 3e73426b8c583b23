"""A delivery of figures as columns, and what of it is sound. Pure.

Whatever a firm speaks (JSON, CSV, OTLP, remote write) is read into one :class:`Delivery`: a
few arrays, so that ten thousand points are judged and stored without a loop over them.

Times are microseconds since 1970 in UTC. A point's time is the *end* of the time it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.pilots.rules import TESTING
from sandbox.telemetry.rules.spreads import Part, Spread

MOST = 10_000
"""Points of one delivery."""
TOLD = 1_000
"""Refusals of one delivery that are told one by one."""
NO_TIME = np.iinfo(np.int64).min
"""Stands where a point's time could not be read."""
SAMPLES_AT_MOST = 2**53
LARGEST = 1e30
"""No figure is larger: sums of them, weighted by samples, must stay numbers, or one figure would
end all judging of a pilot."""
LONGEST_SLICE = 120
LONGEST_NAME = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


def micros(moment: datetime) -> int:
    """An aware moment in microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The other way round."""
    return _EPOCH + timedelta(microseconds=int(value))


Counter = Literal["", "total", "mean"] | Part


class Name(msgspec.Struct, frozen=True):
    """What a sender calls a series: a metric, and the attributes of its points, sorted.

    ``counter``: the values are running totals. Of a ``total`` the increase is the figure; of a
    ``mean`` (a running sum, with a running count in ``n``) the increase by sample is; of ``p95``
    and its like the percentile of what a running histogram grew by (its point's line tells
    which of ``Delivery.spreads`` that is). ``strict``:
    an attribute that the plan does not have is a mistake, not just a place it ran in.
    """

    metric: str
    attributes: tuple[tuple[str, str], ...] = ()
    counter: Counter = ""
    strict: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A point that was not taken: its place in the delivery (from 1), and why: in words, and
    their key of ``WORDS``."""

    line: int
    reason: str
    why: str


class Delivery(msgspec.Struct, kw_only=True):
    """Points as columns. ``name`` is an index into ``names``, ``line`` the place in what came.

    ``spreads``: the histograms of which some points are the means.
    """

    names: list[Name]
    name: Whole
    at: Whole
    value: Numbers
    n: Whole
    line: Whole
    spreads: list[Spread] = []

    def __len__(self) -> int:
        return len(self.at)


class Builder:
    """Gathers points into a :class:`Delivery`."""

    def __init__(self) -> None:
        self._places: dict[Name, int] = {}
        self._name: list[int] = []
        self._at: list[int] = []
        self._value: list[float] = []
        self._n: list[int] = []
        self._line: list[int] = []
        self.spreads: list[Spread] = []

    def expect(self, points: int) -> None:
        """See, before so many more (or what may hold points) are read, that they may come.

        :raises InvalidInput: a delivery holds no more.
        """
        if len(self._at) + points > MOST:
            raise _amount()

    def place(self, name: Name) -> int:
        """The index of ``name``."""
        return self._places.setdefault(name, len(self._places))

    def add(self, name: Name, at: int, value: float, n: int = 1, *, line: int = 0) -> None:
        """One point; without a ``line`` it is the next."""
        self._name.append(self.place(name))
        self._at.append(at)
        self._value.append(value)
        self._n.append(n)
        self._line.append(line or len(self._at))

    def extend(
        self, names: Sequence[int], at: Sequence[int], values: Sequence[float], n: Sequence[int]
    ) -> int:
        """Many points of places that :meth:`place` gave; lines go on counting: the first one's."""
        first = len(self._at) + 1
        self._name.extend(names)
        self._at.extend(at)
        self._value.extend(values)
        self._n.extend(n)
        self._line.extend(range(first, first + len(at)))
        return first

    def delivery(self) -> Delivery:
        """All of it as columns."""
        return Delivery(
            names=list(self._places),
            name=np.array(self._name, np.int64),
            at=_times(self._at),
            value=np.array(self._value, np.float64),
            n=_samples(self._n),
            line=np.array(self._line, np.int64),
            spreads=self.spreads,
        )


def _times(micro: list[int]) -> Whole:
    """Times as an array; those that no column holds cannot be read."""
    try:
        return np.array(micro, np.int64)
    except OverflowError:
        return np.array([at if abs(at) < 2**63 else NO_TIME for at in micro], np.int64)


def _samples(counts: list[int]) -> Whole:
    """Counts as an array; those that no column holds become 0, which is refused."""
    try:
        return np.array(counts, np.int64)
    except OverflowError:
        return np.array([n if 0 < n < SAMPLES_AT_MOST else 0 for n in counts], np.int64)


# Readings: a point as our own JSON and files say it ---------------------------------------


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point as it is sent: ``value`` of ``metric`` for the time that ended ``at``.

    ``at`` carries its time zone. ``n`` is the number of samples behind the value. ``slice``
    names one part of the whole, as ``{"site": "Tawau"}``.
    """

    metric: str
    at: datetime
    value: float
    n: int = 1
    slice: dict[str, str] = {}


def of_readings(readings: Sequence[Reading]) -> Delivery:
    """Readings as columns."""
    names: dict[Any, int] = {}
    whole: dict[str, int] = {}
    places = []
    for reading in readings:
        if reading.slice:
            key = (reading.metric, tuple(sorted(reading.slice.items())))
            places.append(names.setdefault(key, len(names)))
        elif (known := whole.get(reading.metric)) is not None:
            places.append(known)
        else:
            place = names.setdefault((reading.metric, ()), len(names))
            whole[reading.metric] = place
            places.append(place)
    at = [r.at.timestamp() if r.at.tzinfo is not None else np.nan for r in readings]
    return Delivery(
        names=[Name(metric, attributes, strict=True) for metric, attributes in names],
        name=np.array(places, np.int64),
        at=_of_seconds(np.array(at, np.float64)),
        value=np.array([r.value for r in readings], np.float64),
        n=_samples([r.n for r in readings]),
        line=np.arange(1, len(readings) + 1),
    )


def _of_seconds(seconds: Numbers) -> Whole:
    """Seconds since 1970 as microseconds; a double holds those of this age exactly."""
    known = ~np.isnan(seconds)
    micro = np.full(len(seconds), NO_TIME, np.int64)
    micro[known] = np.rint(seconds[known] * 1e6).astype(np.int64)
    return micro


# Judging -----------------------------------------------------------------------------------


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Between which moments (µs) a point's time may lie: since the pilot went live, not too
    late, not ahead of now by more than clocks differ."""

    since: int
    oldest: int
    until: int


WORDS = {
    "value": N_("The value is not a number"),
    "large": N_("The value is larger than any that is taken (10³⁰)"),
    "samples": N_("n is the number of samples: at least 1"),
    "zone": N_("The time needs its zone, such as +08:00"),
    "ahead": N_("The time lies ahead"),
    "before": N_("The time is before the pilot went live"),
    "late": N_("The time lies too far back: figures are taken for a limited time"),
    "twice": N_("Two values for one time in one delivery; the first one counts"),
    "unknown": N_("This pilot reports no such metric"),
    "name": N_("The name holds a character that cannot be kept"),
    "long": N_("The name is too long"),
    "dimension": N_("The plan does not divide this metric so"),
    "slice": N_("The name of the slice is too long"),
    "slices": N_("This metric has as many slices as it may have"),
    "aside": N_("As many unknown names are kept aside as may be"),
    "counter": N_("A later total of this counter was sent before"),
    "unread": N_("This line cannot be read: check time and value"),
}
"""Why a point is not taken, by a short name."""


def check_size(delivery: Delivery, unread: int = 0) -> None:
    """Whether a delivery has a size that is taken.

    :raises InvalidInput: there is nothing in it, or too much.
    """
    if not len(delivery) + unread > 0 or len(delivery) > MOST:
        raise _amount()


def _amount() -> InvalidInput:
    words = _("Send between 1 and %(most)s points at a time")
    return InvalidInput({"points": words % {"most": MOST}})


def judge(
    delivery: Delivery, wrong_names: Mapping[int, str], bounds: Bounds, told: int = TOLD
) -> tuple[NDArray[np.bool_], list[Refused]]:
    """Which points are sound, and why the others are not: the first ``told`` of them.

    ``wrong_names``: why points of a name (by its index) are not taken, a key of ``WORDS``.
    """
    reasons = np.zeros(len(delivery), np.int8)
    words = list(WORDS)

    def mark(which: NDArray[np.bool_], why: str) -> None:
        if which.any():
            reasons[(reasons == 0) & which] = words.index(why) + 1

    for index, why in wrong_names.items():
        mark(delivery.name == index, why)
    finite = np.isfinite(delivery.value)
    mark(~finite, "value")
    mark(np.abs(delivery.value, where=finite, out=np.zeros(len(finite))) > LARGEST, "large")
    mark((delivery.n < 1) | (delivery.n >= SAMPLES_AT_MOST), "samples")
    mark(delivery.at == NO_TIME, "zone")
    mark(delivery.at > bounds.until, "ahead")
    mark(delivery.at < bounds.since, "before")
    mark(delivery.at < bounds.oldest, "late")
    refused = refusals(delivery, reasons > 0, lambda i: words[reasons[i] - 1], told)
    return reasons == 0, refused


def refusals(
    delivery: Delivery, which: NDArray[np.bool_], why: Callable[[int], str], told: int = TOLD
) -> list[Refused]:
    """The points at ``which`` as refusals, the first ``told`` of them."""
    places = np.flatnonzero(which)[:told]
    return [
        Refused(line=int(delivery.line[i]), reason=_(WORDS[why(i)]), why=why(i)) for i in places
    ]


def check_open(state: str) -> None:
    """Figures are taken from going live until the pilot is closed.

    :raises RuleBroken: ``telemetry.receive.not_open``.
    """
    if state not in TESTING:
        raise RuleBroken(
            "telemetry.receive.not_open",
            _("Figures are taken from the day the pilot goes live until it is closed."),
        )


# Running totals ----------------------------------------------------------------------------


class Total(msgspec.Struct, frozen=True):
    """The newest running total of a counter: when it was, and since when it runs (0: unknown)."""

    at: int
    value: float
    n: int = 0


def increases(
    at: Whole, value: Numbers, n: Whole, last: Total | None
) -> tuple[Numbers, Whole, NDArray[np.bool_], Total | None]:
    """A counter's running totals as increases.

    The first total ever seen only sets the mark. A total below the one before means that the
    counter began anew, so all of it is increase. Totals not newer than ``last`` are not used.

    :returns: increase of value and of samples of each point, which of them are figures, and the
        new mark. Points are given by time.
    """
    fresh = at > last.at if last else np.ones(len(at), bool)
    if not fresh.any():
        return value, n, fresh, last
    first = Total(int(at[fresh][0]), float(value[fresh][0]), int(n[fresh][0]))
    before = last or first
    values, samples = value[fresh], n[fresh]
    earlier = np.concatenate([[before.value], values[:-1]])
    earlier_n = np.concatenate([[before.n], samples[:-1]])
    reset = (values < earlier) | (samples < earlier_n)
    grown, grown_n = value.copy(), n.copy()
    grown[fresh] = np.where(reset, values, values - earlier)
    grown_n[fresh] = np.where(reset, samples, samples - earlier_n)
    used = fresh.copy()
    if last is None:
        used[np.flatnonzero(fresh)[0]] = False
    mark = Total(int(at[fresh][-1]), float(values[-1]), int(samples[-1]))
    return grown, grown_n, used, mark
