"""Files of figures that people bring: opened, and looked at before anything is taken."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandbox.foundation import clock, storage
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound
from sandbox.foundation.i18n import _, format_number
from sandbox.framework import library
from sandbox.pilots.queries import Head, part, parts
from sandbox.pilots.tables import Metric
from sandbox.telemetry import books, store
from sandbox.telemetry.books import Book
from sandbox.telemetry.rules import columns
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.columns import Known, Map
from sandbox.telemetry.rules.delivery import Delivery
from sandbox.telemetry.tables import Upload
from sandbox.telemetry.wire import sheets
from sandbox.telemetry.wire.sheets import Sheet

FEW = 8
"""Figures that are shown as they were understood."""
TOLD = 10_000
"""Cells that are told one by one in the file of what was not taken."""
_reading = asyncio.Semaphore(2)
"""Files that are read at once in a web process: each may take much room."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure as it was understood."""

    row: int
    metric: str
    part: str
    at: datetime
    value: float
    unit: str
    n: int


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that is not taken, and why."""

    row: int
    column: str
    cell: str
    why: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A file's figures by its map: the sound ones, how many came twice in it, and what is wrong.

    ``errors`` holds the first :data:`TOLD` of the ``wrong`` cells.
    """

    sound: Delivery
    known: list[books.Known]
    again: int
    errors: list[Error]
    wrong: int


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What taking a file would come to.

    ``shares``: the names of metrics in percent that look as if shares of one were told.
    ``new``, ``same`` and ``corrected``: figures we do not have, have as they are, and have with
    another value. ``aside``: figures of names that the plan does not know.
    """

    first: list[Figure]
    new: int
    same: int
    corrected: int
    aside: int
    since: datetime | None
    until: datetime | None
    errors: list[Error]
    wrong: int
    shares: list[str]

    @property
    def changes(self) -> int:
        """Figures that would change what we have."""
        return self.new + self.corrected


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was brought, and neither taken nor left yet."""

    id: UUID
    name: str
    made_at: datetime


async def one(pilot: Head, upload_id: UUID) -> Upload:
    """An upload of ``pilot``, for its firm.

    :raises NotFound: it is not there, or the viewer is not of the firm.
    """
    if not pilot.firm:
        raise NotFound
    return await part(Upload, pilot, upload_id)


async def waiting(pilot_id: UUID) -> list[Waiting]:
    """The files that wait for whoever brought them, the newest first."""
    rows = await fetch(
        "SELECT id, name, made_at FROM figure_upload WHERE pilot = $1 AND state = 'open' "
        "ORDER BY made_at DESC",
        pilot_id,
    )
    return [Waiting(**row) for row in rows]


async def read(name: str, content: bytes) -> Sheet:
    """The rows of a file, read beside the event loop.

    :raises InvalidInput: as :func:`sandbox.telemetry.wire.sheets.read`.
    """
    async with _reading:
        return await asyncio.to_thread(sheets.read, name, content)


async def opened(upload: Upload) -> Sheet:
    """The rows of a file that waits.

    :raises NotFound: it is there no longer.
    """
    return await read(upload.name, await storage.get(upload.path))


async def known_metrics(pilot_id: UUID) -> list[Known]:
    """The metrics of the plan under every name that a file may use."""
    book = (await books.books([pilot_id])).get(pilot_id)
    if book is None:
        return []
    pack = library.pack_of(book.pilot.pack_version)
    return [
        Known(
            key=one.key, slices=tuple(one.slices), percent=pack.unit_symbol(one.unit) == "%",
            names=(one.name, *(pack.metric_name(one.key, lang) for lang in pack.languages)),
        )
        for one in await parts(Metric, pilot_id)
    ]  # fmt: skip


