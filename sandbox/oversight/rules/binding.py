"""Which limits never bound anybody: what they cost without having done anything. Pure.

Over-regulation is a harm to be measured, too: *missed use*. A limit that no pilot ever came near
protected nobody from what happened; it may still have been a burden to write, to measure and to
answer for. It is a candidate to relax, which a person then weighs: a limit may be right although
nothing came near it, because nothing was meant to.

Said of one condition: it *bound* where it was breached; it was *near* where its figures used four
fifths or more of the room that it leaves (:mod:`sandbox.framework.nearness`), or passed it within
its grace; it was *never near* where it was watched for a quarter of a year on twelve figures and
used less; before that it is *not known yet*. A limit without room (at most 0, exactly so much) is
none of these: nothing can be said of it by its figures.

Said of a kind of limit over several pilots: the strongest of what is said of each. One breach is
enough to show that a limit works; one pilot that never came near does not show that it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from sandbox.foundation.i18n import N_

NEAR = 0.8
"""From this share of the room on, a limit was near."""
ENOUGH_DAYS = 91
ENOUGH_FIGURES = 12


class Verdict(StrEnum):
    """What figures say of a limit; the order in which candidates to relax are looked for."""

    NEVER_NEAR = "never_near"
    UNKNOWN = "unknown"
    NEAR = "near"
    BOUND = "bound"
    NO_ROOM = "no_room"


VERDICTS = {
    Verdict.NEVER_NEAR: (N_("Never near: a candidate to relax"), "amber"),
    Verdict.UNKNOWN: (N_("Not known yet"), "grey"),
    Verdict.NEAR: (N_("Came near"), "blue"),
    Verdict.BOUND: (N_("Bound"), "green"),
    Verdict.NO_ROOM: (N_("Leaves no room"), "grey"),
}
"""Each verdict in words, with its colour."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """How long a condition was watched, on how many figures, and what came of it.

    ``used``: the largest share of the room that its figures used; ``None`` where it leaves none, or
    nothing was judged (``judged``).
    """

    firm: UUID
    judged: bool
    used: float | None
    days: int
    figures: int
    breaches: int


def verdict(one: Watched) -> Verdict:
    """What its figures say of one condition."""
    if one.breaches:
        return Verdict.BOUND
    if not one.judged:
        return Verdict.UNKNOWN
    if one.used is None:
        return Verdict.NO_ROOM
    if one.used >= NEAR:
        return Verdict.NEAR
    if one.days < ENOUGH_DAYS or one.figures < ENOUGH_FIGURES:
        return Verdict.UNKNOWN
    return Verdict.NEVER_NEAR


_STRONGEST = (Verdict.BOUND, Verdict.NEAR, Verdict.NEVER_NEAR, Verdict.NO_ROOM, Verdict.UNKNOWN)


def of_kind(members: Sequence[Watched]) -> Verdict:
    """What is said of a kind of limit: the strongest of what is said of its conditions."""
    said = {verdict(one) for one in members}
    return next(one for one in _STRONGEST if one in said)


def place(members: Sequence[Watched]) -> tuple[int, float, int, int]:
    """What kinds are ordered by, those to relax first.

    Among candidates the one that was used least, then the one that held more firms, then the one
    that was watched longer.
    """
    used = max((one.used for one in members if one.used is not None), default=0.0)
    firms = len({one.firm for one in members})
    days = sum(one.days for one in members)
    return list(Verdict).index(of_kind(members)), used, -firms, -days
