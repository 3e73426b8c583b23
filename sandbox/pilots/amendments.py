"""Amendments: a plan changes only by a new version that both sides agree on. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from sandbox.applications import terms
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.pilots.plan import (
    PlanContent,
    PlannedCondition,
    PlannedMilestone,
    plan_condition,
    stored,
)


class NewCondition(msgspec.Struct, kw_only=True):
    """A condition that an amendment adds: of the pack's library, or written."""

    template: str = ""
    text: str = ""
    kind: str = "duty"
    due_on: date | None = None


class NewMilestone(msgspec.Struct, kw_only=True):
    """A milestone that an amendment adds."""

    title: str
    evidence: str = ""
    due_on: date


class Changes(msgspec.Struct, kw_only=True):
    """What an amendment changes; conditions and milestones are named by their numbers.

    ``thresholds``: parts of a threshold beside its limit, as JSON: window, grace, consequence.
    """

    titles: dict[int, str] = {}
    texts: dict[int, str] = {}
    limits: dict[int, float] = {}
    thresholds: dict[int, dict[str, Any]] = {}
    dues: dict[int, date] = {}
    ends: set[int] = set()
    milestone_dues: dict[int, date] = {}
    new_conditions: list[NewCondition] = []
    new_milestones: list[NewMilestone] = []


def amend(
    pack: Pack, content: PlanContent, changes: Changes, *, language: str, at: datetime
) -> PlanContent:
    """The plan with ``changes``, its texts written in ``language``.

    :raises InvalidInput: nothing is changed.
    """
    changed: PlanContent = msgspec.convert(stored(content), PlanContent)
    changed.conditions = [c for c in changed.conditions if c.number not in changes.ends]
    for condition in changed.conditions:
        _amend_condition(pack, condition, changes, language)
    for milestone in changed.milestones:
        milestone.due_on = changes.milestone_dues.get(milestone.number, milestone.due_on)
    _add_conditions(pack, changed, changes.new_conditions, language, at)
    _add_milestones(changed, changes.new_milestones, language)
    if changed == content:
        raise InvalidInput({"reason": _("Change something, or there is nothing to agree on")})
    return changed


def _amend_condition(
    pack: Pack, condition: PlannedCondition, changes: Changes, language: str
) -> None:
    text = changes.texts.get(condition.number, "").strip()
    title = changes.titles.get(condition.number, "").strip()
    limit = changes.limits.get(condition.number)
    if condition.threshold is not None and condition.cap is None:
        _amend_threshold(pack, condition, changes)
    if limit is not None and condition.cap is not None:
        _amend_cap(pack, condition, int(limit))
    if title and title != condition.title.get(language):
        condition.title = {language: title}
    if text and text != condition.text.get(language):
        # The other language would still say the old promise.
        condition.text = {language: text}
    condition.due_on = changes.dues.get(condition.number, condition.due_on)


def _amend_threshold(pack: Pack, condition: PlannedCondition, changes: Changes) -> None:
    """The threshold with its changes, and one of the library in words that say them."""
    assert condition.threshold is not None
    parts = dict(changes.thresholds.get(condition.number, {}))
    if condition.number in changes.limits:
        parts["limit"] = changes.limits[condition.number]
    changed = {**condition.threshold, **parts}
    after = msgspec.convert(changed, Threshold)
    if after == threshold_of(condition.threshold):
        return
    condition.threshold = changed
    if condition.template:
        condition.text = {code: pack.say(after, code) for code in pack.languages}


def check_tighter(old: PlanContent, new: PlanContent) -> None:
    """An authority alone may only tighten limits that were agreed.

    :raises InvalidInput: something else is changed, or something is looser.
    """
    for before, after in zip(old.conditions, new.conditions, strict=False):
        if before != after and not _tightens(before, after):
            raise InvalidInput({"how": _("Only a stricter limit can be set without the firm")})
    if len(old.conditions) != len(new.conditions) or old.milestones != new.milestones:
        raise InvalidInput({"how": _("Only a stricter limit can be set without the firm")})


def _tightens(before: PlannedCondition, after: PlannedCondition) -> bool:
    held = msgspec.structs.replace(
        after, threshold=before.threshold, cap=before.cap, text=before.text, title=before.title
    )
    if held != before:
        return False
    if before.cap and after.cap:
        return bool(after.cap["limit"] < before.cap["limit"])
    one, other = threshold_of(after.threshold), threshold_of(before.threshold)
    return one is not None and other is not None and one.tightens(other)


def _amend_cap(pack: Pack, condition: PlannedCondition, limit: int) -> None:
    """A cap of the library says its new limit; the words of one that was written stay."""
    assert condition.cap is not None
    condition.cap = {**condition.cap, "limit": limit}
    if condition.threshold is not None:
        condition.threshold = {**condition.threshold, "limit": float(limit)}
    if condition.template:
        said = terms.capped(pack.condition(condition.template), limit, pack)
        condition.title, condition.text = said["title"], said["text"]


def _add_conditions(
    pack: Pack, plan: PlanContent, added: list[NewCondition], language: str, at: datetime
) -> None:
    for new in added:
        plan.conditions_made += 1
        number = plan.conditions_made
        plan.conditions.append(_new_condition(pack, number, new, language, at))


def _add_milestones(plan: PlanContent, added: list[NewMilestone], language: str) -> None:
    for new in added:
        plan.milestones_made += 1
        plan.milestones.append(
            PlannedMilestone(
                number=plan.milestones_made,
                title={language: new.title},
                evidence={language: new.evidence} if new.evidence else {},
                due_on=new.due_on,
            )
        )


def _new_condition(
    pack: Pack, number: int, new: NewCondition, language: str, at: datetime
) -> PlannedCondition:
    if not new.template:
        return PlannedCondition(
            number=number, kind=new.kind, title={}, text={language: new.text}, due_on=new.due_on,
            every=terms.attested_every(new.kind, pack),
        )  # fmt: skip
    template = pack.condition(new.template)
    return plan_condition(
        pack,
        number,
        {
            "template": new.template,
            "kind": template.kind,
            "text": dict(template.text),
            "source": dict(template.source),
            "due_on": new.due_on,
            "every": template.every or terms.attested_every(template.kind, pack),
            "threshold": msgspec.to_builtins(template.threshold) if template.threshold else None,
            **(terms.capped(template, template.cap.limit, pack) if template.cap else {}),
        },
        at,
    )
