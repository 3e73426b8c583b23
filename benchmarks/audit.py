"""What the audit trail costs: a command that records, beside a bare insert of the same row.

Both are whole transactions that reach the disk. Then how fast a long trail is verified.
"""

from __future__ import annotations

import time
from uuid import uuid4

from benchmarks import ground

EVENTS = 20_000


async def main() -> None:
    from sandbox.foundation import audit, clock
    from sandbox.foundation.database import fetch, transaction
    from sandbox.foundation.work import work_of
    from sandbox.people.person import SYSTEM
    from sandbox.people.tables import Organisation

    def firm() -> Organisation:
        return Organisation(id=uuid4(), name="Firm", made_at=clock.now())

    async def bare() -> None:
        async with transaction():
            await firm().save()

    async def saved() -> None:
        async with work_of(SYSTEM) as work:
            await work.save(firm())

    async def recorded() -> None:
        async with work_of(SYSTEM) as work:
            row = firm()
            await work.save(row)
            work.record("organisation.founded", row, size="small")

    async def with_job() -> None:
        async with work_of(SYSTEM) as work:
            row = firm()
            await work.save(row)
            work.record("organisation.founded", row, size="small")
            work.later("seal_audit")

    figures = await ground.medians(
        {"insert": bare, "work": saved, "work, event": recorded, "work, event, job": with_job},
        rounds=300,
    )
    for _ in range(EVENTS // 500):
        async with work_of(SYSTEM) as work:
            row = firm()
            for number in range(500):
                work.record("organisation.changed", row, number=number)
    await audit.seal()
    begun = time.perf_counter()
    verdict = await audit.verify()
    seconds = time.perf_counter() - begun
    assert verdict.sound
    (size,) = await fetch("SELECT pg_total_relation_size('audit_event') AS bytes")
    ground.tell(
        "A command that founds an organisation, beside a bare insert of its row (medians)",
        figures,
        "insert",
        events_verified_in_a_second=round(verdict.events / seconds),
        bytes_of_an_event=round(size["bytes"] / verdict.events),
    )


if __name__ == "__main__":
    ground.run(main)
