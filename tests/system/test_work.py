"""The unit of work: all or nothing, whatever happens to whoever asked."""

from __future__ import annotations

from uuid import uuid4

import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM
from sandbox.people.tables import Organisation

pytestmark = pytest.mark.usefixtures("database")


def _organisation(name: str = "Firm") -> Organisation:
    return Organisation(id=uuid4(), name=name, made_at=clock.now())


async def _counts() -> tuple[int, int, int]:
    (row,) = await fetch(
        "SELECT (SELECT count(*) FROM organisation), (SELECT count(*) FROM audit_event) AS events, "
        "(SELECT count(*) FROM outbox) AS jobs"
    )
    return row["count"], row["events"], row["jobs"]


async def test_state_event_and_job_commit_together() -> None:
    async with work_of(SYSTEM) as work:
        organisation = _organisation()
        await work.save(organisation)
        work.record("organisation.founded", organisation, size="small")
        work.later("seal_audit")
    assert await _counts() == (1, 1, 1)
