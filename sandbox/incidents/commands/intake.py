"""An incident comes in: told by a person or a machine, or opened from a breach."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation import i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound, RuleBroken
from sandbox.foundation.i18n import _, local
from sandbox.foundation.work import Work, work_of
from sandbox.incidents import facts, rules
from sandbox.incidents.commands.assessing import weigh_first
from sandbox.incidents.commands.common import tell
from sandbox.incidents.tables import Incident
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common
from sandbox.pilots.rules import TESTING
from sandbox.pilots.tables import Pilot

_BREACH = """
SELECT b.id, b.pilot, b.metric, b.slice, b.value, b."limit", b.opened_at, c.title::text AS title,
       c.text::text AS text
FROM breach b JOIN condition c ON c.id = b.condition WHERE b.id = $1
"""


async def report_incident(
    person: Person, pilot_id: UUID, draft: facts.Draft, *, source: str = "firm"
) -> Incident:
    """Report an incident of a pilot; both sides are told, and every regime's clock starts.

    :raises InvalidInput: naming every field that is missing or wrong.
    :raises RuleBroken: the pilot has not gone live, or is closed.
    """
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, pilot_id, "report_incident")
        if pilot.state not in TESTING:
            raise RuleBroken(
                "incident.report.not_running",
                _("Incidents are reported from the day the pilot goes live until it is closed."),
            )
        facts.check_draft(draft, common.pack_of(pilot), at=work.now)
        return await keep_incident(work, pilot, draft, source=source)


async def keep_incident(
    work: Work,
    pilot: Pilot,
    draft: facts.Draft,
    *,
    source: str,
    breach: UUID | None = None,
    words: dict[str, Any] | None = None,
    key: UUID | None = None,
) -> Incident:
    """Keep an incident within ``work``, weigh it by the rules and tell both sides."""
    pack = common.pack_of(pilot)
    (row,) = await fetch("SELECT nextval('incident_numbering') AS n")
    incident = Incident(
        id=key or uuid4(), case=pilot.case, pilot=pilot.id,
        reference=f"INC-{work.now.year}-{row['n']:04}", pack_version=pilot.pack_version,
        source=source, breach=breach, title=draft.title.strip()[:200], words=words,
        aware_at=draft.aware_at, occurred_from=draft.occurred_from,
        occurred_to=draft.occurred_to, place=draft.place,
        system_version=draft.system_version, what=draft.what.strip(),
        harms_actual=list(draft.harms_actual), harms_potential=list(draft.harms_potential),
        people_affected=draft.people_affected, groups=draft.groups,
        suspected_cause=draft.suspected_cause, immediate_action=draft.immediate_action,
        vulnerabilities=list(draft.vulnerabilities), facts=facts.kept(pack, draft.facts),
        drill=draft.drill, state=rules.LIFE.initial, state_since=work.now,
        reported_at=work.now, reported_by=work.person.id, reported_name=work.person.name,
    )  # fmt: skip
    firm = source in {"firm", "machine"}
    if firm and draft.immediate_action.strip():
        incident.responded_at = work.now
    await weigh_first(work, pilot, incident, firm=firm)
    await tell(work, pilot, incident, "reported", firm=source != "firm", authority=True)
    return incident


async def open_from_breach(breach_id: UUID, person: Person = SYSTEM) -> Incident | None:
    """Open an incident from a breach; ``None`` where there is one already.

    Nobody has answered the pack's questions then: they are asked at triage.
    """
    rows = await fetch(_BREACH, breach_id)
    if not rows:
        raise NotFound
    (row,) = rows
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, row["pilot"], "report_incident")
        if await Incident.exists().where(Incident.breach == breach_id):
            return None
        words = _words_of(row)
        draft = facts.Draft(
            title=words["en"]["title"], what=words["en"]["what"], aware_at=row["opened_at"]
        )
        return await keep_incident(
            work, pilot, draft, source="breach", breach=breach_id, words=words
        )


def _words_of(breach: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Title and description in every language, since nobody wrote them."""
    title, text = (msgspec.json.decode(breach[part]) for part in ("title", "text"))
    words = {}
    for language in i18n.LANGUAGES:
        with i18n.use(language):
            figures = {
                "text": local(text),
                "value": "–" if breach["value"] is None else i18n.format_number(breach["value"]),
                "limit": i18n.format_number(breach["limit"]),
            }
            words[language] = {
                "title": (_("Threshold passed: %(title)s") % {"title": local(title)})[:200],
                "what": _("%(text)s The figure was %(value)s; the limit is %(limit)s.") % figures,
            }
    return words
