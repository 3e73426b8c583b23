"""What the firm says of a period: its periodic report, or that it kept a duty. Pure.

The figures beside it come from a floor above; here they are kept word for word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _, format_date
from sandbox.framework.conditions import ConditionKind
from sandbox.pilots.rhythms import Period
from sandbox.pilots.rules import TESTING
from sandbox.pilots.tables import Condition, Pilot


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a metric, or of a part of it (``slice``), in a period; without points nothing.

    ``mean`` weighs each figure by its samples. ``limits``: the number of each condition that
    holds it to one, and what that says by language. ``breaches``: how many were open.
    """

    metric: str
    name: Mapping[str, str]
    unit: str
    slice: str = ""
    points: int = 0
    samples: int = 0
    mean: float | None = None
    last: float | None = None
    lowest: float | None = None
    highest: float | None = None
    limits: Sequence[tuple[int, Mapping[str, str]]] = ()
    breaches: int = 0


class BreachFact(msgspec.Struct, frozen=True, kw_only=True):
    """A breach that was open in the period."""

    id: UUID
    number: int
    title: Mapping[str, str]
    metric: str
    unit: str
    at: datetime
    value: float | None
    limit: float
    until: datetime | None
    explained: bool


class IncidentFact(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of the period."""

    id: UUID
    reference: str
    title: str
    severity: str
    state: str
    at: datetime


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the system knows of a period; kept with the report as it was when it was attested."""

    figures: Sequence[Figures] = ()
    breaches: Sequence[BreachFact] = ()
    incidents: Sequence[IncidentFact] = ()

    @property
    def stamp(self) -> str:
        """Something that is another whenever anything in it is."""
        return sha256(msgspec.json.encode(self)).hexdigest()[:16]


def is_reported(condition: Condition, starts_on: date | None) -> bool:
    """Whether the condition asks for a report or an attestation of each period, and its pilot
    has periods: it is live, or was, since ``starts_on``."""
    return bool(condition.every and condition.due_on and starts_on)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the firm says. ``kept``: of a duty, whether it was kept throughout the period."""

    text: str = ""
    file: UUID | None = None
    attested: bool = False
    kept: bool | None = None


def check_said(
    pilot: Pilot, condition: Condition, period: Period, said: Said, *, today: date
) -> None:
    """Whether ``said`` may be handed in now.

    :raises RuleBroken: the pilot owes none any more, or the period is not over.
    :raises InvalidInput: nothing is said, or nobody stands in for it.
    """
    if pilot.state not in TESTING:
        raise RuleBroken("report.hand_in.over", _("Testing is over, so nothing is owed."))
    if not period.is_over(today):
        raise RuleBroken(
            "report.hand_in.early",
            _("The period runs until %(day)s. Hand it in after that.")
            % {"day": format_date(period.last)},
        )
    errors = {}
    duty = condition.kind == ConditionKind.DUTY
    if duty and said.kept is None:
        errors["kept"] = _("Say whether it was kept")
    if not said.text.strip() and not duty:
        errors["text"] = _("Say how the period went")
    if not said.text.strip() and said.kept is False:
        errors["text"] = _("Say when it was not kept, and why")
    if not said.attested:
        errors["attested"] = _("Tick the box: somebody stands in for it")
    if errors:
        raise InvalidInput(errors)