async def judged(pilot_id: UUID, sheet: Sheet, of: Map, known: Sequence[Known]) -> Judged:
    """The figures of a file by a sound map, judged as the delivery itself will be.

    :raises InvalidInput: there are more than are taken of a file.
    """
    book = (await books.books([pilot_id]))[pilot_id]
    read, wrong = await asyncio.to_thread(columns.delivery, sheet.rows, of, known)
    if len(read) > columns.MOST_POINTS:
        words = _("The file has more than %(most)s figures. Send it in parts.")
        raise InvalidInput({"role": words % {"most": format_number(columns.MOST_POINTS)}})
    delivery, twice, again = columns.once(read)
    found = [book.known(name) for name in delivery.names]
    planned: Counter[str] = Counter()
    reasons = {
        place: one.why or ("" if one.key in book.series else book.room(one, planned))
        for place, one in enumerate(found)
    }
    reasons = {place: why for place, why in reasons.items() if why}
    good, refused = rules.judge(delivery, reasons, bounds(book), TOLD)
    told = [(one.row, one.place, one.why) for one in (*wrong, *twice)]
    told += [(columns.row_of(r.line), columns.place_of(r.line), r.reason) for r in refused]
    return Judged(
        sound=columns.only(delivery, good), known=found, again=again,
        errors=errors(sheet, told), wrong=len(wrong) + len(twice) + int((~good).sum()),
    )  # fmt: skip


async def look(pilot: Head, sheet: Sheet, of: Map, known: Sequence[Known]) -> Look:
    """What would be taken; nothing is written.

    :raises InvalidInput: as :func:`judged`.
    """
    book = (await books.books([pilot.id]))[pilot.id]
    found = await judged(pilot.id, sheet, of, known)
    sound, at = found.sound, found.sound.at
    same, other = await _held(book, found)
    names = [_metric_name(pilot, book, one.key[0]) for one in found.known]
    asides = [place for place, one in enumerate(found.known) if one.aside]
    return Look(
        first=[_figure(sound, place, names, book) for place in range(min(FEW, len(sound)))],
        new=len(sound) - same - other, same=same + found.again, corrected=other,
        aside=int(np.isin(sound.name, asides).sum()),
        since=rules.moment(at.min()) if len(at) else None,
        until=rules.moment(at.max()) if len(at) else None,
        errors=found.errors, wrong=found.wrong,
        shares=[
            _metric_name(pilot, book, key)
            for key in ([] if of.shares else columns.like_shares(sound, known))
        ],
    )  # fmt: skip


async def _held(book: Book, found: Judged) -> tuple[int, int]:
    """How many of the figures are here already, as they are and with another value."""
    ids = np.array([book.series.get(one.key, 0) for one in found.known], np.int64)
    factors = np.array([one.factor for one in found.known], np.float64)
    points = columns.only(found.sound, _of_series(found.sound, ids))
    return await store.held(
        ids[points.name], points.at, points.value * factors[points.name], points.n
    )


def _of_series(points: Delivery, ids: NDArray[Any]) -> NDArray[Any]:
    return ids[points.name] > 0 if len(points) else np.zeros(0, bool)


def bounds(book: Book) -> rules.Bounds:
    """Between which times figures are taken now."""
    now = clock.now()
    return rules.Bounds(
        since=rules.micros(book.begin),
        oldest=rules.micros(now - timedelta(days=book.terms.late_days)),
        until=rules.micros(now + timedelta(minutes=book.terms.ahead_minutes)),
    )


def errors(sheet: Sheet, told: Sequence[tuple[int, int, str]]) -> list[Error]:
    """What is not taken by row, column and reason, as cells; the first :data:`TOLD`."""
    rows = dict(sheet.rows)
    return [
        Error(
            row=row, column=sheet.heads[place] or _("Column %(n)s") % {"n": place + 1},
            cell=_said(rows[row][place]), why=why,
        )
        for row, place, why in sorted(told)[:TOLD]
    ]  # fmt: skip


def _said(cell: object) -> str:
    return f"{cell:g}" if isinstance(cell, float) else str(cell)[:200]


def _metric_name(pilot: Head, book: Book, key: str) -> str:
    metric = book.metrics.get(key)
    if metric is None:
        return key
    return pilot.pack.metric_name(key) if _of_pack(pilot, key) else metric.name


def _of_pack(pilot: Head, key: str) -> bool:
    return any(one.key == key for one in pilot.pack.metrics)


def _figure(delivery: Delivery, place: int, names: Sequence[str], book: Book) -> Figure:
    name = int(delivery.name[place])
    metric = book.metrics.get(delivery.names[name].metric)
    return Figure(
        row=columns.row_of(int(delivery.line[place])), metric=names[name],
        part=", ".join(value for _key, value in delivery.names[name].attributes),
        at=rules.moment(delivery.at[place]), value=float(delivery.value[place]),
        unit=metric.unit if metric else "",
        n=int(delivery.n[place]),
    )  # fmt: skip
