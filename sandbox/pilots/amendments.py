"""Amendments: a plan changes only by a new version that both sides agree on. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from sandbox.applications import terms
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.framework.pack import Pack
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
    """What an amendment changes; conditions and milestones are named by their numbers."""

    texts: dict[int, str] = {}
    limits: dict[int, float] = {}
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
    if text and text != condition.text.get(language):
        # The other language would still say the old promise.
        condition.text = {language: text}
    limit = changes.limits.get(condition.number)
    if limit is not None and condition.threshold is not None:
        condition.threshold = {**condition.threshold, "limit": limit}
    if limit is not None and condition.cap is not None:
        _amend_cap(pack, condition, int(limit))
    condition.due_on = changes.dues.get(condition.number, condition.due_on)


def _amend_cap(pack: Pack, condition: PlannedCondition, limit: int) -> None:
    """A cap of the library says its new limit; the words of one that was written stay."""
    assert condition.cap is not None
    condition.cap = {**condition.cap, "limit": limit}
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
            number=number, kind=new.kind, title={}, text={language: new.text}, due_on=new.due_on
        )
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
            "threshold": msgspec.to_builtins(template.threshold) if template.threshold else None,
            **(terms.capped(template, template.cap.limit, pack) if template.cap else {}),
        },
        at,
    )


class Difference(msgspec.Struct, frozen=True):
    """One thing that an amendment changes, for both sides to read: before → after.

    ``what``: condition or milestone; ``part``: text, limit, due, added, ended.
    """

    what: str
    number: int
    part: str
    before: Any
    after: Any


def differences(old: PlanContent, new: PlanContent) -> list[Difference]:
    """What changes from ``old`` to ``new``, in the plan's order."""
    found: list[Difference] = []
    for condition in old.conditions:
        after = new.condition(condition.number)
        if after is None:
            found.append(Difference("condition", condition.number, "ended", condition, None))
        else:
            found += _changed_condition(condition, after)
    for condition in new.conditions:
        if old.condition(condition.number) is None:
            found.append(Difference("condition", condition.number, "added", None, condition))
    for milestone in new.milestones:
        before = old.milestone(milestone.number)
        if before is None:
            found.append(Difference("milestone", milestone.number, "added", None, milestone))
        elif before.due_on != milestone.due_on:
            found.append(
                Difference("milestone", milestone.number, "due", before.due_on, milestone.due_on)
            )
    return found


def _changed_condition(old: PlannedCondition, new: PlannedCondition) -> list[Difference]:
    pairs = {
        "text": (old.text, new.text),
        "limit": (old.threshold or old.cap, new.threshold or new.cap),
        "due": (old.due_on, new.due_on),
    }
    return [
        Difference("condition", old.number, part, before, after)
        for part, (before, after) in pairs.items()
        if before != after
    ]
