"""A limit is tried before it is set: on the pilot's own figures and on those alike."""

from __future__ import annotations

from datetime import timedelta

from sandbox.applications.tables import Application
from sandbox.foundation import clock
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import commands
from sandbox.telemetry.rules.delivery import Reading, of_readings
from tests import factories
from tests.harness import Visitor, run_jobs
from tests.system.test_conditions import fields, threshold
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

PART = {"hx-request": "true"}


async def measured(people: dict[str, Person], *values: float) -> Pilot:
    """A live pilot with a figure a week, the last of them now."""
    with clock.at(clock.now() - timedelta(days=7 * len(values))):
        pilot = await live(people)
    now, last = clock.now(), len(values) - 1
    readings = [
        Reading(
            metric="sensitivity", at=now - timedelta(days=7 * (last - place)), value=value, n=250
        )
        for place, value in enumerate(values)
    ]
    await commands.receive(people["founder"], pilot.id, of_readings(readings), source="json")
    await commands.evaluate(pilot.id)
    await run_jobs()
    return pilot


async def test_a_stricter_limit_is_tried_before_it_is_set(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await measured(people, 0.97, 0.93, 0.97, 0.97, 0.97)
    condition = await threshold(pilot)
    path = f"/pilots/{pilot.id}/conditions/{condition.id}"
    maker = await client.sign_in(people["maker"])
    form = (await maker.get(f"{path}/change")).text
    assert f'formaction="{path}/trial"' in form
    part = await maker.submit(f"{path}/trial", fields(limit="0.95"), headers=PART)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "would have been broken 1 time, 50% of the time" in part.text
    assert "As it is in force: never" in part.text
    assert "No other pilot that you may see" in part.text
    assert "<svg" in part.text
    whole = await maker.submit(f"{path}/trial", fields(limit="0.95"))
    assert whole.status_code == 200
    assert "Take it into a change" in whole.text
    assert "limit=0.95" in whole.text
    again = await maker.submit(f"{path}/trial", fields(limit="0.95", grace_hours="240"))
    assert "would never have been broken" in again.text
    wrong = await maker.submit(f"{path}/trial", fields(limit="nan"), headers=PART)
    assert wrong.status_code == 200
    assert "Enter a limit as a number" in wrong.text
    assert (await maker.submit(f"{path}/trial", fields(limit="x"))).status_code == 422
    assert await threshold(pilot) == condition  # nothing was changed
    desk = await client.another().sign_in(people["officer"])
    assert "would never have been broken" in await desk.text(f"{path}/trial")
    assert "Take it into a change" not in await desk.text(f"{path}/trial?limit=0.95")


async def test_pilots_alike_are_those_in_sight(client: Visitor, people: dict[str, Person]) -> None:
    pilot = await measured(people, 0.97, 0.97)
    other = await measured({**people, "founder": await factories.applicant()}, 0.93, 0.93)
    condition = await threshold(pilot)
    path = f"/pilots/{pilot.id}/conditions/{condition.id}/trial"
    maker = await client.sign_in(people["maker"])
    tried = await maker.submit(path, fields(limit="0.95"))
    assert "1 other pilot that you may see sends this metric. 1 would have broken" in " ".join(
        tried.text.split()
    )
    assert f'href="/pilots/{other.id}"' in tried.text
    assert "100% of the time" in tried.text
    firm = await client.another().sign_in(people["founder"])
    assert (await firm.get(path)).status_code == 403


async def test_a_decision_tries_its_limits_on_pilots_alike(
    client: Visitor, people: dict[str, Person]
) -> None:
    await measured(people, 0.97, 0.91)
    founder = await factories.applicant()
    await live({**people, "founder": founder})
    case = await Application.objects().get(Application.organisation == founder.organisation)
    assert case is not None
    maker = await client.sign_in(people["maker"])
    path = f"/cases/{case.id}/conditions/sensitivity_floor/trial"
    tried = await maker.submit(path, {"limit.sensitivity_floor": "0.95"}, headers=PART)
    assert "1 would have broken the limit" in tried.text
    assert "this pilot" not in tried.text.lower()
    wrong = await maker.submit(path, {"limit.sensitivity_floor": "much"}, headers=PART)
    assert "Enter a limit as a number" in wrong.text
    unknown = await maker.submit(f"/cases/{case.id}/conditions/none/trial")
    assert unknown.status_code == 404
