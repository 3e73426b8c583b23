"""The site's own actors, each run twice at once and once more: one effect."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections import Counter
from datetime import timedelta

import pytest
from dramatiq import get_broker

import workers  # noqa: F401  (declares the actors)
from sandbox.demo.year import content
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.pilots import commands as pilots
from sandbox.reports import commands as reports
from tests import factories
from tests.system.test_pilots import admitted, live, people
from tests.system.test_telemetry import points, send

__all__ = ["people"]


async def _do_all_twice() -> Counter[str]:
    """Do every job that waits twice at the same time, and then again; how often each was due."""
    due: Counter[str] = Counter()
    while rows := await fetch("SELECT * FROM outbox WHERE done_at IS NULL ORDER BY position"):
        for row in rows:
            act, words = inspect.unwrap(get_broker().get_actor(row["actor"]).fn), row["args"]
            await asyncio.gather(*(act(*json.loads(words)) for _time in range(2)))
            await act(*json.loads(words))
            await fetch("UPDATE outbox SET done_at = now() WHERE id = $1", row["id"])
            due[row["actor"]] += 1
    return due


async def _events() -> Counter[str]:
    rows = await fetch("SELECT event, count(*) FROM audit_event GROUP BY event")
    return Counter({row["event"]: row["count"] for row in rows})


async def test_a_decision_has_one_letter(people) -> None:
    await admitted(*people.values())
    assert (await _do_all_twice())["build_decision_letter"] == 1
    assert len(await fetch("SELECT FROM stored_file WHERE kind = 'letter'")) == 1
    assert (await _events())["decision.letter_made"] == 1


async def test_a_breach_opens_one_incident(client, people) -> None:
    pilot = await live(people)
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    await _do_all_twice()
    before = await fetch('SELECT "to", count(*) FROM mail GROUP BY "to"')
    await send(client, pilot, key, points(0.7))
    watch = inspect.unwrap(get_broker().get_actor("watch_telemetry").fn)
    await asyncio.gather(watch(), watch())
    await watch()
    assert (await _do_all_twice())["open_incident_from_breach"] == 1
    assert len(await fetch("SELECT FROM breach")) == 1
    assert len(await fetch("SELECT FROM incident")) == 1
    events = await _events()
    assert (events["breach.opened"], events["condition.breached"]) == (1, 1)
    assert events["incident.reported"] == 1
    after = Counter({row["to"]: row["count"] for row in await fetch(
        'SELECT "to", count(*) FROM mail GROUP BY "to"')})  # fmt: skip
    told = after - Counter({row["to"]: row["count"] for row in before})
    for person in (people["founder"], people["officer"]):
        assert told[person.email] == 2, "of the breach, and of the incident"


async def test_a_report_is_gathered_once_and_set_once_in_each_language(people) -> None:
    await admitted(*people.values())
    writer, approver = await factories.central(), await factories.central()
    day = (await fetch("SELECT current_date AS day"))[0]["day"]
    report = await reports.request_report(
        writer, title={"en": "Half a year", "ms": "Setengah tahun"},
        first=day - timedelta(days=180), last=day, sectors=[],
    )  # fmt: skip
    assert (await _do_all_twice())["gather_report"] == 1
    await reports.write_narrative(writer, report.id, content("events")["narrative"])
    await reports.approve_report(approver, report.id)
    languages = library.current().languages
    assert (await _do_all_twice())["set_report"] == len(languages)
    assert len(await fetch("SELECT FROM stored_file WHERE kind = 'report'")) == len(languages)
    events = await _events()
    assert (events["report.gathered"], events["report.set"]) == (1, len(languages))


@pytest.mark.parametrize(
    "actor",
    [
        "sweep_applications", "sweep_explanations", "sweep_incidents", "sweep_pilots",
        "sweep_silence", "seal_audit",
        "clear_up", "forget_tickets",
    ],
)  # fmt: skip
async def test_a_sweep_with_nothing_new_does_nothing(people, actor) -> None:
    await live(people)
    await fetch("UPDATE outbox SET done_at = now()")
    act = inspect.unwrap(get_broker().get_actor(actor).fn)
    await act()
    await _do_all_twice()
    before, seals = await _events(), await fetch("SELECT * FROM audit_seal")
    await asyncio.gather(act(), act())
    assert await _events() == before
    assert await fetch("SELECT * FROM audit_seal") == seals
    assert await fetch("SELECT FROM outbox WHERE done_at IS NULL") == []
