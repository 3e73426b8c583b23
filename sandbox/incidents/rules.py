"""The life of an incident, and the decisions on how grave it is and who is told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.framework import clocks
from sandbox.framework.pack import Pack
from sandbox.framework.severities import IncidentRules
from sandbox.incidents.facts import Answers, Draft
from sandbox.incidents.tables import Assessment, CorrectiveAction, Incident
from sandbox.people.person import Role

__all__ = [
    "LIFE", "OPEN", "Answers", "Decision", "Draft", "Verdict", "close", "decide", "resolve",
    "set_response",
]  # fmt: skip

_OFFICER = {Role.OFFICER, Role.DECISION_MAKER}
ACTION_KINDS = {"corrective": N_("Corrective"), "preventive": N_("Preventive")}
OPEN = ("reported", "triaged", "investigating", "corrective_action", "resolved")
"""States in which new facts are taken."""

LIFE = LifeCycle(
    "incident",
    "reported",
    (
        transition("triage", "reported", "triaged", _OFFICER, label=N_("Triage")),
        transition("investigate", "triaged", "investigating", _OFFICER,
                   label=N_("Begin to investigate")),
        transition("ask_action", ("triaged", "investigating", "corrective_action"),
                   "corrective_action", _OFFICER, label=N_("Ask for corrective action")),
        transition("resolve", ("triaged", "investigating", "corrective_action"), "resolved",
                   _OFFICER, label=N_("Resolve"),
                   precondition="every corrective action is verified, and the cause is named"),
        transition("reopen", ("resolved", "closed"), "investigating", _OFFICER,
                   label=N_("Open again"), precondition="a reason"),
        transition("close", "resolved", "closed", _OFFICER, label=N_("Close"),
                   precondition="every report that a regime wants is in"),
        *(transition("assess", state, state, {*_OFFICER, Role.APPLICANT}, label=N_("Assess anew"),
                     precondition="lighter only with a reason and evidence, never by the firm")
          for state in OPEN),
    ),
)  # fmt: skip


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided, by triage or later.

    ``severity``: empty, what the rules say. ``reporting``: empty, what the rules say; ``none``,
    nobody is told; ``more``, ``regimes`` too. ``answers``: the questions answered anew.
    ``file`` and ``report`` are the evidence that something weighs less.
    """

    severity: str = ""
    reason: str = ""
    vulnerabilities: Sequence[str] = ()
    reporting: str = ""
    regimes: Sequence[str] = ()
    answers: Answers | None = None
    file: UUID | None = None
    report: UUID | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Severity and reportability: by the rules, and as decided."""

    derived: str
    severity: str
    regimes_derived: list[str]
    regimes: list[str]


def decide(
    rules: IncidentRules,
    facts: dict[str, Any],
    verdict: Verdict,
    before: Assessment | None,
    *,
    firm: bool,
) -> Decision:
    """Derive how grave it is and who must be told; let ``verdict`` stand where it may.

    Up at once, with a reason where the rules do not say so; down, from the rules or from what
    was decided ``before``, only with a reason and evidence, and never by the firm.

    :raises InvalidInput: no such severity or regime; no reason; no evidence; lighter by the firm.
    """
    derived = rules.severity_of(facts).key
    severity = _up(rules, derived, before) if firm and before else verdict.severity or derived
    if severity not in {degree.key for degree in rules.severities}:
        raise InvalidInput({"severity": _("Choose a severity")})
    triggered = [regime.key for regime, _r in rules.regimes_of({**facts, "severity": severity})]
    decision = Decision(
        derived=derived, severity=severity, regimes_derived=triggered,
        regimes=_regimes(rules, facts, verdict, triggered, before, firm=firm),
    )  # fmt: skip
    if firm:
        _check_no_lighter(rules, decision, before)
    else:
        _check_grounds(decision, verdict, lighter=_lighter(rules, decision, before))
    return decision


def _up(rules: IncidentRules, derived: str, before: Assessment) -> str:
    """What stands after the firm's new facts: the officer's word, unless it got graver."""
    if rules.severity(derived).level <= rules.severity(before.derived).level:
        return str(before.severity)
    return rules.graver(derived, before.severity)


def _regimes(
    rules: IncidentRules,
    facts: dict[str, Any],
    verdict: Verdict,
    triggered: list[str],
    before: Assessment | None,
    *,
    firm: bool,
) -> list[str]:
    """Whom to tell. New facts end an officer's word that nobody is told, not that more are."""
    more = list(verdict.regimes) if verdict.reporting == "more" else []
    if firm:
        more = sorted(set(before.regimes) - set(before.regimes_derived)) if before else []
    elif verdict.reporting == "none":
        return []
    elif verdict.reporting == "more":
        _check_more(rules, facts, more)
    return [*triggered, *(key for key in dict.fromkeys(more) if key not in triggered)]


