"""The life of an incident, its severity and its clocks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.framework import clocks
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Question, QuestionKind, blank
from sandbox.framework.severities import RegimeReport
from sandbox.incidents.tables import CorrectiveAction, Incident
from sandbox.people.person import Role

_OFFICER = {Role.OFFICER, Role.DECISION_MAKER}
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
    ),
)  # fmt: skip


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it is reported. Times are aware; ``facts`` answer the pack's questions."""

    title: str
    what: str
    aware_at: datetime
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    place: str = ""
    system_version: str = ""
    harms_actual: Sequence[str] = ()
    harms_potential: Sequence[str] = ()
    people_affected: int = 0
    groups: str = ""
    suspected_cause: str = ""
    immediate_action: str = ""
    vulnerabilities: Sequence[str] = ()
    facts: dict[str, Any] = {}
    drill: bool = False


def check_draft(draft: Draft, pack: Pack, *, at: datetime) -> None:
    """Whether a report can be taken as it is.

    :raises InvalidInput: naming every field that is missing or wrong.
    """
    kinds = {harm.key for harm in pack.incidents.harms}
    known = {one.key for one in pack.vulnerabilities}
    checks = (
        ("title", not draft.title.strip(), _("Say in a few words what happened")),
        ("what", not draft.what.strip(), _("Describe what happened")),
        ("aware_at", draft.aware_at > at, _("This time lies ahead")),
        (
            "occurred_from",
            draft.occurred_from is not None and draft.occurred_from > at,
            _("This time lies ahead"),
        ),
        ("people_affected", draft.people_affected < 0, _("Enter a number")),
        ("harms_actual", not set(draft.harms_actual) <= kinds, _("Choose from the options")),
        ("harms_potential", not set(draft.harms_potential) <= kinds, _("Choose from the options")),
        ("vulnerabilities", not set(draft.vulnerabilities) <= known, _("Choose from the options")),
    )
    errors = {field: words for field, wrong, words in checks if wrong}
    errors |= _fact_errors(draft.facts, pack)
    if errors:
        raise InvalidInput(errors)


def asked(pack: Pack, facts: dict[str, Any]) -> list[Question]:
    """The pack's questions that these facts bring up."""
    return [question for question in pack.incidents.questions if question.asked(facts)]


def _fact_errors(facts: dict[str, Any], pack: Pack) -> dict[str, str]:
    errors = {}
    for question in asked(pack, facts):
        value = facts.get(question.key)
        if blank(value):
            if question.required:
                errors[f"fact_{question.key}"] = _("Say yes or no")
        elif question.kind is QuestionKind.YES_NO and not isinstance(value, bool):
            errors[f"fact_{question.key}"] = _("Say yes or no")
        elif question.kind is QuestionKind.NUMBER and not isinstance(value, int | float):
            errors[f"fact_{question.key}"] = _("Enter a number")
    return errors


def all_facts(incident: Incident, *, sectors: Sequence[str]) -> dict[str, Any]:
    """The facts of an incident with those that the system knows itself."""
    return {
        **incident.facts,
        "sectors": list(sectors),
        "harms_actual": list(incident.harms_actual),
        "harms_potential": list(incident.harms_potential),
        "people_affected": incident.people_affected,
        "breach": incident.breach is not None,
        "condition_breached": incident.breach is not None,
        "drill": incident.drill,
    }


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A report that a regime wants."""

    regime: str
    authority: str
    report: RegimeReport
    due_at: datetime


def owed(pack: Pack, facts: dict[str, Any], *, severity: str, aware_at: datetime) -> list[Owed]:
    """What every regime that is triggered wants, and by when."""
    calendar = pack.jurisdiction.calendar()
    found = []
    for regime, reports in pack.incidents.regimes_of({**facts, "severity": severity}):
        initial = next((r for r in reports if r.stage == "initial"), None)
        first = clocks.due(initial.limit, aware_at, calendar) if initial else aware_at
        for report in reports:
            start = first if report.starts == "initial" else aware_at
            found.append(
                Owed(
                    regime=regime.key, authority=regime.authority, report=report,
                    due_at=clocks.due(report.limit, start, calendar),
                )
            )  # fmt: skip
    return found


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer decides at triage. ``reason``: needed where it is not what the rules say."""

    severity: str
    reason: str = ""
    vulnerabilities: Sequence[str] = ()


def triage(
    incident: Incident,
    pack: Pack,
    verdict: Verdict,
    *,
    derived: str,
    by: str,
    at: datetime,
) -> None:
    """Confirm the severity that the rules derive, or decide another one and say why.

    :raises InvalidInput: no such severity, or another one without a reason.
    """
    severity, reason = verdict.severity, verdict.reason
    LIFE.step(incident.state, "triage")
    if severity not in {degree.key for degree in pack.incidents.severities}:
        raise InvalidInput({"severity": _("Choose a severity")})
    if severity != derived and not reason.strip():
        raise InvalidInput({"reason": _("Say why it weighs other than the rules say")})
    LIFE.move(incident, "triage", at=at)
    incident.severity, incident.severity_by = severity, by
    incident.severity_reason = reason.strip()
    incident.vulnerabilities = list(verdict.vulnerabilities) or incident.vulnerabilities
    incident.confirmed_at = at


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
