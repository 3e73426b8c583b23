"""Sign-up, sign-in, sessions, the organisation: as people do it, without JavaScript."""

from __future__ import annotations

import hashlib

from sandbox.foundation.database import fetch
from tests import factories
from tests.harness import link_in, mails, words

NEW = {"name": "Amirul Hakim", "email": "amirul@example.test", "password": factories.PASSWORD}


async def _confirmed(client) -> None:
    await client.submit("/sign-up", NEW)
    link = link_in((await mails(NEW["email"]))[-1])
    assert "Confirm your email address" in await client.text(link)
    answer = await client.submit(link)
    assert answer.headers["location"] == "/organisation/new"


async def test_a_founder_signs_up_and_names_the_firm(client) -> None:
    await _confirmed(client)
    answer = await client.submit(
        "/organisation/new",
        {"name": "Denyut Sdn Bhd", "registration_number": "202601000001", "size": "start_up"},
    )
    assert answer.headers["location"] == "/applications"
    assert "Denyut Sdn Bhd" in await client.text("/organisation")


async def test_what_was_typed_comes_back_with_the_errors(client) -> None:
    answer = await client.submit("/sign-up", {**NEW, "email": "nowhere", "name": ""})
    assert answer.status_code == 422
    assert 'value="nowhere"' in answer.text
    assert "Enter an email address" in words(answer.text)
    assert "Enter your name" in words(answer.text)
    assert factories.PASSWORD not in answer.text


async def test_a_short_password_is_refused(client) -> None:
    answer = await client.submit("/sign-up", {**NEW, "password": "short"})
    assert answer.status_code == 422
    assert "at least 12 characters" in words(answer.text)


async def test_nobody_learns_who_has_an_account(client) -> None:
    await _confirmed(client)
    again = await client.another().submit("/sign-up", NEW)
    assert "Check your email" in words(again.text)
    assert (await mails(NEW["email"]))[-1]["subject"] == "You already have an account"


async def test_a_confirmation_link_works_once(client) -> None:
    await client.submit("/sign-up", NEW)
    link = link_in((await mails(NEW["email"]))[-1])
    assert (await client.submit(link)).status_code == 303
    assert (await client.another().submit(link)).status_code == 409


async def test_signing_in_gives_a_new_session(client) -> None:
    await _confirmed(client)
    await client.submit("/sign-out")
    client.cookies.set("session", "a" * 64)
    answer = await client.submit(
        "/sign-in", {"email": NEW["email"].upper(), "password": NEW["password"]}
    )
    assert answer.status_code == 303
    stored = {row["id_hash"] for row in await fetch("SELECT id_hash FROM session")}
    assert hashlib.sha256(b"a" * 64).hexdigest() not in stored


async def test_a_wrong_password_is_refused(client) -> None:
    await _confirmed(client)
    answer = await client.another().submit(
        "/sign-in", {"email": NEW["email"], "password": "something else"}
    )
    assert answer.status_code == 422
    assert "do not go together" in words(answer.text)


async def test_too_many_tries_are_turned_away(client) -> None:
    statuses = {
        (
            await client.submit("/sign-in", {"email": "x@example.test", "password": "wrong"})
        ).status_code
        for _try in range(12)
    }
    assert statuses == {422, 429}


async def test_signing_in_never_leads_off_the_site(client) -> None:
    await _confirmed(client)
    await client.submit("/sign-out")
    answer = await client.submit(
        "/sign-in",
        {"email": NEW["email"], "password": NEW["password"], "next": "//evil.example/"},
    )
    assert answer.headers["location"] == "/organisation/new"


async def test_a_forgotten_password_is_chosen_anew_and_ends_other_sessions(client) -> None:
    await _confirmed(client)
    elsewhere = client.another()
    await elsewhere.submit("/forgotten", {"email": NEW["email"]})
    link = link_in((await mails(NEW["email"]))[-1])
    await elsewhere.submit(link, {"password": "a new long password"})
    assert (await client.get("/account")).headers["location"].startswith("/sign-in")
    answer = await client.submit(
        "/sign-in", {"email": NEW["email"], "password": "a new long password"}
    )
    assert answer.status_code == 303


async def test_a_colleague_is_invited_and_joins(client) -> None:
    owner = await factories.applicant("Denyut Sdn Bhd")
    await client.sign_in(owner)
    await client.submit(
        "/organisation/invitations", {"email": "priya@example.test", "level": "editor"}
    )
    link = link_in((await mails("priya@example.test"))[-1])
    other = client.another()
    assert "Join your colleagues" in await other.text(link)
    await other.submit(link, {"name": "Priya Nair", "password": factories.PASSWORD})
    assert "Priya Nair" in await client.text("/organisation")
    assert "Denyut Sdn Bhd" in await other.text("/organisation")


async def test_the_language_is_kept(client) -> None:
    await client.submit("/language/ms", {"back": "/sign-in"})
    answer = await client.get("/sign-in")
    assert '<html lang="ms"' in answer.text


async def test_the_demo_sign_in_is_closed_without_the_demo(client) -> None:
    person = await factories.applicant()
    assert (await client.submit(f"/sign-in/demo/{person.id}")).status_code == 404


async def test_a_form_without_its_token_is_refused(client) -> None:
    answer = await client.post("/sign-in", data={"email": "a@b.c", "password": "x"})
    assert answer.status_code == 403


async def test_every_answer_carries_the_security_headers(client) -> None:
    answer = await client.get("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
