"""Mail: sent once by a mail server, or kept; read by nobody whom it could make somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message

import aiosmtplib
import pytest

from sandbox.foundation import mail
from sandbox.foundation.database import fetch
from sandbox.foundation.upkeep import clear_up
from sandbox.people import commands
from tests import factories
from tests.harness import link_in, mails, run_jobs, words
from tests.system.test_cases import submitted

SUBJECT = "Choose a new password"


class Server:
    """As much of a mail server as it takes to receive letters."""

    def __init__(self) -> None:
        self.senders: list[str] = []
        self.letters: list[Message] = []
        self.refuses = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := (await reader.readline()).strip():
            writer.write(self._answer(line))
            if line.upper() == b"DATA":
                self.letters.append(message_from_bytes(await reader.readuntil(b"\r\n.\r\n")))
                writer.write(b"250 ok\r\n")
            if line.upper() == b"QUIT":
                break
        writer.close()

    def _answer(self, line: bytes) -> bytes:
        if line.upper().startswith(b"MAIL FROM"):
            if self.refuses:
                return b"451 try later\r\n"
            self.senders.append(line.split(b"<")[1].split(b">")[0].decode())
        return b"354 go on\r\n" if line.upper() == b"DATA" else b"250 ok\r\n"


@asynccontextmanager
async def _server(configure: Callable[..., None], query: str = "") -> AsyncIterator[Server]:
    """A mail server that the settings name."""
    server = Server()
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    configure(smtp_url=f"smtp://127.0.0.1:{port}{query}")
    async with listening:
        yield server


async def _reset(email: str) -> None:
    await commands.ask_reset(email=email, language="en")


# Sending ---------------------------------------------------------------------------------


async def test_a_mail_is_sent_once_and_its_link_is_then_forgotten(database, configure) -> None:
    person = await factories.applicant()
    async with _server(configure) as server:
        await _reset(person.email)
        (letter,) = await mails(person.email)
        await run_jobs()
        await mail.send(letter["id"])
    (sent,) = server.letters
    assert (sent["to"], sent["subject"]) == (person.email, letter["subject"])
    assert link_in(letter) in sent.get_payload()[0].get_payload(decode=True).decode()  # type: ignore[union-attr]
    (after,) = await mails(person.email)
    assert (after["state"], after["text"], after["html"]) == ("sent", "", "")


async def test_a_letter_about_a_case_keeps_its_words(database, configure) -> None:
    """What an applicant was told, and when, may be asked about."""
    person = await factories.applicant()
    application = await submitted(person)
    async with _server(configure):
        await run_jobs()
    (kept,) = await mails(person.email)
    assert kept["state"] == "sent"
    assert application.reference in kept["text"]


@pytest.mark.parametrize(
    ("query", "sender"),
    [("", "rintis@127.0.0.1"), ("?from=sandbox%40office.test", "sandbox@office.test")],
)
async def test_the_sender_is_what_the_setting_says(database, configure, query, sender) -> None:
    person = await factories.applicant()
    async with _server(configure, query) as server:
        await _reset(person.email)
        await run_jobs()
    assert server.senders == [sender]
    assert server.letters[0]["from"] == sender


async def test_a_mail_that_the_server_refuses_waits(database, configure) -> None:
    person = await factories.applicant()
    async with _server(configure) as server:
        server.refuses = True
        await _reset(person.email)
        (letter,) = await mails(person.email)
        with pytest.raises(aiosmtplib.SMTPException):
            await mail.send(letter["id"])
        assert await mails(person.email) == [letter]
        server.refuses = False
        await mail.send(letter["id"])
    assert len(server.letters) == 1


async def test_old_mails_are_forgotten_those_with_links_sooner(database) -> None:
    person = await factories.applicant()
    await _reset(person.email)
    await submitted(person)
    await run_jobs()
    await fetch("UPDATE mail SET sent_at = now() - interval '31 days'")
    await clear_up()
    assert SUBJECT not in {letter["subject"] for letter in await mails()}
    assert len(await mails(person.email)) == 1
    await fetch("UPDATE mail SET sent_at = now() - interval '401 days'")
    await clear_up()
    assert await mails() == []


# Reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "who", "shown"),
    [
        ({"demo": True}, "anybody", True),
        ({}, "administrator", True),  # a site that only its own machine reaches
        ({}, "anybody", None),
        ({"demo": True, "smtp_url": "smtp://127.0.0.1:9"}, "administrator", False),
        ({"demo": True, "smtp_url": "smtp://127.0.0.1:9"}, "anybody", None),
        ({"smtp_url": "smtp://127.0.0.1:9"}, "administrator", False),
        ({"host": "0.0.0.0"}, "administrator", False),
        ({"base_url": "https://sandbox.office.test"}, "administrator", False),
        ({}, "officer", None),
    ],
)
async def test_the_words_of_a_mail_are_shown_where_nobody_gains_by_them(
    client, configure, settings, who, shown
) -> None:
    """``None``: the page is not even there."""
    person = await factories.applicant()
    await _reset(person.email)
    link = link_in((await mails(person.email))[0])
    everyone = await factories.everyone()
    if who in everyone:
        await client.sign_in(everyone[who])
    configure(**settings)
    answer = await client.get("/mailbox")
    assert answer.status_code == (404 if shown is None else 200)
    if shown is not None:
        assert person.email in words(answer.text)
        assert (link in answer.text) is shown
