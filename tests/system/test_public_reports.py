"""What members of the public report, from the register to the officer's answer."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Any

import pytest

from sandbox.foundation import clock
from sandbox.foundation.clock import now
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import today
from sandbox.incidents import commands, public_rules
from sandbox.incidents.public_tables import PublicContact, PublicReport
from sandbox.incidents.tables import Incident
from sandbox.people.person import Person, Role
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.browsing import Browser
from tests.harness import Visitor, mails
from tests.system.test_incidents import answers, fields
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

HOSTILE = "<script>alert('x')</script> {{ 7 * 7 }} it held my money"


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


def told(**more: str) -> dict[str, Any]:
    """What somebody types into the form."""
    return {"what": "It said that I was well. I was not.", "harm": "harmed", **more}


async def sent(visitor: Visitor, pilot: Pilot, **more: str) -> str:
    """A report that was taken; its number."""
    answer = await visitor.submit(f"/register/{pilot.reference}/problem", told(**more))
    assert answer.status_code == 303, answer.text
    page = (await visitor.get("/problems/received")).text
    return page.split("<strong>")[-1].split("</strong>")[0] if "<strong>" in page else ""


async def status(visitor: Visitor, number: str) -> str:
    """The page that a number opens."""
    answer = await visitor.submit("/problems/status", {"number": number})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_somebody_reports_follows_and_is_answered(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    public = Browser(client)
    await public.go(f"/register/{pilot.reference}")
    await public.follow("Report a problem")
    await public.press("Send the report", **told(email="somebody@example.test"))
    public.sees("Your report is in", "What happens next")
    (panel,) = public.page.xpath("//*[contains(@class, 'govuk-panel__body')]//strong")
    number = panel.text_content()
    assert set(number) <= {*public_rules.LETTERS, "-"}
    (letter,) = await mails("somebody@example.test")
    assert number in letter["text"]
    (call,) = [
        m for m in await mails(people["officer"].email) if "member of the pub" in m["subject"]
    ]
    assert "somebody@example.test" not in call["text"]

    row = await PublicReport.objects().first()
    assert row is not None
    assert number not in str(row.to_dict())
    assert ">Received<" in await status(client, number.lower().replace("-", " "))

    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go("/incidents")
        await desk.follow("From the public 1")
        await desk.follow(f"/public-reports/{row.id}")
        desk.sees("somebody@example.test", "This is alleged")
        await desk.press("Look into it")
        assert "Being looked at" in await status(client, number)
        await desk.press("Make an incident of it", title="Told to be well", what="A wrong answer.")
        desk.sees("Alleged", "A wrong answer.", row.reference)
        incident = await Incident.objects().first()
        assert incident is not None
        assert (incident.source, incident.reported_name) == ("public", people["officer"].name)
        await desk.go(f"/public-reports/{row.id}")
        await desk.press("Send the answer", answer="The firm has mended it.")
    page = await status(client, number)
    assert "The firm has mended it." in page
    assert people["officer"].name not in page
    assert "A wrong answer." not in page
    assert "The firm has mended it." in (await mails("somebody@example.test"))[-1]["text"]

    async with client.another() as visitor:
        firm = await visitor.sign_in(people["founder"])
        text = (await firm.get(f"/incidents/{incident.id}")).text
        assert "A wrong answer." in text
        for hidden in (row.what, row.reference, "somebody@example.test"):
            assert hidden not in text
        assert (await firm.get(f"/public-reports/{row.id}")).status_code == 403


async def test_it_closes_with_its_incident(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    number = await _number(pilot)
    firm = await client.sign_in(people["founder"])
    path = (await firm.submit(f"/pilots/{pilot.id}/incidents/new", fields())).headers["location"]
    report = await PublicReport.objects().first()
    assert report is not None
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        step = f"/public-reports/{report.id}/steps"
        other = await desk.submit(f"{step}/join", {"incident": str(report.id)})
        assert other.status_code == 422
        joined = await desk.submit(f"{step}/join", {"incident": path.rsplit("/", 1)[-1]})
        assert joined.status_code == 303
        again = await desk.submit(f"{step}/make_incident", {"title": "x", "what": "y"})
        assert again.status_code == 422
        assert (await desk.submit(f"{step}/dismiss", {"reason": "No"})).status_code == 422
        assert report.reference in await desk.text(path)
        await desk.submit(f"{path}/assess", answers())
        await desk.submit(f"{path}/steps/resolve", {"root_cause": "A dark lens"})
        assert (await desk.submit(f"{path}/steps/close")).status_code == 303
    assert ">Closed<" in await status(client.another(), number)


async def _number(pilot: Pilot, **more: Any) -> str:
    return await commands.send_public_report(pilot.reference, public_rules.Told(**told(**more)))


async def test_dismissed_with_a_reason_that_stays_inside(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    number = await _number(pilot)
    report = await PublicReport.objects().first()
    assert report is not None
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        path = f"/public-reports/{report.id}/steps/dismiss"
        assert (await desk.submit(path, {"reason": ""})).status_code == 422
        done = await desk.submit(path, {"reason": "A known joker", "words": "We found nothing."})
        assert done.status_code == 303
        assert "No reports here" in await desk.text("/public-reports")
        assert report.reference in await desk.text("/public-reports?state=all")
        assert (await desk.submit(path, {"reason": "Again"})).status_code == 409
    page = await status(client, number)
    assert "We found nothing." in page
    assert "A known joker" not in page


async def test_bad_input_comes_back_and_hostile_text_stays_text(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    path = f"/register/{pilot.reference}/problem"
    ahead = (today() + timedelta(days=2)).isoformat()
    wrong = {"what": HOSTILE, "happened_on": ahead, "email": "nobody"}
    answer = await client.submit(path, wrong)
    assert answer.status_code == 422
    assert escape(HOSTILE, quote=False) in answer.text.replace("&#39;", "'")
    for words in ("This day lies ahead", "Choose an answer", "Enter an email address"):
        assert words in answer.text
    assert (await client.submit(path, {**wrong, "happened_on": "soon"})).status_code == 422
    assert await PublicReport.count() == 0
    await sent(client, pilot, what=HOSTILE)
    report = await PublicReport.objects().first()
    assert report is not None
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        for page in (f"/public-reports/{report.id}", "/public-reports"):
            text = (await desk.get(page)).text
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert" in text


async def test_only_so_many_and_nothing_is_lost(client: Visitor, pilot: Pilot) -> None:
    path = f"/register/{pilot.reference}/problem"
    for _time in range(5):
        assert (await client.submit(path, told())).status_code == 303
    answer = await client.submit(path, told(what="The sixth of them"))
    assert answer.status_code == 429
    assert "The sixth of them" in answer.text
    assert await PublicReport.count() == 5
    tries = [await client.submit("/problems/status", {"number": "AAAA"}) for _n in range(21)]
    assert [one.status_code for one in tries] == [422] * 20 + [429]


async def test_only_of_pilots_that_run(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    assert (await client.get("/register/NARS-0000-0000/problem")).status_code == 404
    listed = await client.get("/problems/about", params={"pilot": pilot.reference})
    assert listed.headers["location"] == f"/register/{pilot.reference}/problem"
    assert (await client.get("/problems/about", params={"pilot": "x"})).status_code == 422
    pilot.state = "closed"
    await pilot.save()
    path = f"/register/{pilot.reference}/problem"
    assert "does not run now" in await client.text(path)
    assert (await client.submit(path, told())).status_code == 409
    assert people["founder"].organisation == pilot.organisation


async def test_the_number_is_in_the_language_of_the_visitor_and_shown_once(
    client: Visitor, pilot: Pilot
) -> None:
    assert (await client.get("/problems/received")).headers["location"] == "/problems"
    await client.submit("/language/ms")
    await sent(client, pilot, email="seseorang@example.test")
    (letter,) = await mails("seseorang@example.test")
    assert "Laporan anda" in letter["subject"]
    row = await PublicReport.objects().first()
    assert row is not None
    assert row.language == "ms"


async def test_who_may_reach_them_and_who_not(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    await _number(pilot, email="somebody@example.test", name="Siti")
    report = await PublicReport.objects().first()
    assert report is not None
    path = f"/public-reports/{report.id}"
    readers = {"central": await factories.central(), "auditor": await factories.auditor(),
               "reviewer": await factories.reviewer()}  # fmt: skip
    for person in readers.values():
        async with client.another() as visitor:
            await visitor.sign_in(person)
            text = (await visitor.get(path)).text
            assert report.what in text
            assert "somebody@example.test" not in text
            assert "Siti" not in text
    async with client.another() as visitor:
        await visitor.sign_in(await factories.officer("finance"))
        assert (await visitor.get(path)).status_code == 404
        assert report.reference not in await visitor.text("/public-reports")
    # An officer of the sector who is of the firm itself must not learn what was told of it.
    both = await factories.official(Role.OFFICER)
    await fetch(
        "INSERT INTO membership (id, account, organisation, level, made_at) "
        "VALUES (gen_random_uuid(), $1, $2, 'owner', $3)",
        both.id, pilot.organisation, now(),
    )  # fmt: skip
    async with client.another() as visitor:
        await visitor.sign_in(both)
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.submit(f"{path}/steps/take_up")).status_code == 404
        assert report.reference not in await visitor.text("/public-reports")
    assert await PublicContact.count() == 1
    with clock.at(now() + timedelta(days=1)):
        assert await PublicReport.count().where(PublicReport.state == "received") == 1
