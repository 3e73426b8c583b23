"""What a weekly mail tells: what happened, what is due, and how the pilots stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from sandbox.applications import queries as applications
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.framework.clocks import Calendar
from sandbox.oversight import risk_queries
from sandbox.oversight.rules import digest
from sandbox.oversight.rules.digest import Week
from sandbox.oversight.rules.risk import Grade
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots

MOST = 25
"""Lines of one kind that a mail holds; it says how many more there are."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the mail: on which day what happens in which pilot or case.

    ``number``: how often, of the same kind on the same day in the same pilot.
    """

    day: date
    kind: str
    title: str
    reference: str
    number: int = 1

    @property
    def words(self) -> str:
        """What it is, not yet translated."""
        return {**digest.HAPPENED, **digest.DUE}[self.kind]


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the mail tells."""

    happened: Sequence[Item]
    due: Sequence[Item]
    act: int
    soon: int

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.happened or self.due or self.act or self.soon)


_HAPPENED = """
SELECT s.pilot, s.event AS kind, s.at FROM pilot_step s WHERE s.subject IS NULL
UNION ALL SELECT b.pilot, 'breach', b.opened_at FROM breach b WHERE b.state <> 'withdrawn'
UNION ALL SELECT b.pilot, 'cured', b.cured_at FROM breach b WHERE b.state = 'cured'
UNION ALL SELECT i.pilot, 'incident', i.reported_at FROM incident i WHERE NOT i.drill
UNION ALL SELECT i.pilot, 'incident_closed', i.closed_at FROM incident i
WHERE NOT i.drill AND i.state = 'closed'
UNION ALL SELECT r.pilot, 'exit_report_in', r.submitted_at FROM exit_report r
"""
_DUE = """
SELECT i.pilot, 'report' AS kind, k.due_at AS at, NULL::date AS day
FROM incident_clock k JOIN incident i ON i.id = k.incident
WHERE k.met_at IS NULL AND k.cancelled_at IS NULL AND k.started_at IS NOT NULL
UNION ALL SELECT b.pilot, 'explanation', b.explain_by, NULL FROM breach b
JOIN condition c ON c.id = b.condition
WHERE b.explained_at IS NULL AND b.state IN ('open', 'cured')
AND c.state NOT IN ('waived', 'discharged', 'not_kept', 'lapsed')
UNION ALL SELECT s.pilot, 'suspension', s.decide_by, NULL FROM suspension s
WHERE s.state = 'proposed'
UNION ALL SELECT e.pilot, 'evidence', e.due_at, NULL FROM evidence e WHERE e.verdict = ''
UNION ALL SELECT x.pilot, 'exit_decision', x.decision_due_at, NULL FROM exit_report x
WHERE x.state = 'submitted'
UNION ALL SELECT x.pilot, 'exit_report', x.due_at, NULL FROM exit_report x
WHERE x.state IN ('draft', 'returned')
UNION ALL SELECT c.pilot, 'condition', NULL, c.due_on FROM condition c
WHERE c.state IN ('pending', 'in_force', 'breached', 'cured', 'escalated')
AND NOT EXISTS (SELECT FROM evidence e WHERE e.subject = c.id AND e.verdict = '')
UNION ALL SELECT m.pilot, 'milestone', NULL, m.due_on FROM milestone m
WHERE m.state IN ('planned', 'returned')
UNION ALL SELECT p.id, 'ends', NULL, p.ends_on FROM pilot p WHERE p.state IN ('live', 'suspended')
UNION ALL SELECT f.pilot, 'follow_up', NULL, f.due_on FROM follow_up f
WHERE f.answered_at IS NULL
"""


