"""The whole story by plain HTTP: its people follow the links and send the forms that the pages
have, without scripts. A page that lost its form, a field or its button ends the story.
"""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from pdfminer.high_level import extract_text

from sandbox.demo.year import content
from sandbox.foundation import clock
from sandbox.foundation.i18n import today
from sandbox.framework import library
from sandbox.people import queries as people
from sandbox.people.person import Person
from sandbox.pilots.commands.sweeping import sweep
from tests import factories
from tests.browsing import Browser
from tests.harness import Visitor, link_in, mails, run_jobs, words
from tests.system import test_application_form as form
from tests.system.test_incidents import fields as incident_fields

FOUNDER = {"name": "Amirul Hakim", "email": "amirul@example.test", "password": factories.PASSWORD}
COLLEAGUE = "siti@example.test"
SECTOR = form.CASE.sector
REPORT = b"%PDF-1.7\n% an evaluation"


class Story:
    """Who is in it, each at a browser of their own."""

    def __init__(self, client: Visitor) -> None:
        self.client = client
        self.founder = Browser(client)
        self.people: dict[str, Browser] = {}
        self.addresses: dict[str, str] = {}

    async def join(self, role: str, person: Person) -> None:
        """An official comes, signed in."""
        self.people[role] = Browser(await self.client.another().sign_in(person))
        self.addresses[role] = person.email

    async def told(self, who: str, words_: str) -> None:
        """The last mails to somebody say so, in subject or text."""
        sent = [f"{mail['subject']} {mail['text']}" for mail in await mails(self.addresses[who])]
        assert any(words_ in one for one in sent), (who, words_, [one[:60] for one in sent])


@pytest.fixture
async def story(client: Visitor) -> Story:
    """Nobody of the firm has an account yet; the officials have theirs."""
    told = Story(client)
    await told.join("officer", await factories.officer(SECTOR))
    await told.join("reviewer", await factories.reviewer(SECTOR))
    await told.join("maker", await factories.decision_maker(SECTOR))
    await told.join("central", await factories.central())
    await told.join("second", await factories.central())
    await told.join("elsewhere", await factories.officer("finance"))
    await told.join("policymaker", await factories.policymaker())
    await told.join("auditor", await factories.auditor())
    told.addresses |= {"founder": FOUNDER["email"], "colleague": COLLEAGUE}
    return told


async def test_from_the_first_question_to_the_ministers_pdf(story: Story) -> None:
    await _asks_and_signs_up(story)
    case = await _applies(story)
    await _is_returned_once(story, case)
    await _is_reviewed(story, case)
    await _is_asked(story, case)
    await _is_admitted(story, case)
    pilot = await _goes_live(story, case)
    await _sends_figures(story, pilot)
    await _reports_an_incident(story, pilot)
    await _is_late_once(story, pilot)
    await _ends(story, pilot)
    await _teaches(story, pilot)
    await _is_compiled(story)
    await _is_verified(story)


# To the submission -------------------------------------------------------------------------


async def _asks_and_signs_up(story: Story) -> None:
    founder = story.founder
    (await founder.go("/")).sees("Try out what the rules do not yet fit")
    await founder.go("/check")
    await founder.press(
        "See the answer", uses_ai="yes_ai", in_malaysia="here", sector="education", new="is_new",
        benefit="clear", rule="named", ready="works",
    )  # fmt: skip
    founder.sees("This sounds like a case for the sandbox")
    await founder.follow("Create an account and apply")
    await founder.press("Create account", **FOUNDER)
    await founder.go(link_in((await mails(FOUNDER["email"]))[-1]))
    await founder.press("Confirm")
    firm = {"name": "Cikgu Pintar Sdn Bhd", "registration_number": "202601000001"}
    await founder.press("Continue", size="start_up", **firm)
    await founder.go("/organisation")
    await founder.press("Send the invitation", email=COLLEAGUE, level="editor")
    colleague = story.people["colleague"] = Browser(story.client.another())
    await colleague.go(link_in((await mails(COLLEAGUE))[-1]))
    await colleague.press("Join", name="Siti Aminah", password=factories.PASSWORD)
    (await founder.go("/organisation")).sees("Siti Aminah", COLLEAGUE)


