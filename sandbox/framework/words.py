"""Parts of a pack in words: what the schema names by a key, as people say it."""

from __future__ import annotations

from sandbox.foundation.i18n import N_, _, ngettext
from sandbox.framework.clocks import Limit, Unit
from sandbox.framework.conditions import Cadence, ConditionKind

CONDITION_KIND_NAMES = {
    ConditionKind.DOCUMENT: N_("Document"),
    ConditionKind.DUTY: N_("Standing duty"),
    ConditionKind.CAP: N_("Cap"),
    ConditionKind.THRESHOLD: N_("Threshold"),
    ConditionKind.PERIODIC_REPORT: N_("Periodic report"),
    ConditionKind.DISCLOSURE: N_("Telling users"),
}
CADENCE_NAMES = {
    Cadence.HOURLY: N_("every hour"),
    Cadence.DAILY: N_("every day"),
    Cadence.WEEKLY: N_("every week"),
    Cadence.MONTHLY: N_("every month"),
    Cadence.QUARTERLY: N_("every quarter"),
}
CHECK_NAMES = {
    "machine": N_("checked by machine"),
    "evidence": N_("shown by evidence"),
    "attestation": N_("confirmed in writing"),
}
ACTOR_NAMES = {
    "applicant": N_("The applicant"),
    "authority": N_("The regulator"),
    "central": N_("The central office"),
    "reviewer": N_("The reviewer"),
    "system": N_("The system"),
}
STAGE_NAMES = {
    "initial": N_("Initial"),
    "interim": N_("Interim"),
    "supplementary": N_("Supplementary"),
    "final": N_("Final"),
}
AUTHORITY_KIND_NAMES = {
    "central": N_("coordinates"),
    "sector": N_("regulates a sector"),
    "crosscutting": N_("receives reports under its own law"),
}


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
