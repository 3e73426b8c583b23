"""Lengths of time in words."""

from __future__ import annotations

from sandbox.foundation.i18n import _, ngettext
from sandbox.framework.clocks import Limit, Unit


def limit_in_words(limit: Limit) -> str:
    """``2 working days``; ``at least 30 days before`` where it counts back."""
    n = limit.amount
    words = {
        Unit.HOURS: ngettext("%(n)d hour", "%(n)d hours", n),
        Unit.DAYS: ngettext("%(n)d day", "%(n)d days", n),
        Unit.WORKING_DAYS: ngettext("%(n)d working day", "%(n)d working days", n),
        Unit.MONTHS: ngettext("%(n)d month", "%(n)d months", n),
    }[limit.unit] % {"n": n}
    return _("at least %(time)s before") % {"time": words} if limit.before else words
