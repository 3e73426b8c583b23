"""Taking figures in: several deliveries, one transaction, one COPY.

A delivery's points are a stream, not a case: they are written beside the trail, and what they
mean for the conditions is judged afterwards, by a command (:mod:`.judging`). An *arrival* is
written with the points, so that a point which was acknowledged is judged exactly once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandbox.foundation import clock
from sandbox.foundation.database import fetch, transaction
from sandbox.foundation.errors import DomainError, InvalidInput, NotFound, SignInNeeded
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.people.person import Person
from sandbox.telemetry import books, store
from sandbox.telemetry.books import Book, Known, SeriesKey
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.delivery import Delivery, Numbers, Refused, Total, Whole
from sandbox.telemetry.tables import Batch

Arrived = tuple[set[int], int, int]
"""Series, and the earliest and the latest time of their points."""
_FEW = 20
"""Points of a series up to which each is looked up by itself, not the time between them."""
_LOCK = (
    "SELECT pg_advisory_xact_lock(hashtextextended('telemetry:' || p, 0)) FROM unnest($1::text[]) p"
)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery: new points, points we had, points that replaced another value,
    points of unknown names that are kept aside (these are among the new), and points refused."""

    batch: UUID
    taken: int
    duplicates: int
    corrected: int = 0
    aside: int = 0
    refused: list[Refused]


class Parcel(msgspec.Struct, kw_only=True):
    """A delivery on its way in. ``digest`` is the body's where ``idempotency`` came with it."""

    person: Person
    pilot: UUID
    delivery: Delivery
    source: str
    token: UUID | None = None
    idempotency: str = ""
    digest: str = ""
    unread: int = 0


class _Sound(msgspec.Struct, kw_only=True):
    """A parcel being taken in: what its names are, its sound points, what became of the rest."""

    parcel: Parcel
    book: Book
    batch: UUID
    known: list[Known]
    points: _Points
    asides: set[int] = set()
    refused: list[Refused] = []
    unsound: int = 0
    duplicates: int = 0
    corrected: int = 0
    fresh: int = 0
    put_aside: int = 0


class _Points(msgspec.Struct, kw_only=True):
    """Points by column; ``of`` is the place of the parcel that they came in."""

    series: Whole
    at: Whole
    value: Numbers
    n: Whole
    line: Whole
    of: Whole

    def __len__(self) -> int:
        return len(self.at)

    def only(self, which: NDArray[Any]) -> _Points:
        """The points at ``which``."""
        return _Points(**{field: getattr(self, field)[which] for field in self.__struct_fields__})


_NO = np.zeros(0, np.int64)
_NOTHING = _Points(series=_NO, at=_NO, value=np.zeros(0), n=_NO, line=_NO, of=_NO)


async def receive(person: Person, pilot_id: UUID, points: Delivery, **how: Any) -> Receipt:
    """Take one delivery in; thresholds are judged by the worker, seconds later.

    Sound points are kept even where others are refused. The same point again is a duplicate;
    another value for its time replaces it, and the old value is kept as replaced.

    :raises InvalidInput: there is nothing in it, too much, or its idempotency key came before
        with another body.
    :raises RuleBroken: the pilot takes no figures now.
    :raises NotFound: the pilot is not one of theirs.
    """
    parcel = Parcel(person=person, pilot=pilot_id, delivery=points, **how)
    (answer,) = await take([parcel])
    if isinstance(answer, Exception):
        raise answer
    return answer


async def take(parcels: Sequence[Parcel]) -> list[Receipt | DomainError]:
    """Take several deliveries in with one commit; each is answered by itself.

    What is refused as a whole leaves the others untouched.
    """
    now = clock.now()
    found = await books.books({parcel.pilot for parcel in parcels})
    await _make_room(parcels, found, now)
    answers: list[Receipt | DomainError] = [NotFound()] * len(parcels)
    async with transaction():
        await fetch(_LOCK, sorted({str(parcel.pilot) for parcel in parcels}))
        sounds: dict[int, _Sound] = {}
        working = await _working_keys(parcels)
        for place, parcel in enumerate(parcels):
            try:
                if parcel.token is not None and parcel.token not in working:
                    raise SignInNeeded(_("This key does not work any more."))
                before = await _check(parcel, book := found.get(parcel.pilot))
            except DomainError as refused:
                answers[place] = refused
                continue
            if before is not None:
                answers[place] = before
            elif book is not None:
                sounds[place] = _Sound(
                    parcel=parcel, book=book, batch=uuid4(), points=_NOTHING,
                    known=[book.known(name) for name in parcel.delivery.names],
                )  # fmt: skip
        new = await _make_series(sounds.values(), now)
        for order, sound in enumerate(sounds.values()):
            await _judge(sound, new, order, now)
        await _keep(list(sounds.values()), now)
        answers_of = {place: _receipt(sound) for place, sound in sounds.items()}
    for pilot, _key in new:
        books.forget(pilot)
    return [answers_of.get(place, answer) for place, answer in enumerate(answers)]


