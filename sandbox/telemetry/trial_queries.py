"""A limit tried before it is set: what it would have made of the figures that there are.

On the pilot whose condition it is, and on those alike: which send the same metric and which the
person who tries may read.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.framework.thresholds import Threshold
from sandbox.people.person import Person
from sandbox.pilots.queries import visible_to
from sandbox.telemetry import books, spans, values
from sandbox.telemetry.rules import trials
from sandbox.telemetry.rules.slices import part_name
from sandbox.telemetry.rules.trials import Trial
from sandbox.telemetry.rules.verdicts import Moment

OWN = 10_000
"""Values of a part of the pilot's own condition that are looked back at: the newest."""
OTHERS = 3_000
"""Of each part at each of the pilots alike."""
ALIKE = 12
"""Pilots alike that are looked at: those whose plan was accepted last."""

# Only a metric counted in the same unit is the same.
_ALIKE = """
SELECT p.id, p.reference, p.title, p.state FROM pilot p
JOIN metric m ON m.pilot = p.id AND m.key = $1 AND ($2 = '' OR m.unit = $2)
WHERE p.id <> $3 AND {seen}
AND EXISTS (SELECT 1 FROM series s WHERE s.pilot = p.id AND s.metric = $1 AND NOT s.aside)
ORDER BY p.accepted_at DESC, p.id LIMIT $4
"""
_NOBODY = UUID(int=0)


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What a pilot's figures come to by a threshold: the values of each part by time.

    ``cut``: there are older ones.
    """

    parts: dict[str, Sequence[Moment]]
    cut: bool

    @property
    def begun(self) -> bool:
        """Whether there is any value to hold to a limit."""
        return any(self.parts.values())


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot with the same metric, and what the limit would have made of its figures."""

    id: UUID
    reference: str
    title: str
    state: str
    trial: Trial
    past: Past


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold tried. ``own`` and ``now``: on its own pilot, as tried and as in force."""

    threshold: Threshold
    past: Past | None
    own: Trial | None
    now: Trial | None
    alike: Sequence[Alike]

    @property
    def drawn(self) -> dict[str, Sequence[Moment]]:
        """The values to draw, by name: the pilot's own parts, else the pilots alike."""
        if self.past is not None:
            return {part_name(key) or key: one for key, one in self.past.parts.items() if one}
        return {
            one.reference: moments
            for one in self.alike
            for moments in [*one.past.parts.values()][:1]
        }


async def tried(
    person: Person, threshold: Threshold, *, pilot: UUID | None = None, now: Threshold | None = None
) -> Tried:
    """``threshold`` on the figures of ``pilot``, beside ``now``, and of the pilots alike."""
    seen, values_ = visible_to(person, 5)
    rows = await fetch(
        _ALIKE.format(seen=seen),
        threshold.metric,
        threshold.unit,
        pilot or _NOBODY,
        ALIKE,
        *values_,
    )
    found = await books.books([row["id"] for row in rows] + ([pilot] if pilot else []))
    alike = []
    for row in rows:
        book = found[row["id"]]
        past = await _past(book, threshold, OTHERS)
        trial = trials.held(book.course(threshold), [*past.parts.values()])
        if past.begun:
            alike.append(Alike(**row, trial=trial, past=past))
    if pilot is None:
        return Tried(threshold=threshold, past=None, own=None, now=None, alike=alike)
    book = found[pilot]
    past = await _past(book, threshold, OWN)
    return Tried(
        threshold=threshold, past=past, alike=alike,
        own=trials.held(book.course(threshold), [*past.parts.values()]),
        now=await _as_it_is(book, now or threshold, threshold, past),
    )  # fmt: skip


async def _as_it_is(book: books.Book, now: Threshold, other: Threshold, past: Past) -> Trial:
    """What the threshold in force makes of the same time; its values differ by its window."""
    if (now.window, now.min_samples) != (other.window, other.min_samples):
        past = await _past(book, now, OWN)
    return trials.held(book.course(now), [*past.parts.values()])


async def _past(book: books.Book, threshold: Threshold, most: int) -> Past:
    calendar = library.pack_of(book.pilot.pack_version).jurisdiction.calendar()
    ground = spans.Ground(rolled={}, calendar=calendar, begin=book.begin)
    parts: dict[str, Sequence[Moment]] = {}
    cut = False
    for part in values.parts_of(threshold, book.series):
        parts[part.key], older = await values.newest(threshold, part, most, ground)
        cut = cut or older
    return Past(parts=parts, cut=cut)
