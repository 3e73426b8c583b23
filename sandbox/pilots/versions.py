"""What changed from one version of a plan to the next, and in one condition over all. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec

from sandbox.foundation.i18n import N_
from sandbox.pilots import plan
from sandbox.pilots.plan import PlanContent, PlannedCondition
from sandbox.pilots.tables import Plan

PARTS = {
    "title": N_("Title"), "text": N_("Words"), "limit": N_("Limit"), "due": N_("Due"),
    "added": N_("New"), "ended": N_("Ended"),
}  # fmt: skip
"""The parts of a :class:`Difference` as people read them."""


def is_offered(version: Plan) -> bool:
    """Whether a version waits for the firm."""
    return not (version.accepted_at or version.declined_at or version.imposed_on)


def is_announced(version: Plan) -> bool:
    """Whether a version will bind from a day on, without the firm."""
    return bool(version.imposed_on) and not (version.accepted_at or version.declined_at)


class Difference(msgspec.Struct, frozen=True):
    """One thing that an amendment changes, for both sides to read: before → after.

    ``what``: condition or milestone; ``part``: title, text, limit (with all that belongs to it),
    due, added, ended.
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
        "title": (old.title, new.title),
        "text": (old.text, new.text),
        "limit": (old.threshold or old.cap, new.threshold or new.cap),
        "due": (old.due_on, new.due_on),
    }
    return [
        Difference("condition", old.number, part, before, after)
        for part, (before, after) in pairs.items()
        if before != after
    ]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A version that made a condition read as it does: who offered and who accepted it, and why."""

    version: int
    offered_at: datetime
    offered_name: str
    accepted_at: datetime | None
    accepted_name: str
    imposed_on: date | None
    reason: str
    changes: list[Difference]


def of_condition(versions: Iterable[Plan], number: int) -> list[Step]:
    """The versions that came into force and changed the condition ``number``, oldest first."""
    steps: list[Step] = []
    before = PlanContent(title="", months=0)
    for version in sorted(versions, key=lambda one: one.version):
        if version.accepted_at is None:
            continue
        content = plan.read(version.content)
        changes = [
            one
            for one in differences(before, content)
            if one.what == "condition" and one.number == number
        ]
        if changes:
            steps.append(_step(version, changes))
        before = content
    return steps


def _step(version: Plan, changes: list[Difference]) -> Step:
    return Step(
        version=version.version, offered_at=version.offered_at,
        offered_name=version.offered_name, accepted_at=version.accepted_at,
        accepted_name=version.accepted_name, imposed_on=version.imposed_on,
        reason=version.reason, changes=changes,
    )  # fmt: skip
