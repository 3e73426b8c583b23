"""One metric over any time: what is drawn of it, and what happened meanwhile.

A long time is read from roll-ups, a short one from points, so that a year of a series by the
minute costs what a day of it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.i18n import current_language
from sandbox.pilots import plan
from sandbox.pilots.queries import Head, parts, plans
from sandbox.pilots.rules import TESTING, UNBOUND
from sandbox.pilots.tables import Condition, Metric, PilotStep
from sandbox.telemetry.queries import BreachLine, breaches
from sandbox.telemetry.rules import courses, slices
from sandbox.telemetry.rules.courses import Level, Stood, View

_BINS = {
    Level.HOUR: "date_bin('1 hour', {}, 'epoch'::timestamptz)",
    Level.DAY: "date_trunc('day', {}, $5)",
}
# Roll-ups as far as they go, and behind them points in the same steps.
_ROLLED = """
WITH s AS (SELECT id, coalesce({done}, '-infinity') AS done FROM unnest($1::integer[]) AS w (id)
           JOIN series USING (id))
SELECT s.id, r.at, r.points::bigint AS points, r.n, r.total / r.points AS mean, r.lowest, r.highest
FROM s JOIN rollup r ON r.series = s.id AND r.level = $4 AND r.at >= {first}
AND r.at < $3 AND r.at < s.done
UNION ALL
SELECT s.id, {bin}, count(*), sum(p.n)::bigint, avg(p.value), min(p.value), max(p.value)
FROM s JOIN point p ON p.series = s.id AND p.at > $2 AND p.at <= $3 AND p.at > s.done
GROUP BY 1, 2 ORDER BY 1, 2
"""
_POINTS = """
SELECT series AS id, at, 1::bigint AS points, n, value AS mean, value AS lowest, value AS highest
FROM point WHERE series = ANY($1::integer[]) AND at > $2 AND at <= $3 ORDER BY 1, 2
"""


class Figure(msgspec.Struct, frozen=True):
    """A point, or what an hour or a day of points comes to.

    ``at`` is the point's time, or the start of the hour or day.
    """

    at: datetime
    points: int
    n: int
    mean: float
    lowest: float
    highest: float


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A series of the metric: whole (``slice`` is empty) or a part."""

    id: int
    slice: str
    newest: datetime | None
    oldest: datetime | None

    @property
    def label(self) -> str:
        """The part's name."""
        return slices.part_name(self.slice)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn: lines by series, all on one level."""

    level: Level
    view: View
    lines: dict[str, list[Figure]]


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the pilot. ``kind``: suspended, silent, incident or plan.

    ``lasts``: it has not ended. What has no ``until`` and does not last was over at once.
    """

    kind: str
    since: datetime
    until: datetime | None = None
    lasts: bool = False
    words: str = ""
    path: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A metric's page: its figures in a time, with all that belongs on the same time line."""

    metric: Metric
    held: list[Held]
    figures: Figures
    limits: list[Stood]
    conditions: dict[int, UUID]
    breaches: list[BreachLine]
    happened: list[Happening]
    stamp: str

    @property
    def cadence(self) -> timedelta:
        """How often a figure is due."""
        return timedelta(seconds=self.metric.cadence_seconds)

    @property
    def drawn_limits(self) -> list[Stood]:
        """The limits that may stand beside the figures as drawn."""
        return [
            one
            for one in self.limits
            if courses.comparable(one.threshold, self.cadence, self.figures.level)
        ]


async def metric_of(pilot: Head, key: str) -> Metric:
    """The pilot's metric ``key``, named in the reader's language.

    :raises NotFound: it has no such metric.
    """
    metric = await Metric.objects().get((Metric.pilot == pilot.id) & (Metric.key == key))
    if metric is None:
        raise NotFound
    return named(pilot, metric)


def named(pilot: Head, metric: Metric) -> Metric:
    """``metric`` by its name in the reader's language, where the pack knows it."""
    if any(known.key == metric.key for known in pilot.pack.metrics):
        metric.name = pilot.pack.metric_name(metric.key)
    return metric


async def held(pilot_id: UUID, metric: str) -> list[Held]:
    """The series of a metric, the whole first."""
    rows = await fetch(
        "SELECT s.id, s.slice, (SELECT max(at) FROM point WHERE series = s.id) AS newest, "
        "least((SELECT min(at) FROM rollup WHERE series = s.id AND level = 2), "
        "(SELECT min(at) FROM point WHERE series = s.id)) AS oldest "
        "FROM series s WHERE s.pilot = $1 AND s.metric = $2 AND NOT s.aside ORDER BY s.slice",
        pilot_id, metric,
    )  # fmt: skip
    return [Held(**row) for row in rows]


def last_moment(pilot: Head, series: Sequence[Held]) -> datetime:
    """Where a named window ends: now, or with the last figure of a pilot that sends none."""
    newest = max((one.newest for one in series if one.newest), default=None)
    if pilot.state in TESTING or newest is None:
        return clock.now()
    return newest


async def figures(
    series: Sequence[Held], view: View, pilot: Head, *, level: Level | None = None
) -> Figures:
    """What is drawn of ``series`` in ``view``: two queries, whatever it holds."""
    zone = pilot.pack.jurisdiction.zone
    ids = [one.id for one in series]
    if level is None:
        level = view.level(await _fullest(ids, view), pilot.pack.telemetry, clock.now())
    rows = await _read(ids, view, level, zone)
    lines: dict[int, list[Figure]] = defaultdict(list)
    for row in rows:
        lines[row.pop("id")].append(Figure(**row))
    return Figures(level=level, view=view, lines={one.slice: lines[one.id] for one in series})


