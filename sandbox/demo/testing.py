"""A pilot, from the plan to wherever its fate ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.demo import consequences, incidents, promises
from sandbox.demo.figures import Feed
from sandbox.demo.player import Player
from sandbox.demo.year import content
from sandbox.foundation.database import fetch
from sandbox.pilots import closing, commands, queries, rules
from sandbox.pilots.tables import Condition, ExitReport, Metric, Pilot
from sandbox.telemetry import commands as telemetry
from sandbox.telemetry.rules.delivery import of_readings

_WEEK = timedelta(days=7)
_ENDED = frozenset({"completed", "moving_to_market", "stopped_by_applicant", "terminated"})

Happening = tuple[datetime, Callable[[], Awaitable[None]]]


async def test(player: Player) -> None:
    """Play the pilot."""
    async with player.later(5):
        pilot = await commands.accept_plan(player.founder, player.key)
    ready = player.case.fate != "preparing"
    await promises.meet_precedents(player, pilot, everything=ready or player.case.number % 2 == 0)
    if not ready:
        return
    async with player.later(3):
        await commands.declare_ready(player.founder, pilot.id)
    async with player.later(2):
        pilot = await commands.go_live(player.officer, pilot.id)
    await _advise(player, pilot)
    await _run(player, pilot)
    await _finish(player, pilot)


async def _advise(player: Player, pilot: Pilot) -> None:
    async with player.later(1):
        note = content("events")["guidance"][player.case.number % 2]
        given = await commands.give_guidance(player.officer, pilot.id, **note)
        await commands.issue_token(player.founder, pilot.id, "Production server")
    if player.case.number % 3:
        async with player.later(1):
            await commands.acknowledge_guidance(player.founder, given.id)


# The testing period --------------------------------------------------------------------------


async def _run(player: Player, pilot: Pilot) -> None:
    """Delivery after delivery: figures, and what follows from them; last, those of the end."""
    until = _end(player, pilot)
    feed, live = await _feed(player, pilot), player.at
    points = feed.readings(
        until, trouble=_trouble(player, feed, live, until), quiet=player.has("quiet")
    )
    agenda = sorted(_agenda(player, pilot, live, until), key=lambda one: one[0])
    start, last = 0, False
    while not last:  # what people do may take a case past its end, with figures still to send
        last = player.at + _WEEK >= until
        async with player.when(min(player.at + _WEEK, until)):
            start = await _send(player, pilot, points, start)
        while agenda and agenda[0][0] <= player.at:
            await agenda.pop(0)[1]()
        await _see_to(player, pilot, until)


def _end(player: Player, pilot: Pilot) -> datetime:
    """When testing ends in this case: by its plan, by its fate, or it still runs."""
    assert pilot.ends_on is not None
    calendar = player.pack.jurisdiction.calendar()
    planned = calendar.end_of(pilot.ends_on) + timedelta(hours=10)
    early = player.at + (player.today - player.at) * 0.6
    now = player.today - timedelta(minutes=90)
    ends = {
        "stopped_by_applicant": early, "terminated": early,
        "exiting": now - timedelta(days=24 + player.case.number % 9),
    }  # fmt: skip
    return min(ends.get(player.case.fate, now), planned, now)


async def _feed(player: Player, pilot: Pilot) -> Feed:
    metrics = await Metric.objects().where(Metric.pilot == pilot.id).order_by(Metric.key)
    conditions: list[Condition] = (
        await Condition.objects().where(Condition.pilot == pilot.id).output(load_json=True)
    )
    conditions.sort(key=lambda condition: condition.number)
    return Feed(metrics, conditions, player.at, player.case.number)


def _trouble(player: Player, feed: Feed, live: datetime, until: datetime) -> Any:
    """A bad time: the last days where the pilot is suspended for it, else half-way."""
    if player.case.fate == "suspended" or player.has("escalated"):
        found = feed.trouble(until)
        length = found.until - found.since if found else _WEEK
        return feed.trouble(until - min(length, (until - live) / 2))
    return feed.trouble(live + (until - live) * 0.45) if player.has("trouble") else None


def _agenda(player: Player, pilot: Pilot, live: datetime, until: datetime) -> list[Happening]:
    """What the case's turns bring, each at its time."""
    half = live + (until - live) * 0.5
    plan: dict[str, tuple[datetime, Callable[[Player, Pilot], Awaitable[None]]]] = {
        "condition_waived": (half, promises.waive_condition),
        "milestone_waived": (half, promises.waive_milestone),
        "extended": (half, _extend),
        "extension_asked": (until - timedelta(days=5), _ask_extension),
        "escalated": (until - timedelta(days=1), promises.escalate),
    }
    found: list[Happening] = [
        (moment, lambda act=act: act(player, pilot))  # type: ignore[misc]
        for turn, (moment, act) in plan.items()
        if player.has(turn)
    ]
    for turn in player.case.turns:
        kind, _colon, key = turn.partition(":")
        if kind == "incident":
            told = content("events")["incidents"][key]
            found.append(
                (
                    until - timedelta(days=told["before"]),
                    lambda told=told: incidents.tell(player, pilot, told, closed=_over(player)),  # type: ignore[misc]
                )
            )
        elif kind == "public":
            told = content("events")["public"][key]
            found.append(
                (
                    until - timedelta(days=told["before"]),
                    lambda told=told: incidents.hear(player, pilot, told),  # type: ignore[misc]
                )
            )
    return found


def _over(player: Player) -> bool:
    return player.case.fate in _ENDED


