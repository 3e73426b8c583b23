"""What the columns of a file most likely are, by their heads and their cells. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date

from sandbox.telemetry.rules.cells import Cell, moment, number, plain
from sandbox.telemetry.rules.columns import FIGURES, PART, Known, Map

_HEADS = {
    "time": {"at", "time", "date", "datetime", "timestamp", "day", "period", "ends", "tarikh",
             "masa", "hari", "tempoh"},
    "metric": {"metric", "measure", "indicator", "series", "name", "metrik", "penunjuk", "nama"},
    "value": {"value", "figure", "result", "nilai", "angka"},
    "n": {"n", "samples", "sample", "count", "sampel", "bilangan"},
    "slice": {"slice", "part", "segment", "bahagian"},
}  # fmt: skip


def guess(heads: Sequence[str], column: Callable[[int], Sequence[Cell]],
          known: Sequence[Known], zone: str) -> Map:  # fmt: skip
    """What the columns most likely are. ``column`` gives the first cells of one."""
    cells = [column(place) for place in range(len(heads))]
    roles = [_by_head(head, known) for head in heads]
    _once(roles)
    if "time" not in roles:
        fits = [_timely(cells[n]) if not roles[n] else 0.0 for n in range(len(heads))]
        if fits and max(fits) > 0.8:
            roles[fits.index(max(fits))] = "time"
    wide = any(role.startswith(FIGURES) for role in roles)
    if wide:
        roles = ["" if role in {"metric", "value"} else role for role in roles]
    else:
        _complete(roles, cells, known)
    time = roles.index("time") if "time" in roles else None
    return Map(
        roles=roles, zone=zone, decimal=_sign(heads, roles, cells),
        times=_times(cells[time]) if time is not None else "iso",
    )  # fmt: skip


def _by_head(head: str, known: Sequence[Known]) -> str:
    said = plain(head)
    for one in known:
        if said in {plain(name) for name in (one.key, *one.names)} - {""}:
            return FIGURES + one.key
    for one in known:
        if said in {plain(dimension) for dimension in one.slices}:
            return PART + next(d for d in one.slices if plain(d) == said)
    for role, heads in _HEADS.items():
        if said in heads:
            return role
    words = set(said.split("_"))
    return next((role for role in ("time", "n") if words & (_HEADS[role] - {"n", "at"})), "")


def _once(roles: list[str]) -> None:
    """Of several columns with one role that is only once, the first keeps it."""
    for role in ("time", "metric", "value", "n", "slice"):
        for place in [n for n, one in enumerate(roles) if one == role][1:]:
            roles[place] = ""


def _complete(roles: list[str], cells: Sequence[Sequence[Cell]], known: Sequence[Known]) -> None:
    """The metric's column by its cells, and the value's as the first that holds numbers."""
    names = {plain(name) for one in known for name in (one.key, *one.names)}
    for place, role in enumerate(roles):
        held = [plain(cell) for cell in cells[place] if isinstance(cell, str)]
        if "metric" not in roles and not role and held:
            hits = sum(cell in names for cell in held)
            if hits > len(held) / 2:
                roles[place] = "metric"
    numeric = [
        place for place, role in enumerate(roles)
        if not role and cells[place]
        and all(number(cell, ".") is not None or number(cell, ",") is not None
                for cell in cells[place])
    ]  # fmt: skip
    if numeric and "value" not in roles:
        if "metric" in roles:
            roles[numeric[0]] = "value"
        elif len(known) == 1:
            roles[numeric[0]] = FIGURES + known[0].key
    elif "value" in roles and "metric" not in roles and len(known) == 1:
        roles[roles.index("value")] = FIGURES + known[0].key


def _timely(cells: Sequence[Cell]) -> float:
    """The share of cells that are times for certain: dates, or written like one."""
    if not cells:
        return 0.0
    sure = [c for c in cells if isinstance(c, date) or (isinstance(c, str) and _dated(c))]
    return len(sure) / len(cells)


def _dated(text: str) -> bool:
    return any(moment(text, times, UTC) is not None for times in ("iso", "dmy", "mdy"))


def _times(cells: Sequence[Cell]) -> str:
    """How times are written: as most cells can be read; a day before its month where both can."""
    order = ("iso", "dmy", "mdy", "epoch_ms", "epoch", "days")
    counts = {way: sum(moment(cell, way, UTC) is not None for cell in cells) for way in order}
    return max(order, key=lambda way: counts[way])


def _sign(heads: Sequence[str], roles: Sequence[str], cells: Sequence[Sequence[Cell]]) -> str:
    """The decimal sign of the columns that hold values."""
    values = [
        cell
        for place in range(len(heads))
        if roles[place] == "value" or roles[place].startswith(FIGURES)
        for cell in cells[place]
    ]
    point = sum(number(cell, ".") is not None for cell in values)
    comma = sum(number(cell, ",") is not None for cell in values)
    return "," if comma > point else "."
