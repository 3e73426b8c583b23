"""How near limits ever came, and which never bound anybody: on their pages and over all pilots."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta

from lxml import html

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import commands
from sandbox.telemetry.rules.delivery import Reading, of_readings
from tests import factories
from tests.harness import Visitor, run_jobs, statements, words
from tests.system.test_consequences import terms
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

LONG = 120  # days


async def watched(
    people: dict[str, Person], values: Sequence[float], *, days: int = LONG, firm: str = "",
    **threshold: object,
) -> Pilot:  # fmt: skip
    """A pilot that went live so many days ago and sent ``values`` since, evenly."""
    begun = clock.now() - timedelta(days=days)
    if firm:
        people = {**people, "founder": await factories.applicant(firm)}
    with clock.at(begun):
        pilot = await live(people, **terms(**threshold))
    step = timedelta(days=days) / (len(values) + 1)
    readings = [
        Reading(metric="sensitivity", at=begun + step * (n + 1), value=value, n=50)
        for n, value in enumerate(values)
    ]
    half = len(readings) // 2
    for sent in (readings[:half], readings[half:]):  # none so late that it is refused
        if sent:
            with clock.at(sent[-1].at + timedelta(hours=1)):
                await commands.receive(
                    people["founder"], pilot.id, of_readings(sent), source="json"
                )
                await run_jobs()
    return pilot


async def lines(desk: Visitor, query: str = "") -> list[list[str]]:
    """The kinds of limit that the page lists, cell by cell."""
    page = html.fromstring((await desk.get(f"/pilots/limits{query}")).text)
    return [
        [words(html.tostring(cell, encoding="unicode")) for cell in row]
        for row in page.xpath("//tbody/tr")
    ]


async def table(desk: Visitor, query: str = "") -> list[dict[str, str]]:
    """The same, a condition a line, to take away."""
    answer = await desk.get(f"/pilots/limits.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_limit_that_no_figure_came_near_is_a_candidate_to_relax(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await watched(people, [0.98] * 18 + [0.97] * 2)
    desk = await client.sign_in(people["officer"])
    ((kind, verdict, nearest, limit, days, figures, breaches),) = await lines(desk)
    assert kind.startswith("Diagnostic sensitivity At least, the average 1 condition")
    assert "It came nearest to the limit of 0.9" in kind
    assert verdict == "Never near: a candidate to relax"
    assert nearest == "30% of the room used"
    assert (limit, figures, breaches) == ("0.9", "20", "0")
    assert int(days.split()[0]) > LONG * 0.8
    ((condition,),) = [[row["id"]] for row in await fetch(
        "SELECT id FROM condition WHERE kind = 'threshold'"
    )]  # fmt: skip
    path = f"/pilots/{pilot.id}/conditions/{condition}"
    assert f'href="{path}"' in (await desk.get("/pilots/limits")).text
    for person in (people["officer"], people["founder"]):
        visitor = await client.another().sign_in(person)
        for page in (path, f"/pilots/{pilot.id}/metrics/sensitivity"):
            text = await visitor.text(page)
            assert "It came nearest to the limit of 0.9 on" in text
            assert "with 0.97." in text
            assert "30% of the room that the limit leaves was used" in text


async def test_one_breach_shows_that_a_limit_works_wherever_else_it_never_bound(
    client: Visitor, people: dict[str, Person]
) -> None:
    calm = await watched(people, [0.99] * 20)
    broken = await watched(people, [0.99] * 10 + [0.5] + [0.99] * 9, firm="Broken Clinic")
    desk = await client.sign_in(await factories.central())
    ((kind, verdict, nearest, _limit, _days, figures, breaches),) = await lines(desk)
    assert "2 conditions on Diagnostic sensitivity , 2 firms" in kind
    assert verdict == "Bound never near in 1 of 2"
    assert (figures, breaches) == ("40", "1")
    assert nearest.endswith("of the room used")
    found = {one["pilot"]: one for one in await table(desk)}
    assert found[calm.reference]["verdict"] == "never_near"
    assert found[calm.reference]["share_of_room_used"] == "0.1"
    assert found[calm.reference]["share_of_limit"] == "1.1"
    assert found[broken.reference]["verdict"] == "bound"
    assert {one["kind_verdict"] for one in found.values()} == {"bound"}
    text = await desk.text(f"/pilots/{broken.id}/metrics/sensitivity?window=all")
    assert "It passed the limit of 0.9 furthest on" in text


async def test_what_was_not_watched_for_long_is_not_known_yet(
    client: Visitor, people: dict[str, Person]
) -> None:
    await watched(people, [0.99] * 20, days=30)
    desk = await client.sign_in(people["officer"])
    assert [line[1] for line in await lines(desk)] == ["Not known yet"]
    assert [line[1] for line in await lines(desk, "?verdict=unknown")] == ["Not known yet"]
    assert await lines(desk, "?verdict=never_near") == []
    assert "No limit fits these filters" in await desk.text("/pilots/limits?verdict=never_near")


async def test_a_pilot_that_sent_nothing_says_so(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    desk = await client.sign_in(people["officer"])
    ((kind, verdict, *_rest),) = await lines(desk)
    assert "No figure has been judged." in kind
    assert verdict == "Not known yet"
    (one,) = await table(desk)
    assert (one["nearest"], one["figures"], one["pilot"]) == ("", "0", pilot.reference)


async def test_kinds_are_told_apart_and_narrowed(
    client: Visitor, people: dict[str, Person]
) -> None:
    await watched(people, [0.99] * 20)
    await watched(people, [0.95] * 20, firm="Ceiling", comparator="<=", limit=2.0)
    desk = await client.sign_in(people["officer"])
    found = await lines(desk)
    assert [line[0].split(" 1 cond")[0] for line in found] == [
        "Diagnostic sensitivity At least, the average",
        "Diagnostic sensitivity At most, the average",
    ]
    assert [line[2] for line in found] == ["10% of the room used", "48% of the room used"]
    assert len(await lines(desk, "?q=SENSI")) == 2
    assert await lines(desk, "?q=nothing") == await lines(desk, "?sector=finance") == []


async def test_sight_and_empty_list(client: Visitor, people: dict[str, Person]) -> None:
    await watched(people, [0.99] * 3)
    elsewhere = await client.another().sign_in(await factories.officer("finance"))
    assert "No limits yet" in await elsewhere.text("/pilots/limits")
    assert await table(elsewhere) == []


async def test_two_queries_however_many_conditions(
    client: Visitor, people: dict[str, Person]
) -> None:
    await watched(people, [0.99] * 3)
    desk = await client.sign_in(people["officer"])
    await desk.get("/pilots/limits")
    with statements() as few:
        await desk.get("/pilots/limits")
    for number in range(3):
        await watched(people, [0.99] * 3, firm=f"Clinic {number}")
    with statements() as many:
        await desk.get("/pilots/limits")
    assert len(few) == len(many) <= 5, many
