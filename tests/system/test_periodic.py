"""Periodic reports: the figures of the period, the firm's words, and what was attested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from sandbox.foundation import clock
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.commands.sweeping import sweep
from sandbox.pilots.reporting import Said
from sandbox.pilots.rhythms import Period
from sandbox.pilots.tables import Condition, Evidence, Pilot
from sandbox.telemetry import commands
from sandbox.telemetry.rules.delivery import Reading, of_readings
from tests.harness import Visitor, mails, run_jobs
from tests.system.test_consequences import subjects
from tests.system.test_pilots import TERMS, live, people

__all__ = ["people"]  # the fixture

REPORT = {
    "template": "monthly_report", "kind": "periodic_report", "title": {"en": "Monthly report"},
    "text": {"en": "Results against plan."}, "every": "monthly",
}  # fmt: skip


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot that reports monthly, and sends its sensitivity."""
    terms: dict[str, Any] = {**TERMS, "conditions": [*TERMS["conditions"], REPORT]}
    return await live(people, **terms)


async def report_of(pilot: Pilot) -> Condition:
    """The condition that asks for reports, as it stands."""
    own = (Condition.pilot == pilot.id) & (Condition.kind == "periodic_report")
    found: Condition | None = await Condition.objects().get(own)
    assert found is not None
    return found


async def period_of(pilot: Pilot) -> Period:
    """The period that is reported next."""
    return pilots.period_of(pilot, await report_of(pilot))


@contextmanager
def on(day: date) -> Iterator[None]:
    """Noon of ``day``, as time goes on."""
    with clock.at(datetime.combine(day, time(4), UTC)):
        yield


async def send(people: dict[str, Person], pilot: Pilot, *values: float) -> None:
    """Figures of the present day, an hour apart, the last one now."""
    now = clock.now()
    readings = [
        Reading(metric="sensitivity", at=now - timedelta(minutes=len(values) - place), value=value,
                n=50)
        for place, value in enumerate(values)
    ]  # fmt: skip
    await commands.receive(people["founder"], pilot.id, of_readings(readings), source="json")
    await commands.evaluate(pilot.id)
    await run_jobs()


def stamp(html: str) -> str:
    """The stamp of the facts that a report's form carries."""
    return html.split('name="seen" value="')[1].split('"', maxsplit=1)[0]


