"""What is told of an incident, and what the pack's rules are given of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _, current_language
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Question, QuestionKind, blank
from sandbox.incidents.tables import Incident


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


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What severity and reportability follow from, told anew. ``aware_at``: when it was known."""

    aware_at: datetime
    harms_actual: Sequence[str] = ()
    harms_potential: Sequence[str] = ()
    people_affected: int = 0
    groups: str = ""
    facts: dict[str, Any] = {}


def check_draft(draft: Draft, pack: Pack, *, at: datetime) -> None:
    """Whether a report can be taken as it is.

    :raises InvalidInput: naming every field that is missing or wrong.
    """
    known = {one.key for one in pack.vulnerabilities}
    errors = _untold(draft, at)
    if not set(draft.vulnerabilities) <= known:
        errors["vulnerabilities"] = _("Choose from the options")
    _refuse(errors | _wrong(draft, pack))


def check_told(draft: Draft, *, at: datetime) -> None:
    """Whether what somebody else told can be taken; the pack's questions are asked at triage.

    :raises InvalidInput: naming every field that is missing or wrong.
    """
    _refuse(_untold(draft, at))


def _untold(draft: Draft, at: datetime) -> dict[str, str]:
    ahead = draft.occurred_from is not None and draft.occurred_from > at
    checks = (
        ("title", not draft.title.strip(), _("Say in a few words what happened")),
        ("what", not draft.what.strip(), _("Describe what happened")),
        ("aware_at", draft.aware_at > at, _("This time lies ahead")),
        ("occurred_from", ahead, _("This time lies ahead")),
    )
    return {field: words for field, wrong, words in checks if wrong}


def check_answers(answers: Answers, pack: Pack, *, since: datetime, at: datetime) -> None:
    """Whether the answers can be taken; they became known after ``since`` and before ``at``.

    :raises InvalidInput: naming every field that is missing or wrong.
    """
    errors = _wrong(answers, pack)
    if answers.aware_at > at:
        errors["aware_at"] = _("This time lies ahead")
    elif answers.aware_at < since:
        errors["aware_at"] = _("This is before the incident itself was known")
    _refuse(errors)


def _wrong(told: Draft | Answers, pack: Pack) -> dict[str, str]:
    kinds = {harm.key for harm in pack.incidents.harms}
    checks = (
        ("people_affected", told.people_affected < 0, _("Enter a number")),
        ("harms_actual", not set(told.harms_actual) <= kinds, _("Choose from the options")),
        ("harms_potential", not set(told.harms_potential) <= kinds, _("Choose from the options")),
    )
    errors = {field: words for field, wrong, words in checks if wrong}
    for question in asked(pack, told.facts):
        words = _fact_error(question, told.facts.get(question.key))
        if words:
            errors[f"fact_{question.key}"] = words
    return errors


def _fact_error(question: Question, value: Any) -> str:
    number = question.kind is QuestionKind.NUMBER
    words = _("Enter a number") if number else _("Say yes or no")
    if blank(value):
        return words if question.required else ""
    if number and (isinstance(value, bool) or not isinstance(value, int | float)):
        return words
    return words if question.kind is QuestionKind.YES_NO and not isinstance(value, bool) else ""


def _refuse(errors: dict[str, str]) -> None:
    if errors:
        raise InvalidInput(errors)


def asked(pack: Pack, facts: Mapping[str, Any]) -> list[Question]:
    """The pack's questions that these facts bring up."""
    return [question for question in pack.incidents.questions if question.asked(facts)]


def kept(pack: Pack, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to questions that are asked; one left behind by a changed answer is none."""
    keys = {question.key for question in asked(pack, facts)}
    return {key: value for key, value in facts.items() if key in keys}


def complete(pack: Pack, facts: Mapping[str, Any]) -> bool:
    """Whether every question that must be answered is. What a machine opened has no answers."""
    return not any(q.required and blank(facts.get(q.key)) for q in asked(pack, facts))


def all_facts(
    incident: Incident, *, sectors: Sequence[str], condition_breached: bool
) -> dict[str, Any]:
    """The answers with what the system knows itself (``severities.BUILT_IN_FACTS``)."""
    return {
        **incident.facts,
        "sectors": list(sectors),
        "harms_actual": list(incident.harms_actual),
        "harms_potential": list(incident.harms_potential),
        "people_affected": incident.people_affected,
        "breach": incident.breach is not None,
        "condition_breached": condition_breached,
        "drill": incident.drill,
    }


def take_over(incident: Incident, answers: Answers, pack: Pack) -> None:
    """Let the incident hold what was answered anew."""
    incident.facts = kept(pack, answers.facts)
    incident.harms_actual = list(answers.harms_actual)
    incident.harms_potential = list(answers.harms_potential)
    incident.people_affected = answers.people_affected
    incident.groups = answers.groups


class Said(msgspec.Struct, frozen=True):
    """Title and description in one language."""

    title: str
    what: str


def said(incident: Incident, language: str = "") -> Said:
    """Title and description as a reader of ``language`` (default: the current one) sees them."""
    words = (incident.words or {}).get(language or current_language())
    return Said(**words) if words else Said(incident.title, incident.what)
