"""The whole story in Chromium, on the site as it runs: its people, its worker, its pages.

Every page on the way is looked at by axe-core, at desktop and phone width, holds at 320
pixels, and has nothing to tell the console. One form is sent by keyboard alone, and the main
pages are walked in Malay as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, ClassVar

import httpx
import pytest
from pdfminer.high_level import extract_text
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from sandbox.demo import answering, year
from sandbox.framework import library
from sandbox.framework.questions import QuestionKind
from tests.browser import looking
from tests.factories import PASSWORD
from tests.site import Site

CASE = next(case for case in year.cases() if case.sector == "education" and not case.other_sector)
OFFICIALS = {
    "officer": ("Kavitha", "officer", "moe"),
    "reviewer": ("Norazlina", "reviewer", "moe"),
    "maker": ("Rohani", "decision_maker", "moe"),
    "central": ("Nurul", "central", "naio"),
    "second": ("Rajesh", "central", "naio"),
    "elsewhere": ("Farah", "officer", "bnm"),
    "policymaker": ("Azman", "policymaker", "naio"),
    "auditor": ("Haslinda", "auditor", "naio"),
}


class Actor:
    """One person at a browser of their own."""

    seen: ClassVar[set[str]] = set()

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.problems = looking.watch(self.page)
        self.page.on("dialog", lambda dialog: dialog.accept())

    def go(self, path: str, widths: tuple[int, ...] = (390, 1280)) -> None:
        """Open a page and look at it."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        self.look(widths)

    def look(self, widths: tuple[int, ...] = (390, 1280)) -> None:
        """Nothing for axe-core to find, wide and narrow, and nothing sticks out anywhere.

        A page is looked at again where what it shows has changed: its parts and its forms.
        """
        told = self.page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, form, table')]"
            ".map(one => one.tagName + (one.action ?? one.id))"
        )
        language = self.page.locator("html").get_attribute("lang")
        seen = re.sub(r"[0-9a-f-]{36}", "*", f"{language} {self.path} {told}")
        if seen not in self.seen:
            self.seen.add(seen)
            self.page.set_viewport_size({"width": 320, "height": 900})
            assert looking.overflow(self.page) <= 0, (self.page.url, 320)
            for width in widths:
                self.page.set_viewport_size({"width": width, "height": 900})
                assert looking.faults(self.page) == [], self.page.url
                assert looking.overflow(self.page) <= 0, (self.page.url, width)
        assert self.problems == [], self.page.url

    def fill(self, **fields: Any) -> None:
        """Fill fields in by their names, as what they are."""
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                self._put(name, str(one))

    def _put(self, name: str, value: str) -> None:
        while not self.page.locator(f'[name="{name}"]').count():
            self.page.locator(
                f'[data-rows="{name.split(".", maxsplit=1)[0]}"] [name="add_row"]'
            ).click()
        field = self.page.locator(f'[name="{name}"]')
        kind = field.first.evaluate("one => one.type")
        if kind in {"radio", "checkbox"}:
            self.page.locator(f'[name="{name}"][value="{value}"]').check()
        elif kind.startswith("select"):
            field.select_option(value)
        else:
            field.fill(value)

    def press(self, words: str, **scope: str) -> None:
        """Press a button by its words; the page that follows is looked at."""
        where = self.page.locator(scope["within"]) if scope else self.page
        with self.page.expect_navigation() as navigation:
            where.get_by_role("button", name=words, exact=True).first.click()
        answer = navigation.value
        assert answer is not None, (words, self.page.url)
        assert answer.status == 200, (words, answer.status, self.page.inner_text("main"))
        assert self.page.locator(".govuk-error-summary").count() == 0, self.page.inner_text("main")
        self.look()

    def by_keyboard(self, button: str, **fields: str) -> None:
        """Fill a form in and send it without a mouse: Tab, type, Space, Enter."""
        for name, value in fields.items():
            kind = self._tab_to(f'[name="{name}"]')
            if kind == "radio":
                self._choose(name, value)
            else:
                self.page.keyboard.type(value)
        self._tab_to("main button[type=submit], main button:not([type])")
        assert self.page.evaluate("document.activeElement.innerText.trim()") == button
        with self.page.expect_navigation() as navigation:
            self.page.keyboard.press("Enter")
        assert navigation.value is not None
        assert navigation.value.status == 200, self.page.inner_text("main")
        self.look()

    def _tab_to(self, wanted: str) -> str:
        """Press Tab until the focus is on what is ``wanted``; the kind of it."""
        for _step in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                return str(self.page.evaluate("document.activeElement.type"))
        raise AssertionError(f"Tab never reached {wanted} on {self.page.url}")

    def _choose(self, name: str, value: str) -> None:
        """Within a group of radios the arrows move, Space chooses."""
        self.page.keyboard.press("Space")
        for _step in range(20):
            if self.page.evaluate("document.activeElement.value") == value:
                assert self.page.locator(f'[name="{name}"][value="{value}"]').is_checked()
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow reached {value} of {name}")

    def speak(self, language: str) -> None:
        """Choose a language."""
        with self.page.expect_navigation():
            self.page.locator(f"button[lang={language}]").first.click()
        assert self.page.locator("html").get_attribute("lang") == language

    def go_through(self, paths: tuple[str, ...], language: str) -> dict[str, str]:
        """Look at pages in a language, at one width; what each says."""
        self.page.goto(paths[0])
        if self.page.locator("html").get_attribute("lang") != language:
            self.speak(language)
        said = {}
        for path in paths:
            self.go(path, (390,))
            assert self.page.locator("html").get_attribute("lang") == language, path
            said[path] = self.page.inner_text("main")
        return said

    def read_pdf(self, path: str) -> str:
        """The words of a PDF that they download, single-spaced."""
        answer = self.context.request.get(path)
        assert answer.status == 200, path
        return " ".join(extract_text(BytesIO(answer.body())).split())

    def unfold(self, words: str) -> None:
        """Open what a summary hides."""
        self.page.locator("summary", has_text=words).first.click()

    def unfold_all(self) -> None:
        """Open everything that the form hides."""
        self.page.evaluate(
            "document.querySelectorAll('form details').forEach(one => { one.open = true })"
        )

    def sees(self, words: str) -> None:
        """The page says so."""
        assert words in self.page.inner_text("body"), self.page.inner_text("main")

    def waits_for(self, words: str, seconds: float = 90) -> None:
        """Reload until the worker has done its part."""
        end = time.monotonic() + seconds
        while words not in self.page.inner_text("body"):
            assert time.monotonic() < end, self.page.inner_text("main")
            time.sleep(0.5)
            self.page.reload()

    @property
    def path(self) -> str:
        """Where they are."""
        return httpx.URL(self.page.url).path


