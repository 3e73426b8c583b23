"""The decision as its page holds it: from posted fields to :class:`commands.Terms`. Pure.

Fields: ``reasons.<outcome>`` (a reason's key, several); ``condition`` (a template's key, several),
``limit.<key>`` and ``due.<key>`` for one of them; ``own.<n>.title|text|kind|precedent|due_on`` for
a condition written here; ``milestone`` (``plan.<n>`` of the application or a template's key,
several) with ``month.<id>``; ``own_milestone.<n>.title|evidence|month``; ``relief`` (the number of
a row asked for, several).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

import msgspec

from sandbox.applications import terms
from sandbox.applications.commands import Terms
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import decimal, whole
from sandbox.framework.conditions import ConditionTemplate
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Feed
from sandbox.framework.thresholds import Threshold

Values = Mapping[str, Any]
OWN_ROWS = 3


def several(values: Values, name: str) -> list[str]:
    """What was ticked under ``name``."""
    held = values.get(name) or []
    return [item for item in (held if isinstance(held, list) else [held]) if item]


def terms_of(values: Values, *, pack: Pack, answers: Values, language: str) -> Terms:
    """The posted decision; words typed here are in ``language``.

    :raises InvalidInput: a number or a date cannot be read, or an own condition is half-written.
    """
    errors: dict[str, str] = {}
    decided = Terms(
        reasons=several(values, f"reasons.{values.get('outcome')}"),
        text=str(values.get("text") or ""),
        conditions=[
            *_picked_conditions(values, pack, errors),
            *_own_conditions(values, language, errors),
        ],
        milestones=[
            *_picked_milestones(values, pack, answers, language, errors),
            *_own_milestones(values, language, errors),
        ],
        reliefs=_reliefs(values, pack, answers),
        months=_whole(values, "months", errors),
    )
    if errors:
        raise InvalidInput(errors)
    return decided


def _picked_conditions(values: Values, pack: Pack, errors: dict[str, str]) -> list[dict[str, Any]]:
    known = {template.key: template for template in pack.conditions}
    keys = [key for key in several(values, "condition") if key in known]
    return [_condition_of(known[key], values, pack, errors) for key in keys]


def _condition_of(
    template: ConditionTemplate, values: Values, pack: Pack, errors: dict[str, str]
) -> dict[str, Any]:
    item = {
        "template": template.key,
        "kind": template.kind.value,
        "title": dict(template.title),
        "text": dict(template.text),
        "source": dict(template.source),
        "precedent": template.precedent,
        "due_on": _day(values, f"due.{template.key}", errors),
        "every": template.every or "",
        "threshold": _plain(template.threshold),
    }
    typed = str(values.get(f"limit.{template.key}") or "").replace(",", "")
    try:
        return item | (_limited(template, typed, pack) if typed else {})
    except ValueError:
        errors[f"limit.{template.key}"] = _("Enter a number")
        return item


def _limited(template: ConditionTemplate, typed: str, pack: Pack) -> dict[str, Any]:
    """What a limit typed here changes of the template: the limit, and the words that say it.

    :raises ValueError: it is no number that could be a limit.
    """
    if template.cap is not None:
        if int(typed) < 1:
            raise ValueError(typed)
        return terms.capped(template, int(typed), pack)
    if template.threshold is None:
        return {}
    limit = decimal(typed)
    if limit is None:
        raise ValueError(typed)
    changed = msgspec.structs.replace(template.threshold, limit=limit)
    if changed == template.threshold:
        return {}
    said = {code: pack.say(changed, code) for code in pack.languages}
    return {"threshold": _plain(changed), "text": said}


def _plain(threshold: Threshold | None) -> dict[str, Any] | None:
    return None if threshold is None else msgspec.to_builtins(threshold)


def _own_conditions(values: Values, language: str, errors: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for number in range(1, OWN_ROWS + 1):
        title = str(values.get(f"own.{number}.title") or "")
        text = str(values.get(f"own.{number}.text") or "")
        if not title and not text:
            continue
        if not title:
            errors[f"own.{number}.title"] = _("Give the condition a title")
        if not text:
            errors[f"own.{number}.text"] = _("Write what the condition asks")
        found.append(
            {
                "template": None,
                "kind": str(values.get(f"own.{number}.kind") or "duty"),
                "title": {language: title},
                "text": {language: text},
                "source": {},
                "precedent": values.get(f"own.{number}.precedent") == "yes",
                "due_on": _day(values, f"own.{number}.due_on", errors),
                "every": "",
                "threshold": None,
            }
        )
    return found


def planned_milestones(pack: Pack, answers: Values, language: str) -> list[dict[str, Any]]:
    """The milestones that the application proposes, each with the ``id`` of its box."""
    rows = pack.form.answer(Feed.MILESTONES, answers) or []
    return [
        {
            "id": f"plan.{number}",
            "title": {language: str(row.get("title") or "")},
            "evidence": {language: str(row.get("evidence") or "")},
            "month": row.get("month"),
        }
        for number, row in enumerate(rows)
    ]


def _picked_milestones(
    values: Values, pack: Pack, answers: Values, language: str, errors: dict[str, str]
) -> list[dict[str, Any]]:
    offered = {one["id"]: one for one in planned_milestones(pack, answers, language)}
    for template in pack.milestones:
        offered[template.key] = {
            "title": dict(template.title),
            "evidence": dict(template.evidence),
            "month": template.month,
        }
    return [
        {
            "title": offered[key]["title"],
            "evidence": offered[key]["evidence"],
            "month": _whole(values, f"month.{key}", errors) or offered[key]["month"],
            "due_on": None,
        }
        for key in several(values, "milestone")
        if key in offered
    ]


def _own_milestones(values: Values, language: str, errors: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for number in range(1, OWN_ROWS + 1):
        title = str(values.get(f"own_milestone.{number}.title") or "")
        if not title:
            continue
        month = _whole(values, f"own_milestone.{number}.month", errors)
        if not month:
            errors[f"own_milestone.{number}.month"] = _("Enter a number of months")
        evidence = str(values.get(f"own_milestone.{number}.evidence") or "")
        found.append(
            {
                "title": {language: title}, "evidence": {language: evidence}, "month": month,
                "due_on": None,
            }
        )  # fmt: skip
    return found


def asked_reliefs(pack: Pack, answers: Values) -> list[dict[str, Any]]:
    """The rules that the application asks to have relaxed."""
    return pack.form.reliefs(answers)


def _reliefs(values: Values, pack: Pack, answers: Values) -> list[dict[str, Any]]:
    asked = asked_reliefs(pack, answers)
    chosen = {whole(one) for one in several(values, "relief")}
    return [
        {
            "rule": str(row.get("rule") or ""),
            "relaxed": str(values.get(f"relaxed.{number}") or row.get("relaxed") or ""),
            "scope": str(values.get(f"scope.{number}") or ""),
            "replacement": str(row.get("replacement") or ""),
        }
        for number, row in enumerate(asked)
        if number in chosen
    ]


def _whole(values: Values, name: str, errors: dict[str, str]) -> int:
    typed = str(values.get(name) or "")
    if not typed:
        return 0
    if not typed.isdecimal() or len(typed) > 4:
        errors[name] = _("Enter a whole number")
        return 0
    return int(typed)


def _day(values: Values, name: str, errors: dict[str, str]) -> date | None:
    typed = str(values.get(name) or "")
    if typed:
        with suppress(ValueError):
            return date.fromisoformat(typed)
        errors[name] = _("Enter a date")
    return None


def proposal(pack: Pack, answers: Values, recommended: str) -> dict[str, Any]:
    """The form as it opens: what the answers call for is ticked, and each limit is filled in."""
    return {
        "outcome": recommended,
        "months": str(pack.terms.testing_months),
        "condition": [template.key for template in pack.suggested(answers)],
        "milestone": [one["id"] for one in planned_milestones(pack, answers, "en")],
        "relief": [str(number) for number, _row in enumerate(asked_reliefs(pack, answers))],
        **{
            f"limit.{template.key}": _typed(limit)
            for template in pack.conditions
            if (limit := _limit_of(template, pack, answers)) is not None
        },
    }


def _limit_of(template: ConditionTemplate, pack: Pack, answers: Values) -> float | None:
    if template.cap is not None:
        return terms.suggested_cap(template, pack, answers)
    return template.threshold.limit if template.threshold else None


def _typed(number: float) -> str:
    """A number as a person would type it."""
    return str(int(number)) if number == int(number) else str(number)
