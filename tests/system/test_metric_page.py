"""A metric over time: the drawing, its limits by plan version, what is new, what is taken away."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import commands, metric_queries
from sandbox.telemetry.rules.courses import Level, View
from sandbox.telemetry.rules.delivery import Reading, of_readings
from sandbox.telemetry.tables import Breach
from tests.harness import Visitor, run_jobs, words
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A pilot that has been live for forty days; its sensitivity must be at least 0.9."""
    with clock.at(clock.now() - timedelta(days=40)):
        return await live(people)


async def send(
    people: dict[str, Person], pilot: Pilot, values: Sequence[tuple[datetime, float]],
    **how: Any,
) -> None:  # fmt: skip
    """Deliver points and judge them."""
    readings = [Reading(metric="sensitivity", at=at, value=value, n=10, **how)
                for at, value in values]  # fmt: skip
    for start in range(0, len(readings), 10_000):
        await commands.receive(
            people["founder"], pilot.id, of_readings(readings[start : start + 10_000]),
            source="json",
        )  # fmt: skip
    await run_jobs()


async def test_a_metric_is_drawn_with_all_that_happened(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    now = clock.now()
    bad = [(now - timedelta(days=days), 0.7) for days in range(20, 10, -1)]
    good = [(now - timedelta(days=days, hours=1), 0.95) for days in range(10, 0, -1)]
    await send(people, pilot, bad + good)
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/metrics/sensitivity"
    assert path in (await firm.get(f"/pilots/{pilot.id}/telemetry")).text
    page = await firm.text(path)
    assert "1 breach in this time" in page
    assert "the limit is 0.9" in page
    assert "The limits in this time" in page
    assert "v1" not in page  # the plan was accepted before this time
    before = (now - timedelta(days=60)).date()
    assert "v1" in await firm.text(f"{path}?from={before}")
    breach = await Breach.objects().first()
    assert breach is not None
    html = (await firm.get(path)).text
    assert f"/breaches/{breach.id}" in html
    assert " style=" not in html
    assert 'aria-label="Diagnostic sensitivity' in html
    other = await firm.get(f"{path}?from=2026-02-30&to=")
    assert other.status_code == 422
    assert 'value="2026-02-30"' in other.text
    turned = await firm.get(f"{path}?from=2026-03-02&to=2026-03-01")
    assert "The last day lies before the first" in words(turned.text)
    nothing = await firm.text(f"{path}?from=2020-01-01&to=2020-01-02")
    assert "No figure in this time" in nothing
    assert (await firm.get(f"/pilots/{pilot.id}/metrics/nonsense")).status_code == 404


async def test_only_what_is_new_is_sent_again(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    await send(people, pilot, [(clock.now() - timedelta(hours=2), 0.95)])
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/metrics/sensitivity"
    html = (await firm.get(path)).text
    seen = html.split("seen=")[1].split('"')[0].split("&")[0]
    assert "no breach in this time" in html
    asks = {"hx-request": "true"}
    assert (await firm.get(f"{path}?seen={seen}", headers=asks)).status_code == 204
    await send(people, pilot, [(clock.now() - timedelta(hours=1), 0.5)])
    part = await firm.get(f"{path}?seen={seen}", headers=asks)
    assert part.status_code == 200
    assert "1 breach in this time" in words(part.text)
    assert "<html" not in part.text
    paused = (await firm.get(f"{path}?live=off")).text
    assert "every 10s" in html
    assert "every 10s" not in paused


async def test_the_figures_are_taken_away_as_drawn(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    now = clock.now()
    await send(people, pilot, [(now - timedelta(days=2), 0.91), (now - timedelta(days=1), 0.93)])
    await send(people, pilot, [(now - timedelta(days=1), 0.8)], slice={"site": "=Tawau"})
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/metrics/sensitivity"
    answer = await firm.get(f"{path}/figures.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["mean"] for row in rows] == ["0.91", "0.93"]
    assert rows[0]["at"].endswith("+08:00")
    held = (await firm.get(f"{path}/figures.json")).json()
    assert [line["mean"] for line in held["lines"]] == [[0.91, 0.93]]
    assert held["limits"][0]["label"] == "at least 0.9"
    assert (await firm.get(f"{path}/chart.svg")).text.startswith("<svg")
    near = f"since={(now - timedelta(hours=30)).timestamp()}&until={now.timestamp()}"
    zoomed = (await firm.get(f"{path}/figures.json?{near}")).json()
    assert [line["mean"] for line in zoomed["lines"]] == [[0.93]]


async def test_hours_and_days_say_what_the_points_say(
    people: dict[str, Person], pilot: Pilot
) -> None:
    """Roll-ups and the points behind them join without a gap and without counting twice."""
    chance = np.random.default_rng(5)
    now = clock.now().replace(second=30, microsecond=0)
    times = [now - timedelta(minutes=7 * step) for step in range(3_000)][::-1]
    values = chance.uniform(0.9, 1.0, len(times))
    await send(people, pilot, list(zip(times, values.tolist(), strict=True)))
    head = await pilots.head(people["founder"], pilot.id)
    series = await metric_queries.held(pilot.id, "sensitivity")
    (stored,) = await fetch("SELECT rolled_until FROM series")
    assert stored["rolled_until"] is not None
    view = View(since=now - timedelta(days=13), until=now)
    inside = [value for at, value in zip(times, values, strict=True) if at > view.since]
    whole = await metric_queries.figures(series, view, head)
    assert whole.level is Level.HOUR
    for level in (Level.HOUR, Level.DAY):
        found = await metric_queries.figures(series, view, head, level=level)
        line = found.lines[""]
        # A roll-up that the view cuts is whole, so the first may hold more.
        assert 0 <= sum(one.points for one in line) - len(inside) <= 210
        assert len({one.at for one in line}) == len(line)
        assert max(one.highest for one in line) == pytest.approx(max(inside))
    near = View(since=now - timedelta(days=1), until=now)
    assert (await metric_queries.figures(series, near, head)).level is Level.POINT


def test_a_view_picks_the_level_that_is_kept(app: object) -> None:
    from sandbox.framework.telemetry import TelemetryTerms

    terms, now = TelemetryTerms(), datetime(2026, 11, 1, tzinfo=UTC)
    old = View(since=now - timedelta(days=1_000), until=now - timedelta(days=999))
    assert old.level(3, terms, now) is Level.HOUR
    older = View(since=now - timedelta(days=2_000), until=now - timedelta(days=1_999))
    assert older.level(3, terms, now) is Level.DAY
