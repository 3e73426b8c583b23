"""What happens to whom, and when: the plan of the demo year. Pure and always the same.

Every case has a *fate*: how far it gets. Days count back from the day of the demo, so that
the year always ends today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec

CONTENT = Path(__file__).parent / "content"
_SEED = 2026

# How far cases get, and how many of each. Those that became pilots come first: they are the
# oldest. 90 in all, 35 of them pilots.
FATES = (
    ("completed", 5, 362, 330),
    ("moving_to_market", 2, 355, 340),
    ("stopped_by_applicant", 1, 330, 320),
    ("terminated", 1, 330, 320),
    ("exiting", 3, 330, 300),
    ("suspended", 2, 240, 200),
    ("live", 18, 290, 120),
    ("preparing", 3, 110, 80),
    ("plan_offered", 4, 100, 70),
    ("refused", 9, 340, 90),
    ("redirected", 5, 330, 90),
    ("withdrawn", 4, 300, 60),
    ("lapsed", 3, 260, 120),
    ("recommended", 3, 60, 50),
    ("awaiting_clarification", 3, 48, 36),
    ("in_review", 7, 50, 24),
    ("returned", 3, 30, 18),
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


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One application of the year. ``began`` is the day of its draft, in days before today."""

    number: int
    fate: str
    sector: str
    other_sector: str
    organisation: str
    title: str
    summary: str
    rule: str
    began: int

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
    return sorted(made, key=lambda case: -case.began)


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
    title, summary, rule = content("ideas")[sector][idea]
    firms = [name for name, of, _size in content("organisations") if of == sector]
    others = [name for name in content("ideas") if name != sector]
    return Case(
        number=number, fate=fate, sector=sector, organisation=firms[idea % len(firms)],
        other_sector=chance.choice(others) if chance.random() < 0.3 else "", title=title,
        summary=summary, rule=rule, began=began,
    )  # fmt: skip


def moment(today: datetime, days_ago: float) -> datetime:
    """A working hour ``days_ago`` before ``today``; never after it."""
    return min(today - timedelta(days=days_ago), today)
