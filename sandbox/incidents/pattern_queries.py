"""Patterns across sectors: which weakness, or which cause, shows in incidents of which sector.

An incident counts in the sector that leads its pilot, once for each weakness that it names, or for
each branch of the newest fishbone that explains it. Drills do not count. Only what the reader
may open is counted, so that every count leads to its cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import _
from sandbox.framework.pack import Pack
from sandbox.incidents import causes
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots

WEAKNESS, CAUSE = "weakness", "cause"

_KEYS = {
    WEAKNESS: "CROSS JOIN unnest(i.vulnerabilities) AS k(key)",
    CAUSE: f"JOIN ({causes.NEWEST_FISHBONE}) a ON a.incident = i.id "
    "CROSS JOIN jsonb_object_keys(a.content) AS k(key)",
}
_COUNTED = """
SELECT k.key, p.lead_sector AS sector, count(*) AS incidents,
       count(DISTINCT i.pilot) AS pilots, count(DISTINCT p.organisation) AS firms,
       count(*) FILTER (WHERE i.state <> 'closed') AS open,
       min(i.reported_at) AS first_at, max(i.reported_at) AS last_at,
       array_agg(i.reference::text ORDER BY i.reported_at) AS references,
       array_agg(i.id) AS ids
FROM incident i JOIN pilot p ON p.id = i.pilot {keys}
WHERE NOT i.drill AND {seen} GROUP BY k.key, p.lead_sector ORDER BY k.key, p.lead_sector
"""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What shows of one weakness (or cause) in one sector."""

    key: str
    sector: str
    incidents: int
    pilots: int
    firms: int
    open: int
    first_at: Any
    last_at: Any
    references: list[str]
    ids: list[UUID]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One weakness (or cause) over all sectors. ``agreed``: pairs that a person confirmed."""

    key: str
    name: str
    cells: Mapping[str, Counted]
    agreed: int

    @property
    def incidents(self) -> int:
        """In all sectors."""
        return sum(cell.incidents for cell in self.cells.values())

    @property
    def sectors(self) -> int:
        """In how many sectors it shows."""
        return len(self.cells)


class Patterns(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, those of most sectors first; ``counted`` is the table behind them."""

    by: str
    rows: list[Row]
    counted: list[Counted]

    @property
    def across(self) -> list[Row]:
        """What shows in several sectors."""
        return [row for row in self.rows if row.sectors > 1]


async def patterns(person: Person, by: str, pack: Pack) -> Patterns:
    """The patterns by ``by`` (weakness or cause) in what ``person`` may read."""
    seen, values = pilots.visible_to(person, 1)
    query = _COUNTED.replace("{keys}", _KEYS[by]).replace("{seen}", seen)
    counted = [Counted(**row) for row in await fetch(query, *values)]
    names = names_of(by, pack)
    agreed = await _agreed() if by == WEAKNESS else []
    rows = [
        Row(
            key=key, name=names.get(key, key),
            cells={cell.sector: cell for cell in counted if cell.key == key},
            agreed=_among(agreed, [one for one in counted if one.key == key]),
        )
        for key in dict.fromkeys(cell.key for cell in counted)
    ]  # fmt: skip
    return Patterns(
        by=by, counted=counted,
        rows=sorted(rows, key=lambda row: (-row.sectors, -row.incidents, row.name)),
    )  # fmt: skip


def names_of(by: str, pack: Pack) -> dict[str, str]:
    """The names of what is counted."""
    if by == WEAKNESS:
        return {part.key: str(part.name) for part in pack.vulnerabilities}
    return {f"branch_{key}": _(label) for key, label in causes.BRANCHES.items()}


async def _agreed() -> list[tuple[UUID, UUID]]:
    rows = await fetch("SELECT one, other FROM comparison WHERE kind = 'weakness' AND confirmed")
    return [(row["one"], row["other"]) for row in rows]


def _among(pairs: Sequence[tuple[UUID, UUID]], cells: Sequence[Counted]) -> int:
    """How many of ``pairs`` lie within the incidents of ``cells``."""
    ids = {key for cell in cells for key in cell.ids}
    return sum(one in ids and other in ids for one, other in pairs)
