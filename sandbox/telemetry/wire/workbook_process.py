"""Reads one Excel workbook and ends: run as a process of its own, with limits.

A small workbook can hold a sentence once and show it in a million cells, and a reader that
meets what it did not expect may end its process. So each workbook gets a process that the
kernel stops when it takes too much. It reads the workbook from its input and writes a
:class:`Read` (msgpack); it knows no settings and opens nothing.
"""

from __future__ import annotations

import io
import resource
import sys
from datetime import date, datetime, timedelta
from datetime import time as day_time
from typing import Any

import msgspec
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY = 1_000_000_000
SECONDS = 20
LONGEST = 500
"""Characters of a cell; what is longer is neither a name nor a figure."""
MOST_TEXT = 20_000_000
"""Characters of all cells together."""

Told = str | float | list[str]
"""A cell as it is written out: a moment or a day is a list of its ISO form."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of the first sheet that shows anything, with their numbers; empty ones left out.

    ``others``: how many sheets come after it. ``more``: not all of it is here.
    """

    rows: list[tuple[int, list[Told]]] = []
    name: str = ""
    others: int = 0
    more: bool = False


def read(content: bytes, most_cells: int) -> Read:
    """The first sheet that holds anything."""
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        names = [
            one.name for one in book.sheets_metadata
            if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
        ]  # fmt: skip
        for place, name in enumerate(names):
            rows, more = _rows(book.get_sheet_by_name(name), most_cells)
            if rows:
                return Read(rows=rows, name=name, others=len(names) - place - 1, more=more)
    return Read()


def _rows(sheet: Any, most_cells: int) -> tuple[list[tuple[int, list[Told]]], bool]:
    rows: list[tuple[int, list[Told]]] = []
    cells = text = 0
    for number, row in enumerate(sheet.to_python(skip_empty_area=False), 1):
        told = [_told(cell) for cell in row]
        while told and told[-1] == "":
            told.pop()
        if not told:
            continue
        cells += len(told)
        text += sum(len(cell) for cell in told if isinstance(cell, str))
        if cells > most_cells or text > MOST_TEXT:
            return rows, True
        rows.append((number, told))
    return rows, False


def _told(cell: Any) -> Told:
    if isinstance(cell, datetime | date):
        return [cell.isoformat()]
    if isinstance(cell, bool | timedelta | day_time):
        return str(cell)
    return cell.strip()[:LONGEST] if isinstance(cell, str) else float(cell)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    found = read(sys.stdin.buffer.read(), int(sys.argv[1]))
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