class Story:
    """The people, and what the story is about so far."""

    def __init__(self, site: Site, browser: Browser) -> None:
        self.site = site
        self.browser = browser
        self.founder = self.arrive()
        self.people: dict[str, Actor] = {}

    def arrive(self) -> Actor:
        """Somebody opens a browser."""
        return Actor(looking.visitor(self.browser, self.site.url))

    def official(self, key: str) -> Actor:
        """An official with an account, signed in."""
        if key not in self.people:
            name, role, authority = OFFICIALS[key]
            made = self.site.run(
                "person", f"{key}@story.test", "--name", name, "--role", role,
                "--authority", authority, "--password-stdin", text=PASSWORD + "\n",
            )  # fmt: skip
            assert made.returncode == 0, made.stderr
            actor = self.arrive()
            actor.go("/sign-in")
            actor.fill(email=f"{key}@story.test", password=PASSWORD)
            actor.press("Sign in", within="main")
            self.people[key] = actor
        return self.people[key]


@pytest.fixture
def story(site: Site) -> Iterator[Story]:
    with sync_playwright() as playwright:
        browser = looking.launch(playwright)
        yield Story(site, browser)
        browser.close()


@pytest.mark.timeout(600)
def test_the_whole_story(story: Story) -> None:
    _signs_up(story)
    case = _applies(story)
    _is_admitted(story, case)
    pilot = _goes_live(story, case)
    _breaches_and_reports(story, pilot)
    _ends(story, pilot)
    _teaches(story, pilot)
    _is_compiled(story)
    _is_verified(story)
    _is_told_in_malay(story, case, pilot)


