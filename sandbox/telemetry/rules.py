"""Points and thresholds: what is taken, what a window says, when silence begins. Pure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.framework.clocks import Calendar
from sandbox.framework.thresholds import Aggregate, Threshold, Window
from sandbox.pilots.tables import Metric

MOST = 10_000
"""Points of one delivery."""
AHEAD = timedelta(minutes=10)
"""How far a sender's clock may run ahead."""
COLUMNS = ("metric", "at", "value", "n", "slice")


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

    @property
    def slice_key(self) -> str:
        """The slice as it is stored: ``site:Tawau``, or nothing."""
        return next((f"{key}:{value}" for key, value in self.slice.items()), "")


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A point that was not taken: its place in the delivery (from 1) and why."""

    line: int
    reason: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery sorted: what is taken and what is not."""

    taken: list[Reading]
    refused: list[Refused]


def judge(
    readings: Sequence[Reading], metrics: Iterable[Metric], *, since: datetime, now: datetime
) -> Judged:
    """Sort a delivery; ``since`` is when the testing period began.

    :raises InvalidInput: there is nothing in it, or too much.
    """
    if not 0 < len(readings) <= MOST:
        raise InvalidInput(
            {"points": _("Send between 1 and %(most)s points at a time") % {"most": MOST}}
        )
    known = {metric.key: metric for metric in metrics}
    taken, refused = [], []
    for line, reading in enumerate(readings, 1):
        wrong = _problem(reading, known.get(reading.metric), since=since, now=now)
        if wrong:
            refused.append(Refused(line=line, reason=wrong))
        else:
            taken.append(reading)
    return Judged(taken=taken, refused=refused)


def _problem(reading: Reading, metric: Metric | None, *, since: datetime, now: datetime) -> str:
    checks: list[tuple[bool, str]] = [
        (metric is None, _("This pilot reports no such metric")),
        (not math.isfinite(reading.value), _("The value is not a number")),
        (not 1 <= reading.n < 2**53, _("n is the number of samples: at least 1")),
        (reading.at.tzinfo is None, _("The time needs its zone, such as +08:00")),
        (len(reading.slice) > 1, _("A point belongs to one slice")),
        (len(reading.slice_key) > 120, _("The name of the slice is too long")),
    ]
    wrong = next((words for fails, words in checks if fails), "")
    if wrong:
        return wrong
    if reading.at > now + AHEAD:
        return _("The time lies ahead")
    return _("The time is before the pilot went live") if reading.at < since else ""


def check_open(state: str) -> None:
    """Figures are taken from going live until the pilot is closed.

    :raises RuleBroken: ``telemetry.receive.not_open``.
    """
    if state not in {"live", "suspended", "exiting"}:
        raise RuleBroken(
            "telemetry.receive.not_open",
            _("Figures are taken from the day the pilot goes live until it is closed."),
        )


# CSV ---------------------------------------------------------------------------------------


def read_csv(text: str) -> tuple[list[Reading], list[Refused]]:
    """The points of a CSV file with the columns metric, at, value and, where wanted, n, slice.

    A slice is written ``site:Tawau``. Lines that cannot be read are told by their number, the
    heading being line 1.

    :raises InvalidInput: the heading is not that of such a file.
    """
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    heading = [name.strip().lower() for name in rows.fieldnames or []]
    if not set(COLUMNS[:3]) <= set(heading):
        raise InvalidInput(
            {"file": _("The first line must name the columns: %(columns)s")
             % {"columns": ", ".join(COLUMNS)}}
        )  # fmt: skip
    rows.fieldnames = heading
    readings: list[Reading] = []
    refused: list[Refused] = []
    for line, row in enumerate(rows, 2):
        try:
            readings.append(_row(row))
        except (ValueError, msgspec.ValidationError):
            refused.append(
                Refused(line=line, reason=_("This line cannot be read: check time and value"))
            )
    return readings, refused


def _row(row: Mapping[str, Any]) -> Reading:
    dimension, _colon, part = (row.get("slice") or "").strip().partition(":")
    return Reading(
        metric=(row["metric"] or "").strip(),
        at=datetime.fromisoformat((row["at"] or "").strip()),
        value=float(row["value"] or ""),
        n=int(row.get("n") or 1),
        slice={dimension: part} if dimension else {},
    )


# Thresholds --------------------------------------------------------------------------------


