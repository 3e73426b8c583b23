"""Writing sound points: each once, corrections in the place of what they correct, a batch for
each delivery, and the arrivals that say what is to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import _
from sandbox.telemetry import store
from sandbox.telemetry.commands import newest
from sandbox.telemetry.commands.parcels import NOTHING, Points, Sound
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.delivery import Refused

_NEW, _KNOWN, _CORRECTED = range(3)
_FEW = 20
"""Points of a series up to which each is looked up by itself, not the time between them."""


async def keep(sounds: Sequence[Sound], now: datetime) -> Points:
    """Write what is new and what is corrected, a batch for each parcel, and arrivals.

    :returns: the points that are stored now, by series and time.
    :raises UniqueViolationError: one that this process took for new was there.
    """
    points = _once(_together(sounds), sounds)
    state = await _compare(points)
    _count(points, state, sounds)
    await _write(points.only(state == _NEW), sounds)
    await _correct(points.only(state == _CORRECTED), sounds, now)
    if sounds:
        await _tell(sounds, points.only(state != _KNOWN), now)
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
    again = np.zeros(len(points), bool)
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
            sound.refused.append(Refused(line=line, reason=_(words), why="twice"))
    return points.only(~again)


async def _compare(points: Points) -> NDArray[np.int8]:
    """Which points are new, which are known, and which have another value than is stored."""
    state = np.full(len(points), _NEW, np.int8)
    doubtful = np.flatnonzero(~newest.later(points))
    held = await _held(points.only(doubtful))
    for place in doubtful.tolist() if held else ():
        before = held.get((int(points.series[place]), int(points.at[place])))
        if before is not None:
            same = before == (points.value[place], points.n[place])
            state[place] = _KNOWN if same else _CORRECTED
    return state


def _count(points: Points, state: NDArray[np.int8], sounds: Sequence[Sound]) -> None:
    """What became of each parcel's points."""
    counts = np.bincount(points.of * 3 + state, minlength=len(sounds) * 3).reshape(-1, 3)
    for place, (sound, (new, known, corrected)) in enumerate(zip(sounds, counts, strict=True)):
        sound.fresh, sound.corrected = int(new), int(corrected)
        sound.duplicates += int(known)
        if sound.asides:
            own = points.series[(points.of == place) & (state != _KNOWN)]
            sound.put_aside = int(np.isin(own, list(sound.asides)).sum())


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
    for place in sorted(set(points.of.tolist())):
        own = points.only(points.of == place)
        await store.replace(own.series, own.at, own.value, own.n, sounds[place].batch, now)


# What tells of it ---------------------------------------------------------------------------

_TELL = """
WITH arrived AS (
    INSERT INTO arrival (id, pilot, series, since, until)
    SELECT i, p, s::integer[], a, b
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
        AS t (i, p, s, a, b)
)
INSERT INTO batch (id, "case", pilot, source, token, person, received_at, points, duplicates,
    corrected, aside, refused, reasons, idempotency, digest)
SELECT i, c, p, s, t, w, $6, n, d, r, a, f, y::varchar[], k, h
FROM unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::varchar[], $11::uuid[], $12::uuid[],
    $13::integer[], $14::integer[], $15::integer[], $16::integer[], $17::integer[],
    $18::text[], $19::varchar[], $20::varchar[]) AS t (i, c, p, s, t, w, n, d, r, a, f, y, k, h)
"""


async def _tell(sounds: Sequence[Sound], points: Points, now: datetime) -> None:
    """Say what each parcel brought, and which pilots have figures to judge."""
    arrivals = [(uuid4(), *arrived) for arrived in _arrived(points, sounds)]
    batches = [
        (
            sound.batch, sound.book.pilot.case, sound.book.pilot.id, sound.parcel.source,
            sound.parcel.token, sound.parcel.person.id, sound.fresh, sound.duplicates,
            sound.corrected, sound.put_aside, sound.unsound + sound.parcel.unread,
            _literal(_reasons(sound)), sound.parcel.idempotency or None,
            sound.parcel.digest,
        )
        for sound in sounds
    ]  # fmt: skip
    await fetch(_TELL, *_columns(arrivals, 5), now, *_columns(batches, 14))


def _reasons(sound: Sound) -> list[str]:
    """Why something of it was not taken, each reason once: of what its sender is told."""
    found = dict.fromkeys(one.why for one in sound.refused)
    return [*found, "unread"] if sound.parcel.unread else list(found)


def _arrived(
    points: Points, sounds: Sequence[Sound]
) -> Iterator[tuple[UUID, str, datetime, datetime]]:
    """Of each pilot whose points are new or corrected: their series, the first and last time."""
    if not len(points):
        return
    pilots = [sound.book.pilot.id for sound in sounds]
    place = {pilot: number for number, pilot in enumerate(dict.fromkeys(pilots))}
    of = np.array([place[pilot] for pilot in pilots])[points.of]
    order = np.argsort(of, kind="stable")
    starts = np.flatnonzero(np.diff(of[order], prepend=-1))
    series, at, names = points.series[order], points.at[order], list(place)
    for number, own, first, last in zip(
        of[order][starts].tolist(), np.split(series, starts[1:]),
        np.minimum.reduceat(at, starts).tolist(), np.maximum.reduceat(at, starts).tolist(),
        strict=True,
    ):  # fmt: skip
        ids = _literal(sorted(set(own.tolist())))
        yield names[number], ids, rules.moment(first), rules.moment(last)


def _literal(values: Iterable[object]) -> str:
    """An array as PostgreSQL writes it: of arrays, unnest would give single elements."""
    return f"{{{','.join(map(str, values))}}}"


def _columns(rows: Sequence[tuple[Any, ...]], wide: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(wide)]
