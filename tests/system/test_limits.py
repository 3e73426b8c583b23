"""Limits: what anybody can ask for, nobody can ask for all the time."""

from __future__ import annotations

from itertools import count

import pytest

from sandbox.foundation.database import fetch
from sandbox.foundation.policy import Permission
from sandbox.foundation.web import security
from tests import factories
from tests.harness import Visitor, mails, words
from tests.system.test_permissions import _address, routes

NEW = {"name": "Amirul", "email": "a@example.test", "password": factories.PASSWORD}
_numbers = count(1)


async def _tries(client: Visitor, path: str, fields, times: int, **options) -> list[int]:
    """The answers to ``times`` posts; a field that is called is asked for its value each time."""
    answers = []
    for _time in range(times):
        sent = {name: value() if callable(value) else value for name, value in fields.items()}
        answers.append((await client.submit(path, sent, **options)).status_code)
    return answers


def _another_address() -> str:
    return f"person{next(_numbers)}@example.test"


async def test_every_form_that_is_open_to_all_has_a_limit(client, app, monkeypatch) -> None:
    monkeypatch.setattr(security, "FORM_TIMES", 2)
    forms = [
        path
        for method, path, permission in routes(app)
        if method == "POST" and isinstance(permission, Permission) and permission.everyone
    ]
    assert {"/check", "/sign-up", "/sign-in", "/confirm/{secret:str}"} <= set(forms)
    for path in forms:
        answers = await _tries(client, _address(path), {}, 3)
        assert 429 not in answers[:2], path
        assert answers[2] == 429, path


async def test_a_limit_says_when_it_ends_and_counts_by_address(client, configure) -> None:
    fields = {**NEW, "email": _another_address}
    answers = await _tries(client, "/sign-up", fields, 11)
    assert (set(answers[:10]), answers[10]) == ({200}, 429)
    refused = await client.submit("/sign-up", NEW)
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert "Too many tries" in words(refused.text)

    spoofed = {"headers": {"x-forwarded-for": "192.0.2.7"}}
    assert await _tries(client, "/sign-up", fields, 1, **spoofed) == [429], "anybody can say so"
    configure(trusted_proxies=1)
    assert await _tries(client, "/sign-up", fields, 1, **spoofed) == [200]
    chain = {"headers": {"x-forwarded-for": "192.0.2.8, 192.0.2.7"}}
    assert await _tries(client, "/sign-up", fields, 10, **chain) == [200] * 9 + [429], "the last"


@pytest.mark.parametrize("path", ["/sign-up", "/forgotten"])
async def test_an_address_gets_so_many_mails_whoever_asks(client, configure, path) -> None:
    configure(trusted_proxies=1)
    answers = []
    for number in range(7):
        headers = {"x-forwarded-for": f"192.0.2.{number}"}
        answers += await _tries(client, path, NEW, 1, headers=headers)
    assert answers == [200] * 5 + [429] * 2
    assert len(await mails(NEW["email"])) == (5 if path == "/sign-up" else 0)


async def test_an_account_is_not_guessed_from_many_addresses(client, configure) -> None:
    configure(trusted_proxies=1)
    answers = []
    for number in range(12):
        headers = {"x-forwarded-for": f"192.0.2.{number}"}
        answers += await _tries(client, "/sign-in", NEW, 1, headers=headers)
    assert answers == [422] * 10 + [429] * 2


async def test_an_organisation_invites_so_many_an_hour(client) -> None:
    await client.sign_in(await factories.applicant())
    fields = {"email": _another_address, "level": "editor"}
    answers = await _tries(client, "/organisation/invitations", fields, 31)
    assert answers == [303] * 30 + [429]


async def test_a_visitor_leaves_no_session_behind(client) -> None:
    for path in ("/", "/check", "/sign-in", "/register"):
        await client.get(path)
    await client.submit("/language/ms", {"back": "/sign-in"})
    assert '<html lang="ms"' in (await client.get("/sign-in")).text
    assert await fetch("SELECT FROM session") == []