def _check_more(rules: IncidentRules, facts: dict[str, Any], more: list[str]) -> None:
    if not more or not set(more) <= {regime.key for regime in rules.regimes}:
        raise InvalidInput({"regimes": _("Choose under which it is reported")})
    if facts.get("drill"):
        raise InvalidInput({"reporting": _("A drill is reported to nobody")})


def _lighter(rules: IncidentRules, decision: Decision, before: Assessment | None) -> bool:
    """Whether it weighs less than the rules say, or than it did before."""
    level = rules.severity(decision.severity).level
    held = {decision.derived, *([before.severity] if before else [])}
    told = {*decision.regimes_derived, *(before.regimes if before else [])}
    return any(level < rules.severity(key).level for key in held) or bool(
        told - set(decision.regimes)
    )


def _check_grounds(decision: Decision, verdict: Verdict, *, lighter: bool) -> None:
    errors = {}
    other = decision.severity != decision.derived or decision.regimes != decision.regimes_derived
    if (other or lighter) and not verdict.reason.strip():
        errors["reason"] = (
            _("Say why it weighs less than the rules say, or than it did before")
            if lighter
            else _("Say why it weighs other than the rules say")
        )
    if lighter and verdict.file is None and verdict.report is None:
        errors["file"] = _("Add what shows that it weighs less: a file, or a report of the firm")
    if errors:
        raise InvalidInput(errors)


def _check_no_lighter(rules: IncidentRules, decision: Decision, before: Assessment | None) -> None:
    if before is None:
        return
    eased = rules.severity(decision.derived).level < rules.severity(before.derived).level
    if eased or _lighter(rules, decision, before):
        raise InvalidInput(
            {"_": _("By these answers it weighs less than before. Write a report that shows it; "
                    "the authority then decides.")}
        )  # fmt: skip


def set_response(incident: Incident, pack: Pack, *, aware_at: datetime) -> None:
    """By when the firm says what it has done, as the severity wants it.

    It counts from ``aware_at`` when it is first set; a graver severity brings it forward, but
    grants its own time from when the graver facts were known.
    """
    limit = pack.incidents.severity(incident.severity).respond
    if incident.responded_at is not None and incident.respond_by is not None:
        return
    if limit is None:
        incident.respond_by = None
        return
    calendar = pack.jurisdiction.calendar()
    from_now = clocks.due(limit, aware_at, calendar)
    from_first = clocks.due(limit, min(incident.aware_at, aware_at), calendar)
    held = incident.respond_by
    incident.respond_by = from_now if held is None else max(from_first, min(held, from_now))


def resolve(
    incident: Incident, actions: Sequence[CorrectiveAction], *, root_cause: str, at: datetime
) -> None:
    """Settle an incident: the cause is known and everything is set right.

    :raises InvalidInput: no cause is named.
    :raises RuleBroken: a corrective action is open.
    """
    LIFE.step(incident.state, "resolve")
    if not root_cause.strip():
        raise InvalidInput({"root_cause": _("Name the cause as far as it is known")})
    if any(action.verified_at is None for action in actions):
        raise RuleBroken(
            "incident.resolve.open_action", _("A corrective action is not verified yet.")
        )
    LIFE.move(incident, "resolve", at=at)
    incident.root_cause = root_cause.strip()


def close(incident: Incident, unmet: int, *, words: str, at: datetime) -> None:
    """Close an incident for good.

    :raises RuleBroken: a regime still waits for a report.
    """
    LIFE.step(incident.state, "close")
    if unmet:
        raise RuleBroken(
            "incident.close.report_owed",
            _("A report that a regime wants has not come in yet. It can be closed after that."),
        )
    LIFE.move(incident, "close", at=at)
    incident.closing, incident.closed_at = words.strip(), at
