"""Figures by machine and by file, and the breach that they show within seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import DB, fetch
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Condition, Metric, Pilot
from sandbox.telemetry import commands, store
from sandbox.telemetry.tables import Breach
from tests import harness
from tests.harness import Visitor, mails, run_jobs
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot whose sensitivity must be at least 0.9."""
    return await live(people)


def points(value: float, *, metric: str = "sensitivity") -> list[dict[str, Any]]:
    """A point of now."""
    return [{"metric": metric, "at": clock.now().isoformat(), "value": value, "n": 50}]


async def send(client: Visitor, pilot: Pilot, key: str, body: Any, **headers: str) -> Any:
    """What the API answers to a delivery."""
    return await client.post(
        f"/api/v1/pilots/{pilot.id}/points",
        json={"points": body},
        headers={"authorization": f"Bearer {key}", **headers},
    )


async def _sees_what_it_rests_on(firm: Visitor, path: str, *, other: str) -> None:
    """The rule, the figure, who was told (of the other side: only that), and another limit."""
    page = await firm.text(path)
    assert "must be at least 0.9" in page
    assert "Who was told" in page
    assert "no mail server is set" in page, "what became of the firm's own mail"
    assert other not in page
    assert "0.9 (in force) 1 time" in page
    assert "0.6 (tried) 0 times" in await firm.text(f"{path}?limit=0.6")
    answer = await firm.get(f"{path}?limit=much")
    assert answer.status_code == 422
    assert 'value="much"' in answer.text


