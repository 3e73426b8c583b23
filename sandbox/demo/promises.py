"""How a demo pilot keeps its promises: conditions, milestones, and what is let off."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.demo.player import Player
from sandbox.demo.year import content
from sandbox.framework.conditions import ConditionKind
from sandbox.pilots import commands, evidence_queries
from sandbox.pilots.reporting import Said
from sandbox.pilots.tables import Condition, Evidence, Milestone, Pilot
from sandbox.telemetry import commands as telemetry

SOON = timedelta(days=8)
"""How long ahead firms see to what falls due."""
_OWED = ["pending", "in_force", "breached", "cured"]


async def meet_precedents(player: Player, pilot: Pilot, *, everything: bool) -> None:
    """Show what must be shown before going live, or the first part of it."""
    conditions = await Condition.objects().where(
        (Condition.pilot == pilot.id) & Condition.precedent.eq(True)
    )
    conditions.sort(key=lambda condition: condition.number)
    for condition in conditions if everything else conditions[:1]:
        async with player.later(2):
            evidence = await commands.submit_evidence(
                player.founder, condition.id, text=content("events")["evidence"][0]
            )
        async with player.later(2):
            await commands.judge_evidence(player.officer, evidence.id, accepted=True)


async def keep_conditions(player: Player, pilot: Pilot) -> None:
    """Hand in the documents and the periodic reports that fall due within days, and attest."""
    soon = (player.at + SOON).date()
    due = (Condition.pilot == pilot.id) & (Condition.due_on <= soon)
    waiting = await evidence_queries.waiting_evidence(pilot.id)
    several = [
        condition
        for condition in await Condition.objects().where(due & Condition.state.is_in(_OWED))
        if condition.id not in waiting
    ]
    if not several:
        return
    async with player.later(0.3):
        handed = [await _hand_in(player, pilot, one) for one in several]
    # What came last waits for the officer; of an attestation the firm's word is enough.
    recent = player.today - player.at < timedelta(days=6)
    look = [one for one in handed if not one.verdict and not (recent and one.period_from)]
    if look:
        async with player.later(0.6):
            for evidence in look:
                await commands.judge_evidence(player.officer, evidence.id, accepted=True)


async def _hand_in(player: Player, pilot: Pilot, condition: Condition) -> Evidence:
    if condition.every:
        words = content("events")["reports"]
        duty = condition.kind == ConditionKind.DUTY
        said = Said(
            text="" if duty else words[condition.due_on.month % len(words)], attested=True,
            kept=True if duty else None,
        )  # fmt: skip
        return await telemetry.hand_in_report(player.founder, pilot.id, condition.id, said)
    return await commands.submit_evidence(
        player.founder, condition.id, text=content("events")["evidence"][1]
    )


async def reach_milestones(player: Player, pilot: Pilot, until: datetime) -> None:
    """Reach the milestones that fall due within days.

    The last of them is overdue, or was returned and rests so, where the plan tells it.
    """
    planned = (Milestone.pilot == pilot.id) & (Milestone.state == "planned")
    soon = (player.at + SOON).date()
    for milestone in await Milestone.objects().where(planned & (Milestone.due_on <= soon)):
        last = milestone.number == await _last_due(pilot, until)
        if last and player.has("milestone_overdue"):
            continue
        async with player.later(0.3):
            evidence = await commands.submit_milestone(
                player.founder, milestone.id, text=content("events")["evidence"][2]
            )
        returned = last and player.has("milestone_returned")
        if player.today - player.at < timedelta(days=6) and not returned:
            continue  # it waits for the officer
        async with player.later(3):
            await commands.judge_evidence(
                player.officer, evidence.id, accepted=not returned,
                reason=content("events")["reasons"]["milestone_returned"] if returned else "",
            )  # fmt: skip


async def _last_due(pilot: Pilot, until: datetime) -> int:
    """The number of the last milestone whose day comes before ``until``."""
    due = await Milestone.objects().where(
        (Milestone.pilot == pilot.id) & (Milestone.due_on < (until - SOON).date())
    )
    return max(due, key=lambda one: (one.due_on, one.number)).number if due else 0


# Let off, or looked at above -----------------------------------------------------------------


async def waive_condition(player: Player, pilot: Pilot) -> None:
    """The decision maker releases the firm from a condition that no machine watches."""
    binding = (Condition.pilot == pilot.id) & Condition.state.is_in(["in_force", "cured"])
    several = [c for c in await Condition.objects().where(binding) if c.kind != "threshold"]
    several = several or await Condition.objects().where(binding)
    async with player.later(0.4):
        await commands.waive_condition(
            player.maker, min(several, key=lambda one: one.number).id,
            reason=content("events")["reasons"]["condition_waived"],
        )  # fmt: skip


async def waive_milestone(player: Player, pilot: Pilot) -> None:
    """The officer does without the next milestone."""
    planned = (Milestone.pilot == pilot.id) & (Milestone.state == "planned")
    several = await Milestone.objects().where(planned)
    if several:
        async with player.later(0.4):
            await commands.waive_milestone(
                player.officer, min(several, key=lambda one: one.number).id,
                reason=content("events")["reasons"]["milestone_waived"],
            )  # fmt: skip


async def escalate(player: Player, pilot: Pilot) -> None:
    """The officer has a breach looked at above."""
    breached = (Condition.pilot == pilot.id) & (Condition.state == "breached")
    for condition in await Condition.objects().where(breached):
        async with player.later(0.1):
            await commands.escalate_condition(
                player.officer, condition.id, reason=content("events")["reasons"]["escalated"]
            )