async def test_a_report_is_pre_filled_attested_and_kept_as_it_was(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    condition, period = await report_of(pilot), await period_of(pilot)
    assert (period.first, condition.due_on) == (pilot.starts_on, period.due_on)
    assert timedelta(days=10) <= period.due_on - period.last <= timedelta(days=15)
    path = f"/pilots/{pilot.id}/conditions/{condition.id}"
    firm = await client.sign_in(people["founder"])
    assert "The period still runs" in await firm.text(f"{path}/report")
    early = await firm.submit(f"{path}/report", {"text": "Well.", "attested": "yes"})
    assert early.status_code == 422
    plain = await firm.submit(f"{path}/evidence", {"text": "Well."})
    assert "report of the period instead" in plain.text
    with on(period.first + timedelta(days=20)):
        await send(people, pilot, 0.97, 0.95, 0.5)
    with on(period.last + timedelta(days=2)):
        await send(people, pilot, 0.99)  # of the next period
        firm = await client.sign_in(people["founder"])
        page = await firm.text(f"{path}/report")
        for shown in ("0.807", "0.5", "0.97", "must be at least 0.9", "1 breach", "Not explained"):
            assert shown in page, shown
        assert "0.99" not in page
        form = {"text": "By plan.", "attested": "yes",
                "seen": stamp((await firm.get(f"{path}/report")).text)}  # fmt: skip
        for wrong, says in (({"text": ""}, "Say how the period went"),
                            ({"attested": ""}, "somebody stands in for"),
                            ({"seen": "other"}, "The figures have changed")):  # fmt: skip
            answer = await firm.submit(f"{path}/report", form | wrong)
            assert answer.status_code == 422
            assert says in answer.text
        assert (await firm.submit(f"{path}/report", form)).status_code == 303
        assert (await firm.submit(f"{path}/report", form)).status_code == 422  # it waits
        assert "What was handed in is being looked at" in await firm.text(f"{path}/report")
    with on(period.last + timedelta(days=4)):  # a figure comes late: what was attested stays
        late = Reading(metric="sensitivity", at=clock.now() - timedelta(days=9), value=0.1, n=900)
        await commands.receive(people["founder"], pilot.id, of_readings([late]), source="json")
        desk = await client.another().sign_in(people["officer"])
        page = await desk.text(path)
        assert "0.807" in page
        assert "Attested by" in page
        (kept,) = await Evidence.objects().where(Evidence.subject == condition.id)
        await pilots.judge_evidence(people["officer"], kept.id, accepted=True)
    after = await period_of(pilot)
    assert after.first == period.last + timedelta(days=1)
    assert after.due_on > period.due_on


async def test_who_does_not_report_is_reminded_and_shown_as_late(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    condition, period = await report_of(pilot), await period_of(pilot)
    firm, officer = people["founder"], people["officer"]
    path = f"/pilots/{pilot.id}/conditions/{condition.id}/report"
    with on(period.due_on - timedelta(days=3)):
        await sweep()
        await sweep()
        assert (await subjects(firm)).count("A report is due soon") == 1
        visitor = await client.sign_in(firm)
        assert "Due soon or overdue" in await visitor.text(f"/pilots/{pilot.id}")
        assert "overdue" not in await visitor.text("/pilots")
    with on(period.due_on + timedelta(days=2)):
        await sweep()
        assert "A report is overdue" in await subjects(firm)
        assert "A report is overdue" in await subjects(officer)
        assert path in (await mails(firm.email))[-1]["text"]
        desk = await client.another().sign_in(officer)
        assert "1 report or document overdue" in await desk.text("/pilots")
        await commands.hand_in_report(
            firm, pilot.id, condition.id, Said(text="Late.", attested=True)
        )
        assert "overdue" not in await desk.text("/pilots")  # it waits for the officer
        page = await desk.text(f"/pilots/{pilot.id}/conditions/{condition.id}")
        assert "Late" in page
        (kept,) = await Evidence.objects().where(Evidence.subject == condition.id)
        returned = await desk.submit(
            f"/pilots/{pilot.id}/evidence/{kept.id}", {"verdict": "returned", "reason": "And why?"}
        )
        assert returned.status_code == 303
        visitor = await client.another().sign_in(firm)
        assert "And why?" in await visitor.text(path)
        assert "1 report or document overdue" in await desk.text("/pilots")


# Duties ------------------------------------------------------------------------------------

DUTY = {"template": None, "kind": "duty", "title": {"en": "Second reading"},
        "text": {"en": "A second clinician reads every positive result."}}  # fmt: skip


async def duty_of(people: dict[str, Person]) -> tuple[Pilot, Condition]:
    """A live pilot with a standing duty."""
    pilot = await live(people, **{**TERMS, "conditions": [*TERMS["conditions"], DUTY]})
    return pilot, await standing(pilot)


async def standing(pilot: Pilot) -> Condition:
    """The pilot's duty as it is now."""
    own = (Condition.pilot == pilot.id) & (Condition.kind == "duty")
    found: Condition | None = await Condition.objects().get(own)
    assert found is not None
    return found


async def test_a_duty_is_attested_each_period(client: Visitor, people: dict[str, Person]) -> None:
    pilot, duty = await duty_of(people)
    assert duty.every == "quarterly"
    period = pilots.period_of(pilot, duty)
    path = f"/pilots/{pilot.id}/conditions/{duty.id}"
    firm = await client.sign_in(people["founder"])
    assert "every quarter while live" in await firm.text(f"/pilots/{pilot.id}/plan")
    assert "The next attestation" in await firm.text(path)
    early = await firm.submit(f"{path}/report", {"kept": "yes", "attested": "yes"})
    assert "The period runs until" in early.text
    with on(period.due_on - timedelta(days=2)):
        await sweep()
        assert "An attestation is due soon" in await subjects(people["founder"])
        firm = await client.another().sign_in(people["founder"])
        assert "Figures of the period" not in await firm.text(f"{path}/report")
        unsaid = await firm.submit(f"{path}/report", {"attested": "yes"})
        assert "Say whether it was kept" in unsaid.text
        silent = await firm.submit(f"{path}/report", {"attested": "yes", "kept": "no"})
        assert "Say when it was not kept" in silent.text
        heard = len(await subjects(people["officer"]))
        said = await firm.submit(f"{path}/report", {"attested": "yes", "kept": "yes"})
        assert said.status_code == 303
        assert len(await subjects(people["officer"])) == heard  # the firm's word is enough
        desk = await client.another().sign_in(people["officer"])
        page = await desk.text(path)
        assert "Kept throughout" in page
        assert people["founder"].name in page
    after = await standing(pilot)
    assert after.due_on > duty.due_on
    assert after.state == "in_force"


async def test_the_authority_looks_where_a_duty_was_not_kept(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot, duty = await duty_of(people)
    officer = people["officer"]
    with on(pilots.period_of(pilot, duty).due_on):
        await commands.hand_in_report(
            people["founder"], pilot.id, duty.id,
            Said(text="Not over the holidays.", attested=True, kept=False),
        )  # fmt: skip
        assert "Evidence to look at" in await subjects(officer)
        desk = await client.sign_in(officer)
        assert "Not kept at all times" in await desk.text(
            f"/pilots/{pilot.id}/conditions/{duty.id}"
        )
        await pilots.breach_condition(officer, duty.id, reason="Holidays")
        (said,) = await Evidence.objects().where(Evidence.subject == duty.id)
        await pilots.judge_evidence(officer, said.id, accepted=True)
        now = await standing(pilot)
        assert now.state == "breached"  # taking the firm's word does not make it kept
        assert now.due_on > duty.due_on
    with on(now.due_on):
        kept = Said(attested=True, kept=True)
        await commands.hand_in_report(people["founder"], pilot.id, duty.id, kept)
        assert (await standing(pilot)).due_on == now.due_on  # found broken: the officer looks
        newest = await Evidence.objects().where(Evidence.verdict == "").first()
        assert newest is not None
        await pilots.judge_evidence(officer, newest.id, accepted=True)
        assert (await standing(pilot)).state == "cured"
