"""Deliveries on their way in: what came, what of it is sound, what its sender is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandbox.people.person import Person
from sandbox.telemetry.books import Book, Known
from sandbox.telemetry.rules.delivery import Delivery, Numbers, Refused, Whole


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery: new points, points we had, points that replaced another value,
    points of unknown names that are kept aside (these are among the new), and points refused.

    ``refused`` tells the first of the ``rejected`` points one by one.
    """

    batch: UUID
    taken: int
    duplicates: int
    corrected: int = 0
    aside: int = 0
    refused: list[Refused]
    rejected: int = 0


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


class Points(msgspec.Struct, kw_only=True):
    """Points by column; ``of`` is the place of the parcel that they came in."""

    series: Whole
    at: Whole
    value: Numbers
    n: Whole
    line: Whole
    of: Whole

    def __len__(self) -> int:
        return len(self.at)

    def runs(self) -> tuple[Whole, Whole]:
        """Where each series begins and ends, of points that lie by series."""
        edges = np.flatnonzero(np.diff(self.series)) + 1
        if not len(self.at):
            return edges, edges
        return np.concatenate([[0], edges]), np.concatenate([edges, [len(self.at)]])

    def only(self, which: NDArray[Any]) -> Points:
        """The points at ``which``."""
        return Points(**{field: getattr(self, field)[which] for field in self.__struct_fields__})


_NO = np.zeros(0, np.int64)
NOTHING = Points(series=_NO, at=_NO, value=np.zeros(0), n=_NO, line=_NO, of=_NO)


class Sound(msgspec.Struct, kw_only=True):
    """A parcel being taken in: what its names are, its sound points, what became of the rest."""

    parcel: Parcel
    book: Book
    batch: UUID
    known: list[Known]
    points: Points
    asides: set[int] = set()
    refused: list[Refused] = []
    unsound: int = 0
    duplicates: int = 0
    corrected: int = 0
    fresh: int = 0
    put_aside: int = 0

    def receipt(self) -> Receipt:
        """What its sender is told; a histogram that is refused in all its parts, once."""
        refused = sorted(self.refused, key=lambda one: one.line)
        rejected = self.unsound
        if self.parcel.delivery.spreads:
            refused = list({one.line: one for one in refused}.values())
            rejected = len(refused)
        return Receipt(
            batch=self.batch, taken=self.fresh, duplicates=self.duplicates,
            corrected=self.corrected, aside=self.put_aside, refused=refused, rejected=rejected,
        )  # fmt: skip
