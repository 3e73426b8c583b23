"""All pilots in somebody's sight with what is open in them, by risk.

Everything is counted in one query, whatever the number of pilots, and put in order here by the
pure rule of :mod:`sandbox.oversight.rules.risk`: an order told twice, in SQL and in words, would
sooner or later be two orders.
"""

from __future__ import annotations

from collections import Counter
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


_FACTS = """
SELECT p.id, p.reference, p.title, o.name AS organisation, p.lead_sector, p.state,
       coalesce(p.outcome, '') AS outcome, p.accepted_at, p.ends_on, p.state_since, p.authority,
       p.pack_version, k.due_at, k.due_of, b.breach, u.suspension, u.decide_by,
       coalesce(e.waiting, 0) + coalesce(y.waiting, 0) AS waiting,
       coalesce(u.proposed, 0) AS suspensions,
       coalesce(k.overdue, 0) AS reports_overdue, coalesce(k.near, 0) AS reports_near,
       coalesce(b.late, 0) AS explanations_overdue, coalesce(c.broken, 0) AS breaches,
       coalesce(c.late, 0) AS conditions_overdue, coalesce(m.late, 0) AS milestones_overdue,
       coalesce(x.late, 0) AS exit_reports_overdue, coalesce(s.silent, 0) AS silent,
       coalesce(i.reportable, 0) AS reportable, coalesce(i.others, 0) AS incidents
FROM pilot p JOIN organisation o ON o.id = p.organisation
LEFT JOIN (
    SELECT pilot, count(*) FILTER (WHERE state IN ('breached', 'escalated')) AS broken,
           count(*) FILTER (WHERE due_on < $1) AS late
    FROM condition WHERE state IN ('pending', 'in_force', 'breached', 'cured', 'escalated')
    GROUP BY pilot
) c ON c.pilot = p.id
LEFT JOIN (
    SELECT pilot, count(*) AS late FROM milestone
    WHERE state IN ('planned', 'returned') AND due_on < $1 GROUP BY pilot
) m ON m.pilot = p.id
LEFT JOIN (
    SELECT pilot, count(*) AS late FROM exit_report
    WHERE state IN ('draft', 'returned') AND due_at < $2 GROUP BY pilot
) x ON x.pilot = p.id
LEFT JOIN (
    SELECT b.pilot, count(*) AS late, (array_agg(b.id ORDER BY b.explain_by))[1] AS breach
    FROM breach b JOIN condition c ON c.id = b.condition
    WHERE b.explained_at IS NULL AND b.explain_by < $2 AND b.state IN ('open', 'cured')
    AND c.state NOT IN ('waived', 'discharged', 'not_kept', 'lapsed') GROUP BY b.pilot
) b ON b.pilot = p.id
LEFT JOIN (
    SELECT pilot, count(*) AS silent FROM silence WHERE ended_at IS NULL GROUP BY pilot
) s ON s.pilot = p.id AND p.state IN ('live', 'suspended', 'exiting')
LEFT JOIN (
    SELECT pilot, count(*) FILTER (WHERE reportable) AS reportable,
           count(*) FILTER (WHERE NOT reportable) AS others
    FROM incident WHERE state <> 'closed' AND NOT drill GROUP BY pilot
) i ON i.pilot = p.id
LEFT JOIN (
    SELECT i.pilot, min(k.due_at) AS due_at, (array_agg(i.id ORDER BY k.due_at))[1] AS due_of,
           count(*) FILTER (WHERE k.due_at < $2) AS overdue,
           count(*) FILTER (WHERE k.due_at BETWEEN $2 AND $3) AS near
    FROM incident_clock k JOIN incident i ON i.id = k.incident
    WHERE k.met_at IS NULL AND k.cancelled_at IS NULL AND k.started_at IS NOT NULL
    GROUP BY i.pilot
) k ON k.pilot = p.id
LEFT JOIN (
    SELECT pilot, count(*) AS waiting FROM evidence WHERE verdict = '' GROUP BY pilot
) e ON e.pilot = p.id
LEFT JOIN (
    SELECT pilot, count(*) AS waiting FROM explanation WHERE verdict = '' GROUP BY pilot
) y ON y.pilot = p.id
LEFT JOIN (
    SELECT pilot, count(*) AS proposed, min(decide_by) AS decide_by,
           (array_agg(id ORDER BY decide_by))[1] AS suspension
    FROM suspension WHERE state = 'proposed' GROUP BY pilot
) u ON u.pilot = p.id
"""


async def lines(person: Person, filters: Filters) -> list[Line]:
    """The pilots in ``person``'s sight that fit all of ``filters`` but ``need``, in one query."""
    now = clock.now()
    seen, values = pilots.visible_to(person, 4)
    values = [i18n.today(), now, now + risk.NEAR, *values]
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
    rows = await fetch(f"{_FACTS} WHERE {' AND '.join(parts)}", *values)
    return [_line(row, now) for row in rows]


def _line(row: Mapping[str, Any], now: datetime) -> Line:
    days = (row["ends_on"] - i18n.today()).days if row["ends_on"] else None
    facts = Facts(
        **{name: row[name] for name in Facts.__struct_fields__ if name in row},
        reviews_overdue=int(_review_is_late(row, now)),
        days_left=days if row["state"] in {"live", "suspended"} else None,
    )
    kept = {name: row[name] for name in Line.__struct_fields__ if name in row}
    return Line(**kept, facts=facts, standing=risk.standing(facts))


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
