"""What figures mean for the conditions, judged when they have come: of many pilots at once.

A condition is judged when figures that it depends on have come, late ones included, at the
time of each figure. What a quiet pilot costs is its share of a few queries; only where a
standing changes is its case touched (:mod:`.standing`, :mod:`.settling`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec
import structlog

from sandbox.foundation.database import fetch
from sandbox.foundation.work import work_of
from sandbox.framework.clocks import Calendar
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.people.person import SYSTEM
from sandbox.pilots.commands import common
from sandbox.pilots.rules import RUNNING, UNBOUND
from sandbox.telemetry import books, rollups
from sandbox.telemetry.commands import standing
from sandbox.telemetry.commands.silence import end_silences
from sandbox.telemetry.commands.standing import Watched
from sandbox.telemetry.rollups import Came
from sandbox.telemetry.rules.windows import SHARES
from sandbox.telemetry.spans import Ground
from sandbox.telemetry.values import Ask, Part, parts_of, values

AT_ONCE = 50
"""Pilots that are judged with one commit."""

log = structlog.get_logger()


async def watch() -> int:
    """Judge all that has come; how many pilots that were. Run twice it acts once.

    A pilot that cannot be judged holds up no other: it is tried alone, told in the log, and
    left for the next time.
    """
    rows = await fetch("SELECT DISTINCT pilot FROM arrival")
    waiting = [row["pilot"] for row in rows]
    judged = 0
    for first in range(0, len(waiting), AT_ONCE):
        pilots = waiting[first : first + AT_ONCE]
        try:
            judged += await evaluate(*pilots)
        except Exception as fault:  # noqa: BLE001  (whose it is shows one by one)
            log.warning("telemetry watch", pilots=len(pilots), error=repr(fault))
            judged += await _one_by_one(pilots)
    return judged


async def _one_by_one(pilots: Iterable[UUID]) -> int:
    judged = 0
    for pilot in pilots:
        try:
            judged += await evaluate(pilot)
        except Exception:
            log.exception("telemetry watch", pilot=str(pilot))
    return judged


async def evaluate(*pilots: UUID) -> int:
    """Judge the figures of ``pilots`` that have come since each was last judged; how many had any.

    What came is forgotten with the same commit, so it is judged exactly once. A pilot that
    somebody is changing at this moment is left for the next time.
    """
    async with work_of(SYSTEM) as work:
        free = await fetch(
            "SELECT id FROM pilot WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED",
            list(pilots),
        )
        arrived = await fetch(
            "DELETE FROM arrival WHERE pilot = ANY($1) RETURNING pilot, series, since, until",
            [row["id"] for row in free],
        )
        if not arrived:
            return 0
        found = await books.books({row["pilot"] for row in arrived})
        zones = {pilot: _calendar(book) for pilot, book in found.items()}
        came: dict[int, Came] = {}
        for row in arrived:
            zone = zones[row["pilot"]].zone.key
            for series in row["series"]:
                came[series] = _both(came.get(series), row["since"], row["until"], zone)
        parts = _touched(await _watched(found), came)
        rolled = await _roll_up(came, parts)
        await end_silences(work, list(found))
        grounds = {
            pilot: Ground(rolled=rolled, calendar=zones[pilot], begin=book.begin)
            for pilot, book in found.items()
        }
        turns = await standing.turns(parts, {series: one.since for series, one in came.items()})
        asks = [
            Ask(
                threshold=turn.watched.threshold, part=turn.part, moments=turn.moments,
                ground=grounds[turn.watched.pilot],
            )
            for turn in turns
        ]  # fmt: skip
        await standing.follow(work, list(zip(turns, await values(asks), strict=True)))
    return len(found)


def _calendar(book: books.Book) -> Calendar:
    return common.pack_of(book.pilot).jurisdiction.calendar()


def _both(known: Came | None, since: datetime, until: datetime, zone: str) -> Came:
    if known is not None:
        since, until = min(known.since, since), max(known.until, until)
    return Came(since=since, until=until, zone=zone)


# Which conditions --------------------------------------------------------------------------


async def _watched(found: Mapping[UUID, books.Book]) -> list[Watched]:
    """The thresholds that bind the running ones of these pilots."""
    running = [pilot for pilot, book in found.items() if book.pilot.state in RUNNING]
    rows = await fetch(
        'SELECT id, "case", pilot, threshold FROM condition WHERE pilot = ANY($1) '
        "AND threshold IS NOT NULL AND state <> ALL($2) ORDER BY number",
        running, list(UNBOUND),
    )  # fmt: skip
    watched = []
    for row in rows:
        threshold = _threshold(row["threshold"])
        if threshold is not None:
            course = found[row["pilot"]].course(threshold)
            parts = tuple(parts_of(threshold, found[row["pilot"]].series))
            watched.append(
                Watched(
                    condition=row["id"], case=row["case"], pilot=row["pilot"],
                    threshold=threshold, course=course, parts=parts,
                )
            )  # fmt: skip
    return watched


@lru_cache(maxsize=10_000)
def _threshold(text: str) -> Threshold | None:
    return threshold_of(msgspec.json.decode(text))


def _touched(watched: Iterable[Watched], came: Collection[int]) -> list[tuple[Watched, Part]]:
    """The parts that depend on a series of which figures came."""
    parts = [(one, part) for one in watched for part in one.parts]
    return [(one, part) for one, part in parts if not part.series.isdisjoint(came)]


async def _roll_up(
    came: Mapping[int, Came], parts: Sequence[tuple[Watched, Part]]
) -> dict[int, datetime | None]:
    asked: dict[bool, set[int]] = defaultdict(set)
    for watched, part in parts:
        asked[watched.threshold.aggregate in SHARES] |= part.series
    return await rollups.roll_up(came, asked[False] | asked[True], sketched=asked[True])
