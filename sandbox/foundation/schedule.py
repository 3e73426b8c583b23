"""Periodic jobs: each due run is asked for once, however many schedulers run.

Time is cut into slots of a job's length, counted from 1970. Whoever inserts a slot's row
first asks for its run, in the same transaction. Runs that were missed while nothing ran are
not made up for: a periodic job sweeps over whatever is due, so the next run does it all.

A slice's own are the ``PERIODICS`` of its ``schedule.py``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from uuid import UUID

import structlog

import sandbox
from sandbox.foundation import hold
from sandbox.foundation.database import fetch
from sandbox.foundation.work import work_of

TICK = 1.0  # seconds

log = structlog.get_logger()


@dataclass(frozen=True)
class Periodic:
    """Ask for ``actor`` (without arguments) once in every ``every``.

    ``wanted``: a query; only while it finds a row is there anything to ask for.
    """

    actor: str
    queue: str = "default"
    every: timedelta = timedelta(minutes=1)
    wanted: str = ""

    def slot(self, moment: float) -> str:
        """The name of the slot that ``moment`` (seconds since 1970) lies in."""
        length = int(self.every.total_seconds())
        return f"{self.actor}@{int(moment) // length * length}"


PERIODICS = [
    Periodic("seal_audit", every=timedelta(minutes=1)),
    Periodic("sweep_jobs", every=timedelta(minutes=1)),
    Periodic("clear_up", every=timedelta(hours=1)),
]


def collect() -> list[Periodic]:
    """The periodic jobs of the foundation and of every slice, by the names of these."""
    names = [f"sandbox.{module.name}.schedule" for module in iter_modules(sandbox.__path__)]
    slices = [name for name in names if _exists(name)]
    return [periodic for name in slices for periodic in import_module(name).PERIODICS]


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the parent is a module, not a package
        return False


@dataclass(frozen=True)
class _Scheduler:
    id: UUID | None = None
    name: str = "Rintis"


class Schedule:
    """Asks for each due run until it is cancelled."""

    def __init__(self, periodics: Iterable[Periodic]) -> None:
        self.periodics = tuple(periodics)
        self._seen: dict[str, str] = {}

    async def run(self) -> None:
        """Tick for ever; a database that is away is waited for."""
        while True:
            try:
                await self.tick(time.time())
            except Exception as error:  # noqa: BLE001  (whatever is away comes back)
                log.warning("schedule waits", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(TICK)

    async def tick(self, moment: float) -> list[str]:
        """Ask for what is due at ``moment``; return the actors that this scheduler asked for."""
        slots = {periodic: periodic.slot(moment) for periodic in self.periodics}
        due = [one for one, slot in slots.items() if self._seen.get(one.actor) != slot]
        if not due or await hold.held():
            return []
        asked = []
        for periodic in due:
            if periodic.wanted and not await fetch(periodic.wanted):
                continue
            if await _ask(periodic, slots[periodic]):
                asked.append(periodic.actor)
            self._seen[periodic.actor] = slots[periodic]
        return asked


async def _ask(periodic: Periodic, slot: str) -> bool:
    """Ask for one run, unless another scheduler has, or the worker lags behind."""
    async with work_of(_Scheduler()) as work:
        taken = await fetch(
            "INSERT INTO periodic_slot (key, at) VALUES ($1, now()) "
            "ON CONFLICT DO NOTHING RETURNING key",
            slot,
        )
        if not taken or await _waiting(periodic):
            return False
        work.later(periodic.actor, queue=periodic.queue)
    return True


async def _waiting(periodic: Periodic) -> bool:
    """Whether an earlier run is still to be done, so that runs do not pile up."""
    rows = await fetch(
        "SELECT FROM outbox WHERE actor = $1 AND done_at IS NULL "
        "AND made_at > now() - interval '10 minutes' LIMIT 1",
        periodic.actor,
    )
    return bool(rows)