async def test_a_breach_is_on_the_case_and_cured(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    founder, officer = people["founder"], people["officer"]
    key = await pilots.issue_token(founder, pilot.id, "Server")
    answer = await send(client, pilot, key, points(0.7))
    assert answer.status_code == 200, answer.text
    assert answer.json()["taken"] == 1
    ran = await run_jobs()
    assert "watch_telemetry" in ran
    assert "open_incident_from_breach" in ran
    condition = await Condition.objects().get(Condition.kind == "threshold")
    assert condition is not None
    assert condition.state == "breached"
    for person in (founder, officer):  # the mail itself says what was found, against which rule
        (told,) = [one for one in await mails(person.email) if "threshold" in one["subject"]]
        assert "was 0.7; the limit is 0.9." in told["text"]
        assert "must be at least 0.9" in told["text"]
    firm = await client.sign_in(founder)
    page = await firm.text(f"/pilots/{pilot.id}/telemetry")
    assert "the limit is 0.9" in page
    breach = await Breach.objects().first()
    assert breach is not None
    path = f"/pilots/{pilot.id}/breaches/{breach.id}"
    await _sees_what_it_rests_on(firm, path, other=officer.email)
    assert (await firm.submit(path)).status_code == 422
    answer = await firm.submit(path, {"explanation": "A camera was dirty."})
    assert answer.status_code == 303, answer.text
    async with client.another() as desk:
        await desk.sign_in(officer)
        assert "A camera was dirty." in await desk.text(f"/pilots/{pilot.id}/telemetry")
        page = await desk.text(path)
        assert "A camera was dirty." in page
        assert officer.email in page
        assert founder.email in page
        assert "Threshold passed" in await desk.text("/incidents")
    states = []
    for days in (8, 15):  # one good figure alone cures nothing
        with clock.at(clock.now() + timedelta(days=days)):
            await send(client, pilot, key, points(0.95))
            await run_jobs()
        condition = await Condition.objects().get(Condition.kind == "threshold")
        assert condition is not None
        states.append(condition.state)
    assert states == ["breached", "cured"]
    (told,) = [one for one in await mails(officer.email) if "keeps its" in one["subject"]]
    assert "The firm has explained what happened." in told["text"]


async def test_the_same_delivery_twice_is_one(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    body = points(0.95)
    await send(client, pilot, key, body, **{"idempotency-key": "monday"})
    again = await send(client, pilot, key, body, **{"idempotency-key": "monday"})
    assert again.json() == {**again.json(), "taken": 0, "duplicates": 1, "refused": []}
    without = await send(client, pilot, key, body)
    assert without.json()["duplicates"] == 1
    other = await send(client, pilot, key, [{**body[0], "value": 0.99}])
    assert other.json()["corrected"] == 1
    assert [row["value"] for row in await fetch("SELECT value FROM point")] == [0.99]
    assert [row["value"] for row in await fetch("SELECT value FROM replaced_point")] == [0.95]


async def test_what_is_wrong_is_told_point_by_point(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    ahead = (clock.now() + timedelta(days=1)).isoformat()
    before = (clock.now() - timedelta(days=9)).isoformat()
    body = [
        *points(0.95), *points(1, metric="nonsense"),
        {"metric": "sensitivity", "at": ahead, "value": 1},
        {"metric": "sensitivity", "at": before, "value": 1},
    ]  # fmt: skip
    answer = (await send(client, pilot, key, body)).json()
    assert (answer["taken"], answer["aside"]) == (2, 1)
    assert [one["line"] for one in answer["refused"]] == [3, 4]
    async with client.another() as firm:
        await firm.sign_in(people["founder"])
        page = await firm.text(f"/pilots/{pilot.id}/telemetry")
    assert "2 refused (The time lies ahead; The time is before the pilot went live)" in page
    for bad in ({"points": []}, {"points": [{"metric": "x"}]}, {"nope": 1}):
        refused = await client.post(
            f"/api/v1/pilots/{pilot.id}/points", json=bad,
            headers={"authorization": f"Bearer {key}"},
        )  # fmt: skip
        assert refused.status_code == 422, refused.text
        assert refused.headers["content-type"].startswith("application/problem+json")


async def test_a_key_speaks_for_its_pilot_only(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    url = f"/api/v1/pilots/{pilot.id}/points"
    assert (await client.get(url)).status_code == 401
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    headers = {"authorization": f"Bearer {key}"}
    other = "/api/v1/pilots/11111111-2222-4333-8444-555555555555/points"
    assert (await client.get(other, headers=headers)).status_code == 404
    assert (await client.get(url, headers=headers)).status_code == 200
    tokens = await client.sign_in(people["founder"])
    html = (await tokens.get(f"/pilots/{pilot.id}/tokens")).text
    assert "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf" in html
    assert "otlphttp/sandbox:" in html
    path = html.split(f"/pilots/{pilot.id}/tokens/")[1].split("/revoke")[0]
    await tokens.submit(f"/pilots/{pilot.id}/tokens/{path}/revoke")
    assert (await client.get(url, headers=headers)).status_code == 401


async def test_the_page_of_keys_tells_what_to_send_and_what_has_come(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    await Metric.update({Metric.slices: ["site"]}).where(Metric.key == "sensitivity")
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/tokens"
    html = (await firm.get(path)).text
    table = html.split('id="arrivals"')[1].split("</section>")[0]
    for part in (">sensitivity</code>", "Ratio (0 to 1)", "every ", ">site</code>", "Not yet"):
        assert part in table
    assert "Arrived" not in table
    seen = html.split("?seen=")[1].split('"')[0]
    asks = {"hx-request": "true"}
    assert (await firm.get(f"{path}?seen={seen}", headers=asks)).status_code == 204

    await send(client, pilot, key, [*points(0.95), *points(1, metric="nonsense")])

    came = await firm.get(f"{path}?seen={seen}", headers=asks)
    assert came.status_code == 200
    assert "<html" not in came.text
    assert came.text.count("Arrived") == 1
    assert "1 name came that the plan does not know." in came.text
    assert "every 5s" in html
    assert "every 5s" not in (await firm.get(f"{path}?live=off")).text


async def test_a_live_pilot_without_figures_is_told_to_connect(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    path, words = f"/pilots/{pilot.id}", "Connect your monitoring"
    firm = await client.sign_in(people["founder"])
    html = (await firm.get(path)).text
    assert words in html
    assert f'href="{path}/tokens"' in html.split(words)[1].split("</section>")[0]
    assert f'href="{path}/telemetry#send"' in html
    desk = await client.another().sign_in(people["officer"])
    assert words not in (await desk.get(path)).text
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    await send(client, pilot, key, points(1, metric="nonsense"))
    assert words in (await firm.get(path)).text
    await send(client, pilot, key, points(0.95))
    assert words not in (await firm.get(path)).text


async def test_the_page_of_figures_sends_again_only_what_is_new(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    firm = await client.sign_in(people["founder"])
    path, asks = f"/pilots/{pilot.id}/telemetry", {"hx-request": "true"}
    html = (await firm.get(path)).text
    seen = html.split("?seen=")[1].split('"')[0]
    assert (await firm.get(f"{path}?seen={seen}", headers=asks)).status_code == 204
    await send(client, pilot, key, points(0.5))
    await run_jobs()
    part = await firm.get(f"{path}?seen={seen}", headers=asks)
    assert "What it rests on" in part.text  # the breach
    assert "1 point" in part.text.split('id="arrived"')[1]
    assert 'hx-swap-oob="true"' in part.text
    assert "<html" not in part.text
    assert "own-names" not in part.text  # what somebody types stays
    assert "hx-swap-oob" not in html
    assert "every 10s" in html
    assert "every 10s" not in (await firm.get(f"{path}?live=off")).text


async def test_no_figure_is_so_large_that_judging_ends(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    largest = [
        {**points(value)[0], "at": (clock.now() - timedelta(seconds=n)).isoformat(), "n": 2**53 - 1}
        for n, value in enumerate((1e30, 1e30, -1e30, 1e308, -1.1e30))
    ]
    answer = (await send(client, pilot, key, largest)).json()
    assert answer["taken"] == 3
    assert {one["reason"] for one in answer["refused"]} == {
        "The value is larger than any that is taken (10³⁰)"
    }
    await run_jobs()
    assert await fetch("SELECT FROM arrival") == [], "all of it has been judged"
    firm = await client.sign_in(people["founder"])
    for path in ("telemetry", "metrics/sensitivity"):
        assert (await firm.get(f"/pilots/{pilot.id}/{path}")).status_code == 200


async def test_silence_is_noticed_once_and_ends(
    people: dict[str, Person], pilot: Pilot, database: str
) -> None:
    with clock.at(clock.now() + timedelta(days=60)):
        assert await commands.sweep_silence() > 0
        assert await commands.sweep_silence() == 0
        for side in ("founder", "officer"):
            told = [mail["subject"] for mail in await mails(people[side].email)]
            assert sum("stopped coming" in subject for subject in told) == 1


async def test_months_are_made_and_dropped_in_a_database_given_by_its_address(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DB, "config", {"dsn": harness.database_url()})
    at = datetime(2031, 5, 14, tzinfo=UTC)
    await store.make_room(at, at)
    assert await store.drop_before("point", at + timedelta(days=31)) == ["point_2031_05"]
