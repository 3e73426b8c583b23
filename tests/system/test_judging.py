"""What figures mean, held against a slow and obvious way of saying it.

Points come in any order, late, twice and corrected; at the end the breaches on record are those
that the final points tell when one reads them one after the other, from the first.
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.people.person import Person
from sandbox.pilots.tables import Condition, Metric, Pilot
from sandbox.telemetry import books, commands
from sandbox.telemetry.rules.delivery import Reading, of_readings
from sandbox.telemetry.tables import Breach
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

CADENCE = timedelta(hours=2)
FIRST, SCENARIOS = 0, 60
Point = tuple[datetime, float, int]


# The slow and obvious way ------------------------------------------------------------------


def slow_value(threshold: Threshold, points: list[Point], until: datetime, begin: datetime, zone):
    """The value of one series' window, from scratch."""
    window = threshold.window
    if window.kind == "cumulative":
        start = begin - timedelta(microseconds=1)
    elif window.kind == "rolling":
        start = until - window.duration
    else:
        local = (until - timedelta(microseconds=1)).astimezone(zone)
        start = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if window.unit == "week":
            start -= timedelta(days=start.weekday())
        if window.unit == "month":
            start = start.replace(day=1)
    inside = sorted(point for point in points if start < point[0] <= until)
    samples = sum(n for _at, _value, n in inside)
    if not inside or samples < max(threshold.min_samples, 1):
        return None
    values = [value for _at, value, _n in inside]
    hours = (until - start if window.kind == "cumulative" else window.duration) / timedelta(hours=1)
    ranked = sorted(values)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    name = str(threshold.aggregate)
    if name in shares:
        return ranked[max(math.ceil(shares[name] * len(ranked)) - 1, 0)]
    return {
        "last": values[-1],
        "mean": sum(value * n for _at, value, n in inside) / samples,
        "sum": sum(values),
        "count": float(samples),
        "min": min(values),
        "max": max(values),
        "rate": sum(values) / max(hours, 1.0),
    }[name]


def slow_parts(threshold: Threshold, series: dict[tuple[str, str], list[Point]]):
    """Each part: its key and the pairs of series (own, divisor) that it is made of."""
    wanted = threshold.slice
    own = {
        key: points
        for (metric, key), points in series.items()
        if metric == threshold.metric
        and ((wanted is None and key == "")
             or (wanted and key.startswith(f"{wanted.dimension}:")
                 and wanted.value in {"", key.partition(":")[2]}))
    }  # fmt: skip
    pairs = {
        key: (points, series.get((threshold.over, key)) if threshold.over else None)
        for key, points in own.items()
        if not threshold.over or (threshold.over, key) in series
    }
    if wanted and wanted.across == "gap":
        return {wanted.dimension: list(pairs.values())} if len(pairs) > 1 else {}
    return {key: [pair] for key, pair in pairs.items()}


def slow_moment(threshold: Threshold, pairs, until, begin, zone):
    """The value of a part at a moment."""
    values = []
    for own, over in pairs:
        value = slow_value(threshold, own, until, begin, zone)
        if over is not None:
            free = msgspec.structs.replace(threshold, min_samples=0)
            divisor = slow_value(free, over, until, begin, zone)
            value = value / divisor if value is not None and divisor else None
        if value is not None:
            values.append(value)
    if threshold.slice and threshold.slice.across == "gap":
        return max(values) - min(values) if len(values) > 1 else None
    return values[0] if values else None


def slow_episodes(threshold: Threshold, pairs, begin, zone) -> list[tuple[datetime, Any]]:
    """From when to when the part was in breach."""
    recovery = (
        CADENCE if threshold.recover_hours is None else timedelta(hours=threshold.recover_hours)
    )
    grace = timedelta(hours=threshold.grace_hours)
    moments = sorted({at for pair in pairs for points in pair for at, _v, _n in points or ()})
    found: list[list[Any]] = []
    past_since = kept_since = None
    in_breach = False
    for at in moments:
        value = slow_moment(threshold, pairs, at, begin, zone)
        if value is None:
            continue
        if threshold.satisfied(value):
            past_since = None
            if in_breach:
                kept_since = kept_since or at
                if at - kept_since >= recovery:
                    found[-1][1], in_breach = at, False
        else:
            kept_since = None
            past_since = past_since or at
            if not in_breach and at - past_since >= grace:
                found.append([at, None])
                in_breach = True
    return [(opened, cured) for opened, cured in found]