def _signs_up(story: Story) -> None:
    founder = story.founder
    founder.go("/")
    founder.go("/check")
    founder.go("/sign-up")
    founder.fill(name="Amirul Hakim", email="amirul@story.test", password=PASSWORD)
    founder.press("Create account")
    (text,) = story.site.sql("SELECT text FROM mail WHERE \"to\" = 'amirul@story.test'")[0]
    founder.go("/confirm/" + text.split("/confirm/")[1].split()[0])
    founder.press("Confirm", within="main")
    founder.by_keyboard(
        "Continue", name="Cikgu Pintar Sdn Bhd", registration_number="202601000001", size="small"
    )


def _fields(firm: str) -> dict[str, dict[str, Any]]:
    """What is filled in, section by section."""
    pack = library.current()
    answers = answering.answers_of(
        CASE, pack, firm=firm, number="202601000001", lead="Amirul Hakim"
    )
    return {
        section.key: {
            name: value
            for question in questions
            if question.key in answers
            for name, value in _typed(question, answers[question.key]).items()
        }
        for section, questions in pack.form.asked(answers)
    }


def _typed(question: Any, value: Any) -> dict[str, Any]:
    if question.kind is QuestionKind.TABLE:
        return {
            f"{question.key}.{number}.{key}": cell
            for number, row in enumerate(value)
            for key, cell in row.items()
        }
    if isinstance(value, bool):
        return {question.key: "yes" if value else "no"}
    if question.kind is QuestionKind.MONEY:
        return {question.key: f"{value / 100:.2f}"}
    return {question.key: value}


def _applies(story: Story) -> str:
    founder = story.founder
    founder.go("/applications")
    founder.go("/applications/new")
    founder.fill(title=CASE.title, lead_sector=CASE.sector)
    founder.press("Begin")
    path = founder.path
    for key, fields in _fields("Cikgu Pintar Sdn Bhd").items():
        founder.go(f"{path}/sections/{key}")
        founder.fill(**fields)
        if key == "exit":
            expect(founder.page.locator("[data-autosave-status]")).to_contain_text("Saved")
        founder.press("Save and continue")
    founder.go(path)
    founder.go(f"{path}/check")
    founder.press("Submit application")
    founder.sees("Application submitted")
    return path.rsplit("/", 1)[-1]


def _is_admitted(story: Story, case: str) -> None:
    officer, path = story.official("officer"), f"/cases/{case}"
    story.official("reviewer")
    officer.go("/cases")
    officer.go(path)
    officer.press("Begin screening")
    for check in library.current().screening:
        if not check.sectors or CASE.sector in check.sectors:
            officer.fill(**{f"check_{check.key}": "yes"})
    officer.press("Accept for review")
    officer.page.locator('[name="reviewer"]').select_option(label="Norazlina")
    officer.press("Ask", within="main")
    _is_reviewed(story.official("reviewer"))
    officer.go(f"{path}/questions")
    officer.fill(text="Which schools?")
    officer.press("Ask and stop the clock")
    founder = story.founder
    founder.go(f"/applications/{case}")
    founder.page.locator("main textarea").fill("Two in Sabah.")
    founder.press("Send the answer")
    officer.go(f"{path}/decision")
    officer.fill(outcome="admitted_with_conditions", text="Within limits.")
    officer.press("Put before the decision makers")
    maker = story.official("maker")
    maker.go(f"{path}/decision")
    _decides(maker)
    maker.press("Decide")
    founder.go(f"/applications/{case}")
    founder.waits_for("Decision letter (PDF)")
    letter = founder.page.get_by_role("link", name="Decision letter (PDF)").get_attribute("href")
    assert CASE.title in founder.read_pdf(str(letter))
    officer.go(f"{path}/history")


def _is_reviewed(reviewer: Actor) -> None:
    reviewer.go("/reviews")
    reviewer.page.locator("main tbody a").first.click()
    reviewer.fill(has_conflict="no")
    reviewer.press("Declare")
    for criterion in library.current().rubric.criteria:
        name = f"score_{criterion.key}"
        reviewer.page.locator(f'[name="{name}"][value="3"]').check(force=True)
        reviewer.fill(**{f"comment_{criterion.key}": "Shown well enough."})
    reviewer.fill(recommendation="conditions")
    reviewer.press("Submit review")


