"""Saying what a sender's name means in the plan."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.work import work_of
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Metric
from sandbox.telemetry import books
from sandbox.telemetry.tables import Arrival, Mapping


async def map_name(person: Person, pilot_id: UUID, *, name: str, metric: str) -> int:
    """Let ``name`` mean ``metric`` from now on, and for what is kept aside; how many series.

    A series that the plan has already under the same slice is left alone.

    :raises InvalidInput: the plan has no such metric, or the name is known.
    """
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, pilot_id, "send_telemetry")
        known = {one.key for one in await common.parts(Metric, pilot_id)}
        if metric not in known:
            raise InvalidInput({"metric": _("Choose a metric")})
        of_name = (Mapping.pilot == pilot_id) & (Mapping.name == name)
        if name in known or await Mapping.exists().where(of_name):
            raise InvalidInput({"metric": _("This name is known already")})
        mapping = Mapping(
            id=uuid4(), case=pilot.case, pilot=pilot.id, name=name, metric=metric,
            made_at=work.now, made_by=person.id,
        )  # fmt: skip
        await work.save(mapping)
        work.record("telemetry.name_mapped", mapping, metric=metric)
        moved = await fetch(
            "UPDATE series s SET metric = $3, aside = false WHERE pilot = $1 AND metric = $2 "
            "AND aside AND NOT EXISTS (SELECT FROM series t WHERE t.pilot = $1 AND t.metric = $3 "
            "AND t.slice = s.slice) RETURNING s.id, "
            "(SELECT min(at) FROM point WHERE series = s.id) AS since, "
            "(SELECT max(at) FROM point WHERE series = s.id) AS until",
            pilot_id, name, metric,
        )  # fmt: skip
        for row in moved:
            await work.save(
                Arrival(
                    id=uuid4(), pilot=pilot_id, series=[row["id"]], since=row["since"],
                    until=row["until"],
                )
            )  # fmt: skip
    books.forget(pilot_id)
    return len(moved)
