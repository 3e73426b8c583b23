"""What every look at a page in Chromium checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text()
CHROMIUM = "/usr/bin/chromium"
WIDTHS = (1280, 320)


def launch(playwright: Playwright) -> Browser:
    """Chromium as a test machine can run it."""
    return playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
    )


def visitor(browser: Browser, url: str, width: int = 1280, **options: Any) -> BrowserContext:
    """A browser of its own, which keeps what goes wrong in ``problems``."""
    return browser.new_context(
        base_url=url,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
        locale="en-GB",
        **options,
    )


# What the page's own policy refuses, told to the console as an error in so many words.
_TELL_REFUSED = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`)
})
"""


def watch(page: Page) -> list[str]:
    """The list to which everything goes that goes wrong in ``page`` from now on."""
    problems: list[str] = []
    page.add_init_script(_TELL_REFUSED)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    return problems


def open_page(context: BrowserContext, path: str) -> tuple[Page, list[str]]:
    """The page at ``path``, and the list that its errors go to."""
    page = context.new_page()
    problems = watch(page)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, (path, answer.status)
    return page, problems


def faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds. It is evaluated, as the page's own policy would refuse a script."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    asked = "axe.run(document, { resultTypes: ['violations'] }).then(told => told.violations)"
    found = page.evaluate(asked)
    return [(item["id"], [node["html"] for node in item["nodes"]]) for item in found]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
