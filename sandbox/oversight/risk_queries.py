"""All pilots in somebody's sight with what is open in them, by risk.

Everything is read in two queries, whatever the number of pilots, and put in order here by the
pure rule of :mod:`sandbox.oversight.rules.risk`: an order told twice, in SQL and in words, would
sooner or later be two orders.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation import clock, i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import N_
from sandbox.foundation.web.pagination import Cursor, Page, portion
from sandbox.framework import clocks, library
from sandbox.framework.clocks import ClockName
from sandbox.oversight.rules import risk
from sandbox.oversight.rules.risk import Facts, Grade, Standing
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots

NEEDS = {"now": Grade.NOW, "soon": Grade.SOON, "view": Grade.VIEW, "calm": Grade.CALM}
"""What the list is narrowed to: one grade, or (``attention``) any but calm."""
ORDERS = {
    "": N_("Risk"), "left": N_("Days left in testing"), "name": N_("Name"),
    "newest": N_("Newest first"),
}  # fmt: skip


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to and ordered by; an empty state means all that are not closed."""

    q: str = ""
    sector: str = ""
    state: str = ""
    need: str = ""
    order: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot with what is open in it.

    ``due_at``: the nearest limit of a report about the incident ``due_of``. ``breach``: the one
    whose explanation is overdue longest. ``suspension``: the one to be decided first, by
    ``decide_by``. ``waiting``: evidence and explanations that the authority must judge.
    """

    id: UUID
    reference: str
    title: str
    organisation: str
    lead_sector: str
    state: str
    outcome: str
    accepted_at: datetime
    ends_on: date | None
    due_at: datetime | None
    due_of: UUID | None
    breach: UUID | None
    suspension: UUID | None
    decide_by: datetime | None
    waiting: int
    facts: Facts
    standing: Standing

    @property
    def reasons(self) -> list[str]:
        """Why it stands where it stands, in words."""
        return risk.reasons(self.facts)

    @property
    def open_incidents(self) -> int:
        """All that are open, those that must be reported and the others."""
        return self.facts.reportable + self.facts.incidents


_PILOTS = """
SELECT p.id, p.reference, p.title, o.name AS organisation, p.lead_sector, p.state,
       coalesce(p.outcome, '') AS outcome, p.accepted_at, p.ends_on, p.state_since, p.authority,
       p.pack_version
FROM pilot p JOIN organisation o ON o.id = p.organisation
"""
# What is open, told pilot by pilot: how many, the nearest limit, and what that is of. Told as
# lines and put together here: each is counted by itself, so that the cost grows with what there
# is, whatever the database believes of its tables.
_OPEN = """
SELECT pilot, 'breaches' AS what, count(*) AS number, NULL::timestamptz AS at, NULL::uuid AS of
FROM condition WHERE state IN ('breached', 'escalated') AND pilot = ANY($1) GROUP BY pilot
UNION ALL
SELECT c.pilot, 'conditions_overdue', count(*), NULL, NULL FROM condition c
WHERE c.state IN ('pending', 'in_force', 'breached', 'cured', 'escalated') AND c.due_on < $2
AND c.pilot = ANY($1)
AND NOT EXISTS (SELECT FROM evidence e WHERE e.subject = c.id AND e.verdict = '') GROUP BY c.pilot
UNION ALL
SELECT pilot, 'milestones_overdue', count(*), NULL, NULL FROM milestone
WHERE state IN ('planned', 'returned') AND due_on < $2 AND pilot = ANY($1) GROUP BY pilot
UNION ALL
SELECT pilot, 'exit_reports_overdue', count(*), NULL, NULL FROM exit_report
WHERE state IN ('draft', 'returned') AND due_at < $3 AND pilot = ANY($1) GROUP BY pilot
UNION ALL
SELECT b.pilot, 'explanations_overdue', count(*), min(b.explain_by),
       (array_agg(b.id ORDER BY b.explain_by))[1]
FROM breach b JOIN condition c ON c.id = b.condition
WHERE b.explained_at IS NULL AND b.explain_by < $3 AND b.state IN ('open', 'cured')
AND c.state NOT IN ('waived', 'discharged', 'not_kept', 'lapsed') AND b.pilot = ANY($1)
GROUP BY b.pilot
UNION ALL
SELECT s.pilot, 'silent', count(*), NULL, NULL FROM silence s JOIN pilot p ON p.id = s.pilot
WHERE s.ended_at IS NULL AND p.state IN ('live', 'suspended', 'exiting') AND s.pilot = ANY($1)
GROUP BY s.pilot
UNION ALL
SELECT pilot, CASE WHEN reportable THEN 'reportable' ELSE 'incidents' END, count(*), NULL, NULL
FROM incident WHERE state <> 'closed' AND NOT drill AND pilot = ANY($1) GROUP BY 1, 2
UNION ALL
SELECT i.pilot, CASE WHEN k.due_at < $3 THEN 'reports_overdue'
                     WHEN k.due_at <= $4 THEN 'reports_near' ELSE 'reports_later' END,
       count(*), min(k.due_at), (array_agg(i.id ORDER BY k.due_at))[1]
