"""What a person says of two things that the system thought alike."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.incidents.commands.common import opened, tell
from sandbox.incidents.tables import Comparison, Incident, PublicReport
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Pilot

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


async def compare_weakness(person: Person, subject: UUID, other: UUID, *, same: bool) -> None:
    """Say whether an incident of another pilot shows the same weakness as ``subject``.

    The officer need not be able to read the other: they may have asked its authority, which is
    told if they say yes.

    :raises NotFound: one of them is not there, or ``subject`` is not for this person.
    :raises InvalidInput: they are of one pilot, or share no weakness and were never compared.
    """
    async with work_of(person) as work:
        pilot, incident = await opened(work, person, subject, "handle_incident")
        there = await Incident.objects().get(Incident.id == other).output(load_json=True)
        if there is None:
            raise NotFound
        await _check_shared(person, incident, there)
        await keep_comparison(work, "weakness", subject, other, confirmed=same)
        event = "comparison.weakness_shared" if same else "comparison.weakness_differs"
        work.record(event, incident, other=other)
        if same:
            await _tell_other(work, pilot, incident, there)


async def _check_shared(person: Person, incident: Incident, there: Incident) -> None:
    """Only what the page would suggest, or has suggested, is compared."""
    one, two = sorted((incident.id, there.id), key=lambda key: key.bytes)
    rows = await fetch(
        "SELECT EXISTS (SELECT FROM comparison WHERE kind = 'weakness' AND one = $1 "
        "AND other = $2) AS compared, (SELECT organisation FROM pilot WHERE id = $3) AS firm",
        one, two, there.pilot,
    )  # fmt: skip
    if person.organisation is not None and rows[0]["firm"] == person.organisation:
        raise NotFound
    shared = set(incident.vulnerabilities) & set(there.vulnerabilities)
    of_two = incident.pilot != there.pilot and not (incident.drill or there.drill)
    if not of_two or not (shared or rows[0]["compared"]):
        raise InvalidInput({"_": _("These two share no weakness.")})


async def _tell_other(work: Work, pilot: Pilot, incident: Incident, there: Incident) -> None:
    """Tell the officers of the other pilot that somebody sees the same weakness, and whom to ask.

    Nothing of the incident is told: they may not be able to read it.
    """
    other = await Pilot.objects().get(Pilot.id == there.pilot)
    if other is None:
        return
    pack = common.pack_of(pilot)
    shared = [key for key in there.vulnerabilities if key in incident.vulnerabilities]
    await tell(
        work, other, there, "weakness_elsewhere", authority=True,
        asks=pack.authority(pilot.authority), sector=pack.sector(pilot.lead_sector),
        weaknesses=[pack.vulnerability(key) for key in shared],
    )  # fmt: skip


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
