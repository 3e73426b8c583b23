"""Clocks of regimes: when they start, how new facts move them, and that none is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.framework import library
from sandbox.incidents import owing, rules
from sandbox.incidents.tables import Incident, IncidentClock

PACK = library.load(library.BUNDLED / "malaysia")
CALENDAR = PACK.jurisdiction.calendar()
KNOWN = datetime(2028, 2, 20, 2, tzinfo=UTC)
"""Sunday 20 February 2028, 10 in the morning in Kuala Lumpur; 2028 is a leap year."""

DEVICE = {"medical_device": True, "harms_actual": ["physical"]}
BASE = {"sectors": ["healthcare"], "harms_potential": [], "harms_actual": [], "drill": False}


def an_incident(known: datetime = KNOWN, **more: Any) -> Incident:
    """An incident that nobody has stored."""
    keys = {name: uuid4() for name in ("id", "case", "pilot")}
    return Incident(**keys, aware_at=known, reported_at=known, **more)


def wound(
    incident: Incident,
    held: list[IncidentClock],
    at: datetime = KNOWN,
    reason: str = "",
    **told: Any,
) -> list[IncidentClock]:
    """The clocks once the facts are ``told``, known ``at``."""
    facts = {**BASE, **told}
    severity = PACK.incidents.severity_of(facts).key
    regimes = [r.key for r, _ in PACK.incidents.regimes_of({**facts, "severity": severity})]
    wanted = owing.owed(PACK, facts, severity=severity, regimes=regimes, lead="moh")
    return owing.wind(
        incident, held, wanted, CALENDAR, owing.Turn(aware_at=at, at=at, reason=reason)
    )


def row_of(rows: list[IncidentClock], regime: str, stage: str = "initial") -> IncidentClock:
    """The clock of that kind that runs, or the last there was."""
    found = [row for row in rows if (row.regime, row.stage) == (regime, stage)]
    return next((row for row in found if owing.running(row)), found[-1])


def local(moment: datetime) -> str:
    return moment.astimezone(CALENDAR.zone).strftime("%Y-%m-%d %H:%M:%S")


@pytest.fixture
def incident() -> Incident:
    return an_incident()


def test_days_count_over_the_leap_day_and_end_with_the_local_day(incident: Incident) -> None:
    rows = wound(incident, [], death=True)
    first = row_of(rows, "sandbox")
    assert first.authority == "moh"
    assert local(first.due_at) == "2028-03-01 23:59:59"


@pytest.mark.parametrize(
    ("known", "due"),
    [
        (datetime(2027, 2, 20, 2, tzinfo=UTC), "2027-03-02 23:59:59"),  # no leap day
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "2027-01-10 23:59:59"),  # still the 31st here
        (datetime(2026, 12, 31, 16, 1, tzinfo=UTC), "2027-01-11 23:59:59"),  # New Year's Day here
        (datetime(2026, 2, 16, 2, tzinfo=UTC), "2026-02-26 23:59:59"),  # over two holidays
    ],
)
def test_days_of_the_law_run_through_holidays_and_ends_of_months(
    incident: Incident, known: datetime, due: str
) -> None:
    assert local(row_of(wound(incident, [], known, death=True), "sandbox").due_at) == due


def test_hours_run_through_the_night_and_over_the_leap_day(incident: Incident) -> None:
    known = datetime(2028, 2, 28, 14, 30, tzinfo=UTC)
    rows = wound(incident, [], known, personal_data=True, significant_harm=True)
    assert row_of(rows, "personal_data_breach").due_at == known + timedelta(hours=72)


@pytest.mark.parametrize(
    ("known", "due"),
    [
        # Friday before Chinese New Year (17 and 18 February 2026): five working days of response.
        (datetime(2026, 2, 13, 2, tzinfo=UTC), "2026-02-24 23:59:59"),
        (datetime(2026, 3, 2, 2, tzinfo=UTC), "2026-03-09 23:59:59"),
    ],
)
def test_the_first_response_counts_working_days_where_the_pack_says_so(
    known: datetime, due: str
) -> None:
    incident = an_incident(known, severity="near_miss")
    rules.set_response(incident, PACK, aware_at=known)
    assert local(incident.respond_by) == due


def test_a_graver_severity_brings_the_first_response_forward_from_its_own_day() -> None:
    incident = an_incident(severity="limited")
    rules.set_response(incident, PACK, aware_at=KNOWN)
    assert incident.respond_by == KNOWN + timedelta(hours=72)
    later = KNOWN + timedelta(hours=20)
    incident.severity = "serious"
    rules.set_response(incident, PACK, aware_at=later)
    assert incident.respond_by == later + timedelta(hours=6)
    incident.severity = "limited"
    rules.set_response(incident, PACK, aware_at=later)
    assert incident.respond_by == KNOWN + timedelta(hours=72)
    incident.severity = "issue"
    rules.set_response(incident, PACK, aware_at=later)
    assert incident.respond_by is None


def test_what_follows_the_first_report_starts_when_that_is_made(incident: Incident) -> None:
    rows = wound(incident, [], death=True)
    first, final = row_of(rows, "sandbox"), row_of(rows, "sandbox", "final")
    assert final.started_at is None
    assert local(final.due_at) == "2028-03-31 23:59:59"  # at the latest
    first.met_at = KNOWN + timedelta(days=1)
    assert owing.start_after(first, rows, CALENDAR) == [final]
    assert final.started_at == first.met_at
    assert local(final.due_at) == "2028-03-22 23:59:59"


def test_a_death_learned_later_brings_the_first_report_forward(incident: Incident) -> None:
    rows = wound(incident, [], rights_breach=True)
    first = row_of(rows, "sandbox")
    assert local(first.due_at) == "2028-03-06 23:59:59"
    rows = wound(incident, rows, KNOWN + timedelta(days=2), rights_breach=True, death=True)
    assert row_of(rows, "sandbox") is first
    assert local(first.due_at) == "2028-03-03 23:59:59"  # ten days from the death, not from before
    rows = wound(incident, rows, KNOWN + timedelta(days=3), "An error", rights_breach=True)
    assert local(first.due_at) == "2028-03-06 23:59:59"


def test_a_death_learned_late_never_lengthens_what_runs(incident: Incident) -> None:
    rows = wound(incident, [], rights_breach=True)
    rows = wound(incident, rows, KNOWN + timedelta(days=12), rights_breach=True, death=True)
    assert local(row_of(rows, "sandbox").due_at) == "2028-03-06 23:59:59"


def test_a_death_learned_after_the_first_report_starts_a_clock_of_its_own(
    incident: Incident,
) -> None:
    rows = wound(incident, [], rights_breach=True)
    made = row_of(rows, "sandbox")
    made.met_at = KNOWN + timedelta(days=1)
    owing.start_after(made, rows, CALENDAR)
    final = row_of(rows, "sandbox", "final").due_at
    later = KNOWN + timedelta(days=20)
    rows = wound(incident, rows, later, rights_breach=True, death=True)
    again = row_of(rows, "sandbox")
    assert again is not made
    assert again.started_at == later
    assert local(again.due_at) == "2028-03-21 23:59:59"
    assert row_of(rows, "sandbox", "final").due_at == final
    rows = wound(incident, rows, later, "It was another patient", rights_breach=True)
    assert not owing.running(again)
    assert made.met_at is not None
    assert made.cancelled_at is None


def test_what_is_owed_no_longer_is_kept_with_its_reason_and_comes_back(incident: Incident) -> None:
    rows = wound(incident, [], **DEVICE)
    later = KNOWN + timedelta(days=1)
    rows = wound(incident, rows, later, "No device after all", harms_actual=["physical"])
    gone = row_of(rows, "medical_device")
    assert (gone.cancelled_at, gone.cancelled_reason) == (later, "No device after all")
    again = later + timedelta(days=1)
    rows = wound(incident, rows, again, **DEVICE)
    assert row_of(rows, "medical_device") is gone
    assert (gone.cancelled_at, gone.started_at) == (None, again)


FACTS = st.fixed_dictionaries(
    {
        key: st.booleans()
        for key in (
            "death", "rights_breach", "medical_device", "public_health_threat", "personal_data",
            "significant_harm", "cyber_attack", "critical_infrastructure", "serious_health_harm",
        )
    }
)  # fmt: skip


@given(turns=st.lists(st.tuples(FACTS, st.booleans()), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_the_turns_exactly_what_is_wanted_is_owed_or_in(
    turns: list[tuple[dict[str, Any], bool]],
) -> None:
    incident = an_incident()
    rows: list[IncidentClock] = []
    at = KNOWN
    for told, report in turns:
        at += timedelta(hours=7)
        before = {row.id for row in rows}
        met = {row.id: row.met_at for row in rows if row.met_at}
        rows = wound(incident, rows, at, **told)
        facts = {**BASE, **told}
        severity = PACK.incidents.severity_of(facts).key
        wanted = {
            (regime.key, one.stage)
            for regime, reports in PACK.incidents.regimes_of({**facts, "severity": severity})
            for one in reports
        }
        running = [(row.regime, row.stage) for row in rows if owing.running(row)]
        assert len(running) == len(set(running))
        assert set(running) <= wanted
        assert wanted <= set(running) | {(r.regime, r.stage) for r in rows if r.met_at}
        assert before <= {row.id for row in rows}
        assert all(row.met_at == met[row.id] for row in rows if row.id in met)
        for row in rows:
            if report and owing.running(row) and row.stage == "initial":
                row.met_at = at
                owing.start_after(row, rows, CALENDAR)
        assert all(
            row.started_at is not None
            for row in rows
            if owing.running(row) and row.stage == "initial"
        )


# Watched -----------------------------------------------------------------------------------


@given(
    hours=st.integers(1, 2000), percent=st.integers(1, 100), passed=st.floats(-0.5, 1.5),
)  # fmt: skip
def test_a_reminder_comes_in_the_last_share_of_the_time(
    hours: int, percent: int, passed: float
) -> None:
    begun = datetime(2026, 3, 2, 9, tzinfo=UTC)
    due = begun + timedelta(hours=hours)
    at = begun + passed * (due - begun)
    left = (due - at) / (due - begun)
    assert owing.near(begun, due, percent, at=at) == (0 <= left <= percent / 100)
