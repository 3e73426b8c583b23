"""Who sends and what: which pilot a key speaks for, remembered for a minute; how often it may ask.

That a key still works is asked again with each commit (``commands.take``), so a revoked key
is refused at once, wherever it is remembered.
"""

from __future__ import annotations

import time
from typing import Any

from litestar import Request

from sandbox.foundation import takeover
from sandbox.foundation.errors import SignInNeeded, TooMany
from sandbox.foundation.i18n import _
from sandbox.people.authentication import Machine, machine_of_key

REMEMBERED = 60.0  # seconds
AT_MOST = 20_000
A_SECOND = 500
"""Deliveries of one key in a second, at each web process."""

_known: dict[str, tuple[float, Machine]] = {}
takeover.forget_with(_known.clear)
_asked: dict[Any, tuple[int, int]] = {}


async def sender_of(request: Request[Any, Any, Any]) -> Machine:
    """The key at work.

    :raises SignInNeeded: no key, or one that does not work.
    :raises TooMany: it asks too often.
    """
    key = request.headers.get("authorization", "")
    found = _known.get(key)
    if found is None or found[0] < time.monotonic():
        machine = await machine_of_key(key)
        if machine is None:
            raise SignInNeeded(_("Send a key of the pilot: Authorization: Bearer rintis_…"))
        if len(_known) >= AT_MOST:
            _known.clear()
        found = _known[key] = (time.monotonic() + REMEMBERED, machine)
    _count(found[1].token)
    return found[1]


def forget(request: Request[Any, Any, Any]) -> None:
    """Ask the database for this key next time."""
    _known.pop(request.headers.get("authorization", ""), None)


def _count(token: Any) -> None:
    second = int(time.monotonic())
    begun, times = _asked.get(token, (second, 0))
    times = times + 1 if begun == second else 1
    if len(_asked) >= AT_MOST:
        _asked.clear()
    _asked[token] = (second, times)
    if times > A_SECOND:
        raise TooMany(_("Too many tries. Wait a little and try again."), 1)


def media_type(request: Request[Any, Any, Any]) -> str:
    """What the body is said to be, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