async def _send(player: Player, pilot: Pilot, points: list[Any], start: int) -> int:
    """Send what is due by now; where the next delivery starts."""
    stop = start
    while stop < len(points) and points[stop].at <= player.at:
        stop += 1
    if stop > start:
        figures = of_readings(points[start:stop])
        await telemetry.receive(player.founder, pilot.id, figures, source="json")
        await telemetry.evaluate(pilot.id)
    return stop


# One question a week for every pilot, since most weeks bring nothing.
_WAITING = """
SELECT p.state = 'suspended' AS suspended,
       EXISTS (SELECT FROM breach b WHERE b.pilot = p.id AND b.explained_at IS NULL) AS breaches,
       EXISTS (SELECT FROM explanation x WHERE x.pilot = p.id AND x.verdict = '') AS explained,
       EXISTS (SELECT FROM suspension s WHERE s.pilot = p.id AND s.state = 'proposed')
       AS proposed,
       EXISTS (SELECT FROM incident i WHERE i.pilot = p.id AND i.state = 'reported') AS incidents,
       EXISTS (SELECT FROM condition c WHERE c.pilot = p.id AND c.due_on <= $2
               AND c.state IN ('pending', 'in_force', 'breached', 'cured')) AS conditions,
       EXISTS (SELECT FROM milestone m WHERE m.pilot = p.id AND m.due_on <= $2
               AND m.state = 'planned') AS milestones
FROM pilot p WHERE p.id = $1
"""


async def _see_to(player: Player, pilot: Pilot, until: datetime) -> None:
    """Both sides do what waits for them."""
    (waiting,) = await fetch(_WAITING, pilot.id, (player.at + promises.SOON).date())
    if waiting["proposed"]:
        await consequences.decide(player, pilot)
    if waiting["breaches"]:
        await consequences.explain(player, pilot)
    if waiting["explained"]:
        await consequences.judge(player, pilot)
    if waiting["incidents"]:
        await incidents.handle_opened(player, pilot)
    if waiting["conditions"]:
        await promises.keep_conditions(player, pilot)
    if waiting["milestones"]:
        await promises.reach_milestones(player, pilot, until)
    if waiting["suspended"] and player.case.fate != "suspended":
        async with player.later(0.7):
            reason = "The cause was found and mended."
            await commands.resume(player.officer, pilot.id, reason=reason)


async def _extend(player: Player, pilot: Pilot) -> None:
    why = content("events")["reasons"]
    async with player.later(0.2):
        await commands.ask_extension(player.founder, pilot.id, months=3, why=why["extension_asked"])
    async with player.later(6):
        await commands.extend(player.maker, pilot.id, months=3, reason=why["extended"])


async def _ask_extension(player: Player, pilot: Pilot) -> None:
    why = content("events")["reasons"]["extension_asked"]
    async with player.later(0.2):
        await commands.ask_extension(player.founder, pilot.id, months=4, why=why)


# The end -------------------------------------------------------------------------------------


async def _finish(player: Player, pilot: Pilot) -> None:
    fate = player.case.fate
    found = await Pilot.objects().get(Pilot.id == pilot.id)
    assert found is not None
    if fate == "live":
        return
    if fate == "suspended":
        if found.state == "live":
            async with player.later(0.01):
                await commands.suspend(
                    player.officer, pilot.id,
                    reason="Until the cause of the latest figures is known.",
                )  # fmt: skip
        return
    await incidents.settle_all(player, pilot)
    await _end_testing(player, pilot)
    await _exit(player, pilot)


async def _end_testing(player: Player, pilot: Pilot) -> None:
    async with player.later(0.2):
        found = await Pilot.objects().get(Pilot.id == pilot.id)
        assert found is not None
        if found.state not in rules.RUNNING:
            return  # its last day was over before anybody came to it
        if player.case.fate == "stopped_by_applicant":
            reason = "The firm has found other uses for its people."
            await commands.stop(player.founder, pilot.id, reason=reason)
        elif player.case.fate == "terminated":
            reason = "The conditions on supervision were not kept."
            await commands.terminate(player.maker, pilot.id, reason=reason)
        else:
            reason = "The sample is complete and the plan fulfilled."
            await commands.begin_exit(player.officer, pilot.id, reason=reason)


async def _exit(player: Player, pilot: Pilot) -> None:
    if player.case.fate == "exiting" and player.case.number % 2:
        return
    sections = {section.key for section in player.pack.reports.exit_sections}
    answers = {k: v for k, v in content("events")["exit"].items() if k in sections}
    async with player.later(12):
        await commands.save_exit_report(player.founder, pilot.id, answers)
        await commands.submit_exit_report(player.founder, pilot.id)
    if player.case.fate == "exiting":
        return
    report = await ExitReport.objects().get(ExitReport.pilot == pilot.id)
    assert report is not None
    outcome = {
        "completed": rules.Outcome.COMPLETED,
        "moving_to_market": rules.Outcome.MOVING_TO_MARKET,
    }.get(player.case.fate)
    async with player.later(8):
        found = await Pilot.objects().get(Pilot.id == pilot.id)
        assert found is not None
        open_ = closing.loose_ends(found, await queries.promised(pilot.id))
        await commands.accept_exit_report(
            player.officer, pilot.id, outcome=outcome, words="Thank you. Much was learned.",
            left={end.id: _LEFT[end.why] for end in open_},
        )  # fmt: skip


_LEFT = {
    "breached": "The figures did not come back within the limit before testing ended.",
    "not_handed_in": "The firm explains in its exit report why this was not done.",
    "waiting": "What was handed in came too late to matter for the result.",
    "not_reached": "Testing ended before this could be shown.",
}
"""Why a pilot was closed over what was still open."""
