"""Conditions have a life: changed with and without the firm, waived for a time, discharged."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.foundation import clock
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.commands.sweeping import sweep
from sandbox.pilots.tables import Condition, Pilot, Plan
from sandbox.telemetry.tables import Breach
from tests.harness import Visitor, run_jobs
from tests.system.test_consequences import breached, send, subjects
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


async def threshold(pilot: Pilot) -> Condition:
    """The pilot's one threshold, as it stands."""
    own = (Condition.pilot == pilot.id) & (Condition.kind == "threshold")
    found: Condition | None = await Condition.objects().get(own).output(load_json=True)
    assert found is not None
    return found


def fields(**changed: Any) -> dict[str, Any]:
    """The form of a change as it opens, with what was typed."""
    return {
        "limit": "0.9", "window": "rolling.day", "length": "7", "grace_hours": "0",
        "min_samples": "0", "on_breach": "incident", "explain": "", "title": "Sensitivity",
        "text": "At least 0.9.", "due_on": "", "how": "offer", "reason": "New cameras", **changed,
    }  # fmt: skip


async def test_a_condition_is_changed_when_the_firm_accepts(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    condition = await threshold(pilot)
    path = f"/pilots/{pilot.id}/conditions/{condition.id}"
    maker = await client.sign_in(people["maker"])
    assert 'value="0.9"' in (await maker.get(f"{path}/change")).text
    for wrong in ({"limit": "nan"}, {"length": "0"}, {"window": "never"}, {"on_breach": "x"},
                  {"reason": ""}, {"explain": "99"}, {"due_on": "soon"}):  # fmt: skip
        answer = await maker.submit(f"{path}/change", fields(limit="0.85") | wrong)
        assert answer.status_code == 422, wrong
        assert 'value="nan"' in answer.text or "limit" not in wrong
    nothing = await maker.submit(f"{path}/change", fields())
    assert "Change something" in nothing.text
    typed = fields(limit="0.85", length="14", on_breach="suspend", explain="2")
    assert (await maker.submit(f"{path}/change", typed)).status_code == 303
    assert (await maker.submit(f"{path}/change", typed)).status_code == 422  # one waits
    firm = await client.another().sign_in(people["founder"])
    for page in (path, f"/pilots/{pilot.id}/plan"):
        words = await firm.text(page)
        assert "over any 7 days" in words
        assert "over any 14 days" in words
    assert (await threshold(pilot)).threshold["limit"] == 0.9
    await firm.submit(f"/pilots/{pilot.id}/plan/accept")
    changed = await threshold(pilot)
    assert changed.threshold["limit"] == 0.85
    assert changed.threshold["window"]["length"] == 14
    assert changed.threshold["on_breach"] == "suspend"
    assert "0.85" in changed.text["en"]
    assert "0,85" in changed.text["ms"] or "0.85" in changed.text["ms"]
    history = await firm.text(path)
    assert f"Offered by {people['maker'].name}" in history
    assert "New cameras" in history
    assert (await firm.get(f"{path}/change")).status_code == 403


async def test_the_plan_page_takes_no_limit_that_is_no_number(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    maker = await client.sign_in(people["maker"])
    for typed in ("nan", "inf", "-inf", "much"):
        answer = await maker.submit(
            f"/pilots/{pilot.id}/plan", {"limit.2": typed, "reason": "Because"}
        )
        assert answer.status_code == 422, typed


async def test_an_authority_tightens_alone_with_notice(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    condition = await threshold(pilot)
    path = f"/pilots/{pilot.id}/conditions/{condition.id}"
    maker = await client.sign_in(people["maker"])
    today = clock.now().date()
    ahead = (today + timedelta(days=30)).isoformat()
    alone = fields(how="alone", limit="0.95", from_on=ahead)
    for wrong in ({"limit": "0.85"}, {"length": "9"}, {"on_breach": "warn"}, {"from_on": ""},
                  {"from_on": (today + timedelta(days=1)).isoformat()}):  # fmt: skip
        assert (await maker.submit(f"{path}/change", alone | wrong)).status_code == 422, wrong
    assert (await maker.submit(f"{path}/change", alone)).status_code == 303
    assert "A stricter limit will bind you" in await subjects(people["founder"])
    firm = await client.another().sign_in(people["founder"])
    assert "A stricter limit binds from" in await firm.text(f"/pilots/{pilot.id}/plan")
    assert (await firm.submit(f"/pilots/{pilot.id}/plan/accept")).status_code in {403, 409, 422}
    await sweep()
    assert (await threshold(pilot)).threshold["limit"] == 0.9
    with clock.at(clock.now() + timedelta(days=31)):
        assert await sweep() >= 1
        once = await subjects(people["founder"])
        await sweep()
        assert await subjects(people["founder"]) == once
    assert (await threshold(pilot)).threshold["limit"] == 0.95
    assert once.count("A stricter limit is in force") == 1
    assert "with notice, in force from" in await firm.text(path)


async def test_a_stricter_limit_binds_with_the_first_hour_of_its_day(
    people: dict[str, Person],
) -> None:
    from sandbox.pilots.amendments import Changes

    pilot = await live(people)
    condition = await threshold(pilot)
    day = clock.now().date() + timedelta(days=30)
    await pilots.tighten(
        people["maker"], pilot.id, changes=Changes(limits={condition.number: 0.95}), from_on=day,
        reason="It matters",
    )  # fmt: skip
    midnight = datetime.combine(day, time(), ZoneInfo("Asia/Kuala_Lumpur"))  # of the pack
    for minutes, limit in ((-30, 0.9), (30, 0.95)):
        with clock.at(midnight + timedelta(minutes=minutes)):
            await sweep()
        assert (await threshold(pilot)).threshold["limit"] == limit


async def test_what_was_announced_can_be_taken_back(people: dict[str, Person]) -> None:
    from sandbox.pilots.amendments import Changes

    pilot = await live(people)
    condition = await threshold(pilot)
    await pilots.tighten(
        people["maker"], pilot.id, changes=Changes(limits={condition.number: 0.95}),
        from_on=clock.now().date() + timedelta(days=30), reason="It matters",
    )  # fmt: skip
    await pilots.withdraw_amendment(people["maker"], pilot.id)
    with clock.at(clock.now() + timedelta(days=31)):
        await sweep()
    assert (await threshold(pilot)).threshold["limit"] == 0.9
    assert "The stricter limit is taken back" in await subjects(people["founder"])
    assert len(await Plan.objects().where(Plan.pilot == pilot.id)) == 2


async def test_a_waiver_ends_with_its_day_and_a_breach_counts_again(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, breach = await breached(people)
    path = f"/pilots/{pilot.id}/conditions/{breach.condition}"
    maker = await client.sign_in(people["maker"])
    past = {"reason": "Flood", "until": (clock.now().date() - timedelta(days=2)).isoformat()}
    assert (await maker.submit(f"{path}/waive", past)).status_code == 422
    last: date = clock.now().date() + timedelta(days=3)
    for until in ("soon", last.isoformat()):
        answer = await maker.submit(f"{path}/waive", {"reason": "Flood", "until": until})
        assert answer.status_code == (422 if until == "soon" else 303)
    await run_jobs()
    assert "Waived until the end of" in await maker.text(path)
    await sweep()
    assert (await threshold(pilot)).state == "waived"
    with clock.at(clock.now() + timedelta(days=5)):
        await sweep()
        await run_jobs()
    assert (await threshold(pilot)).state == "breached"  # the breach is open still
    renewed = await Breach.objects().get(Breach.id == breach.id)
    assert renewed is not None
    assert renewed.explain_by > breach.explain_by
    assert "A condition is in force again" in await subjects(people["founder"])


async def test_a_waiver_for_good_closes_its_breaches_and_asks_for_nothing(
    people: dict[str, Person],
) -> None:
    pilot, breach = await breached(people)
    await pilots.waive_condition(people["maker"], breach.condition, reason="The insurer covers it.")
    await run_jobs()
    closed = await Breach.objects().get(Breach.id == breach.id)
    assert closed is not None
    assert closed.state == "closed"
    await send(people, pilot, 0.5, minutes=0)
    assert (await threshold(pilot)).state == "waived"


async def test_a_condition_is_discharged_and_brought_back(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    condition = await threshold(pilot)
    path = f"/pilots/{pilot.id}/conditions/{condition.id}"
    maker = await client.sign_in(people["maker"])
    await maker.submit(
        f"{path}/waive",
        {"reason": "Flood", "until": (clock.now().date() + timedelta(days=9)).isoformat()},
    )
    assert "Bring it back into force" in await maker.text(path)
    assert (await maker.submit(f"{path}/reinstate", {"reason": "Dry again"})).status_code == 303
    assert (await maker.submit(f"{path}/discharge", {"reason": ""})).status_code == 422
    assert (await maker.submit(f"{path}/discharge", {"reason": "Shown enough"})).status_code == 303
    assert (await threshold(pilot)).state == "discharged"
    history = await maker.text(path)
    for words in ("Flood", "Dry again", "Shown enough"):
        assert words in history
    assert (await maker.get(f"{path}/nonsense")).status_code == 404
    desk = await client.another().sign_in(people["officer"])
    assert (await desk.get(f"{path}/waive")).status_code == 403
