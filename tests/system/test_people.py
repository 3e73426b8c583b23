"""Sign-up, sign-in, sessions, the organisation: as people do it, without JavaScript."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from types import SimpleNamespace

import pytest

from sandbox.foundation.database import fetch
from sandbox.people import commands, passwords
from sandbox.people import pages as people_pages
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


async def _signs_in(client, password: str) -> bool:
    fields = {"email": NEW["email"], "password": password}
    async with client.another() as browser:
        return (await browser.submit("/sign-in", fields)).status_code == 303


async def test_a_second_sign_up_changes_nothing_of_the_first(client) -> None:
    """Or somebody else could wait for the owner of the address to confirm their password."""
    await client.submit("/sign-up", NEW)
    first = link_in((await mails(NEW["email"]))[-1])
    async with client.another() as stranger:
        await stranger.submit("/sign-up", {**NEW, "name": "X", "password": "of a stranger"})
    second = link_in((await mails(NEW["email"]))[-1])
    assert (await client.submit(first)).status_code == 303
    assert await _signs_in(client, NEW["password"])
    assert not await _signs_in(client, "of a stranger")
    assert (await client.submit(second, {"password": "of a stranger"})).status_code == 409
    assert await fetch("SELECT name FROM account") == [{"name": NEW["name"]}]


async def test_a_link_that_somebody_else_asked_for_makes_no_account(client) -> None:
    """Only who knows the password that was chosen gets an account with it."""
    async with client.another() as stranger:
        await stranger.submit("/sign-up", {**NEW, "password": "of a stranger"})
    link = link_in((await mails(NEW["email"]))[-1])
    assert "Your password" in await client.text(link)
    answer = await client.submit(link, {"password": NEW["password"]})
    assert answer.status_code == 422
    assert "not the password chosen at sign-up" in words(answer.text)
    assert await fetch("SELECT FROM account") == []
    answer = await client.submit(link, {"password": "of a stranger"})
    assert answer.status_code == 303, "a mistake does not use the link up"


async def test_two_links_at_once_make_one_account(client) -> None:
    for _time in range(2):
        await client.submit("/sign-up", NEW)
    links = [link_in(mail) for mail in await mails(NEW["email"])]
    answers = await asyncio.gather(
        *(client.another().submit(link, {"password": NEW["password"]}) for link in links)
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]


async def test_a_squatter_does_not_keep_an_invited_colleague_out(client) -> None:
    async with client.another() as stranger:
        await stranger.submit("/sign-up", {**NEW, "password": "of a stranger"})
    await client.sign_in(await factories.applicant("Denyut Sdn Bhd"))
    await client.submit("/organisation/invitations", {"email": NEW["email"], "level": "editor"})
    link = link_in((await mails(NEW["email"]))[-1])
    async with client.another() as colleague:
        answer = await colleague.submit(link, {"name": "Amirul", "password": NEW["password"]})
        assert answer.status_code == 303
    assert await _signs_in(client, NEW["password"])
    assert not await _signs_in(client, "of a stranger")


async def test_a_new_password_uses_up_every_link_to_choose_one(client) -> None:
    await _confirmed(client)
    for _time in range(2):
        await client.submit("/forgotten", {"email": NEW["email"]})
    earlier, later = (link_in(mail) for mail in (await mails(NEW["email"]))[-2:])
    assert (await client.submit(later, {"password": "a new long password"})).status_code == 303
    answer = await client.submit(earlier, {"password": "another long password"})
    assert answer.status_code == 409


async def test_links_that_open_nothing_are_forgotten(client) -> None:
    await client.submit("/sign-up", NEW)
    await client.submit("/sign-up", {**NEW, "email": "used@example.test"})
    await client.submit("/sign-up", {**NEW, "email": "late@example.test"})
    await fetch("UPDATE ticket SET used_at = now() - interval '25 hours' WHERE email ^@ 'used'")
    await fetch("UPDATE ticket SET expires_at = now() - interval '25 hours' WHERE email ^@ 'late'")
    await commands.forget_tickets()
    assert await fetch("SELECT email FROM ticket") == [{"email": NEW["email"]}]


async def test_a_password_does_not_hold_up_everybody_else(monkeypatch) -> None:
    """A hash is made beside the event loop, which goes on meanwhile."""
    going_on = threading.Event()

    class Slow:
        def hash(self, password: str) -> str:
            assert going_on.wait(20), "the loop stood still"
            return password

    monkeypatch.setattr(passwords, "_hasher", Slow())
    hashing = asyncio.create_task(passwords.hashed("secret"))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.05, going_on.set)
    assert await hashing == "secret"


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


async def test_an_administrator_does_not_make_anybody_the_system(client) -> None:
    """Which reads every case, as administrators may not."""
    await client.sign_in(await factories.administrator())
    fields = {**NEW, "roles": ["system"]}
    assert (await client.submit("/people/new", fields)).status_code == 403
    assert await fetch("SELECT FROM account WHERE email = $1", NEW["email"]) == []
    assert (await client.submit("/people/new", {**fields, "roles": "auditor"})).status_code == 303


async def test_the_language_is_kept(client) -> None:
    await client.submit("/language/ms", {"back": "/sign-in"})
    answer = await client.get("/sign-in")
    assert '<html lang="ms"' in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/pilots/none/of/these"])
async def test_an_unknown_address_is_told_in_the_visitors_language(client, path: str) -> None:
    asked = await client.get(path, headers={"accept-language": "ms"})
    assert asked.status_code == 404
    assert '<html lang="ms"' in asked.text
    assert '<html lang="en"' in (await client.get(path)).text
    await client.submit("/language/ms", {"back": "/"})
    chosen = await client.get(path)
    assert chosen.status_code == 404
    assert '<html lang="ms"' in chosen.text
    assert "Halaman tidak ditemui" in words(chosen.text)


async def test_an_invitation_names_who_asks_and_is_listed_until_it_is_used(client) -> None:
    owner = await factories.applicant("Denyut Analitik Sdn Bhd", name="Nur Aisyah")
    await client.sign_in(owner)
    await client.submit(
        "/organisation/invitations", {"email": "new@example.test", "level": "editor"}
    )
    assert "new@example.test" in await client.text("/organisation")
    link = link_in((await mails("new@example.test"))[-1])
    async with client.another() as colleague:
        page = await colleague.text(link)
        assert "Nur Aisyah invites you" in page
        assert "Denyut Analitik Sdn Bhd" in page
        await colleague.submit(link, {"name": "Farid", "password": factories.PASSWORD})
    assert "Invited, not here yet" not in await client.text("/organisation")


async def test_a_demo_person_does_not_change_the_visitors_language(client, monkeypatch) -> None:
    monkeypatch.setattr(people_pages, "settings", SimpleNamespace(demo=True, https=False))
    person = await factories.account()
    await fetch("UPDATE account SET demo = true, language = 'ms' WHERE id = $1", person.id)
    answer = await client.submit(f"/sign-in/demo/{person.id}")
    assert answer.status_code == 303
    assert '<html lang="en"' in (await client.get("/account")).text


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
