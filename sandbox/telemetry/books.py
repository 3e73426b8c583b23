"""What a pilot's plan says about its figures, kept at hand while it does not change.

A *book* answers for every name that a sender may use: which series it is, or why it is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation import clock, takeover
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.framework.conditions import Cadence
from sandbox.framework.telemetry import TelemetryTerms
from sandbox.framework.thresholds import Threshold
from sandbox.pilots.tables import Metric, Pilot
from sandbox.telemetry.rules import verdicts
from sandbox.telemetry.rules.delivery import LONGEST_NAME, LONGEST_SLICE, Name
from sandbox.telemetry.rules.slices import slice_key
from sandbox.telemetry.rules.verdicts import Course
from sandbox.telemetry.tables import Mapping

SeriesKey = tuple[str, str]
"""A metric and a slice."""


class Known(msgspec.Struct, frozen=True):
    """What a name is: a series (``key``), or ``why`` it is none."""

    key: SeriesKey = ("", "")
    aside: bool = False
    factor: float = 1.0
    why: str = ""


class Book(msgspec.Struct, kw_only=True):
    """A pilot with its metrics, its mappings, and the series that it has.

    ``held``: how many series each metric has; those kept aside count under no name.
    """

    stamp: tuple[Any, ...]
    pilot: Pilot
    terms: TelemetryTerms
    begin: datetime
    metrics: dict[str, Metric]
    mappings: dict[str, Mapping]
    series: dict[SeriesKey, int]
    held: Counter[str]
    names: dict[Name, Known] = {}

    def course(self, threshold: Threshold) -> Course:
        """How the figures of ``threshold`` may behave: by their own cadence, or daily."""
        metric = self.metrics.get(threshold.metric)
        seconds = metric.cadence_seconds if metric else Cadence.DAILY.seconds
        return verdicts.course(threshold, timedelta(seconds=seconds))

    def known(self, name: Name) -> Known:
        """What ``name`` is in this plan, whether or not the series is there yet."""
        found = self.names.get(name)
        if found is None:
            found = self._look_up(name)
            if found.key in self.series:  # what is made up by a sender is not remembered
                self.names[name] = found
        return found

    def spells(self, name: str) -> bool:
        """Whether the plan, or what was said about its names, knows ``name``."""
        return name in self.mappings or bool(_match(name, self.metrics))

    def _look_up(self, name: Name) -> Known:
        if why := _no_name(name):
            return Known(why=why)
        mapping = self.mappings.get(name.metric)
        metric = self.metrics.get(mapping.metric if mapping else _match(name.metric, self.metrics))
        if metric is None:
            return Known((name.metric, slice_key(name.attributes)[:400]), aside=True)
        attributes = _dimensions(name, mapping, metric)
        if attributes is None:
            return Known(why="dimension")
        key = (metric.key, slice_key(attributes))
        if len(key[1]) > LONGEST_SLICE:
            return Known(why="slice")
        return Known(key, factor=mapping.factor if mapping else 1.0)

    def room(self, known: Known, planned: Counter[str]) -> str:
        """Why a series that is not there yet cannot be made; empty where it can.

        ``planned`` counts, as ``held`` does, what the same deliveries make.
        """
        of = "" if known.aside else known.key[0]
        most = self.terms.unknown_series_at_most if known.aside else self.terms.slices_at_most
        if self.held[of] + planned[of] < most:
            planned[of] += 1
            return ""
        return "aside" if known.aside else "slices"


def _no_name(name: Name) -> str:
    """Why a name can be none, whatever the plan says."""
    if not name.metric:
        return "unknown"
    if len(name.metric) > LONGEST_NAME:
        return "long"
    return "name" if any("\0" in text for text in (name.metric, *chain(*name.attributes))) else ""


def _match(name: str, metrics: dict[str, Metric]) -> str:
    """The metric that a sender's name spells: ``app.Auc`` is ``app_auc``, ``x_total`` is ``x``."""
    if name in metrics:
        return name
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    candidates = (plain, plain.removesuffix("_total"))
    return next((one for one in candidates if one in metrics), "")