FROM incident_clock k JOIN incident i ON i.id = k.incident
WHERE k.met_at IS NULL AND k.cancelled_at IS NULL AND k.started_at IS NOT NULL
AND i.pilot = ANY($1) GROUP BY 1, 2
UNION ALL
SELECT pilot, 'suspensions', count(*), min(decide_by), (array_agg(id ORDER BY decide_by))[1]
FROM suspension WHERE state = 'proposed' AND pilot = ANY($1) GROUP BY pilot
UNION ALL
SELECT pilot, 'evidence', count(*), NULL, NULL FROM evidence
WHERE verdict = '' AND pilot = ANY($1) GROUP BY pilot
UNION ALL
SELECT pilot, 'explanations', count(*), NULL, NULL FROM explanation
WHERE verdict = '' AND pilot = ANY($1) GROUP BY pilot
"""


class _Open(msgspec.Struct, frozen=True):
    """How many of one thing are open in a pilot, the nearest limit, and what that is of."""

    number: int = 0
    at: datetime | None = None
    of: UUID | None = None


_NOTHING = _Open()
_Opened = Mapping[str, _Open]


async def lines(person: Person, filters: Filters) -> list[Line]:
    """The pilots in ``person``'s sight that fit all of ``filters`` but ``need``, in two queries."""
    now = clock.now()
    seen, values = pilots.visible_to(person, 1)
    parts = [seen]
    if filters.state == "":
        parts.append("p.state <> 'closed'")
    wanted = (
        ("p.state = ${n}", filters.state if filters.state != "all" else ""),
        ("${n} = ANY(p.sectors)", filters.sector),
        ("strpos(lower(p.reference || ' ' || p.title || ' ' || o.name), lower(${n})) > 0",
         filters.q.strip()),
    )  # fmt: skip
    for condition, value in wanted:
        if value:
            values.append(value)
            parts.append(condition.replace("{n}", str(len(values))))
    rows = await fetch(f"{_PILOTS} WHERE {' AND '.join(parts)}", *values)
    found = await fetch(
        _OPEN, [row["id"] for row in rows], i18n.today(), now, now + risk.NEAR
    )  # fmt: skip
    opened: dict[UUID, dict[str, _Open]] = defaultdict(dict)
    for one in found:
        opened[one["pilot"]][one["what"]] = _Open(one["number"], one["at"], one["of"])
    return [_line(row, opened.get(row["id"], {}), now) for row in rows]


def _line(row: Mapping[str, Any], opened: _Opened, now: datetime) -> Line:
    days = (row["ends_on"] - i18n.today()).days if row["ends_on"] else None
    facts = Facts(
        **{name: one.number for name, one in opened.items() if name in _COUNTED},
        reviews_overdue=int(_review_is_late(row, now)),
        days_left=days if row["state"] in {"live", "suspended"} else None,
    )
    due = next((opened[name] for name in _REPORTS if name in opened), _NOTHING)
    suspension = opened.get("suspensions", _NOTHING)
    kept = {name: row[name] for name in Line.__struct_fields__ if name in row}
    return Line(
        **kept, due_at=due.at, due_of=due.of, suspension=suspension.of, decide_by=suspension.at,
        breach=opened.get("explanations_overdue", _NOTHING).of,
        waiting=sum(opened.get(name, _NOTHING).number for name in ("evidence", "explanations")),
        facts=facts, standing=risk.standing(facts),
    )  # fmt: skip


_COUNTED = frozenset(Facts.__struct_fields__)
_REPORTS = ("reports_overdue", "reports_near", "reports_later")
"""Reports to an authority, the nearest limit first."""


def _review_is_late(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether a suspension was to be looked at again before ``now``."""
    if row["state"] != "suspended":
        return False
    pack = library.pack_of(row["pack_version"])
    found, calendar = pack.clock(ClockName.SUSPENSION_REVIEW), pack.calendar_of(row["authority"])
    return clocks.due(found.limit, row["state_since"], calendar, roll=found.roll) < now


def needing(found: Iterable[Line], need: str) -> list[Line]:
    """Those of the grade that is asked for; an unknown word asks for all."""
    if need == "attention":
        return [line for line in found if line.standing.grade is not Grade.CALM]
    if need not in NEEDS:
        return list(found)
    return [line for line in found if line.standing.grade is NEEDS[need]]


def tally(found: Iterable[Line]) -> Counter[Grade]:
    """How many stand in each grade."""
    return Counter(line.standing.grade for line in found)


_KEYS: dict[str, Callable[[Line], tuple[int | str, ...]]] = {
    "": lambda line: risk.place(line.standing, line.due_at, line.reference),
    "left": lambda line: (
        line.facts.days_left if line.facts.days_left is not None else 1_000_000, line.reference,
    ),
    "name": lambda line: (line.title.casefold(), line.reference),
    "newest": lambda line: (-int(line.accepted_at.timestamp()), line.reference),
}  # fmt: skip


def key_of(order: str) -> Callable[[Line], tuple[int | str, ...]]:
    """What lines are ordered by; an unknown word means by risk. A reference is nobody else's."""
    return _KEYS.get(order, _KEYS[""])


def key_length(order: str) -> int:
    """How many values a cursor of this order holds."""
    return 2 if order in set(_KEYS) - {""} else len(risk.LADDER) + 2


def page_of(found: Sequence[Line], order: str, cursor: Cursor | None) -> Page[Line]:
    """One page of what was found."""
    return portion(found, cursor, key_of(order))
