"""The demo year: played once, by the site as it runs, after a play that was interrupted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import dramatiq
import httpx
import pytest

from sandbox.demo import check_pack, record, year
from sandbox.demo.stage import Stage
from sandbox.foundation import hold
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.outbox import Relay
from sandbox.foundation.schedule import Periodic, Schedule
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.people import commands
from sandbox.people.person import SYSTEM
from tests.site import ROOT, Site

pytestmark = pytest.mark.timeout(900)  # for the first test, which waits for the play

SECTORS = set(year.content("ideas"))


def _until(what: Callable[[], Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def played() -> Iterator[Site]:
    """A site whose demo was killed in the middle, started again and played to its end.

    Its scheduler has then swept once over what the year left.
    """
    with Site(DEMO="1") as site:
        _until(lambda: site.sql("SELECT id FROM application WHERE state = 'decided'"), 300)
        site.kill("demo")
        _until(lambda: "not there" in site.log.read_text(), 60)
        site.stop()
        site.start()
        _until(lambda: "Sign in at" in site.log.read_text(), 480)
        _until(lambda: len(_sweeps(site)) == 5, 120)
        yield site


def _sweeps(site: Site) -> set[str]:
    """The sweeps that the real scheduler has asked for and the real worker has done."""
    rows = site.sql("SELECT actor FROM outbox WHERE actor LIKE 'sweep_%' AND done_at IS NOT NULL")
    return {actor for (actor,) in rows if actor != "sweep_jobs"}


def _count(site: Site, query: str) -> int:
    ((number,),) = site.sql(f"SELECT count(*) FROM {query}")
    return int(number)


# What there is ---------------------------------------------------------------------------


def test_the_year_has_the_cases_that_it_promises(played: Site) -> None:
    assert _count(played, "organisation WHERE demo") == 60
    assert _count(played, "application WHERE demo") == 90
    states = {state for (state,) in played.sql("SELECT DISTINCT state FROM application")}
    assert states == {
        "draft", "submitted", "screening", "returned", "in_review", "awaiting_clarification",
        "recommended", "decided", "withdrawn", "lapsed",
    }  # fmt: skip


def test_every_pilot_meets_its_fate(played: Site) -> None:
    found = Counter(
        outcome or state for state, outcome in played.sql("SELECT state, outcome FROM pilot")
    )
    planned = Counter(case.fate for case in year.cases() if case.is_pilot)
    assert found == planned
    assert found.total() == 35
    sectors = played.sql("SELECT DISTINCT lead_sector FROM pilot WHERE state = 'live'")
    assert {sector for (sector,) in sectors} == SECTORS


def test_breaches_are_spread_over_the_sectors(played: Site) -> None:
    found = Counter(
        sector
        for (sector,) in played.sql(
            "SELECT p.lead_sector FROM breach b JOIN pilot p ON p.id = b.pilot"
        )
    )
    assert set(found) == SECTORS
    assert min(found.values()) >= 2
    assert max(found.values()) <= found.total() / 3


@pytest.mark.parametrize(
    ("what", "least"),
    [
        ("condition WHERE state = 'escalated'", 1),
        ("condition WHERE state = 'waived'", 1),
        ("milestone WHERE state = 'returned'", 1),
        ("milestone WHERE state = 'waived'", 1),
        ("milestone WHERE state = 'planned' AND due_on < now()", 1),
        ("extension WHERE state = 'granted'", 1),
        ("extension WHERE state = 'asked'", 1),
        ("lesson WHERE state = 'draft'", 1),
        ("lesson WHERE state = 'cleared'", 1),
        ("report WHERE state = 'draft' AND demo", 1),
        ("report WHERE state = 'published' AND demo", 2),
        ("incident WHERE state = 'reported'", 1),
        ("incident WHERE state = 'triaged'", 1),
        ("incident WHERE state = 'investigating'", 1),
        ("incident WHERE state = 'corrective_action'", 2),
        ("incident WHERE state = 'resolved'", 1),
        ("incident WHERE state = 'closed'", 5),
        ("incident WHERE source = 'breach'", 2),
        ("public_report WHERE state = 'received'", 1),
        ("public_report WHERE state = 'answered'", 1),
        ("corrective_action WHERE done_at IS NOT NULL AND verified_at IS NULL", 1),
        ("corrective_action WHERE done_at IS NULL AND due_on < now()", 1),
        ("incident_clock WHERE regime = 'medical_device'", 1),
        ("incident_clock WHERE regime = 'cyber_security'", 1),
        ("incident_clock WHERE regime = 'personal_data_breach'", 1),
        ("incident_clock WHERE regime = 'sandbox'", 1),
        ("incident_clock WHERE regime = 'financial_sandbox'", 1),
    ],
)
def test_the_year_shows(what: str, least: int, played: Site) -> None:
    assert _count(played, what) >= least


def test_there_are_lessons_in_every_sector_and_reports_in_both_languages(played: Site) -> None:
    lessons = played.sql("SELECT DISTINCT sector FROM lesson WHERE state = 'published'")
    assert {sector for (sector,) in lessons} == SECTORS
    for (files,) in played.sql("SELECT files FROM report WHERE state = 'published'"):
        assert set(files) == {"en", "ms"}
    page = httpx.get(f"{played.url}/reports").text
    assert "first half" in page
    assert "second half" in page


def test_what_people_are_told_is_told_in_both_languages(played: Site) -> None:
    for table, column in (("milestone", "title"), ("condition", "title"), ("report", "title")):
        missing = f"{table} WHERE NOT ({column} ? 'en' AND {column} ? 'ms')"
        assert _count(played, missing) == 0, table


def test_figures_fit_their_units(played: Site) -> None:
    figures = (
        "metric m JOIN series s ON s.pilot = m.pilot AND s.metric = m.key "
        "JOIN point p ON p.series = s.id WHERE"
    )
    whole = "('people', 'cases', 'reports', 'decisions')"
    broken = f"{figures} m.unit IN {whole} AND (value < 0 OR value <> floor(value))"
    assert _count(played, broken) == 0
    assert _count(played, f"{figures} m.unit = 'ratio' AND value NOT BETWEEN 0 AND 1") == 0
    assert _count(played, f"{figures} m.unit = 'percent' AND value > 100") == 0
    assert _count(played, "metric WHERE unit = 'ratio' AND target > 1") == 0
    assert _count(played, "metric WHERE unit = 'ringgit' AND target < 1000") == 0


def test_people_are_told_apart_and_sit_at_the_authority_that_leads(played: Site) -> None:
    assert _count(played, "(SELECT FROM account GROUP BY name HAVING count(*) > 1) twins") == 0
    seats = dict(played.sql("SELECT unnest(sectors), authority FROM appointment"))
    assert seats == {sector: library.current().lead_of(sector).key for sector in SECTORS}


# What must not be ------------------------------------------------------------------------


def test_nothing_happens_before_what_it_follows(played: Site) -> None:
    assert _count(played, "breach WHERE cured_at < opened_at OR explained_at < opened_at") == 0
    backwards = (
        '(SELECT at < lag(at) OVER (PARTITION BY "case" ORDER BY number) AS back FROM audit_event)'
    )
    assert _count(played, f"{backwards} t WHERE back") == 0
    assert _count(played, "audit_event WHERE at > now()") == 0
    assert _count(played, "point WHERE at > now()") == 0


def test_nothing_happens_to_a_pilot_that_is_closed(played: Site) -> None:
    """But a letter, which the worker sets when it comes to it."""
    later = played.sql(
        'SELECT e.event FROM audit_event e JOIN pilot p ON p."case" = e."case" '
        "WHERE e.at > p.closed_at"
    )
    assert {event for (event,) in later} <= {"decision.letter_made", "follow_up.answered"}
    assert (
        _count(played, "breach b JOIN pilot p ON p.id = b.pilot WHERE opened_at > closed_at") == 0
    )
    assert _count(played, "incident i JOIN pilot p ON p.id = i.pilot WHERE i.state <> 'closed' "
                  "AND p.state = 'closed'") == 0  # fmt: skip


def test_only_those_are_silent_who_are_meant_to_be(played: Site) -> None:
    planned = sum("quiet" in case.turns for case in year.cases())
    assert _count(played, "silence") == planned == 2
    assert _count(played, "breach WHERE value IS NULL") == 0, "silence was no breach"


def test_the_year_leaves_no_jobs_but_letters(played: Site) -> None:
    left = "outbox WHERE made_at < (SELECT begun_at FROM demo_year)"
    letters = "('build_decision_letter', 'build_pilot_letter')"
    assert _count(played, f"{left} AND actor NOT IN {letters}") == 0
    assert _count(played, "mail WHERE state = 'queued' AND made_at < "
                  "(SELECT begun_at FROM demo_year)") == 0  # fmt: skip
    assert _count(played, "dead_job") == 0


def test_the_audit_trail_of_the_year_is_sound(played: Site) -> None:
    done = played.run("audit", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Sound: ")


# Around it -------------------------------------------------------------------------------


def test_an_interrupted_play_left_nothing(played: Site) -> None:
    """Numbers begin anew, and everybody is there once."""
    assert played.sql("SELECT count(*), count(played_at) FROM demo_year") == [(1, 1)]
    assert _count(played, "application WHERE reference LIKE '%-0001'") == 1
    assert _count(played, "account WHERE demo") == 60 + len(year.content("people")["staff"])
    assert "Somebody acted" not in played.log.read_text()


def test_playing_again_changes_nothing(played: Site) -> None:
    before = _count(played, "account")
    done = played.run("demo")
    assert done.returncode == 0, done.stderr
    assert "Sign in at" in done.stdout
    assert _count(played, "account") == before


def test_the_sign_in_page_offers_demo_people_only_in_the_demo(played: Site) -> None:
    offered = httpx.get(f"{played.url}/sign-in").text
    assert "/sign-in/demo/" in offered
    assert "Farah Diyana binti Roslan" in offered
    played.stop()
    played.environment["DEMO"] = "0"
    played.start()
    try:
        closed = httpx.get(f"{played.url}/sign-in").text
        assert "/sign-in/demo/" not in closed
        assert "Farah Diyana binti Roslan" not in closed
    finally:
        played.environment["DEMO"] = "1"


# The record of it ------------------------------------------------------------------------


async def _person(name: str, *, demo: bool) -> None:
    await commands.make_person(
        name=name, email=f"{name}@example.org", password="long enough to be taken", demo=demo
    )


async def test_a_play_that_was_interrupted_is_cleared(database: str) -> None:
    await record.begin()
    await _person("aminah", demo=True)
    await record.begin()
    assert await fetch("SELECT FROM account UNION ALL SELECT FROM audit_event") == []
    assert not await record.played()
    await record.finish()
    assert await record.played()


async def test_after_the_clearing_the_next_version_still_migrates(database: str) -> None:
    numbered = (
        "SELECT last_value >= (SELECT max(id) FROM migration) AS beyond FROM migration_id_seq"
    )
    await record.begin()
    await record.begin()
    assert (await fetch(numbered))[0]["beyond"]


async def test_the_trail_is_append_only_again_after_the_clearing(database: str) -> None:
    await record.begin()
    await record.begin()
    await _person("aminah", demo=True)
    with pytest.raises(Exception, match="append-only"):
        await fetch("DELETE FROM audit_event")


async def test_others_data_are_never_cleared(database: str) -> None:
    await record.begin()
    await _person("aminah", demo=True)
    await _person("stranger", demo=False)
    with pytest.raises(RuleBroken, match=r"stranger@example\.org"):
        await record.begin()
    assert len(await fetch("SELECT FROM account")) == 2


def test_a_pack_without_the_sectors_of_the_year_is_refused() -> None:
    with (
        library.using(ROOT / "tests" / "packs" / "veridia"),
        pytest.raises(RuleBroken, match="no such sectors: agriculture"),
    ):
        check_pack()


async def test_no_job_is_handed_out_while_somebody_holds_them(database: str) -> None:
    sent: list[Any] = []

    class Recorder(dramatiq.Broker):
        def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
            sent.append(message)
            return message

    relay, schedule = Relay(Recorder(middleware=[])), Schedule([Periodic("seal_audit")])
    async with work_of(SYSTEM) as work:
        work.later("send_mail", "x")
    async with hold.holding():
        assert await relay.send_some() == 0
        assert await schedule.tick(time.time()) == []
    assert await relay.send_some() == 1
    assert await schedule.tick(time.time()) == ["seal_audit"]
    assert len(sent) == 1


# Time ------------------------------------------------------------------------------------

_TODAYS = [
    datetime(2027, 12, 31, 15, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 3, 0, tzinfo=UTC),
    datetime(2028, 3, 1, 0, 5, tzinfo=UTC),
    datetime(2027, 1, 31, 22, 0, tzinfo=UTC),
    datetime(2026, 11, 28, 12, 0, tzinfo=UTC),  # a Saturday
]


@pytest.mark.parametrize("today", _TODAYS, ids=str)
def test_moments_only_move_on_and_never_pass_today(today: datetime) -> None:
    async def nothing(_actor: str, _args: list[Any]) -> None: ...

    stage, chance = Stage(today, nothing), Random(1)
    calendar = library.current().jurisdiction.calendar()
    for began in (366, 40, 3, 0.2):
        at = today - timedelta(days=began)
        for days in (0, 0.1, 2, 5, 0.5, 30, 8, 90, 200, 90, 0.05, 1):
            ahead = stage.ahead(at, days, chance)
            assert at < ahead < today
            if ahead - at > timedelta(days=0.5):
                assert calendar.works_on(calendar.day_of(ahead))
            at = ahead
