"""What figures mean for the conditions: breaches opened, recovering, cured, withdrawn.

A condition is judged when figures that it depends on have come, late ones included, at the
time of each figure. What was told to people stays on record: a breach that late figures undo
is *withdrawn*, not removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.work import Work, work_of
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.people.person import SYSTEM
from sandbox.pilots.commands import common
from sandbox.pilots.rules import RUNNING, UNBOUND
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry import books, rollups
from sandbox.telemetry.commands import breaching
from sandbox.telemetry.commands.silence import end_silences
from sandbox.telemetry.rules import verdicts
from sandbox.telemetry.rules.verdicts import Course, Episode, Moment, Standing, State
from sandbox.telemetry.rules.windows import SHARES
from sandbox.telemetry.tables import Breach, Phase, Watch
from sandbox.telemetry.values import Ask, Ground, Part, parts_of, values

AT_ONCE = 200
"""Pilots that one run of :func:`watch` looks at."""


_TYPES = {column._meta.name: column.column_type.partition("(")[0] for column in Watch._meta.columns}


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A condition with its threshold and how its figures may behave."""

    condition: Condition
    threshold: Threshold
    course: Course


class Turn(msgspec.Struct, kw_only=True):
    """A part of a condition that is to be judged, from where, and how it stood until then."""

    watched: Watched
    part: Part
    state: State
    late: bool
    moments: Sequence[datetime]
    row: Watch | None


async def watch() -> int:
    """Judge all that has come; how many pilots that were. Run twice it acts once."""
    rows = await fetch("SELECT DISTINCT pilot FROM arrival LIMIT $1", AT_ONCE)
    for row in rows:
        await evaluate(row["pilot"])
    return len(rows)


async def evaluate(pilot_id: UUID) -> None:
    """Judge the figures of a pilot that have come since it was last judged.

    What came is forgotten with the same commit, so it is judged exactly once.
    """
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        came = await fetch(
            "DELETE FROM arrival WHERE pilot = $1 RETURNING series, since, until", pilot_id
        )
        if not came:
            return
        series = {one for row in came for one in row["series"]}
        await _judge(work, pilot, series, min(row["since"] for row in came))


async def _judge(work: Work, pilot: Pilot, came: set[int], since: datetime) -> None:
    book = (await books.books([pilot.id]))[pilot.id]
    calendar = common.pack_of(pilot).jurisdiction.calendar()
    watched = await _watched(pilot, book) if pilot.state in RUNNING else []
    ids = book.series
    parts = [(one, part) for one in watched for part in parts_of(one.threshold, ids)]
    parts = [(one, part) for one, part in parts if part.series & came]
    asked = {one for _watched, part in parts for one in part.series} | came
    sketched = {
        one
        for watched, part in parts
        if watched.threshold.aggregate in SHARES
        for one in part.series
    }
    rolled = await rollups.roll_up(sorted(asked), since, calendar, sketched=sorted(sketched))
    await end_silences(work, pilot)
    if parts:
        ground = Ground(rolled=rolled, calendar=calendar, begin=book.begin)
        turns = await _turns(parts, since)
        asks = [Ask(threshold=t.watched.threshold, part=t.part, moments=t.moments) for t in turns]
        found = zip(turns, await values(asks, ground), strict=True)
        await _save([await _follow(work, pilot, turn, moments) for turn, moments in found])


async def _watched(pilot: Pilot, book: books.Book) -> list[Watched]:
    found = []
    for condition in await common.parts(Condition, pilot.id):
        threshold = threshold_of(condition.threshold)
        if threshold is None or condition.state in UNBOUND:
            continue
        course = book.course(threshold)
        found.append(Watched(condition=condition, threshold=threshold, course=course))
    return found


# From where --------------------------------------------------------------------------------


async def _turns(parts: Sequence[tuple[Watched, Part]], since: datetime) -> list[Turn]:
    """Each part with the moments to judge: those after the last judged one, or after the
    earliest late figure, before which the standing is looked up."""
    conditions = {watched.condition.id for watched, _part in parts}
    rows: list[Watch] = await Watch.objects().where(Watch.condition.is_in(list(conditions)))
    held = {(row.condition, row.slice): row for row in rows}
    moments = await _moments({one for _w, part in parts for one in part.series}, since)
    turns = []
    for watched, part in parts:
        row = held.get((watched.condition.id, part.key))
        late = row is not None and since <= row.judged_until
        after = since if late or row is None else row.judged_until
        state = await _state_before(watched, part, row, after, late=late)
        own = sorted({
            at for one in part.series for at in moments.get(one, ())
            if (at >= after if late or row is None else at > after)
        })  # fmt: skip
        turns.append(Turn(watched=watched, part=part, state=state, late=late, moments=own, row=row))
    return turns