async def _working_keys(parcels: Sequence[Parcel]) -> set[UUID]:
    """The keys that have not been revoked, however lately."""
    keys = {parcel.token for parcel in parcels if parcel.token is not None}
    rows = await fetch(
        "SELECT id FROM api_token WHERE id = ANY($1) AND revoked_at IS NULL", list(keys)
    )
    return {row["id"] for row in rows}


async def _make_room(parcels: Sequence[Parcel], found: dict[UUID, Book], now: datetime) -> None:
    """Partitions for the times that will be taken."""
    for parcel in parcels:
        book = found.get(parcel.pilot)
        at = parcel.delivery.at
        if book is None or not len(at):
            continue
        bounds = _bounds(book, now)
        inside = at[(at >= bounds.since) & (at >= bounds.oldest) & (at <= bounds.until)]
        if len(inside):
            await store.make_room(rules.moment(inside.min()), rules.moment(inside.max()))


def _bounds(book: Book, now: datetime) -> rules.Bounds:
    terms = book.terms
    return rules.Bounds(
        since=rules.micros(book.begin),
        oldest=rules.micros(now - timedelta(days=terms.late_days)),
        until=rules.micros(now + timedelta(minutes=terms.ahead_minutes)),
    )


async def _check(parcel: Parcel, book: Book | None) -> Receipt | None:
    """Whether the parcel may be taken; the receipt of the same delivery where it was before.

    :raises DomainError: it may not.
    """
    if book is None:
        raise NotFound
    allow(parcel.person, "send_telemetry", book.pilot)
    rules.check_open(book.pilot.state)
    rules.check_size(parcel.delivery, parcel.unread)
    return await _delivered(parcel) if parcel.idempotency else None


async def _delivered(parcel: Parcel) -> Receipt | None:
    rows = await fetch(
        "SELECT id, points, duplicates, corrected, digest FROM batch "
        "WHERE pilot = $1 AND idempotency = $2",
        parcel.pilot, parcel.idempotency,
    )  # fmt: skip
    if not rows:
        return None
    (row,) = rows
    if row["digest"] != parcel.digest:
        # A key that stands in a script for ever would throw every later day's figures away.
        words = _("This Idempotency-Key came before with other points; use a new one")
        raise InvalidInput({"Idempotency-Key": words})
    known = row["points"] + row["duplicates"] + row["corrected"]
    return Receipt(batch=row["id"], taken=0, duplicates=known, refused=[])


async def _make_series(
    sounds: Iterable[_Sound], now: datetime
) -> dict[tuple[UUID, SeriesKey], int]:
    """Make the series that names ask for and that there is room for; their ids."""
    wanted: dict[tuple[UUID, SeriesKey], Known] = {}
    planned: dict[UUID, Counter[str]] = defaultdict(Counter)
    for sound in sounds:
        pilot = sound.book.pilot.id
        for place, known in enumerate(sound.known):
            if known.why or known.key in sound.book.series or (pilot, known.key) in wanted:
                continue
            why = sound.book.room(known, planned[pilot])
            if why:
                sound.known[place] = Known(why=why)
            else:
                wanted[pilot, known.key] = known
    if not wanted:
        return {}
    return await books.make_series(((pilot, known) for (pilot, _), known in wanted.items()), now)


async def _judge(
    sound: _Sound, new: Mapping[tuple[UUID, SeriesKey], int], order: int, now: datetime
) -> None:
    """Keep of the parcel what is sound, each point with its series."""
    points, book = sound.parcel.delivery, sound.book
    if not len(points):
        return
    wrong = {index: known.why for index, known in enumerate(sound.known) if known.why}
    good, sound.refused = rules.judge(points, wrong, _bounds(book, now))
    sound.unsound = int((~good).sum())
    ids = np.array([
        0 if known.why else book.series.get(known.key) or new[book.pilot.id, known.key]
        for known in sound.known
    ])  # fmt: skip
    sound.asides = {int(ids[place]) for place, known in enumerate(sound.known) if known.aside}
    factors = np.array([known.factor for known in sound.known])
    sound.points = _Points(
        series=ids[points.name], at=points.at, value=points.value * factors[points.name],
        n=points.n, line=points.line, of=np.full(len(points), order),
    ).only(good)  # fmt: skip
    if any(name.counter for name in points.names):
        await _count(sound, points.name[good])


# Running totals ----------------------------------------------------------------------------


async def _count(sound: _Sound, name: Whole) -> None:
    """Turn running totals into increases, and keep the newest totals."""
    names, points = sound.parcel.delivery.names, sound.points
    counters = np.array([bool(one.counter) for one in names])[name]
    marks = await _marks(np.unique(points.series[counters]))
    used = ~counters
    for series in np.unique(points.series[counters]).tolist():
        places = np.flatnonzero((points.series == series) & counters)
        places = places[np.argsort(points.at[places], kind="stable")]
        grown, samples, figures, mark = rules.increases(
            points.at[places], points.value[places], points.n[places], marks.get(series)
        )
        mean = names[int(name[places[0]])].counter == "mean"
        points.value[places] = grown / samples if mean else grown
        points.n[places] = samples if mean else 1
        used[places[figures]] = True
        if mark is not None:
            marks[series] = mark
    await _mark(marks)
    sound.duplicates += int((~used).sum())
    sound.points = points.only(used)


