"""Running totals, as counters send them, turned into the increases that are judged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.foundation.database import fetch
from sandbox.telemetry.commands import spreading
from sandbox.telemetry.commands.parcels import Sound
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.delivery import Total, Whole

_TOTALS = frozenset({"total", "mean"})


async def count(sound: Sound, name: Whole) -> None:
    """Turn running totals into increases, and keep the newest totals."""
    names, points = sound.parcel.delivery.names, sound.points
    counters = np.array([one.counter in _TOTALS for one in names])[name]
    marks = await _marks(np.unique(points.series[counters]))
    used = np.array([not one.counter for one in names])[name]
    for series in np.unique(points.series[counters]).tolist():
        places = np.flatnonzero((points.series == series) & counters)
        places = places[np.argsort(points.at[places], kind="stable")]
        grown, samples, figures, mark = rules.increases(
            points.at[places], points.value[places], points.n[places], marks.get(series)
        )
        mean = names[int(name[places[0]])].counter == "mean"
        if mean:  # of no new samples there is none
            figures &= samples > 0
            samples = np.maximum(samples, 1)
        points.value[places] = grown / samples if mean else grown
        points.n[places] = samples if mean else 1
        used[places[figures]] = True
        if mark is not None:
            marks[series] = mark
    await _mark(marks)
    await spreading.estimate(sound, name, used)
    sound.duplicates += int((~used).sum())
    sound.points = points.only(used)


async def _marks(series: NDArray[Any]) -> dict[int, Total]:
    rows = await fetch(
        "SELECT series, at, value, n FROM counter WHERE series = ANY($1::integer[])",
        series.tolist(),
    )
    return {row["series"]: Total(row["at"], row["value"], row["n"]) for row in rows}


async def _mark(marks: dict[int, Total]) -> None:
    await fetch(
        "INSERT INTO counter (series, at, value, n) SELECT * FROM unnest($1::integer[], "
        "$2::bigint[], $3::float8[], $4::bigint[]) ON CONFLICT (series) DO UPDATE "
        "SET at = excluded.at, value = excluded.value, n = excluded.n",
        list(marks), [m.at for m in marks.values()], [m.value for m in marks.values()],
        [m.n for m in marks.values()],
    )  # fmt: skip