async def _moments(series: Iterable[int], since: datetime) -> dict[int, list[datetime]]:
    rows = await fetch(
        "SELECT series, array_agg(at) AS moments FROM point "
        "WHERE series = ANY($1::integer[]) AND at >= $2 GROUP BY series",
        list(series), since,
    )  # fmt: skip
    return {row["series"]: row["moments"] for row in rows}


async def _state_before(
    watched: Watched, part: Part, row: Watch | None, after: datetime, *, late: bool
) -> State:
    if row is None:
        return State(since=after)
    if not late:
        return State(
            standing=Standing(row.phase), since=row.since, value=row.value,
            opened_at=row.opened_at,
        )  # fmt: skip
    rows = await fetch(
        "SELECT phase, at, value, opened_at FROM phase WHERE condition = $1 AND slice = $2 "
        "AND at < $3 ORDER BY at DESC LIMIT 1",
        watched.condition.id, part.key, after,
    )  # fmt: skip
    if not rows:
        return State(since=after)
    (last,) = rows
    return State(
        standing=Standing(last["phase"]), since=last["at"], value=last["value"],
        opened_at=last["opened_at"],
    )  # fmt: skip


# To where ----------------------------------------------------------------------------------


async def _follow(work: Work, pilot: Pilot, turn: Turn, moments: Sequence[Moment]) -> Watch:
    """Find the standing that the moments lead to, and bring the breaches in line with it."""
    condition, key = turn.watched.condition, turn.part.key
    states = verdicts.follow(turn.watched.course, turn.state, moments)
    if turn.late:
        await fetch(
            "DELETE FROM phase WHERE condition = $1 AND slice = $2 AND at >= $3",
            condition.id, key, turn.moments[0] if turn.moments else work.now,
        )  # fmt: skip
    for state in states:
        await work.save(
            Phase(
                id=uuid4(), case=pilot.case, condition=condition.id, slice=key, at=state.since,
                phase=state.standing, value=state.value, opened_at=state.opened_at,
            )
        )  # fmt: skip
    last = states[-1] if states else turn.state
    if states or turn.late or last.standing is Standing.OPEN:
        await _settle(work, pilot, turn, last, moments)
    return _stand(pilot, turn, last, moments)


def _stand(pilot: Pilot, turn: Turn, last: State, moments: Sequence[Moment]) -> Watch:
    decided = [moment for moment in moments if moment.value is not None]
    row = turn.row or Watch(
        id=uuid4(), case=pilot.case, pilot=pilot.id, condition=turn.watched.condition.id,
        slice=turn.part.key, judged_until=last.since,
    )  # fmt: skip
    if moments:
        row.judged_until = max(row.judged_until, moments[-1].at)
    row.phase, row.since, row.opened_at = last.standing, last.since, last.opened_at
    if decided:
        row.value, row.samples = decided[-1].value, decided[-1].samples
    for moment in decided:
        assert moment.value is not None
        if row.nearest is None or turn.watched.threshold.further(moment.value, row.nearest):
            row.nearest, row.nearest_at = moment.value, moment.at
    return row


async def _save(rows: Sequence[Watch]) -> None:
    """All rows at once: this is what every figure of a quiet pilot comes to."""
    names = [column._meta.name for column in Watch._meta.columns]
    values_ = ", ".join(f"${number}::{_TYPES[name]}[]" for number, name in enumerate(names, 1))
    quoted = [f'"{name}"' for name in names]
    changes = ", ".join(f"{name} = excluded.{name}" for name in quoted if name != '"id"')
    await fetch(
        f"INSERT INTO watch ({', '.join(quoted)}) SELECT * FROM unnest({values_}) "  # noqa: S608
        f"ON CONFLICT (condition, slice) DO UPDATE SET {changes}",
        *([getattr(row, name) for row in rows] for name in names),
    )


