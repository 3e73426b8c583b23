"""Breaches brought in line with what a condition's figures now tell.

What was told to people stays on record: a breach that late figures undo is *withdrawn*, not
removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.work import Work
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry.commands import breaching
from sandbox.telemetry.rules import verdicts
from sandbox.telemetry.rules.verdicts import Episode, Moment, Standing, State
from sandbox.telemetry.tables import Breach


class _Matter(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of a condition whose breaches are settled, and the moments that were judged."""

    pilot: Pilot
    condition: Condition
    threshold: Threshold
    key: str
    moments: Sequence[Moment]


async def settle(
    work: Work, pilot_id: UUID, condition_id: UUID, key: str, *, since: datetime,
    moments: Sequence[Moment], last: State,
) -> None:  # fmt: skip
    """Bring the breaches of a slice since ``since`` in line with its phases.

    ``last``: how it stands after ``moments``. The pilot is locked already.
    """
    matter = await _matter(work, pilot_id, condition_id, key, moments)
    breaches: list[Breach] = await (
        Breach.objects()
        .where((Breach.condition == condition_id) & (Breach.slice == key))
        .where((Breach.until >= since) | Breach.until.is_null())
        .where(Breach.state != "withdrawn")
        .order_by(Breach.at)
    )
    missing = [breach for breach in breaches if breach.value is None]
    breaches = [breach for breach in breaches if breach.value is not None]
    pairs: list[tuple[Episode, Breach | None]] = []
    for episode in await _told(condition_id, key, since):
        breach = next((one for one in breaches if _same(one, episode)), None)
        if breach is not None:
            breaches.remove(breach)
        pairs.append((episode, breach))
    for breach in breaches:
        await breaching.end(work, matter.pilot, matter.condition, breach, "withdrawn")
    for episode, known in pairs:  # by time, so that only the last can be left open
        if known is None:
            await _open(work, matter, episode)
        else:
            await _update(work, matter, known, episode)
    for breach in missing:  # the figures have come
        if breach.cured_at is None and last.standing is not Standing.OPEN:
            await breaching.end(work, matter.pilot, matter.condition, breach, "cured")


async def _matter(
    work: Work, pilot_id: UUID, condition_id: UUID, key: str, moments: Sequence[Moment]
) -> _Matter:
    """The rows as they are at this point of the work: another breach may just have changed them."""
    pilot = await work.lock(Pilot, pilot_id)
    condition = await Condition.objects().get(Condition.id == condition_id).output(load_json=True)
    threshold = threshold_of(condition.threshold) if condition else None
    if condition is None or threshold is None:
        raise NotFound
    return _Matter(pilot=pilot, condition=condition, threshold=threshold, key=key, moments=moments)


def state_of(row: Mapping[str, Any]) -> State:
    """The state that a row of ``phase`` tells."""
    return State(
        standing=Standing(row["phase"]), since=row["at"], value=row["value"],
        opened_at=row["opened_at"],
    )  # fmt: skip


async def _told(condition: UUID, key: str, since: datetime) -> list[Episode]:
    rows = await fetch(
        "SELECT phase, at, value, opened_at FROM phase WHERE condition = $1 AND slice = $2 "
        "AND at >= $3 ORDER BY at",
        condition, key, since,
    )  # fmt: skip
    return verdicts.episodes([state_of(row) for row in rows])


def _same(breach: Breach, episode: Episode) -> bool:
    """Whether they share a time: late figures move a breach's ends, they do not make another."""
    return (episode.cured_at is None or breach.at < episode.cured_at) and (
        breach.until is None or episode.opened_at < breach.until
    )


async def _open(work: Work, matter: _Matter, episode: Episode) -> None:
    pilot, condition, threshold = matter.pilot, matter.condition, matter.threshold
    breach = breaching.begun(work, pilot, condition, threshold, at=episode.opened_at)
    breach.slice = matter.key
    _tell(breach, matter, episode)
    if episode.cured_at is None:
        await breaching.open_within(work, pilot, condition, threshold, breach)
        return
    # Known from late figures, and over already: never open beside another one.
    breach.cured_at, breach.state = work.now, "cured"
    await breaching.open_within(work, pilot, condition, threshold, breach)
    await breaching.end(work, pilot, condition, breach, "cured")


def _tell(breach: Breach, matter: _Matter, episode: Episode) -> None:
    """Put what the figures now tell into a breach, and the worst value that they had."""
    breach.at, breach.value, breach.until = episode.opened_at, episode.value, episode.cured_at
    breach.recovering_since = episode.recovering_since
    for moment in matter.moments:
        inside = episode.opened_at <= moment.at and moment.at <= (breach.until or moment.at)
        if (
            moment.value is not None
            and inside
            and (breach.worst is None or matter.threshold.further(moment.value, breach.worst))
        ):
            breach.worst = moment.value


async def _update(work: Work, matter: _Matter, breach: Breach, episode: Episode) -> None:
    was_open = breach.cured_at is None
    _tell(breach, matter, episode)
    if episode.cured_at is None:
        breach.last_seen_at = work.now
    if episode.cured_at is not None and was_open:
        await breaching.end(work, matter.pilot, matter.condition, breach, "cured")
    elif episode.cured_at is None and not was_open:
        await breaching.reopen(work, matter.pilot, matter.condition, breach)
    else:
        await work.save(breach)
