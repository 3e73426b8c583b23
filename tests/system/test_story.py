"""The whole story by plain HTTP: five people, every step a form, no scripts at all."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from sandbox.demo.year import content
from sandbox.foundation import clock
from sandbox.foundation.i18n import today
from sandbox.framework import library
from sandbox.people.person import Person
from tests import factories
from tests.harness import Visitor, link_in, mails, run_jobs, words
from tests.system import test_application_form as form
from tests.system.test_incidents import fields as incident_fields

FOUNDER = {"name": "Amirul Hakim", "email": "amirul@example.test", "password": factories.PASSWORD}
SECTOR = form.CASE.sector


class Story:
    """Who is in it, and what it is about so far."""

    def __init__(self, client: Visitor, app: Any) -> None:
        self.founder = client
        self.app = app
        self.people: dict[str, Visitor] = {}

    async def join(self, role: str, person: Person) -> Visitor:
        """A browser of their own for an official."""
        self.people[role] = await self.founder.another().sign_in(person)
        return self.people[role]

    async def done(self, who: Visitor, path: str, **fields: Any) -> str:
        """Send a form that is taken; where it leads."""
        answer = await who.submit(path, fields)
        assert answer.status_code == 303, (path, words(answer.text)[-1500:])
        return str(answer.headers["location"])


@pytest.fixture
async def story(client: Visitor, app: Any) -> Story:
    """Nobody is signed in; the officials have their accounts."""
    told = Story(client, app)
    await told.join("officer", await factories.officer(SECTOR))
    await told.join("reviewer", await factories.reviewer(SECTOR))
    await told.join("maker", await factories.decision_maker(SECTOR))
    await told.join("central", await factories.central())
    await told.join("second", await factories.central())
    await told.join("elsewhere", await factories.officer("finance"))
    await told.join("policymaker", await factories.policymaker())
    await told.join("auditor", await factories.auditor())
    return told


async def test_from_the_first_question_to_the_ministers_pdf(story: Story) -> None:
    await _signs_up(story)
    case = await _applies(story)
    await _is_admitted(story, case)
    pilot = await _goes_live(story, case)
    await _breaches_and_reports(story, pilot)
    await _ends(story, pilot)
    await _teaches(story, pilot)
    await _is_compiled(story)
    await _is_verified(story)


async def _signs_up(story: Story) -> None:
    visitor = story.founder
    assert "Try out what the rules do not yet fit" in await visitor.text("/")
    assert "questions" in await visitor.text("/check")
    await visitor.submit("/sign-up", FOUNDER)
    link = link_in((await mails(FOUNDER["email"]))[-1])
    await story.done(visitor, link)
    firm = {"name": "Cikgu Pintar Sdn Bhd", "registration_number": "202601000001"}
    assert await story.done(visitor, "/organisation/new", size="start_up", **firm)


async def _applies(story: Story) -> str:
    path = await form.begun(story.founder)
    someone = await factories.applicant("Cikgu Pintar Sdn Bhd", name="Amirul Hakim")
    for key, fields in form.sections(someone):
        answer = await story.founder.submit(f"{path}/sections/{key}", fields)
        assert answer.status_code == 303, (key, words(answer.text)[-800:])
    await story.done(story.founder, f"{path}/submit")
    return path.rsplit("/", 1)[-1]


async def _is_admitted(story: Story, case: str) -> None:
    officer, reviewer = story.people["officer"], story.people["reviewer"]
    path = f"/cases/{case}"
    assert form.CASE.title in await officer.text("/cases")
    await story.done(officer, f"{path}/steps/begin")
    checks = {
        f"check_{c.key}": "yes"
        for c in library.current().screening
        if not c.sectors or SECTOR in c.sectors
    }
    await story.done(officer, f"{path}/screening", outcome="accepted", **checks)
    page = (await officer.get(f"{path}/reviews")).text
    chosen = page.split('<option value="')[2].split('"')[0]
    await story.done(officer, f"{path}/reviews", reviewer=chosen)
    review = (await reviewer.get("/reviews")).text.split('href="/reviews/')[1].split('"')[0]
    await story.done(reviewer, f"/reviews/{review}/declare", has_conflict="no")
    criteria = library.current().rubric.criteria
    scores = {f"score_{c.key}": "3" for c in criteria}
    await story.done(reviewer, f"/reviews/{review}", recommendation="conditions", **scores)
    await story.done(officer, f"{path}/questions", text="Which schools?", question="")
    page = (await story.founder.get(f"/applications/{case}")).text
    assert "Which schools?" in page
    assert "Reviewer" not in page
    asked = page.split(f"/applications/{case}/questions/")[1].split('"')[0]
    await story.done(
        story.founder, f"/applications/{case}/questions/{asked}", **{f"answer_{asked}": "Two."}
    )
    await story.done(
        officer, f"{path}/recommendation", outcome="admitted_with_conditions", text="Within limits."
    )
    await story.done(story.people["maker"], f"{path}/decision", **_decision())
    await run_jobs()
    page = (await story.founder.get(f"/applications/{case}")).text
    letter = await story.founder.get("/files/" + page.split('href="/files/')[1].split('"')[0])
    assert letter.content.startswith(b"%PDF")


def _decision() -> dict[str, Any]:
    return {
        "outcome": "admitted_with_conditions", "reasons": ["risks_need_limits"], "months": "6",
        "condition": ["teachers_agree"], "text": "Welcome.", "milestone": ["plan.0"],
        "own.1.title": "Insurance", "own.1.text": "Show that pupils are insured.",
        "own.1.kind": "document", "own.1.precedent": "yes",
    }  # fmt: skip


async def _goes_live(story: Story, case: str) -> str:
    founder, officer = story.founder, story.people["officer"]
    pilot = await story.done(founder, f"/applications/{case}/plan", agreed="yes")
    page = (await founder.get(f"{pilot}/conditions")).text
    assert "Insurance" in page
    waiting = [part.split('"')[0] for part in page.split(f'href="{pilot}/conditions/')[1:]]
    insurance = waiting[-1]
    await story.done(founder, f"{pilot}/conditions/{insurance}/evidence", text="The policy.")
    page = (await officer.get(f"{pilot}/conditions/{insurance}")).text
    evidence = page.split(f"{pilot}/evidence/")[1].split('"')[0]
    await story.done(officer, f"{pilot}/evidence/{evidence}", verdict="accepted")
    await story.done(founder, f"{pilot}/steps/declare-ready")
    await story.done(officer, f"{pilot}/steps/go-live")
    assert "Live" in await founder.text("/register")
    return pilot


async def _breaches_and_reports(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    shown = await founder.submit(f"{pilot}/tokens", {"name": "School server"})
    key = shown.text.split('app-secret">')[1].split("<")[0]
    point = {"metric": "teacher_agreement", "at": clock.now().isoformat(), "value": 2, "n": 900}
    sent = await founder.post(
        f"/api/v1{pilot}/points", json={"points": [point]},
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert sent.json()["taken"] == 1, sent.text
    await run_jobs()
    assert "the limit is" in await officer.text(f"{pilot}/telemetry")
    path = await story.done(founder, f"{pilot}/incidents/new", **incident_fields())
    severity = "near_miss" if "Near miss" in await officer.text(path) else "limited"
    page = (await officer.get(path)).text
    chosen = page.split('name="severity"')[1:]
    ticked = next(part for part in chosen if "checked" in part.split(">")[0])
    severity = ticked.split('value="')[1].split('"')[0]
    await story.done(officer, f"{path}/triage", severity=severity)
    await story.done(officer, f"{path}/actions", text="Read each essay twice.", owner="Head")
    await story.done(officer, f"{pilot}/steps/suspend", reason="Until it is understood")
    action = (await founder.get(path)).text.split(f"{path}/actions/")[1].split("/")[0]
    await story.done(founder, f"{path}/actions/{action}/done", done="Done since Monday.")
    await story.done(officer, f"{path}/actions/{action}/verify")
    await story.done(officer, f"{path}/steps/resolve", root_cause="A new camera")
    await story.done(officer, f"{path}/steps/close")
    await story.done(officer, f"{pilot}/steps/resume", reason="It is understood")


async def _ends(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    page = (await founder.get(f"{pilot}/milestones")).text
    milestone = f"{pilot}/milestones/" + page.split(f"{pilot}/milestones/")[1].split('"')[0]
    await story.done(founder, f"{milestone}/evidence", text="A hundred pupils took part.")
    page = (await officer.get(milestone)).text
    evidence = page.split(f"{pilot}/evidence/")[1].split('"')[0]
    await story.done(officer, f"{pilot}/evidence/{evidence}", verdict="accepted")
    await story.done(officer, f"{pilot}/steps/begin-exit", reason="The sample is complete")
    sections = library.current().reports.exit_sections
    await story.done(founder, f"{pilot}/exit", **{s.key: "Much was learned." for s in sections})
    await story.done(officer, f"{pilot}/exit/verdict", verdict="accepted", outcome="completed")
    assert "Completed" in await founder.text(pilot)


async def _teaches(story: Story, pilot: str) -> None:
    entry = next(one for one in content("lessons") if one["sector"] == SECTOR)
    texts = {
        f"{part}_{language}": text
        for language, parts in entry["texts"].items()
        for part, text in parts.items()
    }
    about = {
        "kind": entry["kind"], "principle": entry["principle"], "theme": entry["theme"],
        "strength": entry["strength"], "vulnerabilities": entry["vulnerabilities"],
    }  # fmt: skip
    officer = story.people["officer"]
    lesson = await story.done(officer, f"{pilot}/lessons/new", **texts, **about)
    own = await officer.submit(f"{lesson}/clear", {"reason": "Words of the field."})
    assert own.status_code in {403, 409}
    central = story.people["central"]
    await story.done(central, f"{lesson}/clear", reason="Words of the field.")
    await story.done(central, f"{lesson}/publish")
    await story.done(
        story.people["elsewhere"],
        f"{lesson}/adoptions",
        sector="finance",
        verdict="adopted",
        how="",
    )
    assert entry["texts"]["en"]["title"] in await story.people["policymaker"].text("/lessons")


async def _is_compiled(story: Story) -> None:
    writer, approver = story.people["central"], story.people["second"]
    report = await story.done(
        writer, "/reports/new", title_en="Half a year", title_ms="Setengah tahun",
        first=str(today() - timedelta(days=180)), last=str(today()),
    )  # fmt: skip
    await run_jobs()
    written = {
        f"{section}_{language}": text
        for language, sections in content("events")["narrative"].items()
        for section, text in sections.items()
    }
    await story.done(writer, f"{report}/write", **written)
    await story.done(approver, f"{report}/approve")
    await run_jobs()
    await story.done(approver, f"{report}/publish")
    async with story.founder.another() as public:
        page = (await public.get(report)).text
        assert "Half a year" in page
        for language in library.current().languages:
            pdf = await public.get(f"{report}/pdf/{language}")
            assert pdf.status_code == 200
            _is_a_report(pdf.content, language)


def _is_a_report(pdf: bytes, language: str) -> None:
    with pikepdf.open(BytesIO(pdf)) as read:
        assert len(read.pages) > 5
        assert str(read.Root.Lang).startswith(language)
        with read.open_outline() as outline:
            assert outline.root


async def _is_verified(story: Story) -> None:
    auditor = story.people["auditor"]
    assert "Everything that changed a case" in await auditor.text("/audit")
    answer = await auditor.submit("/audit/verify", follow_redirects=True)
    assert "The trail is sound" in answer.text
