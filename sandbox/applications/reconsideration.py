"""Having a decision looked at again: once, in time, by somebody else than who decided. Pure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sandbox.applications import rules
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _, format_date
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack


def last_moment(pack: Pack, decided_at: datetime, authority: str) -> datetime:
    """Until when it can be asked for, by the calendar of ``authority``."""
    return rules.due(
        ClockName.RECONSIDERATION, decided_at, (), authority=authority, pack=pack, at=decided_at
    )


def check_askable(last: datetime, *, before: bool, accepted: bool, at: datetime) -> None:
    """Whether the applicant may ask at ``at``, ``last`` being the last moment for it.

    ``before``: it was asked for already. ``accepted``: the plan is.

    :raises RuleBroken: it was asked for before, the plan is accepted, or the time is over.
    """
    if before:
        raise RuleBroken(
            "reconsideration.ask.again", _("You have asked once, and once is what there is.")
        )
    if accepted:
        raise RuleBroken(
            "reconsideration.ask.accepted",
            _("You have accepted the plan. To change it, write to the case officer."),
        )
    if at > last:
        raise RuleBroken(
            "reconsideration.ask.late",
            _("This could be asked until %(day)s.") % {"day": format_date(last)},
        )


def said(text: str, field: str, words: str) -> str:
    """The text, trimmed.

    :raises InvalidInput: there is none; ``words`` say what is wanted in ``field``.
    """
    if not text.strip():
        raise InvalidInput({field: words})
    return text.strip()


def check_other(person: UUID | None, decided_by: UUID | None) -> None:
    """Nobody is judge over their own decision: separation of duties.

    :raises RuleBroken: ``reconsideration.answer.same``.
    """
    if person == decided_by:
        raise RuleBroken(
            "reconsideration.answer.same",
            _("You made this decision, so another decision maker looks at it again."),
        )
