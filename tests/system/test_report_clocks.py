"""A report calls a decision late exactly where the case's own clock did."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import today
from sandbox.reports import dataset
from sandbox.reports.building import scope_of
from sandbox.reports.disclosure import Control
from sandbox.reports.tables import Report
from tests import factories
from tests.system.test_cases import admitted

ASKED = "awaiting_clarification"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("stood", "late"), [(0, 1), (40, 0)], ids=["running", "stopped"])
async def test_a_decision_is_late_unless_its_clock_stood(stood: int, late: int) -> None:
    application = await admitted(await factories.applicant(), await factories.officer())
    begun = application.decided_at - timedelta(days=120)
    asked = begun + timedelta(days=5)
    stops = [[asked.isoformat(), (asked + timedelta(days=stood)).isoformat(), ASKED]]
    await fetch(
        "UPDATE application SET complete_at = $2, stops = $3 WHERE id = $1",
        application.id, begun, msgspec.json.encode(stops).decode(),
    )  # fmt: skip
    report = Report(
        period_from=today() - timedelta(days=30), period_to=today(), sectors=[],
        requested_by=application.made_by,
    )  # fmt: skip
    scope = msgspec.structs.replace(scope_of(report), control=Control(threshold=1))

    data = await dataset.gather(scope, clock.now())

    assert data.figures["late_decisions"] == late
    assert data.decision_times[0].within_limit == 1 - late
