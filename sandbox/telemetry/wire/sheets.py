"""Files of figures as rows of cells: CSV, and the first sheet of an Excel workbook.

A workbook is a zip of XML, so a small one can hold a large one, and one cell far out makes the
whole field before it. Both are looked for before a process of its own reads it. Formulas are
never reckoned: what counts is the value that was saved with them.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _, format_number, format_size
from sandbox.telemetry.rules.cells import Cell
from sandbox.telemetry.wire import workbook_process
from sandbox.telemetry.wire.workbook_process import Read

MOST_ROWS = 50_000
MOST_COLUMNS = 60
MOST_CELLS = 1_000_000
LONGEST_LINE = 100_000
MOST_UNZIPPED = 120_000_000
"""Bytes of a workbook's parts together, once unzipped."""
_MOST_PARTS = 2_000
_PIECE = 1 << 20
_ROOT = Path(__file__).parents[3]
_NO_SECRETS: dict[str, str] = {}
_PLACE = re.compile(rb"""\br\s*=\s*["']\$?([A-Za-z]{0,7})\$?(\d{1,10})["']""")
_BETWEEN = 64
"""Bytes of a piece that are looked at again with the next, as a place may lie across."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The heads of the columns, and the rows under them with their numbers in the file."""

    heads: list[str]
    rows: list[tuple[int, list[Cell]]]
    name: str = ""
    others: int = 0

    def column(self, place: int, most: int = 200) -> list[Cell]:
        """The first cells of a column that are not empty."""
        found: list[Cell] = []
        for _number, cells in self.rows:
            if cells[place] != "":
                found.append(cells[place])
                if len(found) == most:
                    break
        return found


def read(name: str, content: bytes) -> Sheet:
    """The rows of a file whose kind was checked (:func:`sandbox.foundation.files.checked`).

    :raises InvalidInput: it cannot be read, holds nothing, or is larger than may be.
    """
    if name.lower().endswith(".xlsx"):
        return _workbook(content)
    return _sheet(enumerate(_csv(content.decode("utf-8-sig")), 1))


def _sheet(rows: Iterator[tuple[int, list[Cell]]], name: str = "", others: int = 0) -> Sheet:
    heads: list[str] = []
    kept: list[tuple[int, list[Cell]]] = []
    left = MOST_CELLS
    for number, cells in rows:
        left -= len(cells)
        if left < 0:
            raise _too_much()
        if all(cell == "" for cell in cells):
            continue
        if not heads:
            heads = _heads(cells)
            continue
        if len(kept) == MOST_ROWS:
            raise _refused(_("The file has more than %(most)s rows. Send it in parts.")
                           % {"most": format_number(MOST_ROWS)})  # fmt: skip
        kept.append((number, (cells + [""] * len(heads))[: len(heads)]))
    if not kept:
        raise _refused(_("The file needs a line that names the columns, and figures under it"))
    return Sheet(heads=heads, rows=kept, name=name, others=others)


def _heads(cells: list[Cell]) -> list[str]:
    while cells and cells[-1] == "":
        cells = cells[:-1]
    if len(cells) > MOST_COLUMNS:
        raise _refused(_("The file has more than %(most)s columns") % {"most": MOST_COLUMNS})
    return [str(cell).strip()[:100] for cell in cells]


def _refused(words: str) -> InvalidInput:
    return InvalidInput({"file": words})


def _too_much() -> InvalidInput:
    words = _("The file has more than %(most)s cells. Send it in parts.")
    return _refused(words % {"most": format_number(MOST_CELLS)})


# CSV ---------------------------------------------------------------------------------------


def _csv(text: str) -> Iterator[list[Cell]]:
    first = text[: text.find("\n")] if "\n" in text else text
    mark = max(",;\t", key=first.count)
    try:
        for row in csv.reader(_lines(text), delimiter=mark):
            yield [cell.strip() for cell in row]
    except csv.Error:
        raise _refused(_("The file cannot be read as CSV")) from None


def _lines(text: str) -> Iterator[str]:
    """The lines of a text, none of them longer than a row of figures can be."""
    for line in io.StringIO(text, newline=""):
        if len(line) > LONGEST_LINE:
            raise csv.Error
        yield line


# Workbooks ---------------------------------------------------------------------------------


def _workbook(content: bytes) -> Sheet:
    _check_parts(content)
    found = _read_apart(content)
    if found.more:
        raise _too_much()
    rows = ((number, [_cell(one) for one in cells]) for number, cells in found.rows)
    return _sheet(rows, found.name, found.others)


def _read_apart(content: bytes) -> Read:
    """Run the process over a workbook; blocks until it ends."""
    try:
        done = subprocess.run(  # noqa: S603  (our own program)
            [sys.executable, "-m", workbook_process.__name__, str(MOST_CELLS)],
            input=content, capture_output=True, check=True, cwd=_ROOT, env=_NO_SECRETS,
            timeout=workbook_process.SECONDS + 10,
        )  # fmt: skip
        return msgspec.msgpack.decode(done.stdout, type=Read)
    except (subprocess.SubprocessError, msgspec.DecodeError):
        raise _refused(_("The workbook cannot be read. Save it anew as XLSX or CSV.")) from None


def _cell(told: workbook_process.Told) -> Cell:
    if not isinstance(told, list):
        return told
    (text,) = told
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _check_parts(content: bytes) -> None:
    """Whether the parts have a size that may be read, and their cells lie where they may."""
    left = MOST_UNZIPPED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > _MOST_PARTS:
                raise _refused(_("The workbook has too many parts"))
            for part in parts:
                left -= _measured(packed, part, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise _refused(_("The workbook cannot be read. Save it anew as XLSX or CSV.")) from None


def _measured(packed: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """How large a part is, once unzipped; what its head says is not believed."""
    size, before = 0, b""
    sheet = "sheet" in part.filename.lower()
    with packed.open(part) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > left:
                raise _refused(_("The workbook is larger than %(most)s once it is unpacked")
                               % {"most": format_size(MOST_UNZIPPED)})  # fmt: skip
            if sheet:
                _check_places(before + piece)
                before = piece[-_BETWEEN:]
    return size


def _check_places(xml: bytes) -> None:
    for letters, number in _PLACE.findall(xml):
        if int(number) > MOST_ROWS + 1_000 or _column(letters) > 4 * MOST_COLUMNS:
            words = _("The sheet has cells beyond row %(rows)s or column %(columns)s")
            raise _refused(words % {"rows": format_number(MOST_ROWS), "columns": MOST_COLUMNS})


def _column(letters: bytes) -> int:
    place = 0
    for letter in letters.upper():
        place = place * 26 + letter - 64
    return place
