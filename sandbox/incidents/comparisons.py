"""What is thought alike, and what people said of it: reads for the pages of officers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import current_language
from sandbox.framework.severities import Alike
from sandbox.incidents.likeness import Likely, Telling, likely
from sandbox.pilots import queries as pilots

_MOST = 200
"""Tellings of one pilot that are compared: the nearest in time."""

# What happened is known best by its own time, else by when it was known or told.
_TELLINGS = """
SELECT * FROM (
  SELECT i.id, 'incident' AS kind, i.reference,
         coalesce(i.words -> '{language}' ->> 'title', i.title) AS title,
         i.title || ' ' || i.what AS text, coalesce(i.occurred_from, i.aware_at) AS at, i.state,
         i.id AS incident
  FROM incident i WHERE i.pilot = $1
  UNION ALL
  SELECT r.id, 'public_report', r.reference, left(r.what, 120), r.what || ' ' || r.harm_words,
         coalesce(r.happened_on::timestamp AT TIME ZONE 'UTC', r.received_at), r.state, r.incident
  FROM public_report r WHERE r.pilot = $1
) AS told
"""
_COMPARED = (
    "EXISTS (SELECT 1 FROM comparison c WHERE c.kind = 'same' "
    "AND c.one = least(told.id, $2) AND c.other = greatest(told.id, $2){})"
)


def _tellings() -> str:
    return _TELLINGS.replace("{language}", current_language())


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """What is likely the same as a thing, and what somebody said is."""

    likely: list[Likely]
    same: list[Telling]


async def of(pilot: pilots.Head, subject: UUID) -> Suggested:
    """What is likely of the same thing as ``subject``, an incident or a public report of ``pilot``.

    Tellings that belong together already are not suggested.
    """
    mine = await fetch(f"{_tellings()} WHERE told.id = $2", pilot.id, subject)
    if not mine:
        return Suggested(likely=[], same=[])
    rule, own = pilot.pack.incidents.alike, mine[0]
    others = await fetch(
        f"{_tellings()} WHERE told.id <> $2 AND NOT {_COMPARED.format('')} "
        "AND told.at BETWEEN $3 AND $4 "
        "AND (told.incident IS NULL OR told.incident IS DISTINCT FROM $5) "
        f"ORDER BY abs(extract(epoch FROM told.at - $6::timestamptz)) LIMIT {_MOST}",
        pilot.id, subject, *_around(own["at"], rule), own["incident"], own["at"],
    )  # fmt: skip
    return Suggested(
        likely=likely(_telling(own), [_telling(row) for row in others], rule),
        same=await same_as(pilot.id, subject),
    )


def _around(at: datetime, rule: Alike) -> tuple[datetime, datetime]:
    # A day more, since a day typed by a person has no hour; the rule itself decides.
    span = timedelta(days=rule.days + 1)
    return at - span, at + span


def _telling(row: dict[str, Any]) -> Telling:
    return Telling(**{name: row[name] for name in Telling.__struct_fields__})


async def same_as(pilot_id: UUID, subject: UUID) -> list[Telling]:
    """What somebody confirmed to be of the same thing: incidents, and reports of the public."""
    rows = await fetch(
        f"{_tellings()} WHERE {_COMPARED.format(' AND c.confirmed')} ORDER BY told.reference",
        pilot_id, subject,
    )  # fmt: skip
    return [_telling(row) for row in rows]
