"""How conditions stand: from where each is judged, where its figures lead, what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.work import Work
from sandbox.framework.thresholds import Threshold
from sandbox.telemetry.commands import settling
from sandbox.telemetry.rules import verdicts
from sandbox.telemetry.rules.verdicts import Course, Moment, Standing, State
from sandbox.telemetry.tables import Phase, Watch
from sandbox.telemetry.values import Part


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A condition's threshold, how its figures may behave, and its parts."""

    condition: UUID
    case: UUID
    pilot: UUID
    threshold: Threshold
    course: Course
    parts: tuple[Part, ...]


class Turn(msgspec.Struct, kw_only=True):
    """A part of a condition that is to be judged, from where, and how it stood until then.

    ``row``: what is kept of it, by the columns of ``watch``; nothing yet where it is new.
    """

    watched: Watched
    part: Part
    state: State
    late: bool
    moments: Sequence[datetime]
    row: dict[str, Any] | None


# From where --------------------------------------------------------------------------------


async def turns(parts: Sequence[tuple[Watched, Part]], came: Mapping[int, datetime]) -> list[Turn]:
    """Each part with the moments to judge: those after the last judged one, or from the
    earliest late figure on, before which the standing is looked up.

    ``came``: series of which figures came, and the earliest of them.
    """
    if not parts:
        return []
    rows = await fetch(
        "SELECT * FROM watch WHERE condition = ANY($1)",
        list({watched.condition for watched, _part in parts}),
    )
    held = {(row["condition"], row["slice"]): row for row in rows}
    since = {
        (watched.condition, part.key): min(came[one] for one in part.series if one in came)
        for watched, part in parts
    }
    moments = await _moments(
        (one, since[watched.condition, part.key]) for watched, part in parts for one in part.series
    )
    found = []
    for watched, part in parts:
        key = watched.condition, part.key
        row = held.get(key)
        late = row is not None and since[key] <= row["judged_until"]
        after = since[key] if late or row is None else row["judged_until"]
        state = await _state_before(watched, part, row, after, late=late)
        own = sorted({
            at for one in part.series for at in moments.get(one, ())
            if (at >= after if late or row is None else at > after)
        })  # fmt: skip
        found.append(Turn(watched=watched, part=part, state=state, late=late, moments=own, row=row))
    return found


async def _moments(since: Iterable[tuple[int, datetime]]) -> dict[int, list[datetime]]:
    """The times of each series' points from a moment on; the earliest where it is asked twice."""
    earliest: dict[int, datetime] = {}
    for series, at in since:
        earliest[series] = min(at, earliest.get(series, at))
    rows = await fetch(
        "SELECT w.series, array_agg(p.at) AS moments "
        "FROM unnest($1::integer[], $2::timestamptz[]) AS w (series, since) "
        "JOIN point p ON p.series = w.series AND p.at >= w.since GROUP BY w.series",
        list(earliest), list(earliest.values()),
    )  # fmt: skip
    return {row["series"]: row["moments"] for row in rows}


async def _state_before(
    watched: Watched, part: Part, row: Mapping[str, Any] | None, after: datetime, *, late: bool
) -> State:
    if row is None:
        return State(since=after)
    if not late:
        return State(
            standing=Standing(row["phase"]), since=row["since"], value=row["value"],
            opened_at=row["opened_at"],
        )  # fmt: skip
    rows = await fetch(
        "SELECT phase, at, value, opened_at FROM phase WHERE condition = $1 AND slice = $2 "
        "AND at < $3 ORDER BY at DESC LIMIT 1",
        watched.condition, part.key, after,
    )  # fmt: skip
    return settling.state_of(rows[0]) if rows else State(since=after)


# To where ----------------------------------------------------------------------------------


async def follow(work: Work, judged: Sequence[tuple[Turn, Sequence[Moment]]]) -> None:
    """Find the standings that moments lead to, and bring the breaches in line with them."""
    rows = [await _follow(work, turn, moments) for turn, moments in judged]
    if rows:
        await _save(rows)


async def _follow(work: Work, turn: Turn, moments: Sequence[Moment]) -> dict[str, Any]:
    watched, key = turn.watched, turn.part.key
    states = verdicts.follow(watched.course, turn.state, moments)
    if turn.late:
        await fetch(
            "DELETE FROM phase WHERE condition = $1 AND slice = $2 AND at >= $3",
            watched.condition, key, turn.moments[0] if turn.moments else work.now,
        )  # fmt: skip
    for state in states:
        await work.save(
            Phase(
                id=uuid4(), case=watched.case, condition=watched.condition, slice=key,
                at=state.since, phase=state.standing, value=state.value, opened_at=state.opened_at,
            )
        )  # fmt: skip
    last = states[-1] if states else turn.state
    if states or turn.late or last.standing is Standing.OPEN:
        since = turn.state.opened_at or (turn.moments[0] if turn.moments else work.now)
        await settling.settle(
            work, watched.pilot, watched.condition, key, since=since, moments=moments, last=last
        )
    return _stand(turn, last, moments)


def _stand(turn: Turn, last: State, moments: Sequence[Moment]) -> dict[str, Any]:
    """The part's row of ``watch`` as it is now."""
    watched = turn.watched
    row: dict[str, Any] = dict(turn.row) if turn.row else {
        "id": uuid4(), "case": watched.case, "pilot": watched.pilot,
        "condition": watched.condition, "slice": turn.part.key, "judged_until": last.since,
        "samples": 0, "nearest": None, "nearest_at": None, "value": None,
    }  # fmt: skip
    if moments:
        row["judged_until"] = max(row["judged_until"], moments[-1].at)
    row["phase"], row["since"], row["opened_at"] = last.standing, last.since, last.opened_at
    for moment in moments:
        if moment.value is None:
            continue
        row["value"], row["samples"] = moment.value, moment.samples
        if row["nearest"] is None or watched.threshold.further(moment.value, row["nearest"]):
            row["nearest"], row["nearest_at"] = moment.value, moment.at
    return row


_TYPES = {column._meta.name: column.column_type.partition("(")[0] for column in Watch._meta.columns}


async def _save(rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows at once: this is what every figure of a quiet pilot comes to."""
    values = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_TYPES.values(), 1))
    quoted = [f'"{name}"' for name in _TYPES]
    changes = ", ".join(f"{name} = excluded.{name}" for name in quoted if name != '"id"')
    await fetch(
        f"INSERT INTO watch ({', '.join(quoted)}) SELECT * FROM unnest({values}) "  # noqa: S608
        f"ON CONFLICT (condition, slice) DO UPDATE SET {changes}",
        *([row[name] for row in rows] for name in _TYPES),
    )
