"""Conditions of running pilots that are looser than the framework asks for by now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.framework.conditions import ConditionTemplate
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import Threshold
from sandbox.people.person import Person
from sandbox.pilots.queries import visible_to
from sandbox.pilots.rules import FINAL, RUNNING

_PICKED = """
SELECT c.id, c.number, c.title::text AS title, c.template, c.threshold::text AS threshold,
       p.id AS pilot, p.reference, p.title AS called, p.pack_version, p.lead_sector,
       EXISTS (SELECT FROM plan v WHERE v.pilot = p.id AND v.accepted_at IS NULL
               AND v.declined_at IS NULL) AS waits
FROM condition c JOIN pilot p ON p.id = c.pilot
WHERE {seen} AND p.state = ANY($1) AND c.state <> ALL($2) AND c.template <> ''
AND c.threshold IS NOT NULL ORDER BY p.reference, c.number
"""


class Looser(msgspec.Struct, frozen=True, kw_only=True):
    """A condition as agreed, and what the framework asks for now. ``waits``: a change of its plan
    is offered or announced already."""

    id: UUID
    number: int
    title: dict[str, str]
    pilot: UUID
    reference: str
    called: str
    lead_sector: str
    agreed: Threshold
    wanted: Threshold
    waits: bool


async def looser(person: Person) -> list[Looser]:
    """Those of the pilots that ``person`` may read, by pilot.

    A case keeps the version of the framework under which it began, so a limit that became
    stricter since binds it only once its plan is changed. What was decided to be looser than
    its own version, and has not become stricter, is no business of this list.
    """
    seen, values = visible_to(person, 3)
    rows = await fetch(_PICKED.format(seen=seen), sorted(RUNNING), sorted(FINAL), *values)
    now = library.current()
    found = []
    for row in rows:
        agreed = msgspec.json.decode(row["threshold"], type=Threshold)
        wanted = _asked(row, now)
        changed = wanted != _asked(row, library.pack_of(row["pack_version"]))
        if wanted is not None and changed and wanted.tightens(agreed):
            found.append(
                Looser(
                    id=row["id"], number=row["number"], title=msgspec.json.decode(row["title"]),
                    pilot=row["pilot"], reference=row["reference"], called=row["called"],
                    lead_sector=row["lead_sector"], agreed=agreed, wanted=wanted,
                    waits=row["waits"],
                )
            )  # fmt: skip
    return found


def _asked(row: dict[str, Any], pack: Pack) -> Threshold | None:
    """The limit of the condition's template in ``pack``; ``None``: it has none such."""
    template: ConditionTemplate | None = next(
        (one for one in pack.conditions if one.key == row["template"]), None
    )
    if template is None or template.cap is None:
        return template.threshold if template else None
    return template.cap.threshold(template.cap.limit)