async def digest_of(person: Person, week: Week, calendar: Calendar) -> Digest:
    """What the mail of ``week`` tells ``person``, in a fixed number of queries.

    A pilot or case of a firm that they belong to is not told of here: there the firm's mails are
    theirs.
    """
    now = clock.now()
    lines = await risk_queries.lines(person, risk_queries.Filters())
    grades = risk_queries.tally(lines)
    days = (calendar.day_of(now), calendar.day_of(week.ends))
    return Digest(
        happened=_items(
            [*await _cases_moved(person, week), *await _happened(person, week)], calendar,
        ),
        due=_items(
            [*await _cases_due(person, now, week), *await _due(person, now, week, days)], calendar,
        ),
        act=grades[Grade.NOW], soon=grades[Grade.SOON],
    )  # fmt: skip


async def _happened(person: Person, week: Week) -> list[dict[str, Any]]:
    seen, values = pilots.visible_to(person, 5)
    return await fetch(
        f"SELECT e.kind, e.at, p.title, p.reference FROM ({_HAPPENED}) e "  # noqa: S608  (no values)
        "JOIN pilot p ON p.id = e.pilot WHERE e.at >= $1 AND e.at < $2 "
        f"AND e.kind = ANY($3) AND p.organisation IS DISTINCT FROM $4::uuid AND {seen}",
        week.since, week.begins, list(digest.HAPPENED), person.organisation, *values,
    )  # fmt: skip


async def _due(
    person: Person, now: datetime, week: Week, days: tuple[date, date]
) -> list[dict[str, Any]]:
    seen, values = pilots.visible_to(person, 6)
    return await fetch(
        f"SELECT e.kind, e.at, e.day, p.title, p.reference FROM ({_DUE}) e "  # noqa: S608  (no values)
        "JOIN pilot p ON p.id = e.pilot "
        "WHERE ((e.at >= $1 AND e.at < $2) OR (e.day >= $3 AND e.day < $4)) "
        "AND (p.state <> 'closed' OR e.kind = 'follow_up') "
        f"AND p.organisation IS DISTINCT FROM $5::uuid AND {seen}",
        now, week.ends, *days, person.organisation, *values,
    )  # fmt: skip


async def _cases_moved(person: Person, week: Week) -> list[dict[str, Any]]:
    seen, values = applications.visible_to(person, 3)
    return await fetch(
        "SELECT e.kind, e.at, a.title, a.reference FROM application a, LATERAL "  # noqa: S608  (no values)
        "(VALUES ('submitted', a.submitted_at), ('decided', a.decided_at)) AS e (kind, at) "
        f"WHERE e.at >= $1 AND e.at < $2 AND {seen}",
        week.since, week.begins, *values,
    )  # fmt: skip


async def _cases_due(person: Person, now: datetime, week: Week) -> list[dict[str, Any]]:
    """The cases in the authority's hands whose clock ends in the week."""
    seen, values = applications.visible_to(person, 3)
    return await fetch(
        "SELECT 'case' AS kind, a.due_at AS at, a.title, a.reference "  # noqa: S608  (no values)
        "FROM application a "
        "WHERE a.state IN ('submitted', 'screening', 'in_review', 'recommended', 'reconsidering') "
        f"AND a.due_at >= $1 AND a.due_at < $2 AND {seen}",
        now, week.ends, *values,
    )  # fmt: skip


def _items(rows: Sequence[dict[str, Any]], calendar: Calendar) -> list[Item]:
    """The rows as lines by time, what is the same told once with its number."""
    found: dict[tuple[date, str, str], Item] = {}
    for row in sorted(rows, key=lambda row: _moment(row, calendar)):
        day = row.get("day") or calendar.day_of(row["at"])
        key = day, row["kind"], row["reference"]
        before = found[key].number if key in found else 0
        found[key] = Item(
            day=day, kind=row["kind"], title=row["title"], reference=row["reference"],
            number=before + 1,
        )  # fmt: skip
    return list(found.values())


def _moment(row: dict[str, Any], calendar: Calendar) -> tuple[datetime, str, str]:
    """When it is; what is of a day comes at its end."""
    at = row["at"] or datetime.combine(row["day"], time.max, calendar.zone).astimezone(UTC)
    return at, row["kind"], row["reference"]
