"""What the system knows of a period of a pilot, for the report that its firm writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import msgspec

from sandbox.foundation import i18n
from sandbox.foundation.database import fetch
from sandbox.framework.conditions import ConditionKind
from sandbox.framework.thresholds import Aggregate, Threshold, must_in_words, threshold_of
from sandbox.pilots.commands import period_of
from sandbox.pilots.queries import Head, parts
from sandbox.pilots.reporting import BreachFact, Facts, Figures, IncidentFact
from sandbox.pilots.rhythms import Period
from sandbox.pilots.rules import UNBOUND
from sandbox.pilots.tables import Condition, Metric, Pilot
from sandbox.telemetry import queries, spans
from sandbox.telemetry.queries import BreachLine
from sandbox.telemetry.rules.slices import held_to, part_name
from sandbox.telemetry.rules.windows import Summary
from sandbox.telemetry.spans import Ground, Span

_SERIES = """
SELECT id, metric, slice, rolled_until FROM series WHERE pilot = $1 AND NOT aside
ORDER BY metric, slice
"""
_INCIDENTS = """
SELECT id, reference, coalesce(words -> $4 ->> 'title', title) AS title, severity, state,
       coalesce(occurred_from, aware_at) AS at FROM incident
WHERE pilot = $1 AND NOT drill AND coalesce(occurred_from, aware_at) >= $2
AND coalesce(occurred_from, aware_at) < $3 ORDER BY at
"""


async def owed(pilot: Head, condition: Condition) -> Period:
    """The period of which a report or an attestation is owed next.

    :raises NotFound: the condition asks for none.
    """
    row = await Pilot.objects().get(Pilot.id == pilot.id)
    assert row is not None
    return period_of(row, condition)


async def known(pilot: Head, condition: Condition) -> Facts | None:
    """What is known of the period that is owed next; nothing of a duty, which no figure shows."""
    period = await owed(pilot, condition)
    return None if condition.kind == ConditionKind.DUTY else await facts(pilot, period)


async def facts(pilot: Head, period: Period) -> Facts:
    """The figures of each metric in ``period``, its breaches and its incidents.

    A point stands for the time that ended with it, so the period is open at its start.
    """
    since, until = _bounds(pilot, period)
    breaches = [
        one for one in await queries.breaches(pilot.id)
        if one.state != "withdrawn" and one.at < until and (one.until or until) > since
    ]  # fmt: skip
    units = {metric.key: metric.unit for metric in await parts(Metric, pilot.id)}
    return Facts(
        figures=await _figures(pilot, since, until, breaches),
        breaches=[
            BreachFact(
                id=one.id, number=one.number, title=one.title, metric=one.metric,
                unit=units.get(one.metric, ""), at=one.at, value=one.value, limit=one.limit,
                until=one.until, explained=one.explained_at is not None,
            )
            for one in sorted(breaches, key=lambda one: one.at)
        ],
        incidents=[
            IncidentFact(**row)
            for row in await fetch(_INCIDENTS, pilot.id, since, until, i18n.current_language())
        ],
    )  # fmt: skip


def _bounds(pilot: Head, period: Period) -> tuple[datetime, datetime]:
    zone = pilot.pack.jurisdiction.zone
    after = period.last + timedelta(days=1)
    return datetime.combine(period.first, time(), zone), datetime.combine(after, time(), zone)


async def _figures(
    pilot: Head, since: datetime, until: datetime, breaches: Sequence[BreachLine]
) -> list[Figures]:
    rows = await fetch(_SERIES, pilot.id)
    ground = Ground(
        rolled={row["id"]: row["rolled_until"] for row in rows},
        calendar=pilot.pack.jurisdiction.calendar(), begin=since,
    )  # fmt: skip
    spans_of = {row["id"]: Span(row["id"], since, until) for row in rows}
    held = await spans.summaries(dict.fromkeys(spans_of.values(), ground)) if rows else {}
    limits = await _limits(pilot)
    found = []
    for metric in sorted(await parts(Metric, pilot.id), key=lambda one: one.name):
        none = Figures(metric=metric.key, name=_name(pilot, metric), unit=metric.unit)
        lines = [
            msgspec.structs.replace(
                _counted(none, row["slice"], held[spans_of[row["id"]]]),
                limits=[
                    (number, _said(pilot, threshold)) for number, threshold in limits
                    if threshold.metric == metric.key and held_to(threshold, row["slice"])
                ],
                breaches=sum(
                    (one.metric, one.slice) == (metric.key, row["slice"]) for one in breaches
                ),
            )
            for row in rows if row["metric"] == metric.key and held[spans_of[row["id"]]].points
        ]  # fmt: skip
        found += lines or [none]
    return found


def _counted(line: Figures, key: str, sums: Summary) -> Figures:
    return msgspec.structs.replace(
        line, slice=part_name(key), points=sums.points, samples=sums.n, last=sums.last,
        mean=sums.value(Aggregate.MEAN, 1) if sums.n else None, lowest=sums.lowest,
        highest=sums.highest,
    )  # fmt: skip


async def _limits(pilot: Head) -> list[tuple[int, Threshold]]:
    """The thresholds that bind now, by their conditions' numbers."""
    return [
        (condition.number, threshold)
        for condition in await parts(Condition, pilot.id)
        if condition.state not in UNBOUND and (threshold := threshold_of(condition.threshold))
    ]


def _said(pilot: Head, threshold: Threshold) -> dict[str, str]:
    said = {}
    for code in pilot.pack.languages:
        with i18n.use(code):
            unit = pilot.pack.unit_symbol(threshold.unit) if threshold.unit else ""
            said[code] = must_in_words(threshold, unit)
    return said


def _name(pilot: Head, metric: Metric) -> dict[str, str]:
    known = next((one for one in pilot.pack.metrics if one.key == metric.key), None)
    return dict(known.name) if known else {i18n.current_language(): metric.name}
