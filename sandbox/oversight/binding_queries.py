"""Every limit in somebody's sight with how near its figures ever came to it, by kind of limit.

Two queries, whatever the number of pilots: the conditions with where they stand, and how many
figures came for what they are held to (days that are rolled up, and points behind them).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import N_
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import Aggregate, Comparator, Threshold, threshold_of
from sandbox.oversight.rules import binding
from sandbox.oversight.rules.binding import Verdict, Watched
from sandbox.people.person import Person
from sandbox.pilots import nearest
from sandbox.pilots import queries as pilots
from sandbox.pilots.nearest import Nearest
from sandbox.telemetry.values import parts_of

KINDS = {"most": N_("At most"), "least": N_("At least"), "exactly": N_("Exactly")}
"""From which side a limit holds."""
AGGREGATES = {
    Aggregate.LAST: N_("the latest figure"), Aggregate.MEAN: N_("the average"),
    Aggregate.SUM: N_("the sum"), Aggregate.COUNT: N_("the number of samples"),
    Aggregate.MIN: N_("the lowest"), Aggregate.MAX: N_("the highest"),
    Aggregate.P50: N_("the median"), Aggregate.P95: N_("the 95th percentile"),
    Aggregate.P99: N_("the 99th percentile"), Aggregate.RATE: N_("the sum per hour"),
}  # fmt: skip


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; empty means all."""

    sector: str = ""
    verdict: str = ""
    q: str = ""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A condition with its limit and what came of it. ``since``, ``until``: the first and the last
    figure of what it is held to."""

    condition: UUID
    number: int
    state: str
    pilot: UUID
    reference: str
    title: str
    organisation: str
    lead_sector: str
    metric: str
    threshold: Threshold
    pack: Pack
    nearest: Nearest | None
    since: datetime | None
    until: datetime | None
    watched: Watched

    @property
    def verdict(self) -> Verdict:
        """What its figures say of it."""
        return binding.verdict(self.watched)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The limits on one metric from one side, over pilots: those first that came nearest."""

    metric: str
    side: str
    aggregate: str
    held: Sequence[Held]

    @property
    def members(self) -> list[Watched]:
        """What the rule looks at."""
        return [one.watched for one in self.held]

    @property
    def verdict(self) -> Verdict:
        """What is said of them together."""
        return binding.of_kind(self.members)

    @property
    def never_near(self) -> int:
        """How many of them no figure ever came near."""
        return sum(one.verdict is Verdict.NEVER_NEAR for one in self.held)

    @property
    def firms(self) -> int:
        """How many firms they hold."""
        return len({one.watched.firm for one in self.held})

    @property
    def used(self) -> float | None:
        """The largest share of the room that any of them used."""
        return max((one.used for one in self.members if one.used is not None), default=None)

    @property
    def limits(self) -> list[float]:
        """The loosest and the strictest limit, or the only one; the smaller number first."""
        return sorted({edge(one.threshold.limit for one in self.held) for edge in (min, max)})

    @property
    def unit(self) -> str:
        """What they are counted in."""
        return self.held[0].threshold.unit

    @property
    def days(self) -> int:
        """For how long they were watched, added up."""
        return sum(one.days for one in self.members)

    @property
    def figures(self) -> int:
        """On how many figures, added up."""
        return sum(one.figures for one in self.members)

    @property
    def breaches(self) -> int:
        """How often they were broken, added up."""
        return sum(one.breaches for one in self.members)


_CONDITIONS = """
SELECT c.id AS condition, c.number, c.state, c.threshold::text AS threshold, p.id AS pilot,
       p.reference, p.title, p.organisation AS firm, o.name AS organisation, p.lead_sector,
       p.pack_version, coalesce(m.name, '') AS metric, b.breaches,
       coalesce(w.judged, '[]') AS judged
FROM condition c JOIN pilot p ON p.id = c.pilot JOIN organisation o ON o.id = p.organisation
LEFT JOIN metric m ON m.pilot = p.id AND m.key = c.threshold ->> 'metric'
LEFT JOIN LATERAL (
    SELECT count(*) AS breaches FROM breach WHERE condition = c.id AND state <> 'withdrawn'
) b ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'slice', slice, 'nearest', nearest, 'nearest_at', nearest_at))::text AS judged
    FROM watch WHERE condition = c.id
) w ON true
WHERE c.kind = 'threshold' AND c.threshold IS NOT NULL AND c.state NOT IN ('pending', 'lapsed')
"""
_FIGURES = """
SELECT s.id, s.pilot, s.metric, s.slice, coalesce(r.points, 0) + coalesce(t.points, 0) AS points,
       least(r.since, t.since) AS since, greatest(r.until, t.until) AS until
FROM series s
LEFT JOIN LATERAL (
    SELECT sum(points)::bigint AS points, min(at) AS since, max(last_at) AS until
    FROM rollup WHERE series = s.id AND level = 2
) r ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS points, min(at) AS since, max(at) AS until FROM point
    WHERE series = s.id AND at > coalesce(r.until, '-infinity')
) t ON true
WHERE s.pilot = ANY($1) AND s.metric = ANY($2) AND NOT s.aside
"""


