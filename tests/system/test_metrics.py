"""Metrics: the same from whichever process is asked, and what waits in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from sandbox.foundation.database import DB, fetch
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM
from tests import factories
from tests.site import Site


def _value(text: str, name: str) -> float:
    """The value of the metric called ``name``, with its labels."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


async def test_what_waits_is_told(client) -> None:
    await client.sign_in(await factories.applicant())
    async with work_of(SYSTEM) as work:
        for _time in range(3):
            work.later("seal_audit")
        await work.mail("x@example.test", "people/already_registered", "en", name="X")
    await fetch("UPDATE outbox SET made_at = now() - interval '90 seconds'")
    await fetch(
        "UPDATE outbox SET sent_at = now(), done_at = now() - interval '20 seconds' "
        "WHERE id = (SELECT id FROM outbox LIMIT 1)"
    )
    await fetch("INSERT INTO periodic_slot (key, at) VALUES ('x', now() - interval '7 seconds')")
    await fetch(
        "INSERT INTO dead_job (id, actor, queue, args, error) "
        "VALUES (gen_random_uuid(), 'note', 'default', '[]', 'x')"
    )
    text = (await client.get("/metrics")).text
    told = {
        name: _value(text, f"rintis_{name}")
        for name in ("jobs_waiting", "jobs_unsent", "jobs_dead", "mails_unsent", "sessions",
                     "database_up")
    }  # fmt: skip
    assert told == {
        "jobs_waiting": 3, "jobs_unsent": 3, "jobs_dead": 1, "mails_unsent": 1, "sessions": 1,
        "database_up": 1,
    }  # fmt: skip
    for name, least in (("jobs_oldest", 90), ("worker_idle", 20), ("scheduler_idle", 7)):
        assert least <= _value(text, f"rintis_{name}_seconds") < least + 60


async def test_a_database_that_is_away_is_told(client) -> None:
    assert DB.pool is not None
    DB.pool.terminate()
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert _value(answer.text, "rintis_database_up") == 0
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200


@pytest.fixture(scope="module")
def several() -> Iterator[Site]:
    """A site with three web processes."""
    with Site(WEB_WORKERS="3") as site:
        yield site


def _asked(site: Site) -> float:
    name = 'rintis_requests_total{method="GET",route="/sign-in",status="200"}'
    return _value(httpx.get(f"{site.url}/metrics", timeout=20).text, name)


def test_every_process_answers_for_all(several: Site) -> None:
    for _time in range(30):  # each on a connection of its own, so that all have some
        assert httpx.get(f"{several.url}/sign-in", timeout=20).status_code == 200
    assert {_asked(several) for _time in range(15)} == {30}

    several.kill("web")  # what a process counted outlives it
    several.wait_ready()
    assert _asked(several) == 30


def test_a_new_start_counts_anew(several: Site) -> None:
    assert _asked(several) >= 30
    several.stop()
    several.start()
    httpx.get(f"{several.url}/sign-in", timeout=20)
    assert _asked(several) == 1
