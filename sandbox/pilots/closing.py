"""Closing a pilot: what is still open then, what is said about it, and what was kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _, ngettext
from sandbox.framework.conditions import ConditionKind
from sandbox.pilots.rules import CONDITION, FINAL, MILESTONE, OPEN_STATES, PILOT, Outcome
from sandbox.pilots.tables import Condition, Milestone, Pilot

WHY = {
    "breached": N_("It is breached, and not kept again."),
    "not_handed_in": N_("It was never handed in."),
    "waiting": N_("Its evidence waits for your decision."),
    "not_reached": N_("It was never handed in, or was returned."),
}
_BROKEN = frozenset({"breached", "escalated"})
_SETTLED = frozenset({"accepted", "waived", "not_reached"})


class LooseEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that is still open. ``why`` is a key of :data:`WHY`."""

    kind: str
    id: UUID
    number: int
    title: Mapping[str, str]
    why: str


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """What a pilot promised. ``waiting``: the subjects whose evidence is not yet judged."""

    conditions: Sequence[Condition]
    milestones: Sequence[Milestone]
    waiting: Collection[UUID] = ()


def loose_ends(pilot: Pilot, promised: Promised) -> list[LooseEnd]:
    """What must be settled, or let go with a reason, before ``pilot`` closes.

    A milestone whose day lies after the end of testing was not owed any more.
    """
    found = [
        LooseEnd(kind="condition", id=c.id, number=c.number, title=c.title, why=why)
        for c in promised.conditions
        if (why := _open_condition(c, promised.waiting, pilot.ends_on))
    ]
    return found + [
        LooseEnd(kind="milestone", id=m.id, number=m.number, title=m.title, why=why)
        for m in promised.milestones
        if (why := _open_milestone(m, pilot.ends_on))
    ]


def _open_condition(condition: Condition, waiting: Collection[UUID], last: date | None) -> str:
    if condition.state in FINAL:
        return ""
    if condition.state in _BROKEN:
        return "breached"
    if condition.id in waiting:
        return "waiting"
    if condition.kind == ConditionKind.DOCUMENT:
        return "" if condition.state == "met" else "not_handed_in"
    late = condition.due_on is not None and last is not None and condition.due_on <= last
    return "not_handed_in" if late else ""


def _open_milestone(milestone: Milestone, last: date | None) -> str:
    if milestone.state == "submitted":
        return "waiting"
    owed = milestone.due_on is None or last is None or milestone.due_on <= last
    return "not_reached" if milestone.state in OPEN_STATES and owed else ""


def check_incidents(number: int) -> None:
    """A pilot does not close over an incident: people may still be harmed, reports still owed.

    :raises RuleBroken: ``pilot.close.incidents``.
    """
    if number:
        words = ngettext(
            "%(n)d incident is still open. Settle and close it before the pilot is closed.",
            "%(n)d incidents are still open. Settle and close them before the pilot is closed.",
            number,
        )
        raise RuleBroken("pilot.close.incidents", words % {"n": number})


def close(
    pilot: Pilot,
    promised: Promised,
    *,
    outcome: Outcome | None,
    left: Mapping[UUID, str],
    at: datetime,
) -> None:
    """Close an exiting pilot with its outcome and settle every promise by what happened.

    A pilot that was stopped or terminated keeps that outcome. ``left``: why the pilot may close
    over what is still open, by condition or milestone.

    :raises InvalidInput: the outcome is missing, or something open has neither been settled nor
        a reason.
    """
    PILOT.step(pilot.state, "close")
    open_ = {end.id: end for end in loose_ends(pilot, promised)}
    _check_said(pilot, open_.values(), outcome, left)
    pilot.outcome = pilot.outcome or outcome
    PILOT.move(pilot, "close", at=at)
    pilot.closed_at = at
    for condition in promised.conditions:
        _settle_condition(condition, open_.get(condition.id), left, at)
    for milestone in promised.milestones:
        if milestone.state not in _SETTLED:
            milestone.reason = left.get(milestone.id, "").strip() or _(
                "Testing ended before its day."
            )
            MILESTONE.move(milestone, "leave", at=at)


def _check_said(
    pilot: Pilot,
    ends: Iterable[LooseEnd],
    outcome: Outcome | None,
    left: Mapping[UUID, str],
) -> None:
    errors = {
        f"left.{end.id}": _("Settle it first, or say why the pilot may close over it")
        for end in ends
        if not left.get(end.id, "").strip()
    }
    if pilot.outcome is None and outcome not in {Outcome.COMPLETED, Outcome.MOVING_TO_MARKET}:
        errors = {"outcome": _("Choose how the pilot ended"), **errors}
    if errors:
        raise InvalidInput(errors)


def _settle_condition(
    condition: Condition, end: LooseEnd | None, left: Mapping[UUID, str], at: datetime
) -> None:
    """Discharge what was kept; what was not stays on record as not kept, with the reason."""
    if condition.state in FINAL:
        return
    if end is not None:
        condition.reason = left[condition.id].strip()
    shown = condition.state == "met" or condition.kind != ConditionKind.DOCUMENT
    kept = end is None or (end.why == "waiting" and shown)
    CONDITION.move(condition, "discharge" if kept else "leave", at=at)


def lapse(conditions: Iterable[Condition], *, at: datetime) -> None:
    """A pilot that closes before it went live leaves nobody bound."""
    for condition in conditions:
        if condition.state not in FINAL:
            CONDITION.move(condition, "lapse", at=at)


# What was kept -----------------------------------------------------------------------------


def counts(condition: Condition) -> bool:
    """Whether a condition is one of those that can be kept: neither waived nor lapsed."""
    return condition.state not in {"waived", "lapsed"}


def is_kept(condition: Condition) -> bool:
    """Whether a condition was kept: it was shown to be met, or held until the pilot closed.

    One that was ever breached is not, and being in force is not yet keeping.
    """
    if condition.breached_at is not None or condition.state == "not_kept":
        return False
    return condition.met_at is not None or condition.state in {"met", "discharged"}