async def _applies(story: Story) -> str:
    founder, colleague = story.founder, story.people["colleague"]
    await founder.go("/applications")
    await founder.follow("/applications/new")
    await founder.press("Begin", title=form.CASE.title, lead_sector=SECTOR)
    path = founder.path
    someone = await factories.applicant("Cikgu Pintar Sdn Bhd", name="Amirul Hakim")
    for key, fields in form.sections(someone):
        await founder.go(path)
        await founder.follow(f"/sections/{key}")
        await _fill_in(founder, fields)
    await _attach(story, path)
    await colleague.go(f"{path}/sections/exit")
    assert "Saved" in await colleague.autosaves(
        "Save and continue", exit_success="We go on in all schools of Sabah."
    )
    await founder.go(path)
    await founder.follow("Check your answers")
    founder.sees("We go on in all schools of Sabah.", "report.pdf")
    await founder.press("Submit application")
    founder.sees("Application submitted")
    await story.told("founder", "NARS-")
    await story.told("officer", form.CASE.title)
    return path.rsplit("/", 1)[-1]


async def _fill_in(founder: Browser, fields: dict[str, Any]) -> None:
    """Fill a section in; what an answer brings up is asked on the page that comes back."""
    left = dict(fields)
    while True:
        offered = founder.form("Save and continue")
        now = {n: v for n, v in left.items() if n in offered.controls
               or n.split(".")[0] in offered.tables}  # fmt: skip
        assert now, (founder.path, sorted(left))
        answer = await founder.send("Save and continue", now)
        left = {name: value for name, value in left.items() if name not in now}
        if answer.status_code == 303 and not left:
            return
        assert answer.status_code == 422, (answer.status_code, left)


async def _attach(story: Story, path: str) -> None:
    """A file that the firm and the authority may have, and nobody else."""
    founder = story.founder
    await founder.go(f"{path}/sections/ai_system")
    file = ("report.pdf", REPORT, "application/pdf")
    await founder.press("Attach the file", files={"evaluation_report": file})
    href = founder.link("report.pdf")
    assert await founder.download(href) == REPORT
    assert await story.people["colleague"].download(href) == REPORT
    stranger = await story.client.another().sign_in(await factories.applicant())
    assert (await stranger.get(href)).status_code == 404


# To the decision ---------------------------------------------------------------------------


def _checks(**but: str) -> dict[str, str]:
    asked = [c for c in library.current().screening if not c.sectors or SECTOR in c.sectors]
    return {f"check_{c.key}": but.get(c.key, "yes") for c in asked}


async def _is_returned_once(story: Story, case: str) -> None:
    officer, founder = story.people["officer"], story.founder
    (await officer.go("/cases")).sees(form.CASE.title)
    await officer.follow(f"/cases/{case}")
    assert await officer.download(officer.link("report.pdf")) == REPORT
    await officer.press("Take the case")
    await officer.press("Keep the note", note="The pilot of 2024 was theirs, too.")
    officer.sees("The pilot of 2024 was theirs, too.")
    await officer.press("Begin screening")
    await officer.press(
        "Return to the applicant", **_checks(rule_named="no"), reason_rule_named="Name the clause."
    )
    await story.told("founder", "Name the clause.")
    (await founder.go(f"/applications/{case}")).sees("Please complete", "Name the clause.")
    assert "pilot of 2024" not in founder.answer.text
    await founder.follow("/sections/regulation")
    await founder.press("Save and continue")
    await founder.go(f"/applications/{case}/check")
    await founder.press("Submit application")
    await officer.go(f"/cases/{case}")
    officer.sees("This is version 2")
    await officer.press("Begin screening")
    await officer.press("Accept for review", **_checks())


async def _is_reviewed(story: Story, case: str) -> None:
    officer, reviewer = story.people["officer"], story.people["reviewer"]
    await officer.go(f"/cases/{case}/reviews")
    offered = officer.form("Ask").controls["reviewer"].options or []
    assert len(offered) == 2
    await officer.press("Ask", reviewer=offered[1])
    await story.told("reviewer", form.CASE.title)
    await reviewer.go("/reviews")
    await reviewer.follow(form.CASE.title)
    await reviewer.press("Declare", has_conflict="no")
    reviewer.sees(form.CASE.summary)
    criteria = library.current().rubric.criteria
    saved = await reviewer.autosaves("Submit review", **{f"score_{criteria[0].key}": "2"})
    assert "Saved" in saved
    await reviewer.go(reviewer.path)
    kept = reviewer.form("Submit review").controls[f"score_{criteria[0].key}"]
    assert kept.sends == ["2"]
    scores = {f"score_{c.key}": "3" for c in criteria}
    scores |= {f"comment_{c.key}": "Shown well enough." for c in criteria}
    await reviewer.press("Submit review", recommendation="conditions", **scores)
    (await officer.go(f"/cases/{case}/reviews")).sees("3 of")


