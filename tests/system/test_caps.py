"""Caps: what the plan allows at most is checked against the metric that tells how much is used."""

from __future__ import annotations

from datetime import timedelta

from sandbox.foundation import clock
from sandbox.framework import library
from sandbox.people.person import Person
from sandbox.pilots import cap_queries
from sandbox.pilots import commands as pilots
from sandbox.pilots.amendments import Changes
from sandbox.pilots.tables import Condition, Metric, Pilot
from sandbox.telemetry import commands
from sandbox.telemetry.rules.delivery import Reading, of_readings
from tests.harness import Visitor, run_jobs
from tests.system.test_pilots import TERMS, live, people

__all__ = ["people"]  # the fixture

CAP = {"template": "participant_cap", "kind": "cap", "title": {"en": "Participants"},
       "text": {"en": "No more than so many."}}  # fmt: skip


async def capped(people: dict[str, Person]) -> tuple[Pilot, float]:
    """A live pilot that may have so many participants at most."""
    pilot = await live(people, **{**TERMS, "conditions": [*TERMS["conditions"], CAP]})
    (cap,) = await cap_queries.caps(pilot.id)
    return pilot, cap.limit


async def send(people: dict[str, Person], pilot: Pilot, value: float, **later: float) -> None:
    """How many took part so far, at the present moment or later."""
    with clock.at(clock.now() + timedelta(**later)):
        reading = Reading(metric="participants", at=clock.now(), value=value, n=1)
        await commands.receive(people["founder"], pilot.id, of_readings([reading]), source="json")
        await commands.evaluate(pilot.id)
        await run_jobs()


async def test_a_cap_is_shown_as_it_fills_and_breached_when_it_is_passed(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, limit = await capped(people)
    own = (Metric.pilot == pilot.id) & (Metric.key == "participants")
    assert await Metric.exists().where(own)  # the plan has it by itself
    path = f"/pilots/{pilot.id}"
    firm = await client.sign_in(people["founder"])
    assert "No figure has come yet" in await firm.text(path)
    standings = []
    for days, share in enumerate((0.5, 0.8, 1.01), 1):
        await send(people, pilot, round(share * limit), days=days)
        (cap,) = await cap_queries.caps(pilot.id)
        standings.append(cap.stands)
    assert standings == ["within", "near", "over"]
    page = await firm.text(path)
    assert "101%" in page
    assert "Over" in page
    condition = await Condition.objects().get(
        (Condition.pilot == pilot.id) & (Condition.kind == "cap")
    )
    assert condition is not None
    assert condition.state == "breached"
    assert "has not explained it yet" in await firm.text(
        f"{path}/breaches/" + (await firm.get(f"{path}/telemetry")).text.split("/breaches/")[1][:36]
    )


async def test_a_cap_that_is_raised_is_checked_at_its_new_limit(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, limit = await capped(people)
    number, key = next((cap.number, cap.id) for cap in await cap_queries.caps(pilot.id))
    await send(people, pilot, limit - 10)
    maker = await client.sign_in(people["maker"])
    path = f"/pilots/{pilot.id}/conditions/{key}"
    assert f'formaction="{path}/trial"' in (await maker.get(f"{path}/change")).text
    tried = await maker.submit(f"{path}/trial", {"limit": str(int(limit - 20))})
    assert "broken 1 time" in tried.text
    await pilots.amend_plan(
        people["maker"],
        pilot.id,
        changes=Changes(limits={number: limit + 100}),
        reason="More wait.",
    )
    await pilots.accept_amendment(people["founder"], pilot.id)
    await send(people, pilot, limit + 50, days=1)
    (cap,) = await cap_queries.caps(pilot.id)
    assert (cap.limit, cap.stands) == (limit + 100, "near")


def test_a_cap_names_its_metric_in_its_own_unit() -> None:
    pack = library.current()
    for template in pack.conditions:
        if template.cap and template.cap.metric:
            assert pack.metric(template.cap.metric).unit == template.cap.unit
