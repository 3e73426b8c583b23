"""Parts of a pack in words: what the schema names by a key, as people say it."""

from __future__ import annotations

from sandbox.foundation.i18n import N_
from sandbox.framework.conditions import Cadence, ConditionKind
from sandbox.framework.durations import limit_in_words

__all__ = [
    "ACTOR_NAMES",
    "AUTHORITY_KIND_NAMES",
    "CADENCE_NAMES",
    "CHECK_NAMES",
    "CONDITION_KIND_NAMES",
    "STAGE_NAMES",
    "limit_in_words",
]

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
