"""Where a pilot stands by risk, and why, in words. Pure.

No score: a ladder of things that may be open in a pilot, the gravest first (:data:`LADDER`). Of
two pilots the one comes first in which the graver thing is open; where it is the same thing, the
one that has more of it; where that is the same too, the next thing down the ladder decides, and
in the end the nearer limit of a report, then the reference. So one overdue report to an authority
outweighs any number of overdue milestones, and everybody can check the order by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import IntEnum

import msgspec

from sandbox.foundation.i18n import N_, _, ngettext

NEAR = timedelta(days=3)
"""A report to an authority that is due within it counts as near."""
ENDING_DAYS = 30
"""From so many days before its last day on, the end of testing asks for attention."""


class Grade(IntEnum):
    """How soon somebody should look at a pilot."""

    CALM = 0
    VIEW = 1
    SOON = 2
    NOW = 3


GRADES = {
    Grade.NOW: (N_("Act now"), "red"),
    Grade.SOON: (N_("Look soon"), "amber"),
    Grade.VIEW: (N_("Keep in view"), "blue"),
    Grade.CALM: (N_("Calm"), "green"),
}
"""Each grade in words, with its colour."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in a pilot, counted. ``days_left``: of testing, while it runs.

    ``reports``: to an authority, about incidents. ``reportable``, ``incidents``: open ones that
    must be told to an authority, and the others; drills are neither. ``conditions_overdue``:
    documents and periodic reports.
    """

    reports_overdue: int = 0
    suspensions: int = 0
    reviews_overdue: int = 0
    explanations_overdue: int = 0
    breaches: int = 0
    reports_near: int = 0
    reportable: int = 0
    incidents: int = 0
    exit_reports_overdue: int = 0
    conditions_overdue: int = 0
    milestones_overdue: int = 0
    silent: int = 0
    days_left: int | None = None

    @property
    def ending(self) -> int:
        """Whether testing ends soon, as a count."""
        return int(self.days_left is not None and self.days_left <= ENDING_DAYS)

    @property
    def overdue(self) -> int:
        """Everything that the firm owes under its plan and that is late."""
        return self.exit_reports_overdue + self.conditions_overdue + self.milestones_overdue


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be open: the field of :class:`Facts` that counts it, and what it is."""

    field: str
    grade: Grade
    name: str


LADDER = (
    Rung(field="reports_overdue", grade=Grade.NOW,
         name=N_("A report to an authority about an incident is overdue")),
    Rung(field="suspensions", grade=Grade.NOW,
         name=N_("A suspension waits for a decision")),
    Rung(field="reviews_overdue", grade=Grade.NOW,
         name=N_("A suspension was to be looked at again, and was not")),
    Rung(field="explanations_overdue", grade=Grade.NOW,
         name=N_("The firm has not explained a breach in time")),
    Rung(field="breaches", grade=Grade.SOON, name=N_("A condition is not kept")),
    Rung(field="reports_near", grade=Grade.SOON,
         name=N_("A report to an authority is due within three days")),
    Rung(field="reportable", grade=Grade.SOON,
         name=N_("An incident that an authority must be told of is open")),
    Rung(field="incidents", grade=Grade.VIEW, name=N_("Another incident is open")),
    Rung(field="exit_reports_overdue", grade=Grade.VIEW, name=N_("The exit report is overdue")),
    Rung(field="conditions_overdue", grade=Grade.VIEW,
         name=N_("A document or a periodic report is overdue")),
    Rung(field="milestones_overdue", grade=Grade.VIEW, name=N_("A milestone is overdue")),
    Rung(field="silent", grade=Grade.VIEW, name=N_("A metric has stopped coming")),
    Rung(field="ending", grade=Grade.VIEW, name=N_("Testing ends within 30 days")),
)  # fmt: skip
"""The gravest first."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pilot stands: how many of each rung are open, and the rungs that are."""

    counts: tuple[int, ...]
    rungs: tuple[Rung, ...]

    @property
    def grade(self) -> Grade:
        """The grade of the gravest thing that is open."""
        return self.rungs[0].grade if self.rungs else Grade.CALM


def standing(facts: Facts) -> Standing:
    """Where a pilot with ``facts`` stands on the ladder."""
    counts = tuple(getattr(facts, rung.field) for rung in LADDER)
    pairs = zip(LADDER, counts, strict=True)
    return Standing(counts=counts, rungs=tuple(rung for rung, count in pairs if count))


def place(found: Standing, due: datetime | None, reference: str) -> tuple[int | str, ...]:
    """What pilots are ordered by, the riskiest first. ``due``: the nearest limit of a report."""
    return *(-count for count in found.counts), due.isoformat() if due else "~", reference


# In words ------------------------------------------------------------------------------------

_WORDS: dict[str, Callable[[int], str]] = {
    "reports_overdue": lambda n: ngettext(
        "%(n)s report to an authority is overdue", "%(n)s reports to an authority are overdue", n
    ),
    "suspensions": lambda n: ngettext(
        "%(n)s suspension waits for a decision", "%(n)s suspensions wait for a decision", n
    ),
    "reviews_overdue": lambda _n: _("The suspension was not looked at again in time"),
    "explanations_overdue": lambda n: ngettext(
        "%(n)s explanation of a breach is overdue", "%(n)s explanations of breaches are overdue", n
    ),
    "breaches": lambda n: ngettext(
        "%(n)s condition is not kept", "%(n)s conditions are not kept", n
    ),
    "reports_near": lambda n: ngettext(
        "%(n)s report to an authority is due within three days",
        "%(n)s reports to an authority are due within three days", n,
    ),
    "reportable": lambda n: ngettext(
        "%(n)s incident that an authority must be told of is open",
        "%(n)s incidents that an authority must be told of are open", n,
    ),
    "incidents": lambda n: ngettext("%(n)s incident is open", "%(n)s incidents are open", n),
    "exit_reports_overdue": lambda _n: _("The exit report is overdue"),
    "conditions_overdue": lambda n: ngettext(
        "%(n)s document or report is overdue", "%(n)s documents or reports are overdue", n
    ),
    "milestones_overdue": lambda n: ngettext(
        "%(n)s milestone is overdue", "%(n)s milestones are overdue", n
    ),
    "silent": lambda n: ngettext(
        "%(n)s metric has stopped coming", "%(n)s metrics have stopped coming", n
    ),
}  # fmt: skip


def reasons(facts: Facts) -> list[str]:
    """Why a pilot stands where it stands: what is open, the gravest first."""
    return [_reason(rung, facts) for rung in standing(facts).rungs]


def _reason(rung: Rung, facts: Facts) -> str:
    if rung.field == "ending":
        return _ending(facts.days_left or 0)
    count = getattr(facts, rung.field)
    return _WORDS[rung.field](count) % {"n": count}


def _ending(days: int) -> str:
    if days < 0:
        return _("The last day of testing is over")
    if days == 0:
        return _("Testing ends today")
    return ngettext("Testing ends in %(n)s day", "Testing ends in %(n)s days", days) % {"n": days}
