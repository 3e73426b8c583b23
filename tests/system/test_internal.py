"""What officials say among themselves never reaches the firm: no page, mail, letter or answer.

A telling word is planted in everything internal, the case is led through its whole life, and
then everything is read that the firm can read.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from litestar import Litestar
from pdfminer.high_level import extract_text

from sandbox.applications import commands as applications
from sandbox.applications.tables import Application, Review
from sandbox.foundation import clock, storage
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.incidents import commands as incidents
from sandbox.incidents import rules as incident_rules
from sandbox.people.person import Person, Role
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Condition, Pilot
from tests import factories
from tests.harness import Visitor, mails, run_jobs
from tests.system.test_cases import everything_holds, submitted
from tests.system.test_permissions import MAY_COME, routes
from tests.system.test_pilots import TERMS
from tests.system.test_telemetry import points, send

PLANTED = {
    "note": "Kelewang", "comment": "Rafflesia", "reviewer": "Zulaikha",
    "second reviewer": "Thanabalan", "conflict": "Sepupu", "recommendation": "Tempoyak",
    "sent back": "Belimbing",
}  # fmt: skip


class World:
    """The firm's two people, an officer, and a pilot that has been through everything."""

    def __init__(self, founder: Person, colleague: Person, officer: Person, pilot: Pilot) -> None:
        self.founder = founder
        self.colleague = colleague
        self.officer = officer
        self.pilot = pilot
        self.key = ""


@pytest.fixture
async def world(client: Visitor) -> World:
    founder = await factories.applicant()
    colleague = await factories.colleague(founder)
    officer = await factories.officer()
    application = await _reviewed(founder, officer)
    maker = await factories.decision_maker()
    await applications.send_back(maker, application.id, reason=PLANTED["sent back"])
    await applications.recommend(
        officer, application.id, outcome="admitted_with_conditions", text=PLANTED["recommendation"]
    )
    terms = applications.Terms(reasons=["risks_need_limits"], months=6, text="Welcome.", **TERMS)
    await applications.decide(
        maker, application.id, outcome="admitted_with_conditions", terms=terms
    )
    await run_jobs()
    made = World(founder, colleague, officer, await _live(founder, officer, application))
    made.key = await _goes_wrong(client, made)
    return made


async def _reviewed(founder: Person, officer: Person) -> Application:
    """A case that is recommended, with something planted wherever officials write."""
    application = await submitted(founder)
    await applications.begin_screening(officer, application.id)
    await applications.add_note(officer, application.id, f"Between us: {PLANTED['note']}.")
    checks = {key[6:]: value for key, value in everything_holds().items()}
    await applications.screen(
        officer, application.id, outcome="accepted", checks=checks, reasons={}
    )
    biased = await factories.official(Role.REVIEWER, name=PLANTED["second reviewer"])
    reviewer = await factories.official(Role.REVIEWER, name=PLANTED["reviewer"])
    declared = await _asked(officer, application, biased)
    await applications.declare(biased, declared.id, conflict=PLANTED["conflict"])
    review = await _asked(officer, application, reviewer)
    await applications.declare(reviewer, review.id, conflict="")
    criteria = library.current().rubric.criteria
    written = applications.Written(
        scores={c.key: 2 for c in criteria},
        comments={c.key: "Shown well enough." for c in criteria},
        comment=PLANTED["comment"], recommendation="conditions",
    )  # fmt: skip
    await applications.submit_review(reviewer, review.id, written)
    question = await applications.ask_clarification(officer, application.id, text="Which sites?")
    await applications.answer_clarification(founder, question.id, "Two in Sabah.")
    await applications.recommend(
        officer, application.id, outcome="admitted_with_conditions", text=PLANTED["recommendation"]
    )
    return application


async def _asked(officer: Person, application: Application, reviewer: Person) -> Review:
    assert reviewer.id is not None
    return await applications.assign_reviewer(officer, application.id, reviewer.id)


async def _live(founder: Person, officer: Person, application: Application) -> Pilot:
    pilot = await pilots.accept_plan(founder, application.id)
    for condition in await Condition.objects().where(Condition.precedent.eq(True)):
        evidence = await pilots.submit_evidence(founder, condition.id, text="Policy")
        await pilots.judge_evidence(officer, evidence.id, accepted=True)
    await pilots.declare_ready(founder, pilot.id)
    return await pilots.go_live(officer, pilot.id)


