"""What follows a breach, in Chromium, by the people of both sides: an explanation that is asked
for again, an incident, and a suspension that a decision maker confirms.

Every page on the way is looked at as in the whole story.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import looking
from tests.browser.test_story import Actor
from tests.factories import PASSWORD
from tests.site import ROOT, Site


class Case:
    """A live pilot with its people at their browsers."""

    def __init__(self, site: Site, browser: Any, told: dict[str, Any]) -> None:
        self.site = site
        self.path = f"/pilots/{told['pilot']}"
        self.key = told["key"]
        self.founder, self.officer, self.maker = (
            self._signed_in(browser, told["emails"][role])
            for role in ("founder", "officer", "maker")
        )

    def _signed_in(self, browser: Any, email: str) -> Actor:
        actor = Actor(looking.visitor(browser, self.site.url))
        actor.go("/sign-in")
        actor.fill(email=email, password=PASSWORD)
        actor.press("Sign in", within="main")
        return actor

    def send(self, **values: float) -> None:
        """Figures of now, by machine."""
        at = datetime.now(UTC).isoformat()
        points = [{"metric": name, "at": at, "value": value, "n": 90}
                  for name, value in values.items()]  # fmt: skip
        sent = httpx.post(
            f"{self.site.url}/api/v1{self.path}/points", json={"points": points},
            headers={"authorization": f"Bearer {self.key}"},
        )  # fmt: skip
        assert sent.json()["taken"] == len(points), sent.text


@pytest.fixture
def case(site: Site) -> Iterator[Case]:
    made = subprocess.run(
        [sys.executable, "-m", "tests.seeding"], env=site.environment, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with sync_playwright() as playwright:
        browser = looking.launch(playwright)
        yield Case(site, browser, json.loads(made.stdout.splitlines()[-1]))
        browser.close()


@pytest.mark.timeout(600)
def test_a_breach_and_all_that_follows(case: Case) -> None:
    case.send(sensitivity=0.7, specificity=0.6)
    breach = _is_explained(case)
    _opens_an_incident(case, breach)
    _is_suspended(case)
    _is_seen_on_the_time_line(case)
    _is_tried_at_another_limit(case)


def _breach_of(actor: Actor, board: str, condition: str) -> str:
    """Open what a breach of ``condition`` rests on."""
    actor.page.goto(board)
    actor.waits_for("the limit is", seconds=60)
    article = actor.page.locator("#breaches article", has_text=condition)
    path = article.locator("a", has_text="What it rests on").get_attribute("href")
    assert path is not None
    actor.go(path)
    return path


def _is_explained(case: Case) -> str:
    founder, officer = case.founder, case.officer
    path = _breach_of(founder, f"{case.path}/telemetry", "Sensitivity")
    founder.fill(explanation="A camera was dirty.")
    founder.press("Send the explanation")
    officer.go(path)
    officer.sees("A camera was dirty.")
    officer.fill(words="Which of the three cameras?")
    officer.press("Ask again")
    founder.go(path)
    founder.sees("Which of the three cameras?")
    founder.fill(explanation="The one in Tawau. It is cleaned every morning now.")
    founder.press("Send the explanation")
    officer.go(path)
    officer.press("Accept the explanation")
    officer.sees("Accepted. The firm has been told.")
    founder.go(path)
    founder.sees("The one in Tawau.")
    return path


def _opens_an_incident(case: Case, breach: str) -> None:
    officer = case.officer
    officer.page.goto(breach)
    officer.waits_for("Its incident", seconds=60)
    officer.page.get_by_role("link", name="Its incident").click()
    officer.look()
    officer.sees("Threshold passed")
    incident = officer.path
    case.founder.go(incident)
    officer.go(f"{case.path}/incidents")
    officer.sees("Threshold passed")


def _is_suspended(case: Case) -> None:
    maker, founder = case.maker, case.founder
    founder.go(case.path)
    founder.sees("A suspension waits to be decided")
    maker.go(case.path)
    maker.sees("Decide whether the pilot is suspended")
    maker.page.get_by_role("button", name="See the facts and decide").click()
    maker.look()
    maker.fill(reason="Too many healthy people were called back.")
    maker.press("Suspend the pilot")
    maker.sees("The pilot is suspended.")
    founder.go(case.path)
    founder.sees("Too many healthy people were called back.")


def _is_seen_on_the_time_line(case: Case) -> None:
    for actor in (case.founder, case.officer):
        actor.go(f"{case.path}/metrics/specificity")
        happened = actor.page.locator("#happened").inner_text()
        assert "Suspended" in happened, happened
        assert "Breach" in happened, happened


def _is_tried_at_another_limit(case: Case) -> None:
    """While the limit is typed, what it would have meant is told; nothing typed is lost."""
    maker = case.maker
    maker.go(f"{case.path}/conditions")
    condition = maker.page.get_by_role("link", name="Specificity").get_attribute("href")
    maker.go(f"{condition}/change")
    told = maker.page.locator("#trial")
    expect(told).to_contain_text("would have been broken 1 time")
    maker.fill(reason="To be lenient", limit="0.5")
    expect(told).to_contain_text("would never have been broken")
    expect(told).to_contain_text("As it is in force: 1 time")
    maker.look()
    assert maker.page.locator('[name="reason"]').input_value() == "To be lenient"
