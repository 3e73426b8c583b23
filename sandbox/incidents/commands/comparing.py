"""What a person says of two things that the system thought alike."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.incidents.tables import Comparison, Incident, PublicReport
from sandbox.people.person import Person
from sandbox.pilots.commands import common

_TABLES = {"incident": Incident, "public_report": PublicReport}


async def compare(person: Person, subject: UUID, other: UUID, *, same: bool) -> None:
    """Say whether two tellings of one pilot are of the same thing.

    :raises NotFound: one of them is not there, or not for this person.
    :raises InvalidInput: they are of two pilots, or one and the same.
    """
    async with work_of(person) as work:
        kinds = await _kinds(subject, other)
        pilot = await common.open_pilot(work, person, kinds[subject][1], "handle_incident")
        if subject == other or kinds[other][1] != pilot.id:
            raise InvalidInput({"_": _("Only two tellings of one pilot can be the same.")})
        await keep_comparison(work, "same", subject, other, confirmed=same)
        for key in (subject, other):
            row = await work.lock(_TABLES[kinds[key][0]], key)
            work.record("comparison.same" if same else "comparison.different", row)


async def _kinds(*keys: UUID) -> dict[UUID, tuple[str, UUID]]:
    """What each id is, and of which pilot.

    :raises NotFound: one is neither an incident nor a report of the public.
    """
    rows = await fetch(
        "SELECT id, 'incident' AS kind, pilot FROM incident WHERE id = ANY($1) UNION ALL "
        "SELECT id, 'public_report', pilot FROM public_report WHERE id = ANY($1)",
        list(keys),
    )
    found = {row["id"]: (row["kind"], row["pilot"]) for row in rows}
    if not set(keys) <= set(found):
        raise NotFound
    return found


async def keep_comparison(
    work: Work, kind: str, subject: UUID, other: UUID, *, confirmed: bool
) -> None:
    """Keep what was said; who says something else later is right from then on."""
    one, two = sorted((subject, other), key=lambda key: key.bytes)
    held = (Comparison.kind == kind) & (Comparison.one == one) & (Comparison.other == two)
    row = await Comparison.objects().where(held).lock_rows("UPDATE").first()
    if row is None:
        row = Comparison(id=uuid4(), kind=kind, one=one, other=two)
    row.confirmed, row.at = confirmed, work.now
    row.by, row.by_name = work.person.id, work.person.name
    await work.save(row)
