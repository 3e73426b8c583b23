"""Every component in Chromium: light and dark, wide and narrow, with axe-core looking."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup
from playwright.sync_api import Browser, Page, sync_playwright

from sandbox.foundation.web import templating
from sandbox.foundation.web.assets import BUILD
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pagination import Page as Rows
from sandbox.foundation.web.security import HEADERS
from sandbox.foundation.web.states import STATES

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
NOW = datetime.now(UTC)
LOOKS = [(width, scheme) for width in (1280, 320) for scheme in ("light", "dark")]


class _Query(dict):
    def multi_items(self) -> list[tuple[str, str]]:
        return list(self.items())


def _page_of_components() -> str:
    made = templating.environment().overlay(
        loader=ChoiceLoader(
            [FileSystemLoader(templating.TEMPLATES), FileSystemLoader(Path(__file__).parent)]
        )
    )
    values = {"name": "Padi Pintar", "impediment": "yes", "sectors": ["a"], "need": "3"}
    errors = {"email": "Enter an email address", "start": "Enter the first day of the test"}
    return made.get_template("components.html").render(
        form=Form(values, errors),
        empty=Form(),
        rows=Rows([1], after="x", before="y"),
        states=list(STATES),
        begun=NOW - timedelta(days=10),
        clocks=[
            (NOW + timedelta(days=20), "Decision"),
            (NOW + timedelta(hours=30), "Screening"),
            (NOW - timedelta(days=4), "Notice"),
            (NOW, "Decision", True),
            (NOW, "Acknowledgement", False, NOW - timedelta(days=1)),
        ],
        request=SimpleNamespace(
            url=SimpleNamespace(path="/", query=""), method="GET",
            query_params=_Query(sort="sector"),
        ),
        request_path="/", request_query="", language="en", demo=True, navigation=[],
        flashes=[("success", "Saved."), ("warning", "One clock is overdue.")],
        user=SimpleNamespace(signed_in=True, name="Nurul Aisyah binti Rahman"),
        csrf_token_value="token", csrf_input=Markup('<input type="hidden" name="_csrf_token">'),
    )  # fmt: skip


class _Handler(SimpleHTTPRequestHandler):
    """The page at /, the built assets under /assets/, the site's own security headers."""

    def __init__(self, *args, body: bytes, **kwargs) -> None:
        self.body = body
        super().__init__(*args, directory=str(BUILD), **kwargs)

    def do_GET(self) -> None:
        if self.path.startswith("/assets/"):
            self.path = self.path.removeprefix("/assets")
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        return self.wfile.write(self.body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    handler = partial(_Handler, body=_page_of_components().encode())
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request, chromium: Browser, address: str) -> Iterator[Page]:
    width, scheme = request.param
    page = chromium.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.goto(address)
    yield page
    page.close()


def test_axe_finds_nothing(look: Page) -> None:
    # evaluated, not added as a script: the page's own policy would refuse one
    look.evaluate(AXE.read_text())
    found = look.evaluate("axe.run(document)")["violations"]
    assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in found] == []


def test_nothing_is_wider_than_the_window(look: Page) -> None:
    width = look.viewport_size["width"]
    assert look.evaluate("document.documentElement.scrollWidth") <= width


def test_the_strict_policy_has_nothing_to_refuse(look: Page) -> None:
    assert look.problems == []


def test_the_keyboard_reaches_the_content_first(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(address)
    first = page.locator("a, button, input:not([type=hidden])").first
    assert first.inner_text() == "Skip to main content"
    first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"
    page.close()


def test_rows_are_added_and_removed_on_the_spot(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(address)
    rows = page.locator("#risks [data-row]")
    page.locator("button[name=add_row]").click()
    assert rows.count() == 3
    assert page.evaluate("document.activeElement.name") == "risks.2.risk"
    page.keyboard.type("A third")
    page.locator("button[name=remove_row]").first.click()
    names = page.locator("#risks textarea").evaluate_all("all => all.map(a => [a.name, a.value])")
    assert names == [["risks.0.risk", "No signal in the field"], ["risks.1.risk", "A third"]]
    assert page.locator("label[for='risks.1.risk']").count() == 1
    page.close()


def test_enter_in_a_row_saves_and_removes_nothing(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(address)
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.locator("[name='risks.0.cost']").press("Enter")
    assert "remove_row" not in (sent.value.post_data or "")
    page.close()


def test_a_first_visit_is_small(chromium: Browser, address: str) -> None:
    import brotli

    sizes: dict[str, int] = {}

    def note(response) -> None:
        body = response.body()
        packed = response.url.endswith(".woff2")
        sizes[response.url] = len(body if packed else brotli.compress(body))

    page = chromium.new_page()
    page.on("requestfinished", lambda request: note(request.response()))
    page.goto(address, wait_until="networkidle")
    page.close()
    assert 50_000 < sum(sizes.values()) < 150_000
