"""Events reach the address that asked for them, signed; and no address that is not for us."""

from __future__ import annotations

import asyncio
import html
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.foundation import addresses, clock, posting
from sandbox.foundation.database import fetch
from sandbox.incidents.tables import Incident
from sandbox.people.person import Level, Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Pilot
from sandbox.webhooks import commands, rules
from sandbox.webhooks.tables import Webhook, WebhookDelivery
from tests import factories
from tests.harness import Visitor, mails, run_jobs
from tests.receiver import Receiver, is_signed, receiving
from tests.system.test_incidents import told
from tests.system.test_pilots import live, people
from tests.system.test_telemetry import points, send

__all__ = ["people"]  # the fixture

BOTH = ["incident", "breach"]


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


@pytest.fixture
def receiver(configure: Callable[..., None]) -> Iterator[Receiver]:
    """Somebody's server on this machine, where the site may reach it."""
    configure(webhooks_to_loopback=True)
    with receiving() as found:
        yield found


async def registered(visitor: Visitor, url: str, **fields: Any) -> tuple[str, str]:
    """An address registered on the page: its path, and its secret."""
    answer = await visitor.submit("/webhooks", {"url": url, "topics": BOTH, **fields})
    assert answer.status_code == 200, answer.text
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", html.unescape(answer.text))
    webhook = await Webhook.objects().order_by(Webhook.made_at, ascending=False).first()
    assert webhook is not None
    assert secret
    return f"/webhooks/{webhook.id}", secret[0]


async def delivery() -> WebhookDelivery:
    found = await WebhookDelivery.objects().order_by(
        WebhookDelivery.made_at, ascending=False
    ).first()  # fmt: skip
    assert found is not None
    return found


# What is sent ------------------------------------------------------------------------------------


