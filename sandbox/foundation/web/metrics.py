"""Metrics for Prometheus: what all web processes of this machine answered, and what waits.

``sandbox serve`` lets the processes count in one folder (``PROMETHEUS_MULTIPROC_DIR``, which the
library itself reads as it is imported), so that whichever of them is asked answers for all.
What waits is asked of the database when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from sandbox.foundation.database import fetch

REQUESTS = Counter("rintis_requests_total", "Answers given.", ["method", "route", "status"])
SECONDS = Histogram("rintis_request_seconds", "Time to an answer, in seconds.", ["route"])

# Name, what it says, and what it is in the database. A periodic job is due each minute, so
# jobs that have not been done, or not been asked for, for some minutes tell of a part at rest.
_GAUGES = (
    ("rintis_jobs_waiting", "Jobs that were asked for and are not done.",
     "SELECT count(*) FROM outbox WHERE done_at IS NULL"),
    ("rintis_jobs_unsent", "Jobs that the relay has not handed to the broker.",
     "SELECT count(*) FROM outbox WHERE sent_at IS NULL"),
    ("rintis_jobs_oldest_seconds", "Age of the oldest job that is not done.",
     "SELECT extract(epoch FROM now() - min(made_at)) FROM outbox WHERE done_at IS NULL"),
    ("rintis_jobs_dead", "Jobs that died and were not sent again.",
     "SELECT count(*) FROM dead_job WHERE resent_at IS NULL"),
    ("rintis_worker_idle_seconds", "Time since a worker did a job; an hour at most.",
     ("SELECT extract(epoch FROM least(now() - max(done_at), interval '1 hour')) FROM outbox "
      "WHERE made_at > now() - interval '1 hour'")),
    ("rintis_scheduler_idle_seconds", "Time since a scheduler asked for a job.",
     "SELECT extract(epoch FROM now() - max(at)) FROM periodic_slot"),
    ("rintis_mails_unsent", "Mails that were written and not sent or kept.",
     "SELECT count(*) FROM mail WHERE state = 'queued'"),
    ("rintis_sessions", "People who are signed in.",
     "SELECT count(*) FROM session WHERE person IS NOT NULL AND expires_at > now()"),
)  # fmt: skip
_TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
_QUERY = "SELECT " + ", ".join(f"({query})::float8 AS {name}" for name, _words, query in _GAUGES)


class _Waiting:
    """The gauges as the database had them a moment ago; none where it does not answer."""

    def __init__(self, values: Mapping[str, float | None]) -> None:
        self.values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = float(bool(self.values))
        yield GaugeMetricFamily("rintis_database_up", "Whether the database answers.", value=up)
        for name, words, _query in _GAUGES if self.values else ():
            yield GaugeMetricFamily(name, words, value=self.values[name] or 0.0)


async def exposition() -> tuple[bytes, str]:
    """All metrics in Prometheus' text form, with their media type."""
    counted, waiting = REGISTRY, CollectorRegistry()
    if _TOGETHER in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    waiting.register(_Waiting(await _values()))
    return generate_latest(counted) + generate_latest(waiting), CONTENT_TYPE_LATEST


async def _values() -> dict[str, float | None]:
    """The gauges' values by name; empty where the database does not answer."""
    try:
        (row,) = await fetch(_QUERY)
    except Exception:  # noqa: BLE001  (whatever it is, one gauge tells of it)
        return {}
    return row
