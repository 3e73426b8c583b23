"""The web process's way in: deliveries that come at the same time share one commit.

While one group is being written the next ones wait, and are then written together with those
that are just being read. So a commit costs a busy site little, a quiet one waits for nothing,
and an answer of 200 still means that the points are on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from sandbox.telemetry.commands import Parcel, Receipt, take

POINTS = 20_000
"""Points up to which deliveries are gathered into one commit."""
DELIVERIES = 200
TURNS = 8
"""Turns of the event loop in which a request that has come is read and decoded."""

log = structlog.get_logger()
_Waiting = tuple[Parcel, "asyncio.Future[Receipt]"]
_waiting: deque[_Waiting] = deque()
_writers: set[asyncio.Task[None]] = set()


async def deliver(parcel: Parcel) -> Receipt:
    """Take a delivery in, together with whatever else has just come.

    A caller that hangs up changes nothing: its points are written all the same.

    :raises DomainError: it is refused as a whole.
    """
    answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
    _waiting.append((parcel, answer))
    if not _writers:
        writer = asyncio.create_task(_write_all())
        _writers.add(writer)
        writer.add_done_callback(_writers.discard)
    return await asyncio.shield(answer)


async def _write_all() -> None:
    while _waiting:
        await _let_others_come()
        group = _gathered()
        try:
            answers: Sequence[Receipt | Exception] = await take([one for one, _ in group])
        except Exception as fault:  # noqa: BLE001  (the next ones are not to suffer for it)
            answers = await _one_by_one(group, fault)
        for (_parcel, future), answer in zip(group, answers, strict=True):
            _settle(future, answer)


async def _let_others_come() -> None:
    """Wait while more deliveries keep coming in.

    Senders whose answers went out together send again together: without this the first of them
    would be written alone, and all others wait for that commit and for their own.
    """
    seen = 0
    while seen < len(_waiting) < DELIVERIES:
        seen = len(_waiting)
        for _turn in range(TURNS):
            await asyncio.sleep(0)


def _gathered() -> list[_Waiting]:
    group: list[_Waiting] = []
    points = 0
    while _waiting and len(group) < DELIVERIES:
        points += len(_waiting[0][0].delivery)
        if group and points > POINTS:
            break
        group.append(_waiting.popleft())
    return group


async def _one_by_one(group: Sequence[_Waiting], fault: Exception) -> list[Receipt | Exception]:
    """A group that could not be written, each alone, so that only the cause of it fails."""
    log.warning("telemetry group", size=len(group), error=f"{type(fault).__name__}: {fault}")
    if len(group) == 1:
        return [fault]
    answers: list[Receipt | Exception] = []
    for parcel, _future in group:
        try:
            answers += await take([parcel])
        except Exception as own:  # noqa: BLE001
            answers.append(own)
    return answers


def _settle(future: asyncio.Future[Receipt], answer: Receipt | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