class Sample(msgspec.Struct, frozen=True):
    """A stored point as thresholds read it."""

    at: datetime
    value: float
    n: int
    slice: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a threshold says of its newest window. ``holds`` is ``None``: nothing decided."""

    holds: bool | None
    value: float | None = None
    at: datetime | None = None
    slice: str = ""


def window_start(window: Window, until: datetime, calendar: Calendar) -> datetime:
    """From when (excluded) points count in the window that ends ``until``."""
    if window.kind == "rolling":
        return until - window.duration
    moment = until.astimezone(calendar.zone) - timedelta(microseconds=1)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if window.unit == "week":
        start -= timedelta(days=start.weekday())
    if window.unit == "month":
        start = start.replace(day=1)
    return start


def evaluate(threshold: Threshold, samples: Sequence[Sample], calendar: Calendar) -> Finding:
    """Hold ``samples`` (of its metric, by time) against ``threshold``.

    The window ends with the newest point, so that a late delivery is judged by its own time.
    Where every value of a dimension is held by itself, the worst one is told. With a grace, a
    value must also have been past the limit so long ago.
    """
    parts = _parts(threshold, samples)
    findings = [_of_part(threshold, key, part, calendar) for key, part in parts.items()]
    decided = [finding for finding in findings if finding.holds is not None]
    broken = [finding for finding in decided if not finding.holds]
    if broken:
        return max(broken, key=lambda found: abs((found.value or 0) - threshold.limit))
    return decided[0] if decided else Finding(holds=None)


def _parts(threshold: Threshold, samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    wanted = threshold.slice
    parts: dict[str, list[Sample]] = {}
    for sample in samples:
        dimension, _colon, value = sample.slice.partition(":")
        if wanted is None:
            fits = sample.slice == ""
        else:
            fits = dimension == wanted.dimension and (not wanted.value or value == wanted.value)
        if fits:
            parts.setdefault(sample.slice, []).append(sample)
    return parts


def _of_part(threshold: Threshold, key: str, samples: list[Sample], calendar: Calendar) -> Finding:
    last = samples[-1].at
    now = _value_at(threshold, samples, last, calendar)
    if now is None:
        return Finding(holds=None, slice=key)
    holds = threshold.satisfied(now)
    if not holds and threshold.grace_hours:
        before = last - timedelta(hours=threshold.grace_hours)
        then = _value_at(threshold, samples, before, calendar)
        holds = then is None or threshold.satisfied(then)
    return Finding(holds=holds, value=now, at=last, slice=key)


def _value_at(
    threshold: Threshold, samples: list[Sample], until: datetime, calendar: Calendar
) -> float | None:
    start = window_start(threshold.window, until, calendar)
    inside = [sample for sample in samples if start < sample.at <= until]
    if not inside or sum(sample.n for sample in inside) < threshold.min_samples:
        return None
    hours = threshold.window.duration / timedelta(hours=1)
    return _AGGREGATES[threshold.aggregate](inside, hours)


def _mean(samples: list[Sample], _hours: float) -> float:
    return sum(s.value * s.n for s in samples) / sum(s.n for s in samples)


def _percentile(share: float) -> Callable[[list[Sample], float], float]:
    """The nearest-rank percentile of the points' values."""

    def of(samples: list[Sample], _hours: float) -> float:
        values = sorted(s.value for s in samples)
        return values[max(math.ceil(share * len(values)) - 1, 0)]

    return of


_AGGREGATES: dict[Aggregate, Callable[[list[Sample], float], float]] = {
    Aggregate.LAST: lambda samples, _hours: samples[-1].value,
    Aggregate.MEAN: _mean,
    Aggregate.SUM: lambda samples, _hours: sum(s.value for s in samples),
    Aggregate.COUNT: lambda samples, _hours: float(sum(s.n for s in samples)),
    Aggregate.MIN: lambda samples, _hours: min(s.value for s in samples),
    Aggregate.MAX: lambda samples, _hours: max(s.value for s in samples),
    Aggregate.P50: _percentile(0.5),
    Aggregate.P95: _percentile(0.95),
    Aggregate.P99: _percentile(0.99),
    Aggregate.RATE: lambda samples, hours: sum(s.value for s in samples) / hours,
}


def is_silent(metric: Metric, last: datetime, now: datetime) -> bool:
    """Whether a metric whose newest point is of ``last`` is overdue by half its cadence."""
    return now - last > timedelta(seconds=metric.cadence_seconds * 1.5)