async def _is_asked(story: Story, case: str) -> None:
    officer, founder = story.people["officer"], story.founder
    await officer.go(f"/cases/{case}/questions")
    await officer.press("Ask and stop the clock", text="Which schools?", question="")
    await story.told("founder", "Which schools?")
    await founder.go(f"/applications/{case}")
    founder.sees("Which schools?")
    (answer,) = [n for n in founder.form("Send the answer").controls if n.startswith("answer_")]
    await founder.press("Send the answer", **{answer: "Two in Sabah."})
    await story.told("officer", form.CASE.title)
    (await officer.go(f"/cases/{case}/questions")).sees("Two in Sabah.")


async def _is_admitted(story: Story, case: str) -> None:
    officer, maker, founder = story.people["officer"], story.people["maker"], story.founder
    await officer.go(f"/cases/{case}/decision")
    await officer.press(
        "Put before the decision makers", outcome="admitted_with_conditions", text="Within limits."
    )
    await story.told("maker", form.CASE.title)
    (await maker.go(f"/cases/{case}/decision")).sees("Within limits.", form.CASE.summary)
    await maker.press("Decide", **_decision())
    await run_jobs()
    await story.told("founder", "decided")
    await founder.go(f"/applications/{case}")
    letter = await founder.download(founder.link("Decision letter (PDF)"))
    assert "Welcome." in extract_text(BytesIO(letter))


def _decision() -> dict[str, Any]:
    return {
        "outcome": "admitted_with_conditions", "months": "6",
        "reasons.admitted_with_conditions": ["risks_need_limits"],
        "condition": ["teachers_agree"], "text": "Welcome.", "milestone": ["plan.0"],
        "own.1.title": "Insurance", "own.1.text": "Show that pupils are insured.",
        "own.1.kind": "document", "own.1.precedent": "yes",
    }  # fmt: skip


# The pilot ---------------------------------------------------------------------------------


async def _goes_live(story: Story, case: str) -> str:
    founder, officer = story.founder, story.people["officer"]
    await founder.go(f"/applications/{case}")
    await founder.follow("Read the plan")
    await founder.press("Accept the plan", agreed="yes")
    pilot = founder.path
    await founder.follow("/conditions")
    founder.sees("Insurance")
    await founder.follow("Insurance")
    condition = founder.path
    policy = {"file": ("policy.pdf", REPORT, "application/pdf")}
    await founder.send("Hand in", {"text": "The policy of last year."}, policy)
    await story.told("officer", form.CASE.title)
    await officer.go(condition)
    await officer.press("Return", reason="It ran out in March.")
    await story.told("founder", "It ran out in March.")
    (await founder.go(condition)).sees("It ran out in March.")
    await founder.press("Hand in", text="The policy of this year.")
    await officer.go(condition)
    await officer.press("Accept")
    await founder.go(pilot)
    await founder.follow("Say that you are ready")
    await founder.press("Say that you are ready")
    await officer.go(pilot)
    await officer.follow("Start the testing period")
    await officer.press("Start the testing period")
    officer.sees("The pilot is live.")
    await story.told("founder", "live")
    (await founder.go("/register")).sees("Live")
    return pilot