def _decides(maker: Actor) -> None:
    maker.unfold_all()
    maker.page.locator('[id="reasons-admitted_with_conditions-risks_need_limits"]').check()
    maker.page.locator('[name="condition"][value="teachers_agree"]').check()
    maker.fill(
        outcome="admitted_with_conditions", months="6",
        **{"own.1.title": "Insurance", "own.1.text": "Show that pupils are insured.",
           "own.1.kind": "document", "own.1.precedent": "yes"},
    )  # fmt: skip


def _goes_live(story: Story, case: str) -> str:
    founder, officer = story.founder, story.official("officer")
    founder.go(f"/applications/{case}/plan")
    founder.fill(agreed="yes")
    founder.press("Accept the plan")
    pilot = founder.path
    founder.go(f"{pilot}/conditions")
    waiting = [
        str(link.get_attribute("href"))
        for link in founder.page.locator("main tbody tr", has_text="Before going live")
        .locator("a").all()
    ]  # fmt: skip
    for condition in waiting:
        founder.go(condition)
        founder.fill(text="The document is signed.")
        founder.press("Hand in")
        officer.go(condition)
        officer.press("Accept", within="main")
    founder.go(f"{pilot}/steps/declare-ready")
    founder.press("Say that you are ready")
    officer.go(f"{pilot}/steps/go-live")
    officer.press("Start the testing period")
    officer.sees("The pilot is live.")
    return pilot