def _dimensions(
    name: Name, mapping: Mapping | None, metric: Metric
) -> list[tuple[str, str]] | None:
    """The sender's attributes that divide the metric; ``None``: one that the plan does not have.

    A machine's other attributes say where it runs. What our own forms call a slice is meant.
    """
    renamed = dict(mapping.attributes) if mapping else {}
    found = [(renamed.get(key, key), value) for key, value in name.attributes]
    kept = sorted((key, value) for key, value in found if key in metric.slices)
    if name.strict and len(kept) < len(found):
        return None
    return kept


_books: dict[UUID, Book] = {}
takeover.forget_with(_books.clear)
_HEADS = """
SELECT p.id, p.state, p.state_since, p.plan_version, p.starts_on,
       (SELECT max(m.made_at) FROM mapping m WHERE m.pilot = p.id) AS mapped,
       (SELECT count(*) FROM mapping m WHERE m.pilot = p.id) AS mappings
FROM pilot p WHERE p.id = ANY($1)
"""


async def books(pilots: Iterable[UUID]) -> dict[UUID, Book]:
    """The books of ``pilots``, read anew where a plan has changed."""
    rows = await fetch(_HEADS, list(pilots))
    found = {}
    for row in rows:
        stamp = tuple(row.values())
        book = _books.get(row["id"])
        if book is None or book.stamp != stamp:
            book = _books[row["id"]] = await _read(row["id"], stamp)
        found[row["id"]] = book
    return found


async def _read(pilot_id: UUID, stamp: tuple[Any, ...]) -> Book:
    pilot = await Pilot.objects().get(Pilot.id == pilot_id)
    assert pilot is not None
    pack = library.pack_of(pilot.pack_version)
    metrics = await Metric.objects().where(Metric.pilot == pilot_id)
    mappings = await Mapping.objects().where(Mapping.pilot == pilot_id).output(load_json=True)
    series = await fetch("SELECT id, metric, slice, aside FROM series WHERE pilot = $1", pilot_id)
    return Book(
        stamp=stamp,
        pilot=pilot,
        terms=pack.telemetry,
        begin=begin(pilot),
        metrics={metric.key: metric for metric in metrics},
        mappings={mapping.name: mapping for mapping in mappings},
        series={(row["metric"], row["slice"]): row["id"] for row in series},
        held=Counter("" if row["aside"] else row["metric"] for row in series),
    )


def begin(pilot: Pilot) -> datetime:
    """The first moment of the first day of testing; of a pilot that never went live, of now."""
    if pilot.starts_on is None:
        return clock.now()
    zone = library.pack_of(pilot.pack_version).jurisdiction.zone
    return datetime.combine(pilot.starts_on, time(), zone).astimezone(UTC)


async def make_series(
    wanted: Iterable[tuple[UUID, Known]], now: datetime
) -> dict[tuple[UUID, SeriesKey], int]:
    """Make series of pilots that are not there, inside the caller's transaction; their ids.

    The books learn of them when they are read anew (:func:`forget`), after the commit.
    """
    asked = list(wanted)
    rows = await fetch(
        "INSERT INTO series (pilot, metric, slice, aside, made_at) "
        "SELECT *, $5 FROM unnest($1::uuid[], $2::varchar[], $3::varchar[], $4::boolean[]) "
        "ON CONFLICT (pilot, metric, slice) DO UPDATE SET aside = series.aside "
        "RETURNING id, pilot, metric, slice",
        [pilot for pilot, _known in asked], [known.key[0] for _pilot, known in asked],
        [known.key[1] for _pilot, known in asked], [known.aside for _pilot, known in asked], now,
    )  # fmt: skip
    return {(row["pilot"], (row["metric"], row["slice"])): row["id"] for row in rows}


def forget(pilot_id: UUID) -> None:
    """Read the pilot's book anew next time."""
    _books.pop(pilot_id, None)
