"""What follows a breach: an explanation and its judging, a suspension that a person decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.commands.sweeping import sweep
from sandbox.pilots.tables import Condition, Pilot, Suspension
from sandbox.telemetry import commands
from sandbox.telemetry.rules.delivery import Reading, of_readings
from sandbox.telemetry.tables import Breach
from tests import factories
from tests.harness import Visitor, mails, run_jobs
from tests.system.test_pilots import TERMS, live, people

__all__ = ["people"]  # the fixture


def terms(**threshold: Any) -> dict[str, Any]:
    """The usual terms, the threshold changed."""
    floor, insurance = TERMS["conditions"]
    changed = {**floor, "threshold": {**floor["threshold"], **threshold}}
    return {**TERMS, "conditions": [changed, insurance]}


async def breached(
    people: dict[str, Person], value: float = 0.7, **threshold: Any
) -> tuple[Pilot, Breach]:
    """A live pilot whose figures have just passed the threshold."""
    pilot = await live(people, **terms(**threshold))
    await send(people, pilot, value)
    breach = await Breach.objects().where(Breach.pilot == pilot.id).first()
    assert breach is not None
    return pilot, breach


async def send(people: dict[str, Person], pilot: Pilot, value: float, **ago: float) -> None:
    """A figure of now, or of some time ago, judged."""
    reading = Reading(metric="sensitivity", at=clock.now() - timedelta(**ago), value=value, n=50)
    await commands.receive(people["founder"], pilot.id, of_readings([reading]), source="json")
    await commands.evaluate(pilot.id)
    await run_jobs()


async def subjects(person: Person) -> list[str]:
    """What was written to them, newest last."""
    return [mail["subject"].split(" (")[0] for mail in await mails(person.email)]


# Explanations ------------------------------------------------------------------------------


async def test_an_explanation_is_asked_for_again_and_then_accepted(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, breach = await breached(people)
    path = f"/pilots/{pilot.id}/breaches/{breach.id}"
    firm = await client.sign_in(people["founder"])
    desk = await client.another().sign_in(people["officer"])
    assert "has not explained it yet" in await desk.text(path)
    assert (await firm.submit(path, {"explanation": " "})).status_code == 422
    await firm.submit(path, {"explanation": "A camera was dirty."})
    assert "Explain it" not in await firm.text(f"/pilots/{pilot.id}/telemetry")
    unsaid = await desk.submit(f"{path}/verdict", {"verdict": "asked_again", "words": ""})
    assert unsaid.status_code == 422
    assert "Say what is still missing" in unsaid.text
    with clock.at(clock.now() + timedelta(minutes=20)):
        again = {"verdict": "asked_again", "words": "Which of the three cameras?"}
        assert (await desk.submit(f"{path}/verdict", again)).status_code == 303
    page = await firm.text(path)
    assert "Which of the three cameras?" in page
    assert "A camera was dirty." in page
    told = [mail["text"] for mail in await mails(people["founder"].email)]
    assert any("Which of the three cameras?" in text for text in told)
    renewed = await Breach.objects().get(Breach.id == breach.id)
    assert renewed is not None
    assert renewed.explain_asked_at > breach.explain_asked_at
    await firm.submit(path, {"explanation": "The one in Tawau."})
    assert (await desk.submit(f"{path}/verdict", {"verdict": "accepted"})).status_code == 303
    assert "Your explanation is accepted" in await subjects(people["founder"])
    twice = await desk.submit(f"{path}/verdict", {"verdict": "accepted"})
    assert "No explanation waits" in twice.text


async def test_who_does_not_explain_is_reminded_and_then_escalated_once(
    people: dict[str, Person],
) -> None:
    _pilot, breach = await breached(people)
    assert breach.explain_by is not None
    firm, officer, maker = (people[one] for one in ("founder", "officer", "maker"))
    assert await commands.sweep_explanations() == 0
    heard: list[list[str]] = []
    for late in (-timedelta(hours=3), timedelta(hours=1), timedelta(days=6)):
        before = [len(await subjects(one)) for one in (firm, officer, maker)]
        with clock.at(breach.explain_by + late):
            assert await commands.sweep_explanations() == 1
            assert await commands.sweep_explanations() == 0
        said = [await subjects(one) for one in (firm, officer, maker)]
        heard.append([subject for old, one in zip(before, said, strict=True)
                      for subject in one[old:]])  # fmt: skip
    assert heard == [
        ["An explanation is due soon"],
        ["An explanation is overdue", "A firm has not explained a breach"],
        ["Your breach has gone to the decision makers",
         "A breach was not explained and is escalated"],
    ]  # fmt: skip
    condition = await Condition.objects().get(Condition.id == breach.condition)
    assert condition is not None
    assert condition.state == "escalated"
    with clock.at(breach.explain_by + timedelta(days=9)):
        await commands.explain_breach(firm, breach.id, "We were away.")
        assert await commands.sweep_explanations() == 0
    events = await fetch("SELECT event FROM audit_event WHERE subject = $1", breach.id)
    assert [row["event"] for row in events].count("breach.reminded") == 3


async def test_the_condition_may_give_its_own_time_or_ask_for_nothing(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, breach = await breached(people, explain={"amount": 6, "unit": "hours"})
    assert breach.explain_by == breach.opened_at + timedelta(hours=6)
    other = {**people, "founder": await factories.applicant()}
    told, quiet = await breached(other, on_breach="notify")
    assert quiet.explain_by is None
    with clock.at(clock.now() + timedelta(days=60)):
        assert await commands.sweep_explanations() == 1  # of the first alone
    firm = await client.sign_in(other["founder"])
    assert "Its terms ask for no explanation" in await firm.text(
        f"/pilots/{told.id}/breaches/{quiet.id}"
    )
    assert "due within 6 hours" in await (await client.another().sign_in(people["founder"])).text(
        f"/pilots/{pilot.id}/conditions"
    )


# Suspensions -------------------------------------------------------------------------------


async def test_a_breach_puts_a_suspension_before_a_person_who_confirms(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, breach = await breached(people, on_breach="suspend")
    suspension = await Suspension.objects().get(Suspension.breach == breach.id)
    assert suspension is not None
    path = f"/pilots/{pilot.id}/suspensions/{suspension.id}"
    firm = await client.sign_in(people["founder"])
    assert "A suspension waits to be decided" in await firm.text(f"/pilots/{pilot.id}")
    assert "sensitivity was 0.7" in (await firm.text(path)).casefold()
    assert (await firm.submit(path, {"verdict": "confirmed", "reason": "x"})).status_code == 403
    desk = await client.another().sign_in(people["officer"])
    assert "Suspend the pilot" not in await desk.text(path)
    maker = await client.another().sign_in(people["maker"])
    assert "Decide whether the pilot is suspended" in await maker.text(f"/pilots/{pilot.id}")
    assert "Suspension to decide" in await maker.text("/pilots")
    assert "A suspension waits for your decision" in await subjects(people["maker"])
    assert (await maker.submit(path, {"verdict": "confirmed", "reason": ""})).status_code == 422
    done = await maker.submit(path, {"verdict": "confirmed", "reason": "People may be harmed."})
    assert done.status_code == 303
    assert "People may be harmed." in (await mails(people["founder"].email))[-1]["text"]
    found = await Pilot.objects().get(Pilot.id == pilot.id)
    assert found is not None
    assert found.state == "suspended"
    twice = await maker.submit(path, {"verdict": "declined", "reason": "No."})
    assert twice.status_code == 422


async def test_a_suspension_is_declined_with_its_reason(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, breach = await breached(people, on_breach="suspend")
    suspension = await Suspension.objects().get(Suspension.breach == breach.id)
    assert suspension is not None
    maker = await client.sign_in(people["maker"])
    path = f"/pilots/{pilot.id}/suspensions/{suspension.id}"
    await maker.submit(path, {"verdict": "declined", "reason": "One bad morning."})
    assert (await subjects(people["founder"]))[-1] == "The pilot is not suspended"
    assert "One bad morning." in await maker.text(path)
    found = await Pilot.objects().get(Pilot.id == pilot.id)
    assert found is not None
    assert found.state == "live"


async def test_nobody_decides_and_the_centre_hears_of_it_once(people: dict[str, Person]) -> None:
    central = await factories.central()
    _pilot, breach = await breached(people, on_breach="suspend")
    suspension = await Suspension.objects().get(Suspension.breach == breach.id)
    assert suspension is not None
    with clock.at(suspension.decide_by + timedelta(minutes=1)):
        assert await sweep() == 1
        assert await sweep() == 0
    for person in (people["maker"], central):
        assert (await subjects(person)).count("Nobody has decided on a suspension") == 1


@pytest.mark.parametrize("how", ["withdrawn", "suspended"])
async def test_what_has_become_needless_is_not_decided(people: dict[str, Person], how: str) -> None:
    pilot, breach = await breached(people, on_breach="suspend")
    if how == "withdrawn":  # a figure that came late shows that the mean kept to the limit
        await send(people, pilot, 0.7, minutes=0)
        await send(people, pilot, 0.99, hours=1)
        rows = await fetch("UPDATE point SET value = 0.99 RETURNING series")
        assert rows
        await send(people, pilot, 0.99, hours=2)
    else:
        await pilots.suspend(people["officer"], pilot.id, reason="At once.")
    suspension = await Suspension.objects().get(Suspension.breach == breach.id)
    assert suspension is not None
    assert suspension.state == "dropped"
