"""What it costs to take figures in: a delivery of 1,000 points, beside PostgreSQL's own COPY.

The delivery is judged point by point against the plan, compared with what was sent before,
recorded as a batch and handed to the worker; COPY only stores the rows, with the same indexes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

from benchmarks import ground

POINTS = 1000


async def main() -> None:
    from sandbox.foundation import clock
    from sandbox.foundation.database import DB
    from sandbox.telemetry import commands, rules
    from tests import factories
    from tests.system.test_pilots import live

    with clock.at(datetime.now(UTC) - timedelta(days=90)):
        people = {
            "founder": await factories.applicant(),
            "officer": await factories.officer(),
            "reviewer": await factories.reviewer(),
            "maker": await factories.decision_maker(),
        }
        pilot = await live(people)
    moments, other = count(1), uuid4()
    begin = datetime.now(UTC) - timedelta(days=80)

    def times() -> list[datetime]:
        return [begin + timedelta(seconds=10 * next(moments)) for _ in range(POINTS)]

    async def delivered() -> None:
        readings = [rules.Reading(metric="sensitivity", at=at, value=0.95, n=50) for at in times()]
        receipt = await commands.receive(people["founder"], pilot.id, readings, source="json")
        assert receipt.taken == POINTS, receipt.refused[:3]

    async def copied() -> None:
        batch, now = uuid4(), clock.now()
        rows = [(uuid4(), other, "sensitivity", "", at, 0.95, 50, batch, now) for at in times()]
        columns = ["id", "pilot", "metric", "slice", "at", "value", "n", "batch", "received_at"]
        async with DB.pool.acquire() as connection:
            await connection.copy_records_to_table("point", records=rows, columns=columns)

    figures = await ground.medians({"copy": copied, "delivery": delivered}, rounds=40, warm=3)
    ground.tell(
        f"Taking in {POINTS:,} points at a time (medians)",
        figures,
        "copy",
        points_in_a_second=round(POINTS / figures["delivery"] * 1000),
    )


if __name__ == "__main__":
    ground.run(main)
