"""Silence is a signal: metrics that stopped coming are noticed and told, once, and where a
condition says so they are a breach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.work import Work, work_of
from sandbox.framework.thresholds import threshold_of
from sandbox.people.person import SYSTEM
from sandbox.pilots.commands import common
from sandbox.pilots.rules import RUNNING, UNBOUND
from sandbox.pilots.tables import Condition, Metric, Pilot
from sandbox.telemetry import books
from sandbox.telemetry.commands import breaching, telling
from sandbox.telemetry.tables import Breach, Silence

CADENCES = 2
"""A metric is silent when it has not come for so many times its cadence."""

_OVERDUE = """
SELECT m.id, m.pilot, m.key, n.at
FROM pilot p JOIN metric m ON m.pilot = p.id
LEFT JOIN LATERAL (
    SELECT max(newest.at) AS at FROM series s,
    LATERAL (SELECT max(at) AS at FROM point WHERE series = s.id) newest
    WHERE s.pilot = p.id AND s.metric = m.key AND NOT s.aside
) n ON true
WHERE p.state IN ('live', 'suspended')
AND coalesce(n.at, p.starts_on::timestamptz)
    < $1::timestamptz - make_interval(secs => m.cadence_seconds * $2)
AND NOT EXISTS (SELECT 1 FROM silence q WHERE q.pilot = p.id AND q.metric = m.key
                AND q.ended_at IS NULL)
ORDER BY m.pilot
"""


async def sweep_silence() -> int:
    """Notice metrics of running pilots that stopped coming; how many were noticed now."""
    overdue: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in await fetch(_OVERDUE, clock.now(), CADENCES):
        overdue[row["pilot"]].append(row)
    return sum([await _notice(pilot, rows) for pilot, rows in overdue.items()])


async def _notice(pilot_id: UUID, rows: list[dict[str, Any]]) -> int:
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        if pilot.state not in RUNNING:
            return 0
        begin = books.begin(pilot)
        found = []
        for row in rows:
            metric = await Metric.objects().get(Metric.id == row["id"])
            since = row["at"] or begin
            if metric is None or not _is_silent(metric, since, work.now):
                continue
            if await _begun(work, pilot, metric, since):
                found.append(metric)
        if found:
            metrics = [one.name for one in found]
            await telling.tell_firm(work, pilot, "silent", metrics=metrics)
            await telling.tell_authority(work, pilot, "silent_for_authority", metrics=metrics)
        return len(found)


def _is_silent(metric: Metric, last: datetime, now: datetime) -> bool:
    return (now - last).total_seconds() > metric.cadence_seconds * CADENCES


async def _begun(work: Work, pilot: Pilot, metric: Metric, since: datetime) -> bool:
    """Put a silence on record, unless it is already."""
    known = (Silence.pilot == pilot.id) & (Silence.metric == metric.key)
    if await Silence.exists().where(known & Silence.ended_at.is_null()):
        return False
    silence = Silence(
        id=uuid4(), case=pilot.case, pilot=pilot.id, metric=metric.key, since=since,
        noticed_at=work.now,
    )  # fmt: skip
    await work.save(silence)
    work.record("silence.noticed", silence, metric=metric.key)
    await _missing(work, pilot, metric, since)
    return True


async def _missing(work: Work, pilot: Pilot, metric: Metric, since: datetime) -> None:
    """Where a condition says that missing figures are a breach, they are one."""
    for condition in await common.parts(Condition, pilot.id):
        threshold = threshold_of(condition.threshold)
        if threshold is None or condition.state in UNBOUND:
            continue
        if threshold.metric != metric.key or threshold.on_missing != "breach":
            continue
        open_ = (Breach.condition == condition.id) & Breach.cured_at.is_null()
        if not await Breach.exists().where(open_):
            breach = breaching.begun(work, pilot, condition, threshold, at=since)
            await breaching.open_within(work, pilot, condition, threshold, breach)


async def end_silences(work: Work, pilots: Sequence[UUID]) -> None:
    """End the silences of these pilots' metrics of which a figure has come."""
    rows = await fetch(
        "SELECT q.id FROM silence q WHERE q.pilot = ANY($1) AND q.ended_at IS NULL AND EXISTS "
        "(SELECT 1 FROM series s JOIN point p ON p.series = s.id AND p.at > q.since "
        "WHERE s.pilot = q.pilot AND s.metric = q.metric)",
        list(pilots),
    )
    for row in rows:
        silence = await work.lock(Silence, row["id"])
        silence.ended_at = work.now
        await work.save(silence)
        work.record("silence.ended", silence, metric=silence.metric)
