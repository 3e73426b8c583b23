"""What was typed or came with an address, as what it means; ``None`` where it means nothing."""

from __future__ import annotations

from datetime import date
from math import isfinite
from uuid import UUID

MOST_DIGITS = 18  # as many as a whole number of the database takes; Python itself reads 4,300


def whole(text: object) -> int | None:
    """The whole number, not negative, that ``text`` is."""
    digits = str(text).strip()
    return int(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else None


def decimal(text: object) -> float | None:
    """The number that ``text`` is; none that has no end."""
    try:
        found = float(str(text))
    except ValueError:
        return None
    return found if isfinite(found) else None


def day(text: object) -> date | None:
    """The day that ``text`` is, as ``2026-11-23``."""
    try:
        return date.fromisoformat(str(text).strip())
    except ValueError:
        return None


def identity(text: object) -> UUID | None:
    """The identity that ``text`` is."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
