"""Patterns across sectors, for the central office."""

from typing import Any

from litestar import get

from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.pages import page
from sandbox.foundation.web.tables import csv_response
from sandbox.framework import library
from sandbox.incidents import pattern_queries, public_queries
from sandbox.incidents.pages.common import Asked
from sandbox.incidents.policy import READ_PATTERNS

BY = {pattern_queries.WEAKNESS: N_("Weakness"), pattern_queries.CAUSE: N_("Cause")}


async def _patterns(request: Asked) -> pattern_queries.Patterns:
    chosen = request.query_params.get("by", "")
    by = chosen if chosen in BY else pattern_queries.WEAKNESS
    return await pattern_queries.patterns(request.user, by, library.current())


@get("/incidents/patterns", permission=READ_PATTERNS)
async def show(request: Asked) -> Any:
    """Weakness or cause by sector; every count leads to its cases."""
    pack = library.current()
    return page(
        request, "incidents/patterns.html", found=await _patterns(request), by=BY,
        sectors={sector.key: str(sector.name) for sector in pack.sectors},
        waiting=await public_queries.waiting(request.user),
    )  # fmt: skip


@get("/incidents/patterns.csv", permission=READ_PATTERNS, include_in_schema=False)
async def download(request: Asked) -> Any:
    """The table behind the patterns."""
    found, pack = await _patterns(request), library.current()
    names = pattern_queries.names_of(found.by, pack)
    sectors = {sector.key: str(sector.name) for sector in pack.sectors}
    columns = [
        _(BY[found.by]), _("Sector"), _("Incidents"), _("Pilots"), _("Firms"), _("Open"),
        _("First reported"), _("Last reported"), _("References"),
    ]  # fmt: skip
    rows = [
        (
            names.get(one.key, one.key), sectors.get(one.sector, one.sector), one.incidents,
            one.pilots, one.firms, one.open, one.first_at, one.last_at, " ".join(one.references),
        )
        for one in found.counted
    ]  # fmt: skip
    return csv_response(f"patterns-{found.by}", columns, rows)


ROUTES = [show, download]
