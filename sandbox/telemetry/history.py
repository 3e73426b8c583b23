"""How a condition has gone so far: every value that it was held to, and what another limit
would have made of them. Read only: nothing here opens a breach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.people import queries as people
from sandbox.pilots.queries import Head, part
from sandbox.pilots.tables import Condition
from sandbox.telemetry import books, values
from sandbox.telemetry.rules import verdicts, windows
from sandbox.telemetry.rules.verdicts import Course, Episode, Moment, State
from sandbox.telemetry.tables import Breach

MOST = 10_000
"""Values that are looked back at: the newest."""
_FEW = 40
"""Figures of a window that are listed."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``limit`` makes of the values: the breaches, and how long they lasted in all."""

    limit: float
    episodes: Sequence[Episode]
    lasted: timedelta

    @property
    def times(self) -> int:
        """How often it was broken."""
        return len(self.episodes)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a part of a condition by time, those that decide; ``cut``: older ones are
    left out. ``nearest``: the one that came nearest to the limit, or passed it furthest."""

    threshold: Threshold
    course: Course
    moments: Sequence[Moment]
    cut: bool = False
    nearest: Moment | None = None

    def tried(self, limit: float) -> Tried:
        """What the same values would have meant under another limit."""
        if not self.moments:
            return Tried(limit=limit, episodes=[], lasted=timedelta())
        threshold = msgspec.structs.replace(self.threshold, limit=limit)
        course = msgspec.structs.replace(self.course, threshold=threshold)
        begin = State(since=self.moments[0].at)
        found = verdicts.episodes(verdicts.follow(course, begin, self.moments))
        last = self.moments[-1].at
        lasted = sum(((one.cured_at or last) - one.opened_at for one in found), timedelta())
        return Tried(limit=limit, episodes=found, lasted=lasted)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in the window that opened a breach."""

    metric: str
    slice: str
    at: datetime
    value: float
    n: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A mail about a breach: when, what, and to which side or, where one may know, to whom."""

    at: datetime
    subject: str
    to: str
    ours: bool
    sent: bool


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A breach with all that it rests on."""

    breach: Breach
    condition: Condition
    history: History | None
    since: datetime | None
    figures: Sequence[Figure]
    more: int
    told: Sequence[Told]
    incident: UUID | None


async def explained(pilot: Head, breach_id: UUID) -> Explained:
    """A breach of ``pilot``, with all that it rests on, as the pilot's viewer may know it.

    :raises NotFound: the pilot has no such breach.
    """
    breach = await Breach.objects().get((Breach.id == breach_id) & (Breach.pilot == pilot.id))
    if breach is None:
        raise NotFound
    condition = await part(Condition, pilot, breach.condition)
    threshold = threshold_of(condition.threshold)
    history, since, figures, more = None, None, list[Figure](), 0
    if threshold is not None and breach.value is not None:
        book = (await books.books([pilot.id]))[pilot.id]
        held = _part(threshold, book, breach.slice)
        if held is not None:
            calendar = pilot.pack.jurisdiction.calendar()
            history = await _history(threshold, held, book, values.Ground(
                rolled={}, calendar=calendar, begin=book.begin))  # fmt: skip
            since = windows.window_start(threshold.window, breach.at, calendar, book.begin)
            figures, more = await _figures(sorted(held.series), since, breach.at)
    rows = await fetch("SELECT id FROM incident WHERE breach = $1", breach.id)
    return Explained(
        breach=breach, condition=condition, history=history, since=since, figures=figures,
        more=more, told=await _told(pilot, breach),
        incident=rows[0]["id"] if rows else None,
    )  # fmt: skip


def _part(threshold: Threshold, book: books.Book, key: str) -> values.Part | None:
    parts = values.parts_of(threshold, book.series)
    return next((one for one in parts if one.key == key), None)


async def _history(
    threshold: Threshold, part: values.Part, book: books.Book, ground: values.Ground
) -> History:
    metric = book.metrics.get(threshold.metric)
    cadence = timedelta(seconds=metric.cadence_seconds if metric else 86_400)
    rows = await fetch(
        "SELECT DISTINCT at FROM point WHERE series = ANY($1::integer[]) "
        "ORDER BY at DESC LIMIT $2",
        sorted(part.series), MOST + 1,
    )  # fmt: skip
    when = [row["at"] for row in reversed(rows[:MOST])]
    every = await values.many(threshold, part, when, ground) if when else []
    moments = [one for one in every if one.value is not None]
    return History(
        threshold=threshold, course=verdicts.course(threshold, cadence), moments=moments,
        cut=len(rows) > MOST, nearest=_nearest(threshold, moments),
    )  # fmt: skip


def _nearest(threshold: Threshold, moments: Sequence[Moment]) -> Moment | None:
    nearest: Moment | None = None
    for one in moments:
        if nearest is None or threshold.further(one.value or 0.0, nearest.value or 0.0):
            nearest = one
    return nearest


async def _figures(
    series: Sequence[int], since: datetime, until: datetime
) -> tuple[list[Figure], int]:
    """The newest figures of a window, and how many more it has."""
    rows = await fetch(
        "SELECT s.metric, s.slice, p.at, p.value, p.n, count(*) OVER () AS every FROM point p "
        "JOIN series s ON s.id = p.series WHERE p.series = ANY($1::integer[]) "
        "AND p.at > $2 AND p.at <= $3 ORDER BY p.at DESC, s.slice LIMIT $4",
        list(series), since, until, _FEW,
    )  # fmt: skip
    every = rows[0]["every"] if rows else 0
    return [Figure(**{k: v for k, v in row.items() if k != "every"}) for row in rows], (
        every - len(rows)
    )


async def _told(pilot: Head, breach: Breach) -> list[Told]:
    """The mails of the moments at which something was said of the breach.

    A firm reads which of its own people were told; of the authority's only that they were.
    """
    rows = await fetch(
        'SELECT made_at, subject, "to", sent_at FROM mail WHERE "case" = $1 '
        "AND made_at = ANY($2::timestamptz[]) AND template LIKE 'telemetry/breach%' "
        'ORDER BY made_at, "to"',
        breach.case,
        [at for at in (breach.opened_at, breach.explained_at, breach.cured_at) if at],
    )
    (owner,) = await fetch("SELECT organisation FROM pilot WHERE id = $1", pilot.id)
    firm = {one.email for one in await people.members(owner["organisation"])}
    told = (
        Told(
            at=row["made_at"],
            subject=row["subject"],
            ours=row["to"] in firm,
            to=row["to"] if not pilot.firm or row["to"] in firm else "",
            sent=row["sent_at"] is not None,
        )
        for row in rows
    )
    return list(dict.fromkeys(told))
