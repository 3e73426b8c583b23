"""What anyone may see, in Chromium: axe, phones, the keyboard, and no scripts at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import looking
from tests.site import Site

PATHS = (
    "/", "/check", "/framework", "/framework/criteria", "/framework/clocks",
    "/framework/conditions", "/framework/metrics", "/framework/incidents", "/register",
    "/register/NARS-2025-0042", "/lessons", "/reports", "/about", "/accessibility", "/privacy",
    "/sign-in", "/sign-up", "/forgotten", "/problems", "/problems/status",
    "/register/NARS-2025-0042/problem",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = looking.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_site(site: Site) -> Site:
    """The site with one pilot in its register."""
    firm, pilot, case = uuid4(), uuid4(), uuid4()
    site.sql("INSERT INTO organisation (id, name, made_at) VALUES (%s, 'Padi Pintar', now())", firm)
    site.sql(
        'INSERT INTO pilot (id, "case", organisation, reference, title, pack_version, lead_sector,'
        " sectors, authority, state, state_since, testing_months, accepted_at, register_consent)"
        " VALUES (%s, %s, %s, 'NARS-2025-0042', 'Rice disease detection', '2025.1', 'agriculture',"
        " '{agriculture}', 'mafs', 'live', now(), 12, now(), true) ON CONFLICT DO NOTHING",
        pilot, case, firm,
    )  # fmt: skip
    site.sql(
        'INSERT INTO relief (id, "case", pilot, rule, relaxed, scope, authority)'
        " VALUES (%s, %s, %s, 'Pesticides Act 1974', 'The app may name a dose', 'Kedah', 'mafs')",
        uuid4(), case, pilot,
    )  # fmt: skip
    return site


@pytest.mark.parametrize(("path", "width"), list(product(PATHS, looking.WIDTHS)))
def test_a_public_page_is_sound(open_site: Site, chromium: Browser, path: str, width: int) -> None:
    with looking.visitor(chromium, open_site.url, width) as context:
        page, problems = looking.open_page(context, path)

        assert looking.faults(page) == []
        assert looking.overflow(page) <= 0
        assert problems == []
        assert page.locator("h1").count() == 1


def test_the_keyboard_skips_to_the_content_and_shows_where_it_is(
    open_site: Site, chromium: Browser
) -> None:
    with looking.visitor(chromium, open_site.url) as context:
        page, _problems = looking.open_page(context, "/check")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main-content"
        for _step in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(_IS_MARKED), page.evaluate("document.activeElement.outerHTML")


# Focus is drawn by an outline or a shadow, on the element or on what its label draws for it.
_IS_MARKED = """
() => {
  const seen = (style) => style.boxShadow !== 'none'
    || (style.outlineStyle !== 'none' && style.outlineColor !== 'rgba(0, 0, 0, 0)')
  const at = document.activeElement
  const around = [at, at.nextElementSibling, at.parentElement].filter(Boolean)
  return around.some((one) => ['', '::before', '::after']
    .some((part) => seen(getComputedStyle(one, part || null))))
}
"""


def test_the_way_in_works_without_scripts(open_site: Site, chromium: Browser) -> None:
    with looking.visitor(chromium, open_site.url, java_script_enabled=False) as context:
        page, _problems = looking.open_page(context, "/")
        page.get_by_role("button", name="Is the sandbox for you?").click()
        page.get_by_role("button", name="See the answer").click()
        expect(page.get_by_role("alert")).to_contain_text("Choose an answer")
        for key, value in {
            "uses_ai": "yes_ai", "in_malaysia": "here", "sector": "agriculture", "new": "is_new",
            "benefit": "clear", "rule": "named", "ready": "works",
        }.items():  # fmt: skip
            page.check(f"[name={key}][value={value}]")
        page.get_by_role("button", name="See the answer").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Apply")
        page.get_by_role("button", name="Create an account and apply").click()
        expect(page).to_have_url(f"{open_site.url}/sign-up")


def test_filters_and_languages_work_without_scripts(open_site: Site, chromium: Browser) -> None:
    with looking.visitor(chromium, open_site.url, java_script_enabled=False) as context:
        page, _problems = looking.open_page(context, "/register")
        page.select_option("[name=sector]", "communications_media")
        page.get_by_role("button", name="Apply filters").click()
        expect(page.get_by_text("No pilot fits")).to_be_visible()
        page.get_by_role("link", name="Communications and media").click()
        expect(page.get_by_role("link", name="Rice disease detection")).to_be_visible()
        page.locator("button[lang=ms]").click()
        assert page.locator("html").get_attribute("lang") == "ms"


def test_filters_work_as_a_person_types(open_site: Site, chromium: Browser) -> None:
    with looking.visitor(chromium, open_site.url) as context:
        page, problems = looking.open_page(context, "/register")
        page.get_by_label("Words or reference").press_sequentially("nothing")
        expect(page.get_by_text("No pilot fits")).to_be_visible()
        expect(page).to_have_url(f"{open_site.url}/register?text=nothing")
        page.go_back()
        expect(page.get_by_role("link", name="Rice disease detection")).to_be_visible()
        assert problems == []
