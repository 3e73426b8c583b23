"""What the home page shows beside its words: figures and the newest reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from sandbox.foundation import i18n
from sandbox.foundation.i18n import _, ngettext
from sandbox.people.person import NOBODY
from sandbox.register import queries
from sandbox.reports import queries as report_queries

_NEWEST = 3


class ReportCard(msgspec.Struct, frozen=True):
    """A published report as a card."""

    title: str
    href: str
    summary: str
    published: datetime | None


def tiles(numbers: queries.Numbers) -> list[dict[str, Any]]:
    """The figures as tiles; none before the first pilot."""
    if not numbers.pilots:
        return []
    shown: list[dict[str, Any]] = [
        {"value": i18n.format_number(numbers.pilots), "label": _("Pilots admitted")},
        {"value": i18n.format_number(numbers.live), "label": _("Live now")},
        {"value": i18n.format_number(numbers.lessons), "label": _("Lessons published")},
    ]
    if numbers.median_days is not None:
        days = round(numbers.median_days)
        words = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        shown.append({"value": words, "label": _("Median time to a decision")})
    return shown


async def newest_reports() -> list[ReportCard]:
    """The newest published reports, as anyone may see them."""
    return [
        ReportCard(
            title=i18n.local(line.title),
            href=f"/reports/{line.id}",
            summary=f"{i18n.format_date(line.period_from)} – {i18n.format_date(line.period_to)}",
            published=line.published_at,
        )
        for line in (await report_queries.reports(NOBODY))[:_NEWEST]
    ]
