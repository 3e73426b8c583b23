"""The data set as files that go with the PDF."""

from __future__ import annotations

import csv
import io

import msgspec

from sandbox.reports.dataset import Dataset
from sandbox.reports.disclosure import Table


def attachments(data: Dataset) -> list[tuple[str, str, bytes]]:
    """The data set as files to go with the PDF: (name, media type, content)."""
    whole = msgspec.json.format(msgspec.json.encode(data), indent=2)
    tables = [
        (f"{name}.csv", "text/csv", _as_csv(table)) for name, table in sorted(data.tables.items())
    ]
    return [("data.json", "application/json", whole), *tables]


def _as_csv(table: Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["", *table.columns, "total"])
    for key, cells, total in zip(table.rows, table.cells, table.row_totals, strict=True):
        writer.writerow([key, *map(_shown, cells), _shown(total)])
    writer.writerow(["total", *map(_shown, table.column_totals), _shown(table.total)])
    return out.getvalue().encode()


def _shown(value: int | None) -> str:
    """A hidden value is an empty field: no mark that a machine could take for a number."""
    return "" if value is None else str(value)