async def test_an_incident_reaches_firm_authority_and_centre_signed_and_without_words(
    client: Visitor, people: dict[str, Person], pilot: Pilot, receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    desk = await client.another().sign_in(people["officer"])
    centre = await client.another().sign_in(await factories.central())
    elsewhere = await client.another().sign_in(await factories.officer("finance"))
    secrets = {}
    for visitor, name in ((firm, "firm"), (desk, "desk"), (centre, "centre"), (elsewhere, "no")):
        _path, secrets[name] = await registered(visitor, f"{receiver.url}&{name}")
    _path, incident = await told(firm, pilot)
    await run_jobs()
    assert len(receiver.came) == 3
    for path, headers, body in receiver.came:
        name = path.rpartition("&")[2]
        assert is_signed(headers, body, secrets.pop(name))
        assert headers["content-type"] == "application/json"
    assert list(secrets) == ["no"]
    event = receiver.events[0]
    assert event["type"] == "incident.reported"
    assert event["data"]["reference"] == incident.reference
    assert event["data"]["link"].endswith(f"/incidents/{incident.id}")
    for _path, _headers, body in receiver.came:
        for words in (incident.title, incident.what, people["founder"].name, pilot.title):
            assert words not in body.decode()


async def test_a_breach_and_every_later_step_of_an_incident_are_told(
    client: Visitor, people: dict[str, Person], pilot: Pilot, receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    await registered(firm, receiver.url)
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    await send(client, pilot, key, points(0.7))
    await run_jobs()
    kinds = [event["type"] for event in receiver.events]
    assert kinds[:2] == ["breach.opened", "incident.reported"]
    assert "/breaches/" in receiver.events[0]["data"]["link"]
    receiver.came.clear()
    incident = await Incident.objects().first()
    assert incident is not None
    await firm.submit(f"/incidents/{incident.id}/reports", {"report": "All that is known."})
    await run_jobs()
    assert [event["type"] for event in receiver.events] == ["incident.report_submitted"]


async def test_only_the_chosen_topics_are_told_and_nothing_that_was_rolled_back(
    client: Visitor, people: dict[str, Person], pilot: Pilot, receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    await registered(firm, receiver.url, topics=["breach"])
    path, _incident = await told(firm, pilot)
    assert (await firm.submit(f"{path}/reports", {"report": ""})).status_code == 422
    await run_jobs()
    assert receiver.came == []
    assert await WebhookDelivery.count() == 0


async def test_it_goes_over_tls_to_whom_the_certificate_names(
    client: Visitor, people: dict[str, Person], configure: Callable[..., None], tmp_path: Path
) -> None:
    configure(webhooks_to_loopback=True)
    firm = await client.sign_in(people["founder"])
    with receiving(tmp_path) as receiver:
        path, secret = await registered(firm, receiver.url)
        await firm.submit(f"{path}/steps/test")
        sent = await delivery()
        await commands.deliver(sent.id)
        assert "certificate is not trusted" in await firm.text(path)
        with clock.at(clock.now() + timedelta(minutes=2)):
            trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
            await commands.deliver(sent.id, trust=trust)
        assert (await delivery()).state == "delivered"
        (_path, headers, body) = receiver.came[0]
        assert is_signed(headers, body, secret)
        assert headers["webhook-id"] == str(sent.id)
        assert headers["host"] == receiver.url.split("/")[2]


# What becomes of it ------------------------------------------------------------------------------


async def test_tried_again_at_its_times_and_given_up_and_its_people_told_once(
    client: Visitor, people: dict[str, Person], receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _secret = await registered(firm, receiver.url)
    receiver.status, receiver.body = 500, b"<b>out of order</b>"
    await firm.submit(f"{path}/steps/test")
    await run_jobs()
    moment, ids = clock.now(), set()
    for attempt, wait in enumerate(rules.WAITS, 1):
        sent = await delivery()
        assert (sent.state, sent.attempts, sent.status) == ("waiting", attempt, 500)
        assert sent.next_at is not None
        assert sent.next_at - sent.last_at == wait
        with clock.at(sent.next_at - timedelta(seconds=5)):
            assert await commands.sweep() == 0
            await commands.deliver(sent.id)
        moment = sent.next_at + timedelta(seconds=1)
        with clock.at(moment):
            assert await commands.sweep() == 1
            await run_jobs()
    sent = await delivery()
    assert (sent.state, sent.attempts, sent.next_at) == ("given_up", rules.MOST, None)
    with clock.at(moment + timedelta(days=3)):
        assert await commands.sweep() == 0
    assert len(receiver.came) == rules.MOST
    ids = {headers["webhook-id"] for _path, headers, _body in receiver.came}
    assert len(ids) == 1
    text = await firm.text(path)
    assert "Given up" in text
    assert "<b>out of order</b>" in text
    told_of = [m for m in await mails(people["founder"].email) if "do not reach" in m["subject"]]
    assert len(told_of) == 1
    with clock.at(moment + rules.KEPT + timedelta(days=1)):
        await commands.sweep()
    assert await WebhookDelivery.count() == 0


async def test_run_by_two_workers_at_once_it_is_sent_once(
    client: Visitor, people: dict[str, Person], receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _secret = await registered(firm, receiver.url)
    await firm.submit(f"{path}/steps/test")
    sent = await delivery()
    await asyncio.gather(*(commands.deliver(sent.id) for _worker in range(3)))
    await commands.deliver(sent.id)
    assert len(receiver.came) == 1


async def test_an_address_that_fails_is_spared_until_it_answers_again(
    client: Visitor, people: dict[str, Person], pilot: Pilot, receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _secret = await registered(firm, receiver.url)
    receiver.status = 503
    for _time in range(rules.FAILING):
        await firm.submit(f"{path}/steps/test")
        await run_jobs()
    assert "Failing" in await firm.text(path)
    receiver.came.clear()
    await told(firm, pilot)
    await told(firm, pilot)
    await run_jobs()
    assert receiver.came == []
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert await commands.sweep() == 1
        receiver.status = 200
        await run_jobs()
        assert await commands.sweep() == rules.FAILING + 1
        await run_jobs()
    assert len(receiver.came) == rules.FAILING + 2
    assert "Active" in await firm.text(path)


async def test_one_that_is_gone_gets_no_more_and_one_paused_none_until_it_goes_on(
    client: Visitor, people: dict[str, Person], pilot: Pilot, receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _secret = await registered(firm, receiver.url)
    receiver.status = 410
    await firm.submit(f"{path}/steps/test")
    await run_jobs()
    assert (await delivery()).state == "given_up"
    assert "Gone" in await firm.text(path)
    assert [m for m in await mails(people["founder"].email) if "wants no more" in m["subject"]]
    assert (await firm.submit(f"{path}/steps/test")).status_code == 409
    await told(firm, pilot)
    await run_jobs()
    assert len(receiver.came) == 1
    receiver.status = 200
    await firm.submit(f"{path}/steps/resume")
    await firm.submit(f"{path}/steps/pause")
    await told(firm, pilot)
    await firm.submit(f"{path}/steps/resume")
    await firm.submit(f"{path}/steps/test")
    await run_jobs()
    assert [event["type"] for event in receiver.events[1:]] == ["webhook.test"]
    await firm.submit(f"{path}/steps/test")
    await firm.submit(f"{path}/steps/remove")
    await run_jobs()
    assert len(receiver.came) == 2
    assert (await firm.get(path)).status_code == 404
    assert (await delivery()).state == "not_sent"


async def test_a_redirect_is_not_followed(
    client: Visitor, people: dict[str, Person], receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _secret = await registered(firm, receiver.url)
    with receiving() as other:
        receiver.status, receiver.headers = 307, {"location": other.url}
        await firm.submit(f"{path}/steps/test")
        await run_jobs()
        assert other.came == []
    assert (await delivery()).state == "waiting"
    assert "we follow nowhere" in await firm.text(path)


# Which addresses ---------------------------------------------------------------------------------

INSIDE = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.2.1", "198.18.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_public(address: str) -> None:
    assert not addresses.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert addresses.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook", "ftp://example.org/", "https://", "example.org/hook",
        "https://user:word@example.org/", "https://example.org/#part", "https://exa mple.org/",
        "https://example.org:22/", "https://example.org:99999/", "https://exämple.org/",
        "https://[::1", "https://127.0.0.1/", "https://2130706433/", "https://0x7f000001/",
        "https://localhost/hook", "https://[::ffff:169.254.169.254]/", "https://169.254.169.254/",
        "https://0/", "https://nothing.invalid/", "https://a\\@example.org/", "",
        "https://example.org/" + "x" * 500,
    ],
)  # fmt: skip
async def test_no_other_address_can_be_registered(
    client: Visitor, people: dict[str, Person], url: str
) -> None:
    firm = await client.sign_in(people["founder"])
    answer = await firm.submit("/webhooks", {"url": url, "topics": BOTH})
    assert answer.status_code == 422
    assert html.escape(url.strip()[:40], quote=False).split("&")[0] in html.unescape(answer.text)
    assert await Webhook.count() == 0


async def test_a_name_that_leads_inside_later_is_not_called(
    client: Visitor, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes where a name leads after it was judged gets nothing: it is judged anew, and
    the very address that was judged is connected to."""
    loop, leads = asyncio.get_running_loop(), ["93.184.215.14"]
    asked = []

    async def answers(host: Any, port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads[0], port))]

    monkeypatch.setattr(loop, "getaddrinfo", answers)
    firm = await client.sign_in(people["founder"])
    path, _secret = await registered(firm, "https://turncoat.example/")
    with receiving() as inside:
        leads[0] = "127.0.0.1"
        monkeypatch.setattr(
            addresses, "port_of", lambda _parts: int(inside.url.split(":")[2][:5].strip("/"))
        )
        await firm.submit(f"{path}/steps/test")
        await run_jobs()
        assert inside.came == []
    assert (await delivery()).answer == "refused:inside"
    assert "inside a network" in await firm.text(path)
    assert set(asked) == {"turncoat.example"}


async def test_one_bad_address_among_good_ones_spoils_the_name(
    monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    async def answers(_host: Any, port: int, **_more: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in ("8.8.8.8", "10.0.0.1")
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answers)
    with pytest.raises(addresses.AddressRefused):
        await addresses.resolve("both.example", 443)


async def test_loopback_is_for_plain_http_only_where_it_is_allowed(
    receiver: Receiver, configure: Callable[..., None]
) -> None:
    answer = await posting.post(receiver.url, b"{}", {})
    assert answer.delivered
    configure(webhooks_to_loopback=False)
    answer = await posting.post(receiver.url, b"{}", {})
    assert (answer.status, answer.words) == (None, "refused:scheme")
    configure(webhooks_to_loopback=True)
    answer = await posting.post("http://8.8.8.8/", b"{}", {})
    assert answer.words == "refused:inside"


async def test_a_receiver_that_never_answers_holds_nobody_up(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(webhooks_to_loopback=True)
    monkeypatch.setattr(posting, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        answer = await posting.post(f"http://localhost:{port}/", b"{}", {})
    assert (answer.status, answer.words) == (None, "failed:timeout")


async def test_only_the_beginning_of_an_answer_is_kept(receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"a\x00\x1b[31m" + b"b" * 1_000_000
    answer = await posting.post(receiver.url, b"{}", {})
    assert answer.delivered
    assert len(answer.words) == 300
    assert answer.words.isprintable()


# Whose they are ----------------------------------------------------------------------------------


async def test_a_firm_and_an_authority_see_and_keep_their_own_only(
    client: Visitor, people: dict[str, Person], receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    path, secret = await registered(firm, receiver.url)
    assert secret not in (await firm.get(path)).text
    viewer = await factories.colleague(people["founder"], Level.VIEWER)
    reads = await client.another().sign_in(viewer)
    assert receiver.url in (await reads.get(path)).text.replace("&amp;", "&")
    assert (await reads.submit(f"{path}/steps/pause")).status_code == 403
    assert (
        await reads.submit("/webhooks", {"url": receiver.url, "topics": BOTH})
    ).status_code == 403
    for stranger in (await factories.applicant(), people["officer"], await factories.central()):
        visitor = await client.another().sign_in(stranger)
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.submit(f"{path}/steps/pause")).status_code == 404
    desk = await client.another().sign_in(people["officer"])
    mine, _secret = await registered(desk, receiver.url)
    assert (await firm.get(mine)).status_code == 404
    colleague = await factories.officer()
    assert (await (await client.another().sign_in(colleague)).get(mine)).status_code == 200
    assert receiver.url.split("?")[0] in await desk.text("/webhooks")
    rows = await fetch("SELECT event FROM audit_event WHERE event LIKE 'webhook%'")
    assert [row["event"] for row in rows] == ["webhook.registered"] * 2


async def test_an_official_with_a_firm_says_whose_events(
    client: Visitor, people: dict[str, Person], receiver: Receiver
) -> None:
    both = await factories.with_a_firm(await factories.officer())
    visitor = await client.sign_in(both)
    assert "Whose events?" in await visitor.text("/webhooks")
    await registered(visitor, receiver.url, owner="authority")
    await registered(visitor, receiver.url, owner="firm")
    rows = await Webhook.objects().order_by(Webhook.made_at)
    assert [(bool(row.organisation), bool(row.authority)) for row in rows] == [
        (False, True), (True, False),
    ]  # fmt: skip


async def test_there_are_so_many_and_no_more(
    client: Visitor, people: dict[str, Person], receiver: Receiver
) -> None:
    firm = await client.sign_in(people["founder"])
    for _number in range(rules.AT_MOST):
        await registered(firm, receiver.url)
    answer = await firm.submit("/webhooks", {"url": receiver.url, "topics": BOTH})
    assert answer.status_code == 409
    assert "Remove an address" in answer.text
    assert (await firm.submit("/webhooks", {"url": receiver.url})).status_code == 422