# Scenarios ---------------------------------------------------------------------------------


def threshold(chance: Random, number: int) -> dict[str, Any]:
    """Some threshold over ``m<number>``."""
    kind = chance.choice(["rolling", "rolling", "calendar", "cumulative"])
    window: dict[str, Any] = {"kind": kind}
    if kind == "rolling":
        window |= {"unit": chance.choice(["hour", "day"]), "length": chance.choice([1, 2, 5, 30])}
        if window["unit"] == "day":
            window["length"] = chance.choice([1, 2])
    if kind == "calendar":
        window["unit"] = chance.choice(["day", "week", "month"])
    found: dict[str, Any] = {
        "metric": f"m{number}",
        "aggregate": chance.choice(
            ["last", "mean", "sum", "count", "min", "max", "p50", "p95", "p99", "rate"]
        ),
        "window": window,
        "comparator": chance.choice(["<=", ">=", "<", ">", "=="]),
        "limit": float(chance.choice([0, 3, 5, 8, 20])),
        "min_samples": chance.choice([0, 0, 4]),
        "grace_hours": chance.choice([0, 0, 3]),
        "recover_hours": chance.choice([None, 0, 5]),
    }
    shape = chance.choice(["whole", "whole", "each", "gap", "one"])
    if shape != "whole":
        found["slice"] = {"dimension": "language"}
        if shape == "gap":
            found["slice"]["across"] = "gap"
        if shape == "one":
            found["slice"]["value"] = "ms"
    if chance.random() < 0.25:
        found["over"] = f"o{number}"
    return found