def _breaches_and_reports(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.official("officer")
    founder.go(f"{pilot}/tokens")
    founder.fill(name="School server")
    founder.press("Make a key")
    key = founder.page.locator(".app-secret").inner_text()
    point = {"metric": "teacher_agreement", "at": datetime.now(UTC).isoformat(), "value": 2,
             "n": 900}  # fmt: skip
    sent = httpx.post(
        f"{story.site.url}/api/v1{pilot}/points", json={"points": [point]},
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert sent.json()["taken"] == 1, sent.text
    officer.go(f"{pilot}/tokens")
    assert key not in officer.page.content()
    officer.go(f"{pilot}/telemetry")
    officer.waits_for("the limit is", seconds=30)
    officer.look()
    founder.go(f"{pilot}/incidents/new")
    founder.fill(title="A pupil was marked twice", what="One essay got two marks.")
    for question in library.current().incidents.questions:
        if question.shown_when is None:
            founder.fill(**{f"fact_{question.key}": "no"})
    founder.fill(people_affected="1", harms_actual=["psychological"])
    founder.press("Report the incident")
    path = founder.path
    officer.go("/incidents")
    officer.go(path)
    officer.press("Triage")
    officer.unfold("Ask for a corrective action")
    officer.fill(text="Read each essay twice.", owner="Head of operations")
    officer.press("Ask", within="main")
    officer.go(f"{pilot}/steps/suspend")
    officer.fill(reason="Until it is understood")
    officer.press("Suspend the pilot")
    founder.go(path)
    founder.fill(done="Done since Monday.")
    founder.press("Say that it is done")
    officer.go(path)
    officer.press("Seen to be done")
    officer.fill(root_cause="Two cameras")
    officer.press("Resolve")
    officer.press("Close the incident")
    officer.go(f"{pilot}/steps/resume")
    officer.fill(reason="It is understood")
    officer.press("Let the pilot resume")


def _ends(story: Story, pilot: str) -> None:
    founder, officer = story.founder, story.official("officer")
    founder.go(f"{pilot}/milestones")
    milestone = str(founder.page.locator("main tbody a").first.get_attribute("href"))
    founder.go(milestone)
    founder.fill(text="A hundred pupils took part.")
    founder.press("Hand in")
    officer.go(milestone)
    officer.press("Accept", within="main")
    officer.go(f"{pilot}/steps/begin-exit")
    officer.fill(reason="The sample is complete")
    officer.press("End the testing period")
    founder.go(f"{pilot}/exit")
    founder.fill(**{s.key: "Learned." for s in library.current().reports.exit_sections})
    founder.press("Submit the exit report")
    officer.go(f"{pilot}/exit")
    for reason in officer.page.locator('textarea[name^="left."]').all():
        reason.fill("Mended after the last figures.")
    officer.fill(outcome="completed")
    officer.press("Accept and close the pilot")
    founder.go("/register")
    founder.go(pilot)
    founder.sees("Completed")


def _teaches(story: Story, pilot: str) -> None:
    entry = next(one for one in year.content("lessons") if one["sector"] == CASE.sector)
    officer, central = story.official("officer"), story.official("central")
    officer.go(f"{pilot}/lessons/new")
    officer.unfold_all()
    for language, parts in entry["texts"].items():
        officer.fill(**{f"{part}_{language}": text for part, text in parts.items()})
    officer.fill(**{name: entry[name] for name in ("kind", "principle", "theme", "strength")})
    officer.press("Keep the draft")
    lesson = officer.path
    central.go(lesson)
    for asked in central.page.locator('textarea[name^="reason-"]').all():
        asked.fill("Words of the field.")
    central.press("Clear for publication")
    central.press("Publish")
    elsewhere = story.official("elsewhere")
    elsewhere.go("/lessons")
    elsewhere.go(lesson)
    elsewhere.fill(verdict="adopted")
    elsewhere.press("Record")
    elsewhere.sees("Adopted")


def _is_compiled(story: Story) -> None:
    writer, approver = story.official("central"), story.official("second")
    writer.go("/reports/new")
    day = datetime.now(UTC).date()
    writer.fill(
        title_en="Half a year", title_ms="Setengah tahun",
        first=str(day - timedelta(days=180)), last=str(day),
    )  # fmt: skip
    writer.press("Gather the figures")
    report = writer.path
    writer.waits_for("This is a draft")
    writer.go(report)
    writer.go(f"{report}/write")
    for language, sections in year.content("events")["narrative"].items():
        writer.fill(summary=[], **{f"summary_{language}": sections["summary"]})
    writer.press("Keep")
    approver.go(report)
    approver.press("Approve")
    approver.waits_for("The PDFs are ready", seconds=180)
    approver.press("Publish")
    policymaker, public = story.official("policymaker"), story.arrive()
    titles = {"en": "Half a year", "ms": "Setengah tahun"}
    for reader in (policymaker, public):
        reader.go("/reports")
        reader.go(report)
        for language in library.current().languages:
            summary = year.content("events")["narrative"][language]["summary"]
            link = reader.page.locator(f'a[href="{report}/pdf/{language}"]').get_attribute("href")
            text = reader.read_pdf(str(link))
            assert titles[language] in text
            assert " ".join(summary.split())[:40] in text
    policymaker.go("/overview")


def _is_verified(story: Story) -> None:
    auditor = story.official("auditor")
    auditor.go("/audit")
    auditor.press("Verify the whole trail")
    auditor.sees("The trail is sound")
    checked = story.site.run("audit", "verify")
    assert checked.returncode == 0, checked.stdout


def _is_told_in_malay(story: Story, case: str, pilot: str) -> None:
    """The main pages once more, in the other language."""
    walks = {
        "founder": ("/", "/check", "/applications", f"/applications/{case}",
                    f"/applications/{case}/answers", pilot, f"{pilot}/conditions",
                    f"{pilot}/milestones", f"{pilot}/telemetry", f"{pilot}/plan",
                    f"{pilot}/incidents", f"{pilot}/tokens", f"{pilot}/exit", "/register"),
        "officer": ("/cases", f"/cases/{case}", f"/cases/{case}/screening",
                    f"/cases/{case}/reviews", f"/cases/{case}/decision", f"/cases/{case}/history",
                    "/pilots", "/pilots/risk", "/pilots/limits", "/incidents", "/lessons",
                    "/account"),
        "central": ("/overview", "/reports", "/reports/new"),
    }  # fmt: skip
    for who, paths in walks.items():
        actor = story.founder if who == "founder" else story.official(who)
        english = actor.go_through(paths, "en")
        malay = actor.go_through(paths, "ms")
        assert [path for path in paths if english[path] == malay[path]] == []
