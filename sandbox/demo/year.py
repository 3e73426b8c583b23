"""What happens to whom, and when: the plan of the demo year. Pure and always the same.

Every case has a *fate*: how far it gets. Days count back from the day of the demo, so that
the year always ends today. Some cases have *turns* beside it: what everybody should see once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec

CONTENT = Path(__file__).parent / "content"
_SEED = 2026

# How far cases get, how many of each, and when the first and the last of them began, in days
# before today. Those that became pilots come first: they are the oldest. 90 in all, 35 of them
# pilots.
FATES = (
    ("completed", 5, 362, 330),
    ("moving_to_market", 2, 355, 340),
    ("stopped_by_applicant", 1, 330, 320),
    ("terminated", 1, 330, 320),
    ("exiting", 3, 330, 300),
    ("suspended", 2, 240, 200),
    ("live", 18, 290, 120),
    ("preparing", 3, 90, 75),
    ("plan_offered", 4, 62, 50),
    ("refused", 9, 340, 90),
    ("redirected", 5, 330, 90),
    ("withdrawn", 4, 300, 60),
    ("lapsed", 3, 260, 120),
    ("recommended", 3, 60, 50),
    ("awaiting_clarification", 3, 24, 21),
    ("in_review", 7, 50, 24),
    ("returned", 3, 26, 16),
    ("screening", 4, 16, 8),
    ("submitted", 4, 2, 1),
    ("draft", 6, 40, 2),
)
PILOT_FATES = frozenset(
    {
        "completed", "moving_to_market", "stopped_by_applicant", "terminated", "exiting",
        "suspended", "live", "preparing",
    }
)  # fmt: skip

# What befalls which live pilots beside their fates; a sector where only it has such a rule.
# ``incident:<key>`` and ``public:<key>`` are of content/events.yaml. What is told of pilots that
# have ended lies in :func:`_own_turns`.
TURNS = (
    ("incident:device", "healthcare"),
    ("incident:attack", "public_administration"),
    ("incident:names", "finance"),
    ("incident:language", "education"),
    ("incident:followed", "agriculture"),
    ("incident:away", "communications_media"),
    ("incident:swapped", "healthcare"),
    ("incident:unequal", "public_administration"),
    ("escalated", "communications_media"),
    ("condition_waived", ""),
    ("milestone_returned", ""),
    ("milestone_waived", ""),
    ("milestone_overdue", ""),
    ("milestone_overdue", ""),
    ("extended", ""),
    ("extension_asked", ""),
    ("quiet", ""),
    ("quiet", ""),
    ("public:slow", "public_administration"),
    ("public:wrong", "education"),
)
_ENDED_TURNS = ("incident:language", "incident:followed", "incident:swapped", "milestone_waived")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One application of the year. ``began`` is the day of its draft, in days before today.

    ``place`` counts the pilots of its sector, from 0.
    """

    number: int
    fate: str
    sector: str
    other_sector: str
    organisation: str
    title: str
    summary: str
    rule: str
    began: int
    place: int = 0
    turns: frozenset[str] = frozenset()

    @property
    def is_pilot(self) -> bool:
        """Whether its plan was accepted."""
        return self.fate in PILOT_FATES


@cache
def content(name: str) -> Any:
    """The invented words of ``content/<name>.yaml``."""
    return msgspec.yaml.decode((CONTENT / f"{name}.yaml").read_bytes())


def cases() -> list[Case]:
    """The ninety cases, oldest first."""
    chance = Random(_SEED)
    sectors = _sectors(chance)
    made = [
        _case(number, fate, began, next(sectors), chance)
        for number, (fate, began) in enumerate(_fates(chance))
    ]
    return sorted(_with_turns(made), key=lambda case: -case.began)


def _fates(chance: Random) -> Iterator[tuple[str, int]]:
    for fate, times, first, last in FATES:
        for step in range(times):
            spread = first - (first - last) * step // max(times - 1, 1)
            yield fate, max(spread - chance.randrange(3), 1)


def _sectors(chance: Random) -> Iterator[tuple[str, int]]:
    """Every sector in turn, so that each has its share of every fate; which idea comes next."""
    names = list(content("ideas"))
    turns = [(name, turn) for turn in range(15) for name in chance.sample(names, len(names))]
    return iter(turns)


def _case(number: int, fate: str, began: int, turn: tuple[str, int], chance: Random) -> Case:
    sector, idea = turn
    title, summary, rule, firm = content("ideas")[sector][idea]
    others = [name for name in content("ideas") if name != sector]
    return Case(
        number=number, fate=fate, sector=sector, organisation=firm,
        other_sector=chance.choice(others) if chance.random() < 0.3 else "", title=title,
        summary=summary, rule=rule, began=began,
    )  # fmt: skip


# Turns -------------------------------------------------------------------------------------


def _with_turns(cases: list[Case]) -> list[Case]:
    turns: dict[int, set[str]] = {case.number: set() for case in cases}
    live = [case for case in cases if case.fate == "live"]
    for turn, sector in TURNS:
        fitting = [
            one for one in live if sector in {"", one.sector} and turn not in turns[one.number]
        ]
        turns[min(fitting, key=lambda one: len(turns[one.number])).number].add(turn)
    places: Counter[str] = Counter()
    done = []
    for case in cases:
        own = turns[case.number] | _own_turns(case, places[case.sector])
        done.append(msgspec.structs.replace(case, place=places[case.sector], turns=frozenset(own)))
        places[case.sector] += case.fate in PILOT_FATES - {"preparing"}
    return done


def _own_turns(case: Case, place: int) -> set[str]:
    """Every second pilot of a sector has a bad time; ended ones had something to tell as well."""
    own = {"trouble"} if case.is_pilot and place % 2 == 0 else set()
    if case.fate in {"completed", "moving_to_market", "exiting"}:
        own.add(_ENDED_TURNS[case.number % len(_ENDED_TURNS)])
    return own
