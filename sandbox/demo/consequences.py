"""What follows the breaches of a demo pilot; what is of the last days still waits for somebody."""

from __future__ import annotations

from datetime import timedelta

from sandbox.demo.player import Player
from sandbox.demo.year import content
from sandbox.pilots import commands
from sandbox.pilots.tables import Pilot, Suspension
from sandbox.telemetry import commands as telemetry
from sandbox.telemetry.tables import Breach, Explanation

_LAST = timedelta(days=2)


async def explain(player: Player, pilot: Pilot) -> None:
    """The firm explains its breaches within its days."""
    unexplained = (Breach.pilot == pilot.id) & Breach.explained_at.is_null()
    for breach in await Breach.objects().where(unexplained & (Breach.state != "withdrawn")):
        if player.today - player.at > _LAST:
            async with player.later(1.5):
                words = content("events")["explanations"][player.case.number % 2]
                await telemetry.explain_breach(player.founder, breach.id, words)


async def judge(player: Player, pilot: Pilot) -> None:
    """The officer accepts what the firm says; now and then they ask for more first."""
    said = (Explanation.pilot == pilot.id) & (Explanation.verdict == "")
    for explanation in await Explanation.objects().where(said):
        if player.today - player.at <= 4 * _LAST:
            continue  # it waits for the officer
        if player.case.number % 3 == 0:
            async with player.later(0.3):
                words = content("events")["reasons"]["asked_again"]
                await telemetry.ask_again(player.officer, explanation.breach, words)
            async with player.later(0.3):
                again = content("events")["explanations"][(player.case.number + 1) % 2]
                await telemetry.explain_breach(player.founder, explanation.breach, again)
        async with player.later(0.3):
            await telemetry.accept_explanation(player.officer, explanation.breach)


async def decide(player: Player, pilot: Pilot) -> None:
    """The decision maker confirms what a breach proposes."""
    waiting = (Suspension.pilot == pilot.id) & (Suspension.state == "proposed")
    for suspension in await Suspension.objects().where(waiting).output(load_json=True):
        if player.today - player.at > _LAST:
            async with player.later(0.3):
                await commands.decide_suspension(
                    player.maker, suspension.id, confirmed=True,
                    reason=suspension.facts.get("en", ""),
                )  # fmt: skip
            return  # the others are dropped with it
