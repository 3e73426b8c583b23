"""Tables to take away: CSV that a spreadsheet opens and that runs nothing in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from litestar import Response

from sandbox.foundation.i18n import current_zone

_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_response(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> Response[str]:
    """``rows`` under ``columns`` as the download ``name``.csv."""
    return Response(
        as_csv(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Text for a spreadsheet: numbers plain, moments in the current zone with its offset."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(current_zone()).isoformat()
    if isinstance(value, str) and value.startswith(_STARTS):
        return f"'{value}"
    return "" if value is None else value
