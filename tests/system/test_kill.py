"""kill -9 of every part in the middle of commands: what was acknowledged is there, once."""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from tests.site import Site
from tests.system.test_api import plant

PASSWORD = "a long enough password"
SECONDS = 20
LOGGED = """
CREATE TABLE sent_log (mail uuid);
CREATE FUNCTION log_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO sent_log VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER log_sent AFTER UPDATE OF state ON mail
FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION log_sent();
CREATE FUNCTION count_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.times := 1; RETURN NEW; END $$;
CREATE TRIGGER count_nothing BEFORE INSERT OR UPDATE ON rate_count
FOR EACH ROW EXECUTE FUNCTION count_nothing();
"""


@pytest.fixture(scope="module")
def hit() -> Iterator[Site]:
    """A site of this module's own, whose mails leave a mark each time one is sent, and which
    lets people invite as many colleagues as they like."""
    with Site(WORKER_THREADS="2") as site:
        site.sql(LOGGED)
        yield site


class Firm:
    """A browser of a firm's owner who keeps inviting colleagues, and remembers who was told."""

    _numbers = count(1)

    def __init__(self, site: Site) -> None:
        self.site = site
        self.number = next(self._numbers)
        self.told: list[str] = []
        self.tried = 0
        self.browser = httpx.Client(base_url=site.url, timeout=30)
        self._sign_in()

    def _sign_in(self) -> None:
        email = f"owner{self.number}@example.test"
        made = self.site.run(
            "person", email, "--name", f"Owner {self.number}", "--password-stdin",
            text=f"{PASSWORD}\n",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        self.browser.get("/sign-in")
        self._submit("/sign-in", {"email": email, "password": PASSWORD})
        answer = self._submit(
            "/organisation/new",
            {
                "name": f"Firm {self.number}",
                "registration_number": f"20260100000{self.number}",
                "country": "MY",
                "size": "start_up",
            },
        )
        assert answer.status_code == 303, answer.text

    def _submit(self, path: str, fields: dict[str, str]) -> httpx.Response:
        token = self.browser.cookies["csrf"]
        return self.browser.post(path, data={"_csrf_token": token, **fields})

    def invite(self) -> None:
        """Invite one more; what the site says yes to is remembered."""
        self.tried += 1
        email = f"colleague{self.tried}.of{self.number}@example.test"
        try:
            answer = self._submit("/organisation/invitations", {"email": email, "level": "editor"})
        except httpx.TransportError:
            time.sleep(0.1)
            return
        if answer.status_code == 303:
            self.told.append(email)

    def request(self) -> bytes:
        """An invitation as bytes on the wire."""
        self.tried += 1
        email = f"colleague{self.tried}.of{self.number}@example.test"
        body = f"_csrf_token={self.browser.cookies['csrf']}&email={email}&level=editor"
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        return (
            f"POST /organisation/invitations HTTP/1.1\r\nHost: 127.0.0.1:{self.site.port}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nCookie: {cookies}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Collector:
    """What sends a pilot's figures: each body again until it is acknowledged, as collectors do."""

    METRIC = "approval_ratio"

    def __init__(self, site: Site, number: int) -> None:
        self.site = site
        self.key = f"rintis_{number:043}"
        self.pilot = plant(site, self.key)
        self.told: list[datetime] = []
        self.again = 0
        self.next = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)

    def send(self) -> None:
        """Send the next ten seconds' figures once; go on where they were taken."""
        moments = [self.next + timedelta(seconds=second) for second in range(10)]
        points = [{"metric": self.METRIC, "at": at.isoformat(), "value": 0.6} for at in moments]
        try:
            answer = httpx.post(
                f"{self.site.url}/api/v1/pilots/{self.pilot}/points", json={"points": points},
                headers={"Authorization": f"Bearer {self.key}"}, timeout=30,
            )  # fmt: skip
        except httpx.TransportError:
            time.sleep(0.1)
            return
        if answer.status_code == 200:
            counts = answer.json()
            assert counts["taken"] + counts["duplicates"] == len(points), counts
            self.again += counts["duplicates"]
            self.told += moments
            self.next = moments[-1] + timedelta(seconds=1)


def _until(end: threading.Event, step: Callable[[], None]) -> None:
    while not end.is_set():
        step()


def _kill_in_turn(site: Site, seconds: float) -> list[str]:
    """Kill one part after the other, each as soon as the site answers again."""
    chance, killed = random.Random(4), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for part in ("web", "worker", "database", "scheduler"):
            time.sleep(chance.uniform(0.3, 1.2))
            site.kill(part)
            killed.append(part)
            time.sleep(0.3)
            site.wait_ready()
    return killed


def _await_quiet(site: Site) -> None:
    """Until every job is done."""
    end = time.monotonic() + 60
    waiting = [(1,)]
    while waiting != [(0,)]:
        assert time.monotonic() < end, site.sql("SELECT * FROM outbox WHERE done_at IS NULL")
        time.sleep(0.2)
        waiting = site.sql("SELECT count(*) FROM outbox WHERE done_at IS NULL")


@pytest.fixture(scope="module")
def struck(hit: Site) -> Iterator[tuple[list[Firm], list[Collector]]]:
    """Firms that invited colleagues, and collectors that sent figures, while every part was
    killed again and again."""
    several = [Firm(hit) for _ in range(4)]
    collectors = [Collector(hit, number) for number in range(2)]
    end = threading.Event()
    steps = [firm.invite for firm in several] + [collector.send for collector in collectors]
    threads = [threading.Thread(target=_until, args=(end, step)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        killed = _kill_in_turn(hit, SECONDS)
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert set(killed) == {"web", "worker", "database", "scheduler"}
    hit.wait_ready()
    _await_quiet(hit)
    yield several, collectors
    for firm in several:
        firm.browser.close()


@pytest.fixture(scope="module")
def firms(struck: tuple[list[Firm], list[Collector]]) -> list[Firm]:
    """The firms, after it."""
    return struck[0]


@pytest.fixture(scope="module")
def collectors(struck: tuple[list[Firm], list[Collector]]) -> list[Collector]:
    """The collectors, after it."""
    return struck[1]


def _column(site: Site, query: str) -> list[Any]:
    return sorted(value for (value,) in site.sql(query))


def test_what_was_acknowledged_is_there(hit: Site, firms: list[Firm]) -> None:
    told = {email for firm in firms for email in firm.told}
    assert len(told) > 20, "the load was real"
    kept = _column(hit, "SELECT email FROM ticket WHERE purpose = 'invite'")
    assert told <= set(kept)
    assert len(kept) == len(set(kept))


def test_no_acknowledged_figure_is_lost_and_none_counts_twice(
    hit: Site, collectors: list[Collector]
) -> None:
    for collector in collectors:
        pilot = collector.pilot
        kept = _column(
            hit,
            f"SELECT p.at FROM point p JOIN series s ON s.id = p.series WHERE s.pilot = '{pilot}'",
        )
        assert len(collector.told) > 20, "the load was real"
        assert set(collector.told) <= set(kept)
        assert len(kept) == len(set(kept))
        ((counted, doubled),) = hit.sql(
            "SELECT sum(points), sum(duplicates) FROM batch WHERE pilot = %s", pilot
        )
        assert counted == len(kept), "each is counted in the one delivery that brought it"
        assert doubled >= collector.again


def test_every_figure_is_judged(hit: Site, collectors: list[Collector]) -> None:
    assert collectors
    end = time.monotonic() + 30
    while hit.sql("SELECT 1 FROM arrival LIMIT 1"):
        assert time.monotonic() < end
        time.sleep(0.2)


def test_every_job_had_its_effect_exactly_once(hit: Site, firms: list[Firm]) -> None:
    invited = _column(hit, "SELECT email FROM ticket WHERE purpose = 'invite'")
    assert firms
    assert _column(hit, "SELECT \"to\" FROM mail WHERE state = 'kept'") == invited
    assert _column(hit, "SELECT mail FROM sent_log") == _column(hit, "SELECT id FROM mail")
    assert hit.sql("SELECT * FROM dead_job") == []


def test_state_event_and_job_are_all_there_or_none(hit: Site, firms: list[Firm]) -> None:
    assert firms
    (counts,) = hit.sql(
        "SELECT (SELECT count(*) FROM ticket WHERE purpose = 'invite'), "
        "(SELECT count(*) FROM audit_event WHERE event = 'organisation.invited'), "
        "(SELECT count(*) FROM outbox WHERE actor = 'send_mail')"
    )
    assert len(set(counts)) == 1


def test_the_audit_trail_is_sound_after_all_that(hit: Site, firms: list[Firm]) -> None:
    assert firms
    done = hit.run("audit", "verify")
    assert done.returncode == 0, done.stderr


def test_people_who_hang_up_do_not_disturb_the_others(hit: Site, firms: list[Firm]) -> None:
    """The server lets what they asked for run to its end. What a cancellation does in the
    middle is tested in test_work.py, where it can be made to happen."""
    chance = random.Random(7)
    for _ in range(150):
        with socket.create_connection(("127.0.0.1", hit.port)) as wire:
            wire.sendall(firms[0].request())
            time.sleep(chance.uniform(0, 0.02))
    time.sleep(1)
    assert (
        hit.sql(
            "SELECT pid, query FROM pg_stat_activity "
            "WHERE state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
        )
        == []
    )
    for firm in firms:  # as many as would empty the pool
        before = len(firm.told)
        for _ in range(5):
            firm.invite()
        assert len(firm.told) == before + 5
    _await_quiet(hit)
    assert _column(hit, "SELECT mail FROM sent_log") == _column(hit, "SELECT id FROM mail")


def test_the_operator_was_told_of_each_death(hit: Site, firms: list[Firm]) -> None:
    assert firms
    said = set(re.findall(r"The (\w+) process was killed \(signal 9\)", hit.log.read_text()))
    assert {"web", "worker", "database", "scheduler"} <= said
