"""An application, from its draft to wherever its fate ends before a pilot."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.applications import commands
from sandbox.applications.rules import ADMITTED
from sandbox.applications.tables import Application
from sandbox.demo import answering
from sandbox.demo.player import Player
from sandbox.framework.conditions import Cadence, ConditionTemplate
from sandbox.framework.questions import Feed


async def apply(player: Player) -> None:
    """Play the application."""
    fate = player.case.fate
    await _draft(player)
    if fate == "draft":
        return
    async with player.later(2 if player.case.began > 4 else 0.3):
        await commands.submit(player.founder, player.key)
    if fate == "submitted":
        return
    await _screen(player)
    if fate in {"screening", "returned", "lapsed"}:
        return
    if fate == "withdrawn":
        async with player.later(4):
            await commands.withdraw(player.founder, player.key)
        return
    await _review(player)
    if fate not in {"in_review", "awaiting_clarification"}:
        await _decide(player)


async def _draft(player: Player) -> None:
    case = player.case
    async with player.later(0):
        application = await commands.start_application(
            player.founder, title=case.title, lead_sector=case.sector
        )
    player.key, player.version = application.id, application.pack_version
    await Application.update({Application.demo: True}).where(Application.id == player.key)
    async with player.later(0.2):
        answers = answering.answers_of(
            case, player.pack, firm=case.organisation, number=player.firm_number,
            lead=player.founder.name,
        )  # fmt: skip
        if case.fate == "draft":
            kept = player.chance.randrange(10, max(len(answers) - 20, 11))
            answers = dict(list(answers.items())[:kept])
        await commands.save_answers(player.founder, player.key, answers)


# Screening ---------------------------------------------------------------------------------


async def _screen(player: Player) -> None:
    async with player.later(2 + player.chance.random() * 2):
        await commands.begin_screening(player.officer, player.key)
    if player.case.fate == "screening":
        return
    ends_here = player.case.fate in {"returned", "lapsed"}
    if ends_here or player.case.number % 6 == 0:
        await _return(player)
    if ends_here:
        return  # one that lapses does so by its clock
    async with player.later(3):
        await commands.screen(
            player.officer, player.key, outcome="accepted", checks=_checks(player), reasons={}
        )


async def _return(player: Player) -> None:
    """Return it, and have it completed unless it ends here."""
    failed = player.chance.choice(("rule_named", "test_plan_complete", "data_protected"))
    check = next(check for check in player.pack.screening if check.key == failed)
    async with player.later(3):
        await commands.screen(
            player.officer, player.key, outcome="returned", checks=_checks(player, failed),
            reasons={failed: str(check.if_not)},
        )  # fmt: skip
    if player.case.fate in {"returned", "lapsed"}:
        return
    async with player.later(6):
        await commands.submit(player.founder, player.key)
    async with player.later(2):
        await commands.begin_screening(player.officer, player.key)


def _checks(player: Player, failed: str = "") -> dict[str, str]:
    sectors = {player.case.sector, player.case.other_sector}
    return {
        check.key: "no" if check.key == failed else "yes"
        for check in player.pack.screening
        if not check.sectors or sectors & set(check.sectors)
    }


# Review ------------------------------------------------------------------------------------


async def _review(player: Player) -> None:
    fate, number = player.case.fate, player.case.number
    assert player.reviewer.id is not None
    async with player.later(1):
        await commands.add_note(
            player.officer, player.key, "Spoke with the firm by telephone. Open and well prepared."
        )
        review = await commands.assign_reviewer(player.officer, player.key, player.reviewer.id)
    if fate == "in_review" and number % 3 == 0:
        return
    async with player.later(1):
        await commands.declare(player.reviewer, review.id, conflict="")
    written = _written(player)
    async with player.later(2):
        await commands.save_review(player.reviewer, review.id, written)
    if fate == "awaiting_clarification" or number % 4 == 0:
        await _ask(player)
    if fate in {"in_review", "awaiting_clarification"}:
        return
    async with player.later(4):
        await commands.submit_review(player.reviewer, review.id, written)


def _written(player: Player) -> commands.Written:
    low = 1 if player.case.fate == "refused" else 2
    return commands.Written(
        scores={c.key: player.chance.randrange(low, low + 3) for c in player.pack.rubric.criteria},
        comments={
            c.key: "The application shows this well enough." for c in player.pack.rubric.criteria
        },
        comment="Watch the places outside the cities from the first day.",
        recommendation="refuse" if player.case.fate == "refused" else "conditions",
    )


async def _ask(player: Player) -> None:
    async with player.later(1):
        asked = await commands.ask_clarification(
            player.officer, player.key,
            text="Which places begin, and who decides when the system and a person differ?",
        )  # fmt: skip
    if player.case.fate == "awaiting_clarification":
        return
    async with player.later(4):
        await commands.answer_clarification(
            player.founder, asked.id,
            "We begin at two places. The person decides, always, and writes down why.",
        )  # fmt: skip


# Decision ----------------------------------------------------------------------------------


async def _decide(player: Player) -> None:
    usual = "admitted_with_conditions" if player.case.number % 5 else "admitted"
    outcome = {"refused": "refused", "redirected": "redirected"}.get(player.case.fate, usual)
    async with player.later(3):
        await commands.recommend(
            player.officer, player.key, outcome=outcome,
            text="The review supports this. The points raised are covered by the terms.",
        )  # fmt: skip
    if player.case.fate == "recommended":
        return
    async with player.later(3 + player.chance.randrange(8)):
        await commands.decide(
            player.maker, player.key, outcome=outcome, terms=await _terms(player, outcome)
        )


async def _terms(player: Player, outcome: str) -> commands.Terms:
    pack = player.pack
    reasons = [reason.key for reason in pack.reasons_for(outcome)][:1]  # type: ignore[arg-type]
    if outcome not in ADMITTED:
        return commands.Terms(reasons=reasons, text="You may apply again at any time.")
    found = await Application.objects().get(Application.id == player.key).output(load_json=True)
    assert found is not None
    months = 6 if player.case.fate in {"completed", "moving_to_market"} else 12
    return commands.Terms(
        reasons=reasons,
        text="We look forward to what this shows.",
        conditions=[_condition(template) for template in _chosen(player)],
        milestones=[
            {"title": dict(one.title), "evidence": dict(one.evidence), "month": one.month}
            for one in _milestones(player, months)
        ],
        reliefs=pack.form.answer(Feed.RELIEFS, found.answers) or [],
        months=months,
    )


def _chosen(player: Player) -> list[ConditionTemplate]:
    """Two thresholds of the sector, by turns, and some of the library's other conditions."""
    fitting = player.pack.conditions_for(player.case.sector)
    own = [c for c in fitting if c.sectors and _watchable(player, c)]
    first = player.case.place // 2 % len(own)  # every second pilot of a sector has its trouble
    watched = (own[first:] + own[:first])[:2]
    others = [c for c in fitting if not c.threshold]
    return [*watched, *player.chance.sample(others, min(4, len(others)))]


def _watchable(player: Player, template: ConditionTemplate) -> bool:
    """Whether its figures come day by day or seldomer, and tell within a fortnight."""
    threshold = template.threshold
    if threshold is None or threshold.grace_hours > 14 * 24:
        return False
    metric = next(m for m in player.pack.metrics if m.key == threshold.metric)
    return metric.cadence is not Cadence.HOURLY


def _milestones(player: Player, months: int) -> list[Any]:
    """The library's milestones for the sector that fall within the test, in their order."""
    fitting = player.pack.milestones_for(player.case.sector)
    return sorted((one for one in fitting if one.month < months), key=lambda one: one.month)[:5]


def _condition(template: ConditionTemplate) -> dict[str, Any]:
    return {
        "template": template.key, "kind": template.kind.value, "title": dict(template.title),
        "text": dict(template.text), "source": dict(template.source),
        "precedent": template.precedent, "due_on": None, "every": template.every or "",
        "threshold": msgspec.to_builtins(template.threshold) if template.threshold else None,
    }  # fmt: skip
