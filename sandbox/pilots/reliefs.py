"""How a rule that was relaxed stands, in words: the same for the firm and for the public. Pure."""

from __future__ import annotations

from datetime import date

from sandbox.foundation.i18n import _, format_date


def standing(state: str, from_on: date | None, until_on: date | None) -> str:
    """Whether a relief holds, from the ``state`` of its pilot and its own days."""
    day = {"day": format_date(until_on)}
    if from_on is None:
        never = state in {"exiting", "closed"}
        return _("Never came into force") if never else _("From the day of going live")
    if state == "suspended":
        return _("Rests while the pilot is suspended. Otherwise until %(day)s") % day
    if state in {"exiting", "closed"}:
        return _("Ended on %(day)s") % day
    return _("Until %(day)s") % day
