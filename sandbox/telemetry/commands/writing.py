"""Writing sound points: each once, corrections in the place of what they correct, a batch for
each delivery, and the arrivals that say what is to be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import numpy as np

from sandbox.foundation.i18n import _
from sandbox.telemetry import store
from sandbox.telemetry.commands import newest
from sandbox.telemetry.commands.parcels import NOTHING, Points, Sound
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.delivery import Refused
from sandbox.telemetry.tables import Batch

Arrived = tuple[set[int], int, int]
"""Series, and the earliest and the latest time of their points."""
_FEW = 20
"""Points of a series up to which each is looked up by itself, not the time between them."""


async def keep(sounds: Sequence[Sound], now: datetime) -> Points:
    """Write what is new and what is corrected, a batch for each parcel, and arrivals.

    :returns: the points that are stored now, by series and time.
    :raises UniqueViolationError: one that this process took for new was there.
    """
    points = _together(sounds)
    if len(points):
        points = _once(points, sounds)
        new, corrections = await _compare(points, sounds)
        await _write(new, sounds)
        await _correct(corrections, sounds, now)
        await _announce(sounds, new, corrections)
    await _save_batches(sounds, now)
    return points


def _together(sounds: Sequence[Sound]) -> Points:
    """The sound points of all parcels, by series and time, first come first."""
    if not sounds:
        return NOTHING
    columns = {
        field: np.concatenate([getattr(sound.points, field) for sound in sounds])
        for field in Points.__struct_fields__
    }
    points = Points(**columns)
    return points.only(np.lexsort((np.arange(len(points)), points.at, points.series)))


def _once(points: Points, sounds: Sequence[Sound]) -> Points:
    """Each time of a series once: the first counts, within a parcel and between them."""
    again = np.zeros(len(points.at), bool)
    again[1:] = (points.series[1:] == points.series[:-1]) & (points.at[1:] == points.at[:-1])
    if not again.any():
        return points
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(again))))
    same = (points.value == points.value[first]) & (points.n == points.n[first])
    for place in np.flatnonzero(again):
        sound = sounds[points.of[place]]
        if same[place]:
            sound.duplicates += 1
            continue
        sound.unsound += 1
        if len(sound.refused) < rules.TOLD:
            line, words = int(points.line[place]), rules.WORDS["twice"]
            sound.refused.append(Refused(line=line, reason=_(words)))
    return points.only(~again)


async def _compare(points: Points, sounds: Sequence[Sound]) -> tuple[Points, Points]:
    """What is new, and what has another value than is stored; the rest is known."""
    state = np.zeros(len(points.at), np.int8)  # 0 new, 1 known, 2 corrected
    doubtful = np.flatnonzero(~newest.later(points))
    held = await _held(points.only(doubtful))
    for place in doubtful.tolist() if held else ():
        before = held.get((int(points.series[place]), int(points.at[place])))
        if before is not None:
            same = before == (points.value[place], points.n[place])
            state[place] = 1 if same else 2
    for place, sound in enumerate(sounds):
        own = state[points.of == place]
        sound.fresh = int((own == 0).sum())
        sound.duplicates += int((own == 1).sum())
        sound.corrected = int((own == 2).sum())
    return points.only(state == 0), points.only(state == 2)


async def _held(points: Points) -> dict[tuple[int, int], tuple[float, int]]:
    """What is stored of these points' series at and between their times."""
    if not len(points):
        return {}
    rows = await store.stored(*_where(points))
    return {(row["series"], row["at"]): (row["value"], row["n"]) for row in rows}


def _where(points: Points) -> tuple[list[int], list[datetime], list[datetime]]:
    """For each series between which times to look; few points are looked up one by one."""
    starts, ends = points.runs()
    series: list[int] = []
    first: list[int] = []
    last: list[int] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        at = points.at[start:end].tolist()
        few = end - start <= _FEW
        series += [int(points.series[start])] * (len(at) if few else 1)
        first += at if few else [at[0]]
        last += at if few else [at[-1]]
    return series, [rules.moment(one) for one in first], [rules.moment(one) for one in last]


async def _write(points: Points, sounds: Sequence[Sound]) -> None:
    if len(points):
        batches = np.array([np.void(sound.batch.bytes) for sound in sounds])[points.of]
        await store.append(points.series, points.at, points.value, points.n, batches.tobytes())


async def _correct(points: Points, sounds: Sequence[Sound], now: datetime) -> None:
    for place, own in _by_parcel(points):
        batch = sounds[place].batch
        await store.replace(own.series, own.at, own.value, own.n, batch, now)


async def _announce(sounds: Sequence[Sound], new: Points, corrected: Points) -> None:
    """Say which pilots have figures to judge: of which series, between which times."""
    came: dict[UUID, list[Arrived]] = defaultdict(list)
    for points in (new, corrected):
        for place, own in _by_parcel(points):
            sound = sounds[place]
            series = own.series.tolist()
            came[sound.book.pilot.id].append((set(series), own.at.min(), own.at.max()))
            sound.put_aside += sum(one in sound.asides for one in series) if sound.asides else 0
    rows = [
        (
            uuid4(), pilot, sorted(set().union(*(series for series, _a, _b in spans))),
            rules.moment(min(a for _s, a, _b in spans)),
            rules.moment(max(b for _s, _a, b in spans)),
        )
        for pilot, spans in came.items()
    ]  # fmt: skip
    await store.connection().executemany(
        "INSERT INTO arrival (id, pilot, series, since, until) VALUES ($1, $2, $3, $4, $5)", rows
    )


def _by_parcel(points: Points) -> Iterator[tuple[int, Points]]:
    for place in sorted(set(points.of.tolist())):
        yield place, points.only(points.of == place)


async def _save_batches(sounds: Sequence[Sound], now: datetime) -> None:
    rows = [
        (
            sound.batch, sound.book.pilot.case, sound.book.pilot.id, sound.parcel.source,
            sound.parcel.token, sound.parcel.person.id, now, sound.fresh, sound.duplicates,
            sound.corrected, sound.put_aside, sound.unsound + sound.parcel.unread,
            sound.parcel.idempotency or None, sound.parcel.digest,
        )
        for sound in sounds
    ]  # fmt: skip
    columns = [column._meta.name for column in Batch._meta.columns]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await store.connection().executemany(
        f"INSERT INTO batch ({names}) VALUES ({values})",  # noqa: S608
        rows,
    )
