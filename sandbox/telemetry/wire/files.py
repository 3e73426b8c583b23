"""CSV files of figures, line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.telemetry.rules.delivery import (
    NO_TIME,
    WORDS,
    Builder,
    Delivery,
    Name,
    Refused,
    micros,
)

COLUMNS = ("metric", "at", "value", "n", "slice")


def read_csv(text: str) -> tuple[Delivery, list[Refused]]:
    """The points of a CSV file with the columns metric, at, value and, where wanted, n, slice.

    A slice is written ``site:Tawau``. Lines that cannot be read are told by their number, the
    heading being line 1.

    :raises InvalidInput: the heading is not that of such a file, or there are too many lines.
    """
    try:
        return _read(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    except csv.Error:
        raise InvalidInput({"file": _("The file cannot be read as CSV")}) from None


def _read(rows: csv.DictReader[str]) -> tuple[Delivery, list[Refused]]:
    heading = [name.strip().lower() for name in rows.fieldnames or []]
    if not set(COLUMNS[:3]) <= set(heading):
        raise InvalidInput(
            {"file": _("The first line must name the columns: %(columns)s")
             % {"columns": ", ".join(COLUMNS)}}
        )  # fmt: skip
    rows.fieldnames = heading
    builder = Builder()
    refused: list[Refused] = []
    words = WORDS["unread"]
    for line, row in enumerate(rows, 2):
        builder.expect(len(refused) + 1)
        try:
            _add(builder, row, line)
        except (ValueError, OverflowError):
            refused.append(Refused(line=line, reason=_(words), why="unread"))
    return builder.delivery(), refused


def _add(builder: Builder, row: Mapping[str, Any], line: int) -> None:
    dimension, _colon, part = (row.get("slice") or "").strip().partition(":")
    at = datetime.fromisoformat((row["at"] or "").strip())
    name = Name(
        (row["metric"] or "").strip(), ((dimension, part),) if dimension else (), strict=True
    )
    value, n = float(row["value"] or ""), int(row.get("n") or 1)
    builder.add(name, NO_TIME if at.tzinfo is None else micros(at), value, n, line=line)