async def _goes_wrong(client: Visitor, world: World) -> str:
    """A breach by machine and an incident; the machine's key."""
    key = await pilots.issue_token(world.founder, world.pilot.id, "Server")
    await send(client, world.pilot, key, points(0.5))
    await run_jobs()
    questions = library.current().incidents.questions
    draft = incident_rules.Draft(
        title="Sent home", what="A scan was misread.", aware_at=clock.now(),
        facts={one.key: False for one in questions if not one.shown_when},
    )  # fmt: skip
    await incidents.report_incident(world.founder, world.pilot.id, draft)
    await run_jobs()
    return key


def told(text: str) -> list[str]:
    """What of the planted words is in ``text``."""
    return [what for what, word in PLANTED.items() if word.casefold() in text.casefold()]


async def test_nothing_internal_reaches_the_firm(
    client: Visitor, app: Litestar, world: World
) -> None:
    await _officials_read_it(client.another(), world)
    await _no_page_tells_it(client.another(), world)
    await _no_mail_tells_it(world)
    await _no_document_tells_it(world)
    await _no_answer_tells_it(client.another(), app, world)


async def _officials_read_it(client: Visitor, world: World) -> None:
    desk = await client.sign_in(world.officer)
    case = f"/cases/{world.pilot.case}"
    read = [(await desk.get(f"{case}{part}")).text for part in ("", "/reviews", "/decision")]
    assert sorted(told(" ".join(read))) == sorted(PLANTED)


async def _no_page_tells_it(client: Visitor, world: World) -> None:
    firm = await client.sign_in(world.founder)
    seen, waiting = set[str](), ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await firm.get(path, follow_redirects=True)
        text = answer.text
        if answer.headers["content-type"] == "application/pdf":
            text = extract_text(BytesIO(answer.content))
            assert "Welcome." in text or world.pilot.title in text, path
        assert told(text) == [], path
        if answer.headers["content-type"].startswith("text/html"):
            links = re.findall(r'(?:href|action)="(/[^"#]*)', text)
            waiting += [link.replace("&amp;", "&") for link in links if _is_read(link)]
    case, pilot = f"/applications/{world.pilot.case}", f"/pilots/{world.pilot.id}"
    assert {case, f"{case}/answers", pilot, f"{pilot}/plan", f"{pilot}/incidents"} <= seen
    assert any(path.startswith("/files/") for path in seen), "the letter"
    assert any(path.startswith("/incidents/") for path in seen)


def _is_read(link: str) -> bool:
    return not link.startswith(("/assets/", "/sign-out", "/language"))


async def _no_mail_tells_it(world: World) -> None:
    for person in (world.founder, world.colleague):
        letters = await mails(person.email)
        assert len(letters) > 6
        for mail in letters:
            assert told(mail["subject"] + mail["text"]) == [], mail["subject"]


async def _no_document_tells_it(world: World) -> None:
    files = await fetch('SELECT path, kind, name FROM stored_file WHERE "case" = $1',
                        world.pilot.case)  # fmt: skip
    letters = [file for file in files if file["kind"] == "letter"]
    assert letters
    for file in letters:
        content = b"".join([part async for part in storage.stream(file["path"])])
        text = extract_text(BytesIO(content))
        assert "Welcome." in text
        assert told(text) == [], file["name"]
    kept: list[dict[str, Any]] = await fetch(
        'SELECT subject, text FROM letter WHERE "case" = $1', world.pilot.case
    )
    assert kept
    assert [told(one["subject"] + one["text"]) for one in kept] == [[]] * len(kept)


async def _no_answer_tells_it(client: Visitor, app: Litestar, world: World) -> None:
    asked = [p for m, p, _ in routes(app) if m == "GET" and p.startswith("/api/v1/pilots")]
    assert len(asked) == sum(who == {"key"} and m == "GET" for (m, _), who in MAY_COME.items())
    for path in asked:
        address = path.replace("{pilot:uuid}", str(world.pilot.id))
        answer = await client.get(address, headers={"authorization": f"Bearer {world.key}"})
        assert answer.status_code == 200
        assert answer.json()
        assert told(answer.text) == [], path
