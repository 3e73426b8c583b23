"""Reads of telemetry: series, breaches, silences, deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import _
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.pilots.queries import Head, parts
from sandbox.pilots.tables import Condition, Metric
from sandbox.telemetry.rules import delivery as rules

MOST = 2_000
"""Points of one series on a page; older ones are left to the API."""


class PointLine(msgspec.Struct, frozen=True, kw_only=True):
    """A stored point."""

    metric: str
    slice: str
    at: datetime
    value: float
    n: int


class BreachLine(msgspec.Struct, frozen=True, kw_only=True):
    """A breach with the condition that it is of."""

    id: UUID
    condition: UUID
    number: int
    title: dict[str, str]
    metric: str
    slice: str
    at: datetime
    opened_at: datetime
    until: datetime | None
    value: float | None
    limit: float
    state: str
    explain_by: datetime | None
    explanation: str
    explained_by: str
    explained_at: datetime | None
    accepted_at: datetime | None
    cured_at: datetime | None
    incident: UUID | None


class SilenceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that stopped coming."""

    metric: str
    since: datetime
    noticed_at: datetime


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery of points."""

    source: str
    received_at: datetime
    points: int
    duplicates: int
    refused: int
    reasons: list[str]

    @property
    def why(self) -> list[str]:
        """Why points were refused, in words."""
        return [_(rules.WORDS[key]) for key in self.reasons]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A metric with its points by slice, its thresholds and its newest value."""

    metric: Metric
    lines: dict[str, list[tuple[datetime, float]]]
    thresholds: list[tuple[int, Threshold]]
    last: PointLine | None

    @property
    def limit(self) -> tuple[float, bool] | None:
        """The limit to draw and whether it is a most; the first threshold's."""
        if not self.thresholds:
            return None
        first = self.thresholds[0][1]
        return first.limit, first.at_most


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """A sender's name that the plan does not know, with its newest value."""

    name: str
    at: datetime
    value: float


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot's page of figures."""

    series: list[Series]
    asides: list[Aside]
    breaches: list[BreachLine]
    silences: list[SilenceLine]
    deliveries: list[Delivery]

    @property
    def names(self) -> dict[str, str]:
        """The metrics' names by key."""
        return {one.metric.key: one.metric.name for one in self.series}

    @property
    def units(self) -> dict[str, str]:
        """The metrics' units by key."""
        return {one.metric.key: one.metric.unit for one in self.series}

    @property
    def metric_choices(self) -> list[tuple[str, str]]:
        """The metrics to choose from."""
        return [(one.metric.key, one.metric.name) for one in self.series]


async def board(pilot: Head, *, days: int = 90) -> Board:
    """What the page of figures shows of the last ``days``, in a fixed number of queries."""
    metrics = await parts(Metric, pilot.id)
    for metric in metrics:
        if any(known.key == metric.key for known in pilot.pack.metrics):
            metric.name = pilot.pack.metric_name(metric.key)  # in the reader's language
    since = clock.now() - timedelta(days=days)
    points = await series_points(pilot.id, since=since)
    by_metric: dict[str, list[PointLine]] = {}
    for point in points:
        by_metric.setdefault(point.metric, []).append(point)
    thresholds = [
        (condition.number, found)
        for condition in await parts(Condition, pilot.id)
        if (found := threshold_of(condition.threshold)) and condition.state != "waived"
    ]
    return Board(
        series=[_series(metric, by_metric.get(metric.key, []), thresholds) for metric in metrics],
        asides=await asides(pilot.id),
        breaches=await breaches(pilot.id), silences=await silences(pilot.id),
        deliveries=await deliveries(pilot.id),
    )  # fmt: skip


def _series(
    metric: Metric, points: list[PointLine], thresholds: list[tuple[int, Threshold]]
) -> Series:
    lines: dict[str, list[tuple[datetime, float]]] = {}
    for point in points[-MOST:]:
        label = point.slice.partition(":")[2] or _("All")
        lines.setdefault(label, []).append((point.at, point.value))
    own = [(number, one) for number, one in thresholds if one.metric == metric.key]
    return Series(metric=metric, lines=lines, thresholds=own, last=points[-1] if points else None)


async def series_points(
    pilot_id: UUID, *, since: datetime, metric: str = "", most: int = 20_000
) -> list[PointLine]:
    """The points of a pilot (of one metric) after ``since``, by time: the newest ``most``."""
    rows = await fetch(
        "SELECT s.metric, s.slice, p.at, p.value, p.n FROM series s "
        "JOIN point p ON p.series = s.id "
        "WHERE s.pilot = $1 AND p.at > $2 AND NOT s.aside AND ($3 = '' OR s.metric = $3) "
        "ORDER BY p.at DESC LIMIT $4",
        pilot_id, since, metric, most,
    )  # fmt: skip
    return [PointLine(**row) for row in reversed(rows)]


async def breaches(pilot_id: UUID) -> list[BreachLine]:
    """The breaches of a pilot: the open ones first, then the newest."""
    rows = await fetch(
        "SELECT b.id, b.condition, c.number, c.title::text AS title, b.metric, b.slice, "
        'b.at, b.opened_at, b.until, b.value, b."limit", b.state, b.explain_by, b.explanation, '
        "b.explained_by, b.explained_at, b.accepted_at, b.cured_at, "
        "(SELECT i.id FROM incident i WHERE i.breach = b.id) AS incident "
        "FROM breach b JOIN condition c ON c.id = b.condition WHERE b.pilot = $1 "
        "ORDER BY b.cured_at IS NOT NULL, b.opened_at DESC LIMIT 100",
        pilot_id,
    )
    return [BreachLine(**{**row, "title": msgspec.json.decode(row["title"])}) for row in rows]


async def silences(pilot_id: UUID) -> list[SilenceLine]:
    """The metrics that are silent now."""
    rows = await fetch(
        "SELECT metric, since, noticed_at FROM silence WHERE pilot = $1 AND ended_at IS NULL "
        "ORDER BY since",
        pilot_id,
    )
    return [SilenceLine(**row) for row in rows]


async def deliveries(pilot_id: UUID) -> list[Delivery]:
    """The last ten deliveries."""
    rows = await fetch(
        "SELECT source, received_at, points, duplicates, refused, reasons FROM batch "
        "WHERE pilot = $1 ORDER BY received_at DESC LIMIT 10",
        pilot_id,
    )
    return [Delivery(**row) for row in rows]


async def asides(pilot_id: UUID) -> list[Aside]:
    """The names that the plan does not know, the newest first."""
    rows = await fetch(
        "SELECT DISTINCT ON (s.metric) s.metric AS name, p.at, p.value FROM series s "
        "JOIN LATERAL (SELECT at, value FROM point WHERE series = s.id ORDER BY at DESC LIMIT 1) p "
        "ON true WHERE s.pilot = $1 AND s.aside ORDER BY s.metric, p.at DESC",
        pilot_id,
    )
    return sorted((Aside(**row) for row in rows), key=lambda one: one.at, reverse=True)