def stream(chance: Random, number: int, data: dict[str, Any], end: datetime) -> list[Reading]:
    """Points, some corrected later, in the order in which they come."""
    span = chance.choice([6, 30, 100])
    slices = [{"language": one} for one in ("ms", "en", "zh")] if "slice" in data else [{}]
    metrics = [f"m{number}", *([f"o{number}"] if "over" in data else [])]
    readings = []
    for _ in range(chance.choice([5, 40, 90])):
        minutes = chance.randrange(span * 60)
        if chance.random() < 0.2:
            minutes -= minutes % 60  # on the hour, where buckets meet
        readings += [
            Reading(
                metric=metric,
                at=end - timedelta(minutes=minutes),
                value=float(chance.randrange(0, 9)),
                n=chance.randrange(1, 4),
                slice=chance.choice(slices),
            )
            for metric in metrics
        ]
    order = chance.choice(["by time", "shuffled", "nearly"])
    if order == "by time":
        readings.sort(key=lambda one: one.at)
    elif order == "nearly":
        readings.sort(key=lambda one: one.at + timedelta(hours=chance.uniform(0, 8)))
    again = chance.sample(readings, len(readings) // 5)
    return (
        readings
        + again
        + [
            msgspec.structs.replace(one, value=float(chance.randrange(0, 9)))
            for one in chance.sample(readings, len(readings) // 8)
        ]
    )


async def deliver(chance: Random, firm: Person, pilot: Pilot, readings: list[Reading]) -> None:
    """Send them in deliveries of any size, judged after some of them."""
    while readings:
        size = chance.choice([1, 1, 3, 20, 200])
        part, readings = readings[:size], readings[size:]
        await commands.receive(firm, pilot.id, of_readings(part), source="json")
        if chance.random() < 0.7:
            await commands.evaluate(pilot.id)
    await commands.evaluate(pilot.id)


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A pilot that has been live for twenty days."""
    found = await live(people)
    await fetch("UPDATE pilot SET starts_on = current_date - 20 WHERE id = $1", found.id)
    return found


async def test_breaches_are_what_the_points_tell(people: dict[str, Person], pilot: Pilot) -> None:
    end = clock.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    conditions = []
    for number in range(FIRST, FIRST + SCENARIOS):
        data = threshold(Random(number), number)
        for key in (f"m{number}", f"o{number}"):
            await Metric(
                id=uuid4(), case=pilot.case, pilot=pilot.id, key=key, name=key, unit="ratio",
                cadence_seconds=int(CADENCE.total_seconds()), slices=["language"],
            ).save()  # fmt: skip
        condition = Condition(
            id=uuid4(), case=pilot.case, pilot=pilot.id, number=100 + number, kind="threshold",
            title={"en": "T"}, text={"en": "T"}, threshold=data, state="in_force",
            state_since=end,
        )  # fmt: skip
        await condition.save()
        conditions.append((condition, data))
    books.forget(pilot.id)
    wrong = []
    for number, (condition, data) in enumerate(conditions, FIRST):
        chance = Random(1000 + number)
        readings = stream(chance, number, data, end)
        await deliver(chance, people["founder"], pilot, readings)
        expected = await _expected(pilot, data, number)
        on_record = {
            (breach.slice, breach.at, breach.until)
            for breach in await Breach.objects().where(
                (Breach.condition == condition.id) & (Breach.state != "withdrawn")
            )
        }
        if on_record != expected:
            wrong.append((number, data, on_record ^ expected))
    assert wrong == []


async def _expected(pilot: Pilot, data: dict[str, Any], number: int) -> set[Any]:
    book = (await books.books([pilot.id]))[pilot.id]
    series: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for row in await fetch(
        "SELECT s.metric, s.slice, p.at, p.value, p.n FROM series s "
        "JOIN point p ON p.series = s.id WHERE s.pilot = $1 AND s.metric = ANY($2) ORDER BY p.at",
        pilot.id, [f"m{number}", f"o{number}"],
    ):  # fmt: skip
        series[row["metric"], row["slice"]].append((row["at"], row["value"], row["n"]))
    found = threshold_of(data)
    assert found is not None
    zone = book.terms and _zone(pilot)
    return {
        (key, opened, cured)
        for key, pairs in slow_parts(found, series).items()
        for opened, cured in slow_episodes(found, pairs, book.begin, zone)
    }


def _zone(pilot: Pilot) -> Any:
    from sandbox.framework import library

    return library.pack_of(pilot.pack_version).jurisdiction.zone


async def test_rollups_are_what_the_points_say(people: dict[str, Person], pilot: Pilot) -> None:
    chance = Random(7)
    end = clock.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    readings = [
        Reading(
            metric="sensitivity", at=end - timedelta(minutes=chance.randrange(6000)),
            value=float(chance.randrange(100)), n=chance.randrange(1, 9),
        )
        for _ in range(600)
    ]  # fmt: skip
    await deliver(chance, people["founder"], pilot, readings)
    rows = await fetch(
        "SELECT r.level, r.at, r.points, r.n, r.total, r.weighted, r.lowest, r.highest, r.last "
        "FROM rollup r ORDER BY level, at"
    )
    points = await fetch("SELECT at, value, n FROM point ORDER BY at")
    zone = _zone(pilot)
    assert {row["level"] for row in rows} == {1, 2}
    for row in rows:
        start = row["at"]
        length = timedelta(hours=1) if row["level"] == 1 else timedelta(days=1)
        inside = [p for p in points if start < p["at"] <= start + length]
        assert row == {
            "level": row["level"], "at": start, "points": len(inside),
            "n": sum(p["n"] for p in inside), "total": sum(p["value"] for p in inside),
            "weighted": sum(p["value"] * p["n"] for p in inside),
            "lowest": min(p["value"] for p in inside), "highest": max(p["value"] for p in inside),
            "last": inside[-1]["value"],
        }  # fmt: skip
        assert row["level"] == 1 or start.astimezone(zone).hour == 0
    newest = points[-1]["at"].astimezone(UTC)
    whole = [row for row in rows if row["level"] == 1]
    assert sum(row["points"] for row in whole) == sum(
        point["at"] <= whole[-1]["at"] + timedelta(hours=1) for point in points
    )
    assert whole[-1]["at"] + timedelta(hours=1) <= newest
