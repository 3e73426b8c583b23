"""One weakness in several pilots: what is suggested, and what a person said of it.

An incident of another pilot is suggested that has at least one of the pack's weaknesses in
common; drills are not. Of an incident that the reader may not open they learn no more than
that there is one: in which sector, of which month, which weakness, and the authority to ask. Its
words and its reference are not loaded. Where the reader declared a conflict, not even that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import current_language
from sandbox.incidents.public_queries import seen_by
from sandbox.incidents.queries import Whole
from sandbox.people.person import Person
from sandbox.pilots.policy import READS_ALL

_SUGGESTED = 5


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of another pilot with a weakness in common.

    ``reference`` and ``title`` are empty where the reader may not open it; ``id`` then only
    says which is meant when they answer. ``by_name``: who said what they said, when.
    """

    id: UUID
    sector: str
    authority: str
    shared: list[str]
    opens: bool
    reported_at: datetime
    reference: str | None
    title: str | None
    state: str | None
    by_name: str | None = None
    at: datetime | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is suggested, and what somebody confirmed."""

    suggested: list[Elsewhere]
    confirmed: list[Elsewhere]


_FROM = """
SELECT i.id, p.lead_sector AS sector, p.authority, {seen} AS opens, i.reported_at,
       ARRAY(SELECT v FROM unnest(i.vulnerabilities) v WHERE v = ANY($2::varchar[])) AS shared,
       CASE WHEN {seen} THEN i.reference END AS reference,
       CASE WHEN {seen} THEN coalesce(i.words -> '{language}' ->> 'title', i.title) END AS title,
       CASE WHEN {seen} THEN i.state END AS state, c.by_name, c.at
FROM incident i JOIN pilot p ON p.id = i.pilot
LEFT JOIN comparison c ON c.kind = 'weakness'
     AND c.one = least(i.id, $1) AND c.other = greatest(i.id, $1)
"""
# What has most in common first, then what lies in other sectors.
_NEAREST = """
ORDER BY (SELECT count(*) FROM unnest(i.vulnerabilities) v WHERE v = ANY($2::varchar[])) DESC,
         p.lead_sector = (SELECT lead_sector FROM pilot WHERE id = $3), i.reported_at DESC, i.id
"""
# What lies in the reader's own sectors and is not seen is one in which they declared a conflict.
_NO_CONFLICT = "({seen} OR $4::boolean AND NOT p.sectors && $5::varchar[])"
_NOT_THEIR_FIRMS = "p.organisation IS DISTINCT FROM $6::uuid"


async def elsewhere(person: Person, found: Whole) -> Found:
    """Where else the weaknesses of an incident show, for an official who may read it."""
    own = list(found.incident.vulnerabilities)
    if found.incident.drill:
        return Found(suggested=[], confirmed=[])
    seen, values = seen_by(person, 7)
    query = _FROM.replace("{seen}", f"({seen})").replace("{language}", current_language())
    fitting = f"{_NO_CONFLICT.replace('{seen}', f'({seen})')} AND {_NOT_THEIR_FIRMS}"
    given = (
        found.incident.id, own, found.pilot.id, not person.is_any(*READS_ALL),
        sorted(person.sectors), person.organisation, *values,
    )  # fmt: skip
    suggested: list[dict[str, Any]] = []
    if own:
        suggested = await fetch(
            f"{query} WHERE i.pilot <> $3 AND NOT i.drill AND i.vulnerabilities && $2::varchar[] "
            f"AND c.id IS NULL AND {fitting} "
            f"{_NEAREST} LIMIT {_SUGGESTED}",
            *given,
        )
    confirmed = await fetch(
        f"{query} WHERE c.confirmed AND i.pilot <> $3 AND {fitting} ORDER BY c.at", *given
    )
    return Found(
        suggested=[Elsewhere(**row) for row in suggested],
        confirmed=[Elsewhere(**row) for row in confirmed],
    )
