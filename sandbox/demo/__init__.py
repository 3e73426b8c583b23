"""A believable year, made by calling the same commands as people do, at past times.

Everybody and every firm in it is invented.
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.demo import clerk, learning
from sandbox.demo.applying import apply
from sandbox.demo.cast import PASSWORD, gather
from sandbox.demo.player import Player
from sandbox.demo.stage import Perform, Stage
from sandbox.demo.testing import test
from sandbox.demo.year import Case, cases, content
from sandbox.foundation import audit, clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import DomainError, RuleBroken
from sandbox.framework import library

__all__ = ["FIRST_STEPS", "PASSWORD", "Perform", "check_pack", "play"]

FIRST_STEPS = (
    "Try first:",
    "  as a founder: begin an application, or open a live pilot and look at its figures;",
    "  as an officer: open the most urgent case of the queue;",
    "  as a decision maker: decide a case that is recommended;",
    "  as the central office: ask for a cross-sector report and download its PDF.",
)


def check_pack() -> None:
    """Whether the year can be played under the pack in force.

    :raises RuleBroken: the pack lacks a sector or an authority of the year.
    """
    pack = library.current()
    wanted = {
        "sectors": (set(content("ideas")), {sector.key for sector in pack.sectors}),
        "authorities": (
            {one["authority"] for one in content("people")["staff"]},
            {authority.key for authority in pack.authorities},
        ),
    }
    for what, (needed, there) in wanted.items():
        if missing := sorted(needed - there):
            raise RuleBroken(
                "demo.pack",
                f"The demo year is not written for the pack “{pack.name}”, which has no such "
                f"{what}: {', '.join(missing)}. Nothing was changed.",
            )


async def play(perform: Perform) -> list[str]:
    """Play the year that ends now; ``perform`` does what is asked of the workers.

    Under two minutes on two cores. Returns what could not be played to its fate, in words:
    somebody who looks around meanwhile may have acted on the case.
    """
    today = clock.now()
    with clock.at(today - timedelta(days=366)):
        cast = await gather()
    stage = Stage(today, perform)
    disturbed: list[str] = []
    await stage.play(
        [
            *(_case(Player(case, cast, stage), disturbed) for case in cases()),
            *learning.parts(cast, stage),
            clerk.sweep(stage),
        ]
    )
    await stage.do_jobs()
    # Nobody is mailed by the demo.
    await fetch(
        "UPDATE mail SET state = 'kept', sent_at = made_at "
        "WHERE state = 'queued' AND made_at <= $1",
        today,
    )
    await audit.seal()
    return disturbed


async def _case(player: Player, disturbed: list[str]) -> None:
    case: Case = player.case
    try:
        await apply(player)
        if case.is_pilot:
            await test(player)
    except DomainError as error:
        disturbed.append(f"{case.title} ({case.fate}): {error.message}")
