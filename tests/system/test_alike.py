"""Two tellings of one thing: suggested, confirmed or set aside by an officer."""

from __future__ import annotations

import pytest

from sandbox.incidents import commands, public_rules
from sandbox.incidents.tables import Comparison, Incident, PublicReport
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.browsing import Browser
from tests.harness import Visitor
from tests.system.test_incidents import fields
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

SENT = "The system read a scan as harmless and the patient was sent home from the clinic."


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


async def told(firm: Visitor, pilot: Pilot, title: str, what: str) -> str:
    """An incident that the firm reports; its path."""
    typed = {**fields(), "title": title, "what": what}
    answer = await firm.submit(f"/pilots/{pilot.id}/incidents/new", typed)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_two_incidents_are_the_same_because_a_person_says_so(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    first = await told(firm, pilot, "Sent home", SENT)
    second = await told(firm, pilot, "Patient sent home", SENT + " Nobody noticed.")
    other = await told(firm, pilot, "Dark pictures", "Pictures came out darker after a lamp broke.")
    assert "Is this the same?" not in await firm.text(second)
    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go(other)
        assert "Is this the same?" not in desk.answer.text
        await desk.go(second)
        desk.sees("Is this the same?", "of words and pairs of words in common", "0 days apart")
        await desk.press("The same")
        desk.sees("The same as")
        assert "Is this the same?" not in desk.answer.text
        await desk.go(first)
        desk.sees("The same as", "Patient sent home")
        await desk.press("Not the same after all")
        assert "The same as" not in desk.answer.text
        await desk.go(second)
        assert "Is this the same?" not in desk.answer.text
    assert await Comparison.count() == 1
    assert await Incident.count() == 3


async def test_a_report_of_the_public_finds_its_incident(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    for words in (SENT, f"I was there. {SENT}"):
        sent = public_rules.Told(what=words, harm="harmed")
        await commands.send_public_report(pilot.reference, sent)
    firm = await client.sign_in(people["founder"])
    path = await told(firm, pilot, "Sent home", SENT)
    one, two = await PublicReport.objects().order_by(PublicReport.reference)
    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go(path)
        desk.sees(one.reference, two.reference)
        await desk.go(f"/public-reports/{one.id}")
        await desk.press("The same: join it")
        await desk.go(f"/public-reports/{two.id}")
        desk.sees(one.reference)
        answer = await visitor.submit(
            f"/public-reports/{two.id}/alike", {"other": str(one.id), "same": "yes"}
        )
        assert answer.status_code == 303
        await desk.go(f"/public-reports/{two.id}")
        desk.sees("The same as")
    assert "PUB-" not in await firm.text(path)
    joined = await PublicReport.objects().get(PublicReport.id == one.id)
    assert joined is not None
    assert str(joined.incident) in path


async def test_only_things_of_one_pilot_are_compared(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path = await told(firm, pilot, "Sent home", SENT)
    elsewhere = await live({**people, "founder": await factories.applicant()})
    sent = public_rules.Told(what=SENT, harm="harmed")
    await commands.send_public_report(elsewhere.reference, sent)
    report = await PublicReport.objects().first()
    assert report is not None
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        assert "Is this the same?" not in await desk.text(path)
        answer = await desk.submit(f"{path}/alike", {"other": str(report.id), "same": "yes"})
        assert answer.status_code == 422
        for other in ("nothing", "00000000-0000-0000-0000-000000000000"):
            answer = await desk.submit(f"{path}/alike", {"other": other, "same": "yes"})
            assert answer.status_code == 404
    assert await Comparison.count() == 0
