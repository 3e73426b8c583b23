"""The essential story under an invented country's pack: nothing national stands in code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.app import create_app, furnish
from sandbox.foundation import clock
from sandbox.foundation.i18n import current_zone, today
from sandbox.framework import library
from sandbox.incidents.tables import IncidentClock
from sandbox.people.person import Person
from sandbox.reports.dataset import Dataset
from sandbox.reports.tables import Report
from tests import factories
from tests.harness import Visitor, run_jobs, words


class Story:
    """Who is in it, each at a browser of their own that posts and expects to be taken on."""

    def __init__(self, founder: Visitor) -> None:
        self.founder = founder
        self.people: dict[str, Visitor] = {}

    async def join(self, role: str, person: Person) -> None:
        """A browser of their own for an official."""
        self.people[role] = await self.founder.another().sign_in(person)

    async def done(self, who: Visitor, path: str, **fields: Any) -> str:
        """Post a form that must be taken; where that leads."""
        answer = await who.submit(path, fields)
        assert answer.status_code == 303, (path, answer.status_code, words(answer.text)[:800])
        return str(answer.headers["location"])


VERIDIA = Path(__file__).parents[1] / "packs" / "veridia"
FIELDS = {
    "vessel": {
        "title": "Nets that see", "summary": "A camera in the net.", "lead_sector": "fishing",
        "net_size": "4", "crew": "no",
    },
    "voyage": {
        "months": "3", "metrics.0.name": "Catch", "metrics.0.unit": "fish",
        "metrics.0.direction": "up", "metrics.0.target": "100", "metrics.0.cadence": "daily",
        "declare": "yes",
    },
}  # fmt: skip


@pytest.fixture
def island() -> Iterator[None]:
    """Afterwards the pages speak of the default pack again."""
    yield
    furnish()


@pytest.mark.usefixtures("island", "database")
async def test_from_application_to_report_on_an_island() -> None:
    with library.using(VERIDIA):
        app = create_app()
        async with Visitor(app) as founder:
            story = Story(founder)
            await _moves_in(story)
            pilot = await _is_admitted(story, await _applies(story))
            await _goes_live(story, pilot)
            await _sinks(story, pilot)
            await _ends(story, pilot)
            await _is_counted(story)


async def _moves_in(story: Story) -> None:
    for role, person in {
        "officer": await factories.officer("fishing"),
        "reviewer": await factories.reviewer("fishing"),
        "maker": await factories.decision_maker("fishing"),
        "central": await factories.central(),
    }.items():
        await story.join(role, person)
    await story.founder.sign_in(await factories.account())
    page = await story.founder.text("/organisation/new")
    assert "A fleet" in page
    assert "Start-up" not in page
    firm = {"name": "Seine & Daughters", "registration_number": "V-7", "size": "fleet"}
    await story.done(story.founder, "/organisation/new", **firm)


async def _applies(story: Story) -> str:
    begun = {"title": "Nets that see", "lead_sector": "fishing"}
    path = await story.done(story.founder, "/applications/new", **begun)
    for section, fields in FIELDS.items():
        await story.done(story.founder, f"{path}/sections/{section}", **fields)
    await story.done(story.founder, f"{path}/submit")
    return path.rsplit("/", 1)[-1]


async def _is_admitted(story: Story, case: str) -> str:
    officer, reviewer = story.people["officer"], story.people["reviewer"]
    path = f"/cases/{case}"
    await story.done(officer, f"{path}/steps/begin")
    await story.done(officer, f"{path}/screening", outcome="accepted", check_floats="yes")
    page = (await officer.get(f"{path}/reviews")).text
    await story.done(
        officer, f"{path}/reviews", reviewer=page.split('<option value="')[2].split('"')[0]
    )
    review = (await reviewer.get("/reviews")).text.split('href="/reviews/')[1].split('"')[0]
    await story.done(reviewer, f"/reviews/{review}/declare", has_conflict="no")
    await story.done(
        reviewer,
        f"/reviews/{review}",
        recommendation="admit",
        score_use="2",
        comment_use="It catches.",
    )
    await story.done(
        officer, f"{path}/recommendation", outcome="admitted_with_conditions", text="It floats."
    )
    await story.done(
        story.people["maker"], f"{path}/decision", outcome="admitted_with_conditions",
        months="3", condition=["enough_fish", "lantern"], text="Sail.",
        **{"reasons.admitted_with_conditions": ["useful"]},
    )  # fmt: skip
    await run_jobs()
    assert "Accept the sandbox plan" in await story.founder.text(f"/applications/{case}")
    return await story.done(story.founder, f"/applications/{case}/plan", agreed="yes")


async def _goes_live(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    page = (await founder.get(f"{pilot}/conditions")).text
    for condition in {part.split('"')[0] for part in page.split(f'href="{pilot}/conditions/')[1:]}:
        at = f"{pilot}/conditions/{condition}"
        if "Carry a lantern" not in await founder.text(at):
            continue
        await story.done(founder, f"{at}/evidence", text="It burns.")
        evidence = (await officer.get(at)).text.split(f"{pilot}/evidence/")[1].split('"')[0]
        await story.done(officer, f"{pilot}/evidence/{evidence}", verdict="accepted")
    await story.done(founder, f"{pilot}/steps/declare-ready")
    await story.done(officer, f"{pilot}/steps/go-live")
    assert "extended 2 times, by 3 months" in await founder.text(f"{pilot}/plan")
    shown = await founder.submit(f"{pilot}/tokens", {"name": "Buoy"})
    key = shown.text.split('app-secret">')[1].split("<")[0]
    point = {"metric": "catch", "at": clock.now().isoformat(), "value": 3, "n": 1}
    sent = await founder.post(
        f"/api/v1{pilot}/points", json={"points": [point]},
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert sent.json()["taken"] == 1, sent.text
    await run_jobs()


async def _sinks(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    path = await story.done(
        founder, f"{pilot}/incidents/new", title="It sank", what="A hole.", fact_sunk="yes",
        aware_at=clock.now().astimezone(current_zone()).strftime("%Y-%m-%dT%H:%M"),
        people_affected="1", harms_actual=["wet"],
    )  # fmt: skip
    assert "Wreck" in await officer.text(path)
    await story.done(officer, f"{path}/triage", severity="wreck")
    await story.done(officer, f"{path}/actions", text="Mend the hole.", owner="Mate")
    await story.done(officer, f"{pilot}/steps/suspend", reason="Until it floats")
    assert "Second look" in await founder.text(pilot)
    action = (await founder.get(path)).text.split(f"{path}/actions/")[1].split("/")[0]
    await story.done(founder, f"{path}/actions/{action}/done", done="It is mended.")
    await story.done(officer, f"{path}/actions/{action}/verify")
    await story.done(officer, f"{path}/steps/resolve", root_cause="A rock")
    for owed in await IncidentClock.objects():
        await story.done(founder, f"{path}/reports", clock=str(owed.id), report="It sank.")
    await story.done(officer, f"{path}/steps/close")
    await story.done(officer, f"{pilot}/steps/resume", reason="It floats")


async def _ends(story: Story, pilot: str) -> None:
    founder, officer, central = story.founder, story.people["officer"], story.people["central"]
    await story.done(officer, f"{pilot}/steps/begin-exit", reason="Enough fish")
    await story.done(founder, f"{pilot}/exit", log="Much was learned.")
    page = (await officer.get(f"{pilot}/exit")).text
    left = dict.fromkeys(re.findall(r'name="(left\.[^"]+)"', page), "Enough was seen.")
    await story.done(
        officer, f"{pilot}/exit/verdict", verdict="accepted", outcome="completed", **left
    )
    parts = ("title", "context", "tried", "happened", "why", "differently")
    lesson = await story.done(
        officer, f"{pilot}/lessons/new", **{f"{part}_en": "Look out for rocks." for part in parts},
        kind="technical", principle="seaworthiness", theme="weather", strength="one_pilot",
        vulnerabilities=["fog"],
    )  # fmt: skip
    asked = re.findall(r'name="(reason-[^"]+)"', (await central.get(lesson)).text)
    await story.done(central, f"{lesson}/clear", **dict.fromkeys(asked, "Words of the sea."))
    await story.done(central, f"{lesson}/publish")


async def _is_counted(story: Story) -> None:
    report = await story.done(
        story.people["central"], "/reports/new", title_en="A year at sea",
        first=str(today() - timedelta(days=30)), last=str(today()),
    )  # fmt: skip
    await run_jobs()
    page = await story.people["central"].text(report)
    assert "Within 1 month" in page
    row = await Report.objects().first().output(load_json=True)
    assert row is not None
    assert row.state == "draft", row.error
    data = msgspec.convert(row.data, Dataset, strict=False)
    assert data.tables["incidents"].columns == ("ripple", "wreck")