async def _fullest(ids: Sequence[int], view: View) -> int:
    """About how many points the fullest series holds in ``view``; all but the newest hour."""
    rows = await fetch(
        "SELECT sum(points) AS points FROM rollup WHERE series = ANY($1::integer[]) "
        "AND level = 2 AND at > $2 AND at < $3 GROUP BY series",
        list(ids), view.since - courses.DAY, view.until,
    )  # fmt: skip
    days = (view.until - view.since) / courses.DAY
    every = max((int(row["points"]) for row in rows), default=0)
    # Of a short view the whole days around it say more than it holds.
    return every if days >= 2 else int(every * days / (days + 1))


async def _read(
    ids: Sequence[int], view: View, level: Level, zone: ZoneInfo
) -> list[dict[str, Any]]:
    if level is Level.POINT:
        return await fetch(_POINTS, list(ids), view.since, view.until)
    bin_ = _BINS[level]
    query = _ROLLED.format(
        done=bin_.format("rolled_until"),
        first=bin_.format("$2::timestamptz"),
        bin=bin_.format("p.at - interval '1 microsecond'"),
    )
    values = [list(ids), view.since, view.until, int(level)]
    return await fetch(query, *values, *([zone.key] if level is Level.DAY else []))


# What belongs on the same time line --------------------------------------------------------


async def sheet(pilot: Head, metric: Metric, series: list[Held], shown: Figures) -> Sheet:
    """The page of ``metric``: its limits, its breaches, and what happened to the pilot."""
    until = shown.view.until
    versions = [one for one in await plans(pilot.id) if one.accepted_at is not None]
    conditions = await parts(Condition, pilot.id)
    limits = courses.stood(
        [
            courses.Version(
                number=one.version, since=one.accepted_at or until,
                thresholds={c.number: c.threshold for c in plan.read(one.content).conditions},
            )
            for one in versions
        ],
        metric.key,
        {one.number: one.state_since for one in conditions if one.state in UNBOUND},
        until,
    )  # fmt: skip
    happened = [
        Happening(kind="plan", since=one.accepted_at, words=f"v{one.version}",
                  path=f"/pilots/{pilot.id}/plan")
        for one in reversed(versions) if one.accepted_at
    ]  # fmt: skip
    happened += _suspensions(await parts(PilotStep, pilot.id), pilot)
    happened += await _silences(pilot.id, metric.key)
    happened += await _incidents(pilot.id)
    return Sheet(
        metric=metric, held=series, figures=shown,
        limits=[one for one in limits if one.since < until and one.until > shown.view.since],
        conditions={one.number: one.id for one in conditions},
        breaches=[one for one in await breaches(pilot.id) if _seen(one, metric.key, shown.view)],
        happened=[one for one in happened if _within(one, shown.view)],
        stamp=await stamp(pilot.id),
    )  # fmt: skip


def ended(breach: BreachLine) -> datetime | None:
    """When a breach ended by its figures; of one that lasts, nothing."""
    if breach.cured_at is None and breach.state != "closed":
        return None
    # What was missing has no figure that cured it.
    return breach.cured_at if breach.value is None else breach.until or breach.cured_at


def _seen(breach: BreachLine, metric: str, view: View) -> bool:
    if breach.metric != metric or breach.state == "withdrawn":
        return False
    return breach.at < view.until and (ended(breach) or view.until) > view.since


def _within(one: Happening, view: View) -> bool:
    return one.since < view.until and (one.lasts or (one.until or one.since) >= view.since)


def _suspensions(steps: Sequence[PilotStep], pilot: Head) -> list[Happening]:
    """From each suspension until the pilot went on or ended."""
    found: list[Happening] = []
    path, since = f"/pilots/{pilot.id}", None
    for step in sorted(steps, key=lambda one: one.at):
        if step.event == "suspend":
            since = step.at
        elif since is not None and step.event in {"resume", "begin_exit", "stop", "terminate"}:
            found.append(Happening(kind="suspended", since=since, until=step.at, path=path))
            since = None
    if since is not None:
        found.append(Happening(kind="suspended", since=since, lasts=True, path=path))
    return found


async def _silences(pilot_id: UUID, metric: str) -> list[Happening]:
    rows = await fetch(
        "SELECT since, ended_at AS until, ended_at IS NULL AS lasts FROM silence "
        "WHERE pilot = $1 AND metric = $2 ORDER BY since",
        pilot_id, metric,
    )  # fmt: skip
    return [Happening(kind="silent", **row) for row in rows]


async def _incidents(pilot_id: UUID) -> list[Happening]:
    """Those of the pilot, when they happened; they stand above, so by their table."""
    rows = await fetch(
        "SELECT id, reference, coalesce(words -> $2 ->> 'title', title) AS title, "
        "coalesce(occurred_from, aware_at) AS since FROM incident "
        "WHERE pilot = $1 AND NOT drill ORDER BY since",
        pilot_id, current_language(),
    )  # fmt: skip
    return [
        Happening(kind="incident", since=row["since"], words=row["reference"],
                  path=f"/incidents/{row['id']}")
        for row in rows
    ]  # fmt: skip


async def stamp(pilot_id: UUID) -> str:
    """Something that is another whenever figures came or a breach changed."""
    (row,) = await fetch(
        "SELECT coalesce(extract(epoch FROM max(received_at)), 0)::numeric(20, 3)::text AS came, "
        "(SELECT coalesce(extract(epoch FROM max(greatest(opened_at, cured_at, explained_at))), 0)"
        "::numeric(20, 3)::text FROM breach WHERE pilot = $1) AS breached "
        "FROM batch WHERE pilot = $1",
        pilot_id,
    )
    return f"{row['came']}-{row['breached']}"
