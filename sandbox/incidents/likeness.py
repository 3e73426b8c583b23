"""Whether two tellings are of the same thing: by their words and their time. Pure.

The rule, as it is explained beside every suggestion: of each text the distinct words of four
letters or more are taken, and every pair of two such words that follow each other. The share of
words and pairs that both texts have (Dice's coefficient: twice what is shared, by what there is in
all) must reach the pack's ``alike.percent``, and what happened must lie within ``alike.days``.
Pairs tell two texts apart that only use the words of one field. No text leaves the house.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import msgspec

from sandbox.framework.severities import Alike

_WORD = re.compile(r"[^\W\d_]{4,}")
_SHOWN = 6


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a report of the public. ``at``: when it happened, as far as is known."""

    id: UUID
    kind: str
    reference: str
    title: str
    text: str
    at: datetime
    state: str = ""


class Likely(msgspec.Struct, frozen=True, kw_only=True):
    """A telling that is likely of the same thing, and why it is thought so."""

    telling: Telling
    percent: int
    days: int
    words: list[str]


def words_of(text: str) -> list[str]:
    """The words that count, in their order."""
    return _WORD.findall(text.casefold())


def features(text: str) -> frozenset[str]:
    """The distinct words, and the pairs of words that follow each other."""
    words = words_of(text)
    return frozenset([*words, *(f"{a} {b}" for a, b in pairwise(words))])


def share(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two texts have in common, from 0 to 1; two empty ones have nothing."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def likely(telling: Telling, others: Iterable[Telling], rule: Alike) -> list[Likely]:
    """Those of ``others`` that are likely of the same thing, the likeliest first."""
    mine = features(telling.text)
    found = []
    for other in others:
        apart = abs(telling.at - other.at)
        theirs = features(other.text)
        percent = round(share(mine, theirs) * 100)
        if apart <= timedelta(days=rule.days) and percent >= rule.percent:
            both = sorted(w for w in mine & theirs if " " not in w)
            found.append(
                Likely(
                    telling=other, percent=percent, days=apart.days,
                    words=sorted(both, key=lambda w: (-len(w), w))[:_SHOWN],
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (-one.percent, one.days, str(one.telling.id)))
