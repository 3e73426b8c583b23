"""Who plays a case: its people, its time, its chance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from sandbox.demo.cast import Cast
from sandbox.demo.stage import Stage
from sandbox.demo.year import Case
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.people.person import Role


class Player:
    """Plays one case. ``at`` is the time within the case; it only moves on."""

    def __init__(self, case: Case, cast: Cast, stage: Stage) -> None:
        self.case = case
        self.stage = stage
        self.at = stage.today - timedelta(days=case.began)
        self.firm_number = cast.numbers[case.organisation]
        self.founder = cast.founders[case.organisation]
        self.officer = cast.of(Role.OFFICER, case.sector)
        self.reviewer = cast.of(Role.REVIEWER, case.sector)
        self.maker = cast.of(Role.DECISION_MAKER, case.sector)
        self.chance = Random(case.number)
        self.key = UUID(int=0)
        self.version = ""

    @property
    def today(self) -> datetime:
        """The moment in which the year ends."""
        return self.stage.today

    @property
    def pack(self) -> Pack:
        """The pack under which the case began."""
        return library.pack_of(self.version)

    @asynccontextmanager
    async def later(self, days: float) -> AsyncIterator[None]:
        """So many days later, in office hours, never after today; a context of that time."""
        self.at = self.stage.ahead(self.at, days, self.chance)
        async with self.stage.turn(self.at):
            yield

    @asynccontextmanager
    async def when(self, moment: datetime) -> AsyncIterator[None]:
        """At ``moment``, whatever the hour, or now where that is over: machines do not sleep."""
        self.at = max(moment, self.at)
        async with self.stage.turn(self.at):
            yield

    def has(self, turn: str) -> bool:
        """Whether the plan gives this case ``turn``."""
        return turn in self.case.turns
