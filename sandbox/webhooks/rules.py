"""When an event is sent again, and when it is given up. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.foundation.i18n import N_

TOPICS = {"incident": N_("Incidents"), "breach": N_("Breaches of conditions")}
WAITS = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=5), timedelta(hours=10), timedelta(hours=24),
)  # fmt: skip
"""How long after each attempt the next one follows, as Standard Webhooks advises: for two days."""
MOST = len(WAITS) + 1
"""Attempts before it is given up."""
FAILING = 3
"""Attempts in a row that failed, after which an address is tried with one event at a time."""
AT_MOST = 5
"""Addresses of one firm or authority."""
KEPT = timedelta(days=30)
GONE = 410
"""An answer by which a receiver says that it wants no more."""


def next_at(attempts: int, *, at: datetime) -> datetime | None:
    """When the attempt after ``attempts`` is made; never, once there were enough."""
    return at + WAITS[attempts - 1] if attempts < MOST else None


def body_of(kind: str, data: Mapping[str, Any], *, at: datetime) -> str:
    """What is sent: the event, when it happened, and its ids. No words that a person typed."""
    told = {"type": kind, "timestamp": at, "data": data}
    return msgspec.json.encode(told).decode()


def topic_of(kind: str) -> str:
    """What an event is about."""
    return kind.partition(".")[0]