async def _marks(series: NDArray[Any]) -> dict[int, Total]:
    rows = await fetch(
        "SELECT series, at, value, n FROM counter WHERE series = ANY($1::integer[])",
        series.tolist(),
    )
    return {row["series"]: Total(row["at"], row["value"], row["n"]) for row in rows}


async def _mark(marks: dict[int, Total]) -> None:
    await fetch(
        "INSERT INTO counter (series, at, value, n) SELECT * FROM unnest($1::integer[], "
        "$2::bigint[], $3::float8[], $4::bigint[]) ON CONFLICT (series) DO UPDATE "
        "SET at = excluded.at, value = excluded.value, n = excluded.n",
        list(marks), [m.at for m in marks.values()], [m.value for m in marks.values()],
        [m.n for m in marks.values()],
    )  # fmt: skip


# Keeping -----------------------------------------------------------------------------------


async def _keep(sounds: Sequence[_Sound], now: datetime) -> None:
    """Write what is new and what is corrected, a batch for each parcel, and arrivals."""
    points = _together(sounds)
    if len(points):
        points = _once(points, sounds)
        new, corrections = await _compare(points, sounds)
        await _write(new, sounds)
        await _correct(corrections, sounds, now)
        await _announce(sounds, new, corrections)
    await _save_batches(sounds, now)


def _together(sounds: Sequence[_Sound]) -> _Points:
    """The sound points of all parcels, by series and time, first come first."""
    if not sounds:
        return _NOTHING
    columns = {
        field: np.concatenate([getattr(sound.points, field) for sound in sounds])
        for field in _Points.__struct_fields__
    }
    points = _Points(**columns)
    return points.only(np.lexsort((np.arange(len(points)), points.at, points.series)))


def _once(points: _Points, sounds: Sequence[_Sound]) -> _Points:
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


async def _compare(points: _Points, sounds: Sequence[_Sound]) -> tuple[_Points, _Points]:
    """What is new, and what has another value than is stored; the rest is known."""
    held = {
        (row["series"], row["at"]): (row["value"], row["n"])
        for row in await store.stored(*_where(points))
    }
    state = np.zeros(len(points.at), np.int8)  # 0 new, 1 known, 2 corrected
    if held:
        pairs = zip(points.series.tolist(), points.at.tolist(), strict=True)
        for place, pair in enumerate(pairs):
            before = held.get(pair)
            if before is not None:
                same = before == (points.value[place], points.n[place])
                state[place] = 1 if same else 2
    for place, sound in enumerate(sounds):
        own = state[points.of == place]
        sound.fresh = int((own == 0).sum())
        sound.duplicates += int((own == 1).sum())
        sound.corrected = int((own == 2).sum())
    return points.only(state == 0), points.only(state == 2)


def _where(points: _Points) -> tuple[list[int], list[datetime], list[datetime]]:
    """For each series between which times to look; few points are looked up one by one."""
    edges = np.flatnonzero(np.diff(points.series)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(points.at)]])
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


async def _write(points: _Points, sounds: Sequence[_Sound]) -> None:
    if len(points):
        batches = np.array([np.void(sound.batch.bytes) for sound in sounds])[points.of]
        await store.append(points.series, points.at, points.value, points.n, batches.tobytes())


async def _correct(points: _Points, sounds: Sequence[_Sound], now: datetime) -> None:
    for place in np.unique(points.of):
        own = points.only(points.of == place)
        batch = sounds[place].batch
        await store.replace(own.series, own.at, own.value, own.n, batch, now)


async def _announce(sounds: Sequence[_Sound], new: _Points, corrected: _Points) -> None:
    """Say which pilots have figures to judge: of which series, between which times."""
    came: dict[UUID, list[Arrived]] = defaultdict(list)
    for place, sound in enumerate(sounds):
        for points in (new.only(new.of == place), corrected.only(corrected.of == place)):
            if len(points):
                series = set(np.unique(points.series).tolist())
                came[sound.book.pilot.id].append((series, points.at.min(), points.at.max()))
                sound.put_aside += int(np.isin(points.series, list(sound.asides)).sum())
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


async def _save_batches(sounds: Sequence[_Sound], now: datetime) -> None:
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


def _receipt(sound: _Sound) -> Receipt:
    return Receipt(
        batch=sound.batch, taken=sound.fresh, duplicates=sound.duplicates,
        corrected=sound.corrected, aside=sound.put_aside,
        refused=sorted(sound.refused, key=lambda one: one.line),
    )  # fmt: skip