# Breaches ----------------------------------------------------------------------------------


async def _settle(
    work: Work, pilot: Pilot, turn: Turn, last: State, moments: Sequence[Moment]
) -> None:
    """Bring the breaches of a part in line with what its figures now tell."""
    condition = turn.watched.condition
    since = turn.state.opened_at or (turn.moments[0] if turn.moments else work.now)
    breaches: list[Breach] = await (
        Breach.objects()
        .where((Breach.condition == condition.id) & (Breach.slice == turn.part.key))
        .where((Breach.until >= since) | Breach.until.is_null())
        .where(Breach.state != "withdrawn")
        .order_by(Breach.at)
    )
    missing = [breach for breach in breaches if breach.value is None]
    breaches = [breach for breach in breaches if breach.value is not None]
    pairs: list[tuple[Episode, Breach | None]] = []
    for episode in await _told(condition.id, turn.part.key, since):
        breach = next((one for one in breaches if _same(one, episode)), None)
        if breach is not None:
            breaches.remove(breach)
        pairs.append((episode, breach))
    for breach in breaches:
        await breaching.end(work, pilot, condition, breach, "withdrawn")
    for episode, known in pairs:  # by time, so that only the last can be left open
        if known is None:
            await _open(work, pilot, turn, episode, moments)
        else:
            await _update(work, pilot, turn, known, episode, moments)
    for breach in missing:  # the figures have come
        if breach.cured_at is None and last.standing is not Standing.OPEN:
            await breaching.end(work, pilot, condition, breach, "cured")


async def _told(condition: UUID, key: str, since: datetime) -> list[Episode]:
    rows = await fetch(
        "SELECT phase, at, value, opened_at FROM phase WHERE condition = $1 AND slice = $2 "
        "AND at >= $3 ORDER BY at",
        condition, key, since,
    )  # fmt: skip
    return verdicts.episodes([
        State(
            standing=Standing(row["phase"]), since=row["at"], value=row["value"],
            opened_at=row["opened_at"],
        )
        for row in rows
    ])  # fmt: skip


def _same(breach: Breach, episode: Episode) -> bool:
    """Whether they share a time: late figures move a breach's ends, they do not make another."""
    return (episode.cured_at is None or breach.at < episode.cured_at) and (
        breach.until is None or episode.opened_at < breach.until
    )


async def _open(
    work: Work, pilot: Pilot, turn: Turn, episode: Episode, moments: Sequence[Moment]
) -> None:
    condition, threshold = turn.watched.condition, turn.watched.threshold
    breach = breaching.begun(work, pilot, condition, threshold, at=episode.opened_at)
    breach.slice = turn.part.key
    _tell(breach, threshold, episode, moments)
    if episode.cured_at is None:
        await breaching.open_within(work, pilot, condition, threshold, breach)
        return
    # Known from late figures, and over already: never open beside another one.
    breach.cured_at, breach.state = work.now, "cured"
    await breaching.open_within(work, pilot, condition, threshold, breach)
    await breaching.end(work, pilot, condition, breach, "cured")


def _tell(
    breach: Breach, threshold: Threshold, episode: Episode, moments: Sequence[Moment]
) -> None:
    """Put what the figures now tell into a breach, and the worst value that they had."""
    breach.at, breach.value, breach.until = episode.opened_at, episode.value, episode.cured_at
    breach.recovering_since = episode.recovering_since
    for moment in moments:
        inside = episode.opened_at <= moment.at and moment.at <= (breach.until or moment.at)
        if (
            moment.value is not None
            and inside
            and (breach.worst is None or threshold.further(moment.value, breach.worst))
        ):
            breach.worst = moment.value


async def _update(  # noqa: PLR0917
    work: Work, pilot: Pilot, turn: Turn, breach: Breach, episode: Episode,
    moments: Sequence[Moment],
) -> None:  # fmt: skip
    condition = turn.watched.condition
    was_open = breach.cured_at is None
    _tell(breach, turn.watched.threshold, episode, moments)
    if episode.cured_at is None:
        breach.last_seen_at = work.now
    if episode.cured_at is not None and was_open:
        await breaching.end(work, pilot, condition, breach, "cured")
    elif episode.cured_at is None and not was_open:
        await breaching.reopen(work, pilot, condition, breach)
    else:
        await work.save(breach)