class _Came(msgspec.Struct, frozen=True):
    """The figures of a series: how many, from when until when."""

    points: int
    since: datetime | None
    until: datetime | None


async def held(person: Person, filters: Filters) -> list[Held]:
    """The limits in ``person``'s sight that are or were in force, in two queries."""
    seen, values = pilots.visible_to(person, 1)
    parts = [seen]
    if filters.sector:
        values.append(filters.sector)
        parts.append(f"${len(values)} = ANY(p.sectors)")
    rows = await fetch(f"{_CONDITIONS} AND {' AND '.join(parts)}", *values)
    thresholds = [_threshold(row) for row in rows]
    came, series = await _came(rows, thresholds)
    packs = {version: library.pack_of(version) for version in {row["pack_version"] for row in rows}}
    return [
        _held(row, threshold, packs[row["pack_version"]], came, series.get(row["pilot"], {}))
        for row, threshold in zip(rows, thresholds, strict=True)
    ]


def _threshold(row: Mapping[str, Any]) -> Threshold:
    found = threshold_of(msgspec.json.decode(row["threshold"]))
    assert found is not None
    return found


SeriesOf = dict[tuple[str, str], int]


async def _came(
    rows: Sequence[Mapping[str, Any]], thresholds: Sequence[Threshold]
) -> tuple[dict[int, _Came], dict[UUID, SeriesOf]]:
    metrics = {name for one in thresholds for name in (one.metric, one.over) if name}
    found = await fetch(_FIGURES, list({row["pilot"] for row in rows}), sorted(metrics))
    series: dict[UUID, SeriesOf] = defaultdict(dict)
    came = {}
    for row in found:
        series[row["pilot"]][row["metric"], row["slice"]] = row["id"]
        came[row["id"]] = _Came(row["points"], row["since"], row["until"])
    return came, series


def _held(
    row: Mapping[str, Any], threshold: Threshold, pack: Pack, came: Mapping[int, _Came],
    series: SeriesOf,
) -> Held:  # fmt: skip
    judged = [
        {**one, "nearest_at": msgspec.convert(one["nearest_at"], datetime | None)}
        for one in msgspec.json.decode(row["judged"])
    ]
    found = nearest.pick(threshold, judged, pack)
    own = [came[pair[0]] for part in parts_of(threshold, series) for pair in part.pairs]
    since = min((one.since for one in own if one.since), default=None)
    until = max((one.until for one in own if one.until), default=None)
    known = any(one.key == threshold.metric for one in pack.metrics)
    kept = {name: row[name] for name in Held.__struct_fields__ if name in row}
    return Held(
        **{
            **kept, "threshold": threshold, "pack": pack, "nearest": found,
            "since": since, "until": until,
            "metric": pack.metric_name(threshold.metric) if known else row["metric"],
        },
        watched=Watched(
            firm=row["firm"], judged=found is not None, used=found.used if found else None,
            days=(until - since).days if since and until else 0,
            figures=sum(one.points for one in own), breaches=row["breaches"],
        ),
    )  # fmt: skip


def kinds(found: Sequence[Held], filters: Filters) -> list[Kind]:
    """The limits by metric, side and aggregate: those first that are to be relaxed first."""
    grouped: dict[tuple[str, str, str], list[Held]] = defaultdict(list)
    for one in found:
        grouped[one.metric, side(one.threshold), one.threshold.aggregate].append(one)
    made = [
        Kind(metric=metric, side=from_, aggregate=aggregate, held=sorted(members, key=_nearness))
        for (metric, from_, aggregate), members in grouped.items()
    ]
    wanted = filters.q.strip().casefold()
    kept = [
        one for one in made
        if wanted in one.metric.casefold() and filters.verdict in {"", one.verdict}
    ]  # fmt: skip
    return sorted(kept, key=lambda one: (*binding.place(one.members), one.metric, one.side))


def side(threshold: Threshold) -> str:
    """From which side the limit holds, as a key of :data:`KINDS`."""
    if threshold.comparator is Comparator.EXACTLY:
        return "exactly"
    return "most" if threshold.at_most else "least"


def _nearness(one: Held) -> tuple[int, float, str]:
    used = one.watched.used
    return -one.watched.breaches, -(used if used is not None else -1), one.reference
