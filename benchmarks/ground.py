"""A database in a folder that is thrown away, and how a benchmark is timed and told.

Figures are medians, taken turn by turn with what they are held against, so that a busy
machine slows both. The last line is one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness import Visitor

VAR = Path(tempfile.mkdtemp(prefix="rintis-bench-"))
for _name in ("DATABASE_URL", "BROKER_URL", "STORAGE_URL", "SMTP_URL", "BASE_URL", "PACK"):
    os.environ.pop(_name, None)
os.environ.update(VAR=str(VAR), DEMO="0", LOG_LEVEL="error", HOST="127.0.0.1", PORT="8000")

Step = Callable[[], Awaitable[object]]


def run(benchmark: Callable[[], Awaitable[None]]) -> None:
    """Run ``benchmark`` over a clean database whose commits reach the disk."""
    from sandbox.foundation import postgres
    from tests import harness

    async def inside() -> None:
        async with harness.cloned(await harness.build_template(durable=True)):
            await benchmark()

    try:
        asyncio.run(inside())
    finally:
        postgres.stop()
        shutil.rmtree(VAR, ignore_errors=True)


async def medians(steps: Mapping[str, Step], *, rounds: int, warm: int = 5) -> dict[str, float]:
    """The median milliseconds of each step, all steps in turn ``rounds`` times."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    gc.collect()
    for number in range(warm + rounds):
        for name, step in steps.items():
            begun = time.perf_counter()
            await step()
            if number >= warm:
                times[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(several) for name, several in times.items()}


async def pages(visitor: Visitor, paths: Mapping[str, str], *, rounds: int) -> dict[str, float]:
    """The median milliseconds to answer with each page, all in turn ``rounds`` times."""
    logging.disable(logging.INFO)  # httpx tells of every request

    async def page(path: str) -> None:
        answer = await visitor.get(path)
        assert answer.status_code == 200, (path, answer.status_code)

    return await medians({name: partial(page, path) for name, path in paths.items()}, rounds=rounds)


def tell(what: str, figures: Mapping[str, float], base: str, **more: float) -> None:
    """Print a table for people, then one line for machines."""
    width = max(map(len, figures))
    print(what)
    for name, milliseconds in figures.items():
        ratio = milliseconds / figures[base]
        print(f"  {name:<{width}}  {milliseconds:9.2f} ms  {ratio:6.2f} × {base}")
    for name, value in more.items():
        print(f"  {name.replace('_', ' ')}: {value:,.0f}")
    ratios = {name: round(value / figures[base], 3) for name, value in figures.items()}
    rounded = {name: round(value, 3) for name, value in figures.items()}
    print(json.dumps({"milliseconds": rounded, "base": base, "ratios": ratios, **more}))
