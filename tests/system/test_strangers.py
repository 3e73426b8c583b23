"""Whose case is it? Every route that names a thing of a case × every role × own or another's.

To whoever has nothing to do with the case, its things do not exist: each route answers that
nothing is there, or that the role may never come, and nothing is changed. To its own people
every page that their role may read opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar

from sandbox.applications import commands as applications
from sandbox.applications import queries
from sandbox.applications.tables import Clarification, Review
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.incidents import commands as incidents
from sandbox.incidents import public_rules
from sandbox.incidents import rules as incident_rules
from sandbox.lessons import commands as lessons
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Condition, FollowUp, Milestone, Suspension
from sandbox.telemetry import commands as telemetry
from sandbox.telemetry.tables import Breach
from sandbox.webhooks.tables import Webhook
from tests import factories
from tests.harness import Visitor, run_jobs
from tests.system.test_periodic import REPORT
from tests.system.test_permissions import routes
from tests.system.test_pilots import TERMS, live, people
from tests.system.test_telemetry import points, send

__all__ = ["people"]  # the fixture

OF_NO_CASE = {"secret", "account", "code", "report", "job", "reference", "name", "file_path",
              "path", "language"}  # fmt: skip
"""Parameters that name nothing of a case; the permission matrix has them all the same."""
WORDS = {
    "step": "waive", "event": "suspend", "key": "organisation", "metric": "sensitivity",
    "template": "sensitivity_floor",
}  # fmt: skip
NOTHING = {404, 403, 401}


class World:
    """A case in which everything there can be is there, and who belongs to it."""

    def __init__(self, own: dict[str, Person], things: dict[str, UUID]) -> None:
        self.own = own
        self.things = things

    def address(self, path: str) -> str:
        """``path`` with each parameter filled by what the case holds.

        :raises KeyError: a route names a kind of thing that this world does not know yet.
        """

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name == "subject":
                name = "milestone" if "/milestones/" in path else "condition"
            if name == "condition" and path.endswith("/report"):
                name = "reported"
            return WORDS.get(name) or str(self.things[name])

        return re.sub(r"\{(\w+):\w+\}", fill, path)


@pytest.fixture
async def world(client: Visitor, people: dict[str, Person]) -> World:
    """A live pilot with a breach, an incident, evidence, notes, files, lessons and the rest."""
    founder, officer = people["founder"], people["officer"]
    pilot = await live(people, **{**TERMS, "conditions": [*TERMS["conditions"], REPORT]})
    firm = await client.another().sign_in(founder)
    policy = {"file": ("log.csv", b"day,reads\n1,4\n", "text/csv")}
    milestone = await Milestone.objects().first()
    assert milestone is not None
    sent = await firm.submit(
        f"/pilots/{pilot.id}/milestones/{milestone.id}/evidence", {"text": "Log"}, files=policy
    )
    assert sent.status_code == 303, sent.text
    key = await pilots.issue_token(founder, pilot.id, "Server")
    await send(client, pilot, key, points(0.5))
    await run_jobs()
    figures = {"file": ("f.csv", b"metric,at,value\nsensitivity,yesterday,1\n", "text/csv")}
    brought = await firm.submit(f"/pilots/{pilot.id}/telemetry", files=figures)
    assert brought.status_code == 303, brought.text
    (upload,) = await fetch("SELECT id FROM figure_upload")
    guidance = await pilots.give_guidance(officer, pilot.id, subject="Logs", text="Keep a year.")
    draft = incident_rules.Draft(
        title="Sent home", what="A scan was misread.", aware_at=clock.now(),
        facts={q.key: False for q in library.current().incidents.questions if not q.shown_when},
    )  # fmt: skip
    incident = await incidents.report_incident(founder, pilot.id, draft)
    await incidents.triage(officer, incident.id, incident_rules.Verdict(severity=incident.severity))
    action = await incidents.ask_action(officer, incident.id, text="Mend it")
    task = await incidents.add_task(
        officer, incident.id, text="Call the clinic, between us", owner="Aina",
        due_on=clock.now().date() + timedelta(days=3),
    )  # fmt: skip
    inquiry = await incidents.ask_firm(
        officer, incident.id, question="Since when?", due_on=clock.now().date() + timedelta(days=3)
    )
    await incidents.add_entry(
        officer, incident.id, text="Heard at the desk, between us", happened_at=clock.now(),
        internal=True,
    )  # fmt: skip
    await incidents.send_public_report(
        pilot.reference,
        public_rules.Told(what="It sent me home.", harm="no", email="somebody@example.test"),
    )
    (reported,) = await fetch("SELECT id FROM public_report")
    paper = await incidents.ask_document(officer, incident.id, language="en")
    today = clock.now().date()
    sheet = await telemetry.ask_document(founder, pilot.id, since=today, until=today, language="en")
    await run_jobs()
    webhook = Webhook(
        id=uuid4(), organisation=pilot.organisation, url="https://hooks.example/", salt="salt",
        topics=["incident"], made_by=founder.id, made_name=founder.name, made_at=clock.now(),
    )  # fmt: skip
    await webhook.save()
    lesson = await lessons.draft_lesson(officer, pilot.id, **written())
    await applications.add_note(officer, pilot.case, "Only between us.")
    (review,) = await Review.objects()
    question = Clarification(
        id=uuid4(), case=pilot.case, text="Which sites?", asked_by=officer.id,
        asked_at=clock.now(), due_at=clock.now(),
    )  # fmt: skip
    await question.save()
    follow_up = FollowUp(
        id=uuid4(), case=pilot.case, pilot=pilot.id, clock="follow_up_6", due_on=clock.now().date()
    )
    await follow_up.save()
    condition = await Condition.objects().get(Condition.kind == "threshold")
    periodic = await Condition.objects().get(Condition.kind == "periodic_report")
    breach = await Breach.objects().first()
    assert condition is not None
    assert periodic is not None
    proposed = Suspension(
        id=uuid4(), case=pilot.case, pilot=pilot.id, condition=condition.id,
        facts={"en": "It fell."}, state="proposed", state_since=clock.now(),
        proposed_at=clock.now(), decide_by=clock.now(),
    )  # fmt: skip
    await proposed.save()
    (token,) = await fetch("SELECT id FROM api_token")
    (file,) = await fetch("SELECT id FROM stored_file WHERE name = 'log.csv'")
    (evidence,) = await fetch("SELECT id FROM evidence WHERE subject = $1", milestone.id)
    assert breach is not None
    return World(
        people,
        {
            "application": pilot.case, "case": pilot.case, "pilot": pilot.id, "review": review.id,
            "question": question.id, "file": file["id"], "guidance": guidance.id,
            "follow_up": follow_up.id, "condition": condition.id, "reported": periodic.id,
            "milestone": milestone.id,
            "evidence": evidence["id"], "token": token["id"], "breach": breach.id,
            "suspension": proposed.id,
            "incident": incident.id, "action": action.id, "lesson": lesson.id,
            "public_report": reported["id"], "task": task.id, "inquiry": inquiry.id,
            "document": paper.id, "webhook": webhook.id,
            "upload": upload["id"], "sheet": sheet.id,
        },
    )  # fmt: skip


def written() -> dict[str, Any]:
    """A lesson as an officer writes it."""
    from sandbox.lessons import rules

    pack = library.current()
    return {
        "texts": {"en": dict.fromkeys(rules.PARTS, "Words.")},
        "about": lessons.About(
            kind=rules.Kind.TECHNICAL, principle=pack.principles[0].key, theme=pack.themes[0].key
        ),
        "language": "en",
    }


def of_a_case(app: Litestar) -> Iterator[tuple[str, str, Any]]:
    """The routes that name a thing of a case; the API has its own test."""
    for method, path, permission in routes(app):
        named = set(re.findall(r"\{(\w+):\w+\}", path)) - OF_NO_CASE - set(WORDS)
        if named and not path.startswith(("/api/", "/v1/")):
            yield method, path, permission


async def strangers() -> dict[str, Person]:
    """People of the same roles who have nothing to do with the case."""
    return {
        "another firm": await factories.applicant(),
        "another sector's officer": await factories.officer("finance"),
        "another sector's reviewer": await factories.reviewer("finance"),
        "another sector's decision maker": await factories.decision_maker("finance"),
        "a reviewer not asked": await factories.reviewer("finance"),
        "policymaker": await factories.policymaker(),
        "administrator": await factories.administrator(),
    }


async def test_to_strangers_nothing_is_there(client: Visitor, app: Litestar, world: World) -> None:
    wrong = []
    for who, person in (await strangers()).items():
        stranger = await client.another().sign_in(person)
        before = await _state()
        for method, path, _permission in of_a_case(app):
            answer = await _ask(stranger, method, world.address(path))
            turned_away = answer.status_code in NOTHING or (
                answer.headers.get("location", "").startswith("/sign-in?")
            )
            if not turned_away:
                wrong.append((who, method, path, answer.status_code))
        if before != await _state():
            wrong.append((who, "changed something", "", 0))
    assert wrong == []


async def test_to_its_own_people_their_pages_open(
    client: Visitor, app: Litestar, world: World
) -> None:
    """Pages that only a state of the case opens may refuse in words (409), never hide."""
    own = {**world.own, "central": await factories.central(), "auditor": await factories.auditor()}
    wrong, opened = [], set()
    for who, person in own.items():
        visitor = await client.another().sign_in(person)
        for method, path, permission in of_a_case(app):
            if method != "GET" or not permission.allows(person):
                continue
            answer = await _ask(visitor, method, world.address(path))
            if answer.status_code == 200:
                opened.add(path)
            elif answer.status_code >= 500:
                wrong.append((who, path, answer.status_code))
    never = {path for method, path, _ in of_a_case(app) if method == "GET"} - opened
    assert wrong == []
    # An admitted application has no plan to accept and cannot be withdrawn or routed any more.
    assert never <= {"/applications/{application:uuid}/plan",
                     "/applications/{application:uuid}/check",
                     "/applications/{application:uuid}/withdraw",
                     "/cases/{case:uuid}/route"}, never  # fmt: skip


async def test_what_is_internal_never_reaches_the_firm(
    client: Visitor, app: Litestar, world: World
) -> None:
    founder, reviewer = world.own["founder"], world.own["reviewer"]
    desk = await client.another().sign_in(world.own["officer"])
    assert "Only between us." in await desk.text(f"/cases/{world.things['case']}")
    case = await queries.case(world.own["officer"], world.things["case"])
    assert case.notes
    firm = await client.another().sign_in(founder)
    for method, path, permission in of_a_case(app):
        if method == "GET" and permission.allows(founder):
            text = (await _ask(firm, method, world.address(path))).text
            assert "Only between us." not in text, path
            assert reviewer.name not in text, path
            assert "somebody@example.test" not in text, path
            assert "between us" not in text, path


async def _ask(visitor: Visitor, method: str, address: str) -> Any:
    if method == "GET":
        return await visitor.get(address)
    return await visitor.submit(address, {"reason": "x", "text": "x", "verdict": "accepted"})


async def _state() -> list[dict[str, Any]]:
    """What a change would show in: the trail, the mail, the jobs."""
    return await fetch(
        "SELECT (SELECT count(*) FROM audit_event) AS events, (SELECT count(*) FROM mail) AS mails,"
        " (SELECT count(*) FROM outbox) AS jobs, (SELECT count(*) FROM note) AS notes"
    )
