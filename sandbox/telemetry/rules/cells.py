"""What a cell of a file says: a number, a moment, a name. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

Cell = str | float | datetime | date
"""What a cell holds; an empty one is an empty text."""


def plain(text: str) -> str:
    """A head or a name without what differs by taste: ``False positives (%)`` as
    ``false_positives``."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"\(.*?\)", "", text.lower())).strip("_")


def text_of(cell: Cell) -> str:
    """A cell as a name; a whole number without its point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"),
    ",": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"),
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def number(cell: Cell, decimal: str) -> float | None:
    """A number as written with ``decimal``; thousands may be grouped with the other sign.

    A percentage may bear its sign: ``93%`` is 93.
    """
    if isinstance(cell, float):
        return cell
    if not isinstance(cell, str):
        return None
    text = cell.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").removesuffix("%")
    if GROUPED[decimal].fullmatch(text):
        text = text.replace("," if decimal == "." else ".", "")
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


# Times -------------------------------------------------------------------------------------

_CLOCK = r"(?:[ T,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?\s*([ap])?\.?m?\.?)?"
_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})[/.\- ](\d{{1,2}})[/.\- ](\d{{4}}|\d{{2}}){_CLOCK}", re.IGNORECASE
)
_ISO_DAY = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}")
_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001  (its days have no zone)


def moment(cell: Cell, times: str, zone: tzinfo) -> datetime | None:
    """The moment that ``cell`` is, in UTC; ``None``: it cannot be read so.

    A time without a zone is of ``zone``. A day without a time stands for all of it: its figure
    is of the day's end.
    """
    try:
        found = _moment(cell, times)
        if found is None:
            return None
        local = found if isinstance(found, datetime) else datetime.combine(
            found + timedelta(days=1), time())  # fmt: skip
        aware = local if local.tzinfo else local.replace(tzinfo=zone)
        return aware.astimezone(UTC) if 1971 <= aware.year <= 2200 else None
    except (ValueError, OverflowError):
        return None


def _moment(cell: Cell, times: str) -> datetime | date | None:
    if isinstance(cell, date):
        return cell
    if times in {"epoch", "epoch_ms", "days"}:
        count = number(cell, ".")
        return None if count is None else _counted(count, times)
    if not isinstance(cell, str):
        return None
    if times == "iso":
        if _ISO_DAY.fullmatch(cell):
            year, month, day = re.split("[-/]", cell)
            return date(int(year), int(month), int(day))
        return datetime.fromisoformat(cell.replace("/", "-")) if len(cell) > 10 else None
    return _written(cell, times)


def _counted(count: float, times: str) -> datetime | date | None:
    if times == "days":
        if not 20_000 <= count <= 80_000:
            return None
        whole = _EXCEL + timedelta(days=count)
        return whole.date() if count == int(count) else whole
    seconds = count / 1000 if times == "epoch_ms" else count
    return datetime.fromtimestamp(seconds, UTC) if 1e8 <= seconds <= 5e9 else None


def _written(text: str, times: str) -> datetime | date | None:
    found = _DAY_FIRST.fullmatch(text.strip())
    if not found:
        return None
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    day, month = (first, second) if times == "dmy" else (second, first)
    on = date(year + 2000 if year < 100 else year, month, day)
    if found[4] is None:
        return on
    hour = int(found[4])
    if found[7]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[7].lower() == "p" else 0)
    return datetime.combine(on, time(hour, int(found[5]), int(found[6] or 0)))
