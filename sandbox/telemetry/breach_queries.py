"""A breach with all that it rests on: the values, the figures behind it, who was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.people import queries as people
from sandbox.pilots.queries import Head, part
from sandbox.pilots.tables import Condition, Suspension
from sandbox.telemetry import books, spans, values
from sandbox.telemetry.queries import PointLine
from sandbox.telemetry.rules import trials, windows
from sandbox.telemetry.rules.trials import Trial
from sandbox.telemetry.rules.verdicts import Course, Moment
from sandbox.telemetry.tables import Breach, Explanation

MOST = 10_000
"""Values that are looked back at: the newest."""
_FEW = 40
"""Figures of a window that are listed."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a part of a condition by time, those that decide; ``cut``: older ones are
    left out."""

    course: Course
    moments: Sequence[Moment]
    cut: bool

    @property
    def threshold(self) -> Threshold:
        """The threshold that they were held to."""
        return self.course.threshold

    def tried(self, limit: float) -> Trial:
        """What the same values would have meant under another limit."""
        return trials.tried(self.course, self.moments, limit)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A mail about a breach: when, what, and to which side or, where one may know, to whom and
    what became of it."""

    at: datetime
    subject: str
    to: str
    state: str
    sent_at: datetime | None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A breach with all that it rests on."""

    breach: Breach
    condition: Condition
    history: History | None
    since: datetime | None
    figures: Sequence[PointLine]
    more: int
    told: Sequence[Told]
    said: Sequence[Explanation]
    incident: UUID | None
    suspension: Suspension | None


async def explained(pilot: Head, breach_id: UUID) -> Explained:
    """A breach of ``pilot``, with all that it rests on, as the pilot's viewer may know it.

    :raises NotFound: the pilot has no such breach.
    """
    breach = await Breach.objects().get((Breach.id == breach_id) & (Breach.pilot == pilot.id))
    if breach is None:
        raise NotFound
    condition = await part(Condition, pilot, breach.condition)
    threshold = threshold_of(condition.threshold)
    history, since, figures, more = None, None, list[PointLine](), 0
    if threshold is not None and breach.value is not None:
        book = (await books.books([pilot.id]))[pilot.id]
        held = _part(threshold, book, breach.slice)
        if held is not None:
            calendar = pilot.pack.jurisdiction.calendar()
            ground = spans.Ground(rolled={}, calendar=calendar, begin=book.begin)
            history = await _history(book.course(threshold), held, ground)
            since = windows.window_start(threshold.window, breach.at, calendar, book.begin)
            figures, more = await _figures(sorted(held.series), since, breach.at)
    rows = await fetch("SELECT id FROM incident WHERE breach = $1", breach.id)
    return Explained(
        breach=breach, condition=condition, history=history, since=since, figures=figures,
        more=more, told=await _told(pilot, breach), said=await _said(breach),
        incident=rows[0]["id"] if rows else None,
        suspension=await Suspension.objects().get(Suspension.breach == breach.id),
    )  # fmt: skip


def _part(threshold: Threshold, book: books.Book, key: str) -> values.Part | None:
    parts = values.parts_of(threshold, book.series)
    return next((one for one in parts if one.key == key), None)


async def _history(course: Course, part: values.Part, ground: spans.Ground) -> History:
    moments, cut = await values.newest(course.threshold, part, MOST, ground)
    return History(course=course, moments=moments, cut=cut)


async def _figures(
    series: Sequence[int], since: datetime, until: datetime
) -> tuple[list[PointLine], int]:
    """The newest figures of a window, and how many more it has."""
    rows = await fetch(
        "SELECT s.metric, s.slice, p.at, p.value, p.n, count(*) OVER () AS every FROM point p "
        "JOIN series s ON s.id = p.series WHERE p.series = ANY($1::integer[]) "
        "AND p.at > $2 AND p.at <= $3 ORDER BY p.at DESC, s.slice LIMIT $4",
        list(series), since, until, _FEW,
    )  # fmt: skip
    more = rows[0]["every"] - len(rows) if rows else 0
    fields = PointLine.__struct_fields__
    return [PointLine(**{name: row[name] for name in fields}) for row in rows], more


async def _said(breach: Breach) -> list[Explanation]:
    """What the firm said of it, the newest first."""
    found: list[Explanation] = (
        await Explanation.objects()
        .where(Explanation.breach == breach.id)
        .order_by(Explanation.at, ascending=False)
    )
    return found


async def _moments(breach: Breach) -> list[datetime]:
    """When something was done about it, so that somebody was told."""
    rows = await fetch("SELECT at FROM audit_event WHERE subject = $1", breach.id)
    return [row["at"] for row in rows]


async def _told(pilot: Head, breach: Breach) -> list[Told]:
    """The mails of the moments at which something was said of the breach.

    A firm reads which of its own people were told; of the authority's only that they were.
    """
    rows = await fetch(
        'SELECT made_at, subject, "to", state, sent_at FROM mail WHERE "case" = $1 '
        "AND made_at = ANY($2::timestamptz[]) "
        "AND template ~ '^(telemetry/(breach|expl)|pilots/suspension)' "
        'ORDER BY made_at, "to"',
        breach.case,
        await _moments(breach),
    )
    (owner,) = await fetch("SELECT organisation FROM pilot WHERE id = $1", pilot.id)
    firm = {one.email for one in await people.members(owner["organisation"])}
    told = []
    for row in rows:
        if pilot.firm and row["to"] not in firm:
            row |= {"to": "", "state": "", "sent_at": None}
        told.append(Told(at=row.pop("made_at"), **row))
    return list(dict.fromkeys(told))
