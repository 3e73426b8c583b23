"""What the process that sets a document is told. Knows neither settings nor WeasyPrint."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Attached(msgspec.Struct, frozen=True):
    """A file that goes with the document. ``description`` is read out to its reader."""

    name: str
    description: str
    content: bytes


class Limits(msgspec.Struct, frozen=True):
    """What the process may take: seconds of the clock and of a processor, bytes of memory."""

    seconds: int = 300
    memory: int = 2_000_000_000


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A document to set. ``assets``: file name -> path of what it may show."""

    html: str
    css: str
    made_at: datetime
    assets: dict[str, str]
    attached: list[Attached]
    limits: Limits
