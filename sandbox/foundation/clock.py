"""The one clock. Storage is UTC; tests and the demo set the time within a context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment in UTC, or the moment that :func:`at` has set."""
    return _fixed.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within this context it is ``moment`` (time zone aware).

    :raises ValueError: when ``moment`` carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
