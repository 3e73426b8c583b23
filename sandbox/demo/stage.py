"""The stage: gives the turn to whoever is due next, so that the year happens in its own order.

Each case, report and lesson is a part of its own that runs until it waits for a later moment.
One part acts at a time, the earliest first; numbers are therefore given in the order of the
days, as they would have been. What a turn asks the workers for is done at once, at that time.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.framework import library

Perform = Callable[[str, list[Any]], Awaitable[None]]
"""Does a worker's job: the actor's name and its arguments."""

# Sixty letters take minutes to set, and nothing waits for them: the worker makes them after.
_LEFT = ["build_decision_letter", "build_pilot_letter"]
_DROPPED = frozenset({"send_mail"})
_LONG = frozenset({"set_report"})
_OPENS, _SHUTS = 9, 18  # hours of the office


class Stage:
    """Where the year is played; ``today`` is the moment in which it ends."""

    def __init__(self, today: datetime, perform: Perform) -> None:
        self.today = today
        self.errands: list[asyncio.Future[None]] = []
        self._perform = perform
        self._calendar = library.current().jurisdiction.calendar()
        self._due: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()
        self._rested = asyncio.Event()

    async def play(self, parts: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Play all parts to their ends."""
        async with asyncio.TaskGroup() as group:
            tasks = []
            for part in parts:
                self._rested.clear()
                tasks.append(task := group.create_task(part))
                task.add_done_callback(lambda _task: self._rested.set())
                await self._rested.wait()
            while not all(task.done() for task in tasks):
                self._rested.clear()
                if self._due:
                    heapq.heappop(self._due)[2].set_result(None)
                await self._rested.wait()

    @asynccontextmanager
    async def turn(self, moment: datetime) -> AsyncIterator[None]:
        """Wait until it is ``moment``; a context in which it is, and in which one acts."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._due, (moment, next(self._order), turn))
        self._rested.set()
        await turn
        with clock.at(moment):
            yield
        await self.do_jobs()

    async def aside(self) -> None:
        """Let the others act until the long jobs that were asked for are done."""
        errands, self.errands = self.errands, []
        self._rested.set()
        await asyncio.gather(*errands)

    async def do_jobs(self) -> None:
        """Do what was asked of the workers, each job at the time at which it was asked for.

        What people ask for while the year is played lies after ``today`` and is left alone.
        """
        while rows := await fetch(
            "DELETE FROM outbox WHERE made_at <= $1 AND actor <> ALL($2) "
            "RETURNING actor, args, made_at, position",
            self.today, _LEFT,
        ):  # fmt: skip
            for row in sorted(rows, key=lambda row: row["position"]):
                if row["actor"] not in _DROPPED:
                    await self._do(row["actor"], json.loads(row["args"]), row["made_at"])

    async def _do(self, actor: str, args: list[Any], at: datetime) -> None:
        with clock.at(at):
            doing = asyncio.ensure_future(self._perform(actor, args))
        if actor in _LONG:
            self.errands.append(doing)
        else:
            await doing

    def ahead(self, now: datetime, days: float, chance: Random) -> datetime:
        """The moment so many days after ``now`` at which somebody would act; before today.

        People act in office hours of working days. Where too little of the year is left, the
        next minute has to do.
        """
        moment = (now + timedelta(days=days)).astimezone(self._calendar.zone)
        if days >= 0.5 or not self._in_office(moment):
            day = moment.date() + timedelta(days=moment.hour >= _SHUTS)
            minute = chance.randrange((_SHUTS - _OPENS) * 60)
            opening = datetime.combine(
                self._calendar.next_working(day), time(_OPENS), self._calendar.zone
            )
            moment = opening + timedelta(minutes=minute)
        moment = max(moment, now + timedelta(minutes=3))
        return moment if moment < self.today else now + min(_MINUTE, (self.today - now) / 2)

    def _in_office(self, moment: datetime) -> bool:
        return _OPENS <= moment.hour < _SHUTS and self._calendar.works_on(moment.date())


_MINUTE = timedelta(minutes=1)
