"""The edge of the site: what is logged, cached, told of a fault, and said over TLS."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import httpx
import pytest
from litestar import get
from structlog.testing import capture_logs

from sandbox.app import create_app
from sandbox.foundation.database import DB, fetch
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web import assets
from tests import factories
from tests.harness import Visitor, words
from tests.site import Site


@get("/of-a-fault", permission=PUBLIC, sync_to_thread=False)
def _fault() -> str:
    raise ZeroDivisionError("the secret of a fault")


@pytest.fixture
async def faulty(database: str) -> Visitor:
    """A browser over an application that has an address with a fault in it."""
    app = create_app()
    app.register(_fault)
    return Visitor(app)


# Error pages -----------------------------------------------------------------------------


def _named(answer: httpx.Response) -> str:
    """The number that the page asks people to name."""
    (code,) = re.findall(r"<code>(\w+)</code>", answer.text)
    return str(code)


async def test_a_fault_is_told_kindly_under_a_number(faulty: Visitor) -> None:
    faulty._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    with capture_logs() as logged:
        answer = await faulty.get("/of-a-fault")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in words(answer.text)
    assert "Nothing that you saved is lost" in words(answer.text)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert _named(answer) == answer.headers["x-request-id"]
    (fault,) = [line for line in logged if line["event"] == "fault"]
    assert isinstance(fault["exc_info"], ZeroDivisionError)


async def test_a_page_that_is_not_there_says_what_to_try(client: Visitor) -> None:
    await client.sign_in(await factories.officer())
    for path in ("/nowhere", f"/cases/{uuid4()}"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert "Page not found" in words(answer.text)
        assert "Go to the first page" in words(answer.text)
        assert _named(answer) == answer.headers["x-request-id"]


async def test_an_unknown_address_is_guarded_as_any_other(client: Visitor) -> None:
    for method in ("GET", "POST"):
        answer = await client.request(method, "/nowhere/at/all")
        assert answer.status_code == 404
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_machine_is_told_by_a_problem_document(client: Visitor) -> None:
    answer = await client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404


# Readiness -------------------------------------------------------------------------------


async def test_a_site_without_its_database_lives_but_is_not_ready(client: Visitor) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    assert DB.pool is not None
    DB.pool.terminate()
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "database unavailable"}
    assert (await client.get("/health/live")).status_code == 200


async def test_without_its_database_everybody_is_asked_to_come_again(client: Visitor) -> None:
    client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    assert DB.pool is not None
    DB.pool.terminate()
    page = await client.get("/register")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "The service is not available" in words(page.text)
    assert "Try again in a minute" in words(page.text)
    key = {"authorization": f"Bearer rintis_{'x' * 43}", "content-type": "application/x-protobuf"}
    for path in ("/v1/metrics", "/api/v1/write"):
        answer = await client.post(path, content=b"", headers=key)
        assert answer.status_code == 503, "which senders try again, as they do not after 500"
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["status"] == 503


# Logs ------------------------------------------------------------------------------------


def test_each_request_is_a_line_with_its_number() -> None:
    with Site(LOG_LEVEL="info") as site:
        answer = httpx.get(f"{site.url}/sign-in")
        httpx.get(f"{site.url}/nowhere")
        site.stop()
        lines = [
            json.loads(line)
            for line in (site.var / "log" / "web.log").read_text().splitlines()
            if line.startswith("{")
        ]
    (unknown,) = [one for one in lines if one.get("path") == "/nowhere"]
    assert unknown["status"] == 404
    (line,) = [one for one in lines if one.get("path") == "/sign-in"]
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("ms") > 0
    assert line == {
        "event": "request", "level": "info", "method": "GET", "path": "/sign-in", "status": 200,
        "request_id": answer.headers["x-request-id"],
    }  # fmt: skip


async def test_a_number_is_taken_from_a_trusted_proxy_only(client: Visitor, configure) -> None:
    given = {"x-request-id": "given-by-a-proxy"}
    answer = await client.get("/health/live", headers=given)
    assert answer.headers["x-request-id"] != given["x-request-id"]
    configure(trusted_proxies=1)
    answer = await client.get("/health/live", headers=given)
    assert answer.headers["x-request-id"] == given["x-request-id"]
    answer = await client.get("/health/live", headers={"x-request-id": "bad id\x00\n"[:6]})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


# Caching ---------------------------------------------------------------------------------


async def test_assets_are_kept_for_ever_by_their_content_and_pages_never(client: Visitor) -> None:
    manifest = json.loads((assets.BUILD / "manifest.json").read_text())
    (style,) = [name for name in manifest if name.endswith("app.css")]
    address = assets.asset(style)
    assert re.search(r"[0-9A-Za-z]{8}\.css$", address), "its content is in its name"
    assert address in (await client.get("/sign-in")).text
    answer = await client.get(address)
    assert answer.status_code == 200
    kept = {part.strip() for part in answer.headers["cache-control"].split(",")}
    assert {"public", "max-age=31536000", "immutable"} <= kept
    assert answer.headers["content-encoding"] == "gzip"
    assert (await client.get("/")).headers["cache-control"] == "no-store"


# TLS -------------------------------------------------------------------------------------


async def test_over_https_nothing_is_said_in_the_clear(database: str, configure) -> None:
    configure(base_url="https://sandbox.office.test")
    async with Visitor(create_app()) as visitor:
        visitor.base_url = httpx.URL("https://sandbox.office.test")
        answer = await visitor.submit(
            "/sign-in", {"email": (await _account()), "password": factories.PASSWORD}
        )
        assert answer.status_code == 303
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        language = await visitor.submit("/language/ms")
        set_cookies = [
            *answer.headers.get_list("set-cookie"), *language.headers.get_list("set-cookie"),
            *(await visitor.another().get("/health/live")).headers.get_list("set-cookie"),
        ]  # fmt: skip
    assert {cookie.split("=")[0] for cookie in set_cookies} == {"session", "csrf", "language"}
    for cookie in set_cookies:
        marks = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax"} <= marks, cookie


async def _account() -> str:
    return (await factories.applicant()).email


async def test_without_https_no_browser_is_told_to_insist_on_it(client: Visitor) -> None:
    answer = await client.get("/sign-in")
    assert "strict-transport-security" not in answer.headers


# Dead jobs -------------------------------------------------------------------------------


async def test_a_dead_job_is_shown_and_sent_again_from_its_page(client: Visitor) -> None:
    job = uuid4()
    await fetch(
        "INSERT INTO dead_job (id, actor, queue, args, error) VALUES ($1, $2, $3, $4, $5)",
        job, "build_decision_letter", "documents", '["7"]', "ValueError: out of <order>",
    )  # fmt: skip
    await client.sign_in(await factories.administrator())
    page = await client.text("/jobs")
    assert "build_decision_letter" in page
    assert "ValueError: out of <order>" in page
    answer = await client.submit(f"/jobs/{job}/send", follow_redirects=True)
    assert "The job is on its way again." in words(answer.text)
    assert f"/jobs/{job}/send" not in answer.text, "once is enough"
    (row,) = await fetch("SELECT id, actor, queue, args, done_at FROM outbox")
    assert row == {
        "id": job, "actor": "build_decision_letter", "queue": "documents", "args": '["7"]',
        "done_at": None,
    }  # fmt: skip
    assert (await client.submit(f"/jobs/{job}/send")).status_code == 409
    async with client.another() as other:
        await other.sign_in(await factories.officer())
        assert (await other.get("/jobs")).status_code == 403
        assert (await other.submit(f"/jobs/{job}/send")).status_code == 403