async def _sends_figures(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    await founder.go(pilot)
    await founder.follow("Keys")
    await founder.press("Make a key", name="School server")
    (key,) = founder.page.xpath("//code[@class='app-secret']/text()")
    point = {"metric": "teacher_agreement", "at": clock.now().isoformat(), "value": 2, "n": 900}
    sent = await story.client.another().post(
        f"/api/v1{pilot}/points", json={"points": [point]},
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert sent.json()["taken"] == 1, sent.text
    await founder.follow("Figures")
    example = await founder.download(founder.link("/telemetry/template.csv"))
    head, *lines = [line.split(",") for line in example.decode().strip().splitlines()]
    assert head == ["metric", "at", "value", "n", "slice"]
    filled = [head, *([metric, clock.now().isoformat(), "1", "40", ""] for metric, *_rest in lines)]
    file = "\n".join(",".join(line) for line in filled).encode()
    await founder.press("Look at the file", files={"file": ("figures.csv", file, "text/csv")})
    founder.sees("Nothing is taken before you say so.")
    await founder.press(f"Take {len(lines)} figures")
    founder.sees("All figures are in")
    (await founder.go(f"{pilot}/telemetry")).sees(f"CSV, {len(lines)} points", "JSON, 1 point")
    await run_jobs()
    (await officer.go(f"{pilot}/telemetry")).sees("the limit is")
    await story.told("founder", "threshold")
    await story.told("officer", "threshold")


async def _reports_an_incident(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    await founder.go(f"{pilot}/incidents/new")
    facts = incident_fields(serious_health_harm="yes")
    offered = founder.form("Report the incident").controls
    await founder.press("Report the incident", **{n: v for n, v in facts.items() if n in offered})
    path = founder.path
    founder.sees("Who must be told, by when")
    await story.told("officer", "incident")
    await officer.go(path)
    severity = officer.form("Triage").controls["severity"].sends
    assert len(severity) == 1, "the rules' own verdict is ticked"
    await officer.press("Triage")
    await officer.press("Ask", text="Read each essay twice.", owner="Head")
    await officer.go(f"{pilot}/steps/suspend")
    await officer.press("Suspend the pilot", reason="Until it is understood")
    await story.told("founder", "Until it is understood")
    await founder.go(path)
    await founder.press("Say that it is done", done="Done since Monday.")
    await officer.go(path)
    await officer.press("Seen to be done")
    await officer.press("Resolve", root_cause="A new camera")
    early = await officer.send("Close the incident")
    assert early.status_code == 409, "a regime still waits"
    await _meets_its_clocks(founder, path)
    await officer.go(path)
    await officer.press("Close the incident")
    await officer.go(f"{pilot}/steps/resume")
    await officer.press("Let the pilot resume", reason="It is understood")


async def _meets_its_clocks(founder: Browser, path: str) -> None:
    """The firm submits every report that a regime wants."""
    met = 0
    while True:
        await founder.go(path)
        owed = [o for o in founder.form("Submit report").controls["clock"].options or [] if o]
        if not owed:
            break
        await founder.press("Submit report", clock=owed[0], report="What is known so far.")
        met += 1
    assert met
    founder.sees("In, ")


async def _is_late_once(story: Story, pilot: str) -> None:
    """Time passes: a milestone is overdue, and both sides are told."""
    with clock.at(clock.now() + timedelta(days=120)):
        await sweep()
        for who in ("founder", "officer"):
            person = await people.person_by_email(story.addresses[who])
            assert person is not None
            later = Browser(await story.client.another().sign_in(person))
            (await later.go(f"{pilot}/milestones")).sees("overdue")
            assert later.page.xpath("//tr[contains(@class, 'overdue')]")
            await story.told(who, "overdue")


async def _ends(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.people["officer"]
    await founder.go(f"{pilot}/milestones")
    milestone = founder.links(rf"{pilot}/milestones/[0-9a-f-]+")[0]
    await founder.go(milestone)
    await founder.press("Hand in", text="Ninety pupils took part.")
    await officer.go(milestone)
    await officer.press("Return", reason="A hundred were agreed.")
    await founder.go(milestone)
    founder.sees("A hundred were agreed.")
    await founder.press("Hand in", text="A hundred pupils took part.")
    await officer.go(milestone)
    await officer.press("Accept")
    await officer.go(f"{pilot}/steps/begin-exit")
    await officer.press("End the testing period", reason="The sample is complete")
    await founder.go(f"{pilot}/exit")
    sections = library.current().reports.exit_sections
    said = {s.key: "Much was learned." for s in sections}
    assert "Saved" in await founder.autosaves("Submit the exit report", **said)
    await founder.go(f"{pilot}/exit")
    await founder.press("Submit the exit report")
    await officer.go(f"{pilot}/exit")
    controls = officer.form("Accept and close the pilot").controls
    left = [name for name in controls if name.startswith("left.")]
    assert left  # what is still open, the threshold that was breached among it
    reasons = dict.fromkeys(left, "Mended in time, or not owed any more.")
    await officer.press("Accept and close the pilot", outcome="completed", **reasons)
    (await founder.go(pilot)).sees("Completed")


# What is learned ---------------------------------------------------------------------------


async def _teaches(story: Story, pilot: str) -> None:
    entry = next(one for one in content("lessons") if one["sector"] == SECTOR)
    texts = {
        f"{part}_{language}": text
        for language, parts in entry["texts"].items()
        for part, text in parts.items()
    }
    about = {name: entry[name] for name in
             ("kind", "principle", "theme", "strength", "vulnerabilities")}  # fmt: skip
    officer, central = story.people["officer"], story.people["central"]
    await officer.go(f"{pilot}/exit")
    await officer.follow("Draft a lesson")
    await officer.press("Keep the draft", **texts, **about)
    lesson = officer.path
    officer.sees("somebody else clears it")
    own = await officer.visitor.submit(f"{lesson}/clear")
    assert own.status_code == 409
    await central.go(lesson)
    controls = central.form("Clear for publication").controls
    asked = [name for name in controls if name.startswith("reason-")]
    await central.press(
        "Clear for publication", **dict.fromkeys(asked, "Words of the field, not a name.")
    )
    await central.press("Publish")
    elsewhere = story.people["elsewhere"]
    await elsewhere.go("/lessons")
    await elsewhere.follow(lesson)
    await elsewhere.press("Record", verdict="adopted")
    elsewhere.sees("Adopted")
    (await story.people["policymaker"].go("/lessons")).sees(entry["texts"]["en"]["title"])


async def _is_compiled(story: Story) -> None:
    writer, approver = story.people["central"], story.people["second"]
    await writer.go("/reports")
    await writer.follow("Request a report")
    await writer.press(
        "Gather the figures", title_en="Half a year", title_ms="Setengah tahun",
        first=str(today() - timedelta(days=180)), last=str(today()),
    )  # fmt: skip
    await run_jobs()
    report = writer.path
    (await writer.go(report)).sees("This is a draft", "marked “·” is hidden")
    _hides_what_is_small(writer)
    await writer.follow("Write the report")
    written = {
        f"{section}_{language}": text
        for language, sections in content("events")["narrative"].items()
        for section, text in sections.items()
    }
    await writer.press("Keep", **written)
    await approver.go(report)
    await approver.press("Approve")
    await run_jobs()
    await approver.go(report)
    await approver.press("Publish")
    policymaker, public = story.people["policymaker"], Browser(story.client.another())
    for reader in (policymaker, public):
        await reader.go("/reports")
        await reader.follow("Half a year")
        _hides_what_is_small(reader)
    for language in library.current().languages:
        link = policymaker.link(f"{report}/pdf/{language}")
        _is_a_report(await policymaker.download(link), language)


def _hides_what_is_small(reader: Browser) -> None:
    """One firm stands behind everything, so nothing is told of its sector."""
    name = str(library.current().sector(SECTOR).name)
    rows = [[" ".join(cell.text_content().split()) for cell in row]
            for row in reader.page.xpath("//tr")]  # fmt: skip
    own = [row for row in rows if row and row[0] == name]
    assert own
    assert all(re.fullmatch("[·0–]", cell) for row in own for cell in row[1:]), own
    assert any("·" in row for row in own)


def _is_a_report(pdf: bytes, language: str) -> None:
    with pikepdf.open(BytesIO(pdf)) as read:
        assert len(read.pages) > 5
        assert str(read.Root.Lang).startswith(language)
        with read.open_outline() as outline:
            assert outline.root
    title = {"en": "Half a year", "ms": "Setengah tahun"}[language]
    text = extract_text(BytesIO(pdf))
    assert title in " ".join(text.split())
    summary = content("events")["narrative"][language]["summary"]
    assert " ".join(summary.split())[:40] in " ".join(text.split())


async def _is_verified(story: Story) -> None:
    auditor = story.people["auditor"]
    (await auditor.go("/audit")).sees("Everything that changed a case")
    await auditor.press("Verify the whole trail")
    assert "The trail is sound" in words(auditor.answer.text)
