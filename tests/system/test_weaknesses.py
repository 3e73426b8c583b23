"""One weakness in several sectors: suggested to officials as far as they may see, and counted."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.foundation.clock import now
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.incidents import commands, facts
from sandbox.incidents.tables import Comparison, Incident
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.harness import Visitor, mails
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

DRIFT, LEAK = "data_drift", "privacy_leak"


@dataclass
class Two:
    """Two pilots of two firms in two sectors, with their people and an incident of each."""

    health: dict[str, Person]
    money: dict[str, Person]
    pilots: tuple[Pilot, Pilot]
    one: Incident
    other: Incident


async def reported(
    founder: Person, pilot: Pilot, title: str, *weaknesses: str, drill: bool = False
) -> Incident:
    questions = library.current().incidents.questions
    draft = facts.Draft(
        title=title, what=f"{title}, as it went.", aware_at=now(), vulnerabilities=weaknesses,
        facts={q.key: False for q in questions if not q.shown_when}, drill=drill,
    )  # fmt: skip
    return await commands.report_incident(founder, pilot.id, draft)


async def in_finance(people: dict[str, Person]) -> tuple[dict[str, Person], Pilot]:
    """A live pilot of another firm, which the authority of finance leads."""
    others = {**people, "founder": await factories.applicant()}
    pilot = await live(others)
    lead = library.current().lead_of("finance").key
    for table, key in (("pilot", pilot.id), ("application", pilot.case)):
        await fetch(
            f"UPDATE {table} SET lead_sector = 'finance', sectors = '{{finance}}', authority = $2 "
            "WHERE id = $1",
            key, lead,
        )  # fmt: skip
    await fetch("UPDATE application SET case_officer = NULL WHERE id = $1", pilot.case)
    return {**others, "officer": await factories.officer("finance")}, pilot


@pytest.fixture
async def two(people: dict[str, Person]) -> Two:
    pilot = await live(people)
    money, second = await in_finance(people)
    return Two(
        health=people, money=money, pilots=(pilot, second),
        one=await reported(people["founder"], pilot, "Scans read as harmless", DRIFT, LEAK),
        other=await reported(money["founder"], second, "Loans refused wrongly", DRIFT),
    )  # fmt: skip


# Suggested and said ------------------------------------------------------------------------------


async def test_an_officer_learns_that_there_is_one_and_whom_to_ask_but_nothing_of_it(
    client: Visitor, two: Two
) -> None:
    desk = await client.sign_in(two.health["officer"])
    page = (await desk.get(f"/incidents/{two.one.id}")).text
    authority = library.current().lead_of("finance")
    for words in ("An incident in Finance", "Data drift", str(authority.name), authority.mail):
        assert words in page
    for words in (two.other.title, two.other.reference, two.pilots[1].title + " –"):
        assert words not in page
    assert f'href="/incidents/{two.other.id}"' not in page
    assert (await desk.get(f"/incidents/{two.other.id}")).status_code == 404
    firm = await client.another().sign_in(two.health["founder"])
    assert "weakness show elsewhere" not in await firm.text(f"/incidents/{two.one.id}")
    centre = await client.another().sign_in(await factories.central())
    page = (await centre.get(f"/incidents/{two.one.id}")).text
    assert two.other.title in page
    assert "The same weakness</button>" not in page


async def test_confirmed_by_a_person_both_sides_see_it_and_the_other_is_told(
    client: Visitor, two: Two
) -> None:
    desk = await client.sign_in(two.health["officer"])
    path = f"/incidents/{two.one.id}"
    said = await desk.submit(f"{path}/weakness", {"other": str(two.other.id), "same": "yes"})
    assert said.status_code == 303, said.text
    text = await desk.text(path)
    assert "The same weakness elsewhere" in text
    assert "Does this weakness show elsewhere?" not in text
    told = [m for m in await mails(two.money["officer"].email) if "same weakness" in m["subject"]]
    assert len(told) == 1
    assert "Data drift" in told[0]["text"]
    assert two.one.title not in told[0]["text"]
    assert two.one.reference not in told[0]["text"]
    other = await client.another().sign_in(two.money["officer"])
    text = await other.text(f"/incidents/{two.other.id}")
    assert "The same weakness elsewhere" in text
    assert "An incident in Healthcare" in text
    firm = await client.another().sign_in(two.money["founder"])
    for part in ("", "/record", "/work"):
        assert "Healthcare" not in await firm.text(f"/incidents/{two.other.id}{part}")
    await other.submit(
        f"/incidents/{two.other.id}/weakness", {"other": str(two.one.id), "same": "no"}
    )
    assert "The same weakness elsewhere" not in await desk.text(path)
    assert await Comparison.count() == 1


async def test_the_officers_of_one_that_a_breach_opened_are_told_in_their_language(
    client: Visitor, two: Two
) -> None:
    words = {code: {"title": f"Threshold ({code})", "what": "Passed."} for code in ("en", "ms")}
    await fetch("UPDATE incident SET words = $2 WHERE id = $1", two.other.id, json.dumps(words))
    await fetch("UPDATE account SET language = 'ms' WHERE id = $1", two.money["officer"].id)
    await commands.compare_weakness(two.health["officer"], two.one.id, two.other.id, same=True)
    told = (await mails(two.money["officer"].email))[-1]
    assert "Threshold (ms)" in told["text"]


async def test_refused_it_is_never_suggested_again(client: Visitor, two: Two) -> None:
    desk = await client.sign_in(two.health["officer"])
    path = f"/incidents/{two.one.id}"
    await desk.submit(f"{path}/weakness", {"other": str(two.other.id), "same": "no"})
    assert "An incident in Finance" not in await desk.text(path)
    other = await client.another().sign_in(two.money["officer"])
    assert "Healthcare" not in await other.text(f"/incidents/{two.other.id}")
    told = [m for m in await mails(two.money["officer"].email) if "same weakness" in m["subject"]]
    assert told == []


async def test_nothing_is_suggested_that_shares_none_is_a_drill_or_of_the_same_pilot(
    client: Visitor, two: Two
) -> None:
    founder, (pilot, second) = two.health["founder"], two.pilots
    same = await reported(founder, pilot, "Again", DRIFT)
    drill = await reported(two.money["founder"], second, "Only tried", DRIFT, drill=True)
    none = await reported(two.money["founder"], second, "Something else", "vendor_failure")
    desk = await client.sign_in(two.health["officer"])
    path = f"/incidents/{two.one.id}"
    assert (await desk.get(path)).text.count("An incident in Finance") == 1
    for other in (same, drill, none):
        answer = await desk.submit(f"{path}/weakness", {"other": str(other.id), "same": "yes"})
        assert answer.status_code == 422
    assert await Comparison.count() == 0


async def test_who_declared_a_conflict_or_owns_the_firm_does_not_learn_of_it(
    client: Visitor, two: Two, people: dict[str, Person]
) -> None:
    await fetch(
        "UPDATE pilot SET lead_sector = 'healthcare', sectors = '{healthcare}' WHERE id = $1",
        two.pilots[1].id,
    )
    desk = await client.sign_in(two.health["officer"])
    path = f"/incidents/{two.one.id}"
    assert two.other.title in await desk.text(path)
    await fetch(
        "UPDATE review SET reviewer = $2, state = 'declined_conflict' WHERE \"case\" = $1",
        two.pilots[1].case, two.health["officer"].id,
    )  # fmt: skip
    text = await desk.text(path)
    assert two.other.title not in text
    assert "Does this weakness show elsewhere?" not in text


# Counted -----------------------------------------------------------------------------------------


async def test_the_centre_sees_what_shows_in_several_sectors_and_each_figure_leads_to_its_cases(
    client: Visitor, two: Two
) -> None:
    await reported(two.health["founder"], two.pilots[0], "Only tried", DRIFT, drill=True)
    await commands.compare_weakness(two.health["officer"], two.one.id, two.other.id, same=True)
    centre = await client.sign_in(await factories.central())
    text = await centre.text("/incidents/patterns")
    assert "1 weakness shows in more than one sector." in text
    assert "1 pair" in text
    page = (await centre.get("/incidents/patterns")).text
    link = f"/incidents?state=all&amp;drill=no&amp;weakness={DRIFT}"
    assert f'{link}">2</a>' in page
    assert f'{link}&amp;lead=finance">1</a>' in page
    cases = await centre.text(f"{link}&lead=finance".replace("&amp;", "&"))
    assert two.other.title in cases
    assert two.one.title not in cases
    assert "Only tried" not in await centre.text(link.replace("&amp;", "&"))
    assert "led by Finance" in cases


async def test_the_table_behind_it_is_there_as_csv(client: Visitor, two: Two) -> None:
    centre = await client.sign_in(await factories.central())
    answer = await centre.get("/incidents/patterns.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[:4] for row in rows[1:]] == [
        ["Data drift", "Finance", "1", "1"],
        ["Data drift", "Healthcare", "1", "1"],
        ["Privacy leak", "Healthcare", "1", "1"],
    ]
    assert rows[1][-1] == two.other.reference


async def test_causes_are_counted_by_the_newest_fishbone(client: Visitor, two: Two) -> None:
    async def explains(person: Person, incident: Incident, **branches: Any) -> None:
        await commands.explain_cause(
            person, incident.id, {"method": "fishbone", **branches}, conclusion="So it was"
        )

    await explains(two.health["officer"], two.one, branch_model="Too small")
    await explains(two.health["officer"], two.one, branch_data="Old scans")
    await explains(two.money["officer"], two.other, branch_data="Old loans", branch_people="New")
    centre = await client.sign_in(await factories.central())
    text = await centre.text("/incidents/patterns?by=cause")
    assert "1 of them shows in more than one sector." in text
    assert "Model" not in text
    cases = await centre.text("/incidents?state=all&drill=no&cause=branch_people")
    assert two.other.title in cases
    assert two.one.title not in cases
    assert "No patterns yet" not in text
    answer = await centre.get("/incidents/patterns.csv?by=cause")
    assert answer.text.count("\r\n") == 4


async def test_an_empty_page_says_when_there_will_be_something(
    client: Visitor, database: str
) -> None:
    centre = await client.sign_in(await factories.central())
    assert "No patterns yet" in await centre.text("/incidents/patterns")
    assert "by a fishbone" in await centre.text("/incidents/patterns?by=cause")
