"""Excel workbooks by hand, sound and hostile ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
    'package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/{kind}" Target="{target}"/></Relationships>'
)
_STRINGS = (
    '<Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/sharedStrings" Target="sharedStrings.xml"/>'
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BOOK = (
    f'<?xml version="1.0"?><workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships"><sheets><sheet name="Figures" sheetId="1" r:id="r1"/>'
    "</sheets></workbook>"
)


def sheet(cells: str) -> str:
    """A worksheet of ready ``<row>`` elements."""
    head = f'<?xml version="1.0"?><worksheet xmlns="{MAIN}">'
    return f"{head}<sheetData>{cells}</sheetData></worksheet>"


def strings(text: str) -> str:
    """The part of the strings that cells share, with one in it."""
    return f'<sst xmlns="{MAIN}"><si><t>{escape(text)}</t></si></sst>'


def workbook(rows: Sequence[Sequence[str | float]], *, xml: str = "") -> bytes:
    """A workbook of one sheet with ``rows``; ``xml``: with these ``<row>`` elements."""
    lines = xml or "".join(
        f'<row r="{number}">'
        + "".join(_cell(cell, chr(65 + place), number) for place, cell in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    return packed({"xl/worksheets/sheet1.xml": sheet(lines)})


def packed(parts: dict[str, str | bytes], *, shared: bool = False) -> bytes:
    """The zip of a workbook with these ``parts`` beside what every one has.

    ``shared``: the book says where its shared strings are.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", _TYPES)
        made.writestr("_rels/.rels", _RELS.format(kind="officeDocument", target="xl/workbook.xml"))
        made.writestr("xl/workbook.xml", _BOOK)
        rels = _RELS.format(kind="worksheet", target="worksheets/sheet1.xml")
        if shared:
            rels = rels.replace("</Relationships>", f"{_STRINGS}</Relationships>")
        made.writestr("xl/_rels/workbook.xml.rels", rels)
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def _cell(value: str | float, letter: str, row: int) -> str:
    if isinstance(value, str):
        return f'<c r="{letter}{row}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{letter}{row}"><v>{value}</v></c>'
