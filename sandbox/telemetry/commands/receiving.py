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
from asyncpg import UniqueViolationError

from sandbox.foundation import clock
from sandbox.foundation.database import fetch, transaction
from sandbox.foundation.errors import DomainError, InvalidInput, NotFound, SignInNeeded
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.people.person import Person
from sandbox.telemetry import books, store
from sandbox.telemetry.books import Book, Known, SeriesKey
from sandbox.telemetry.commands import counting, newest, spreading, writing
from sandbox.telemetry.commands.parcels import NOTHING, Parcel, Points, Receipt, Sound
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.delivery import Delivery

_LOCK = (
    "SELECT pg_advisory_xact_lock(hashtextextended('telemetry:' || p, 0)) FROM unnest($1::text[]) p"
)


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
    try:
        return await _take(parcels)
    except UniqueViolationError:
        newest.forget()
        return await _take(parcels)


async def _take(parcels: Sequence[Parcel]) -> list[Receipt | DomainError]:
    now = clock.now()
    found = await books.books({parcel.pilot for parcel in parcels})
    await _make_room(parcels, found, now)
    answers: list[Receipt | DomainError] = [NotFound()] * len(parcels)
    async with transaction():
        await fetch(_LOCK, sorted({str(parcel.pilot) for parcel in parcels}))
        sounds: dict[int, Sound] = {}
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
                told = spreading.unfolded(parcel.delivery, book)
                sounds[place] = Sound(
                    parcel=msgspec.structs.replace(parcel, delivery=told), book=book,
                    batch=uuid4(), points=NOTHING,
                    known=[book.known(name) for name in told.names],
                )  # fmt: skip
        new = await _make_series(sounds.values(), now)
        for order, sound in enumerate(sounds.values()):
            await _judge(sound, new, order, now)
        stored = await writing.keep(list(sounds.values()), now)
        answers_of = {place: sound.receipt() for place, sound in sounds.items()}
    newest.note(stored)
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
        first, last = max(at.min(), bounds.since, bounds.oldest), min(at.max(), bounds.until)
        if first <= last:
            await store.make_room(rules.moment(first), rules.moment(last))


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


async def _make_series(sounds: Iterable[Sound], now: datetime) -> dict[tuple[UUID, SeriesKey], int]:
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
    sound: Sound, new: Mapping[tuple[UUID, SeriesKey], int], order: int, now: datetime
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
    name = points.name[good]
    sound.points = Points(
        series=ids[name], at=points.at[good], value=points.value[good] * factors[name],
        n=points.n[good], line=points.line[good], of=np.full(len(name), order),
    )  # fmt: skip
    if any(one.counter for one in points.names):
        await counting.count(sound, name)
