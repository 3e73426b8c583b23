"""What the clocks do by themselves: the sweeps that the scheduler asks for, once a week here."""

from __future__ import annotations

from datetime import timedelta

from sandbox.applications import commands as applications
from sandbox.demo.stage import Stage
from sandbox.incidents import commands as incidents
from sandbox.pilots.commands import sweeping as pilots
from sandbox.telemetry import commands as telemetry

_EARLIEST = 340  # days before today: nothing can run out sooner


async def sweep(stage: Stage) -> None:
    """Sweep every week until today, and at last listen for who has fallen silent.

    Only at last: firms deliver once a week here, so that in between all would seem silent.
    """
    for week in range(_EARLIEST // 7, 0, -1):
        async with stage.turn(stage.today - timedelta(days=7 * week, hours=3)):
            await _sweep()
    async with stage.turn(stage.today - timedelta(seconds=1)):
        await _sweep()
        await telemetry.sweep_silence()


async def _sweep() -> None:
    await applications.sweep()
    await incidents.sweep_clocks()
    await pilots.sweep()
    await telemetry.sweep_explanations()
