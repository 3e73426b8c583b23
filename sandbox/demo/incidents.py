"""Incidents of demo pilots: told by firms or opened by breaches, seen through by officers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.demo.player import Player
from sandbox.demo.year import content
from sandbox.incidents import commands, public_rules, queries, rules, weaknesses
from sandbox.incidents.public_tables import PublicReport
from sandbox.incidents.tables import CorrectiveAction, Incident, IncidentClock
from sandbox.pilots.tables import Pilot

_USUAL = {
    "cause": "Poorer input after a change of equipment.", "vulnerabilities": ["data_drift"],
    "rests": "closed",
}  # fmt: skip


async def tell(player: Player, pilot: Pilot, told: dict[str, Any], *, closed: bool) -> None:
    """The firm reports what content/events.yaml tells, and it goes on as far as told there.

    ``closed``: the pilot has ended, so that nothing of it rests.
    """
    asked = {q.key for q in player.pack.incidents.questions if q.shown_when is None}
    facts = {
        q.key: False
        for q in player.pack.incidents.questions
        if q.key in asked and q.kind == "yes_no"
    }
    async with player.later(0.1):
        incident = await commands.report_incident(
            player.founder, pilot.id,
            rules.Draft(
                title=told["title"], what=told["what"], aware_at=player.at - timedelta(hours=2),
                harms_actual=told.get("harms_actual", []),
                harms_potential=told.get("harms_potential", []),
                people_affected=told["people"], vulnerabilities=told["vulnerabilities"],
                facts={**facts, **told["facts"]}, immediate_action=told["action"],
                suspected_cause=told["cause"],
            ),
        )  # fmt: skip
    await _handle(player, incident, told | ({"rests": "closed"} if closed else {}))


async def hear(player: Player, pilot: Pilot, told: dict[str, Any]) -> None:
    """A member of the public reports what content/events.yaml tells; an officer sees to it."""
    async with player.later(0.1):
        await commands.send_public_report(
            pilot.reference,
            public_rules.Told(
                what=told["what"], harm=told["harm"], harm_words=told["harm_words"],
                happened_on=player.at.date() - timedelta(days=3), name="Mariam",
                email="mariam@example.test",
            ),
        )  # fmt: skip
    if told["rests"] == "answered":
        report = await PublicReport.objects().get(PublicReport.pilot == pilot.id)
        assert report is not None
        async with player.later(1):
            await commands.take_up(player.officer, report.id)
            await commands.answer_public(player.officer, report.id, words=told["answer"])


async def handle_opened(player: Player, pilot: Pilot) -> None:
    """See to the incidents that breaches have opened."""
    opened = (Incident.pilot == pilot.id) & (Incident.state == "reported")
    for incident in await Incident.objects().where(opened & (Incident.source == "breach")):
        if player.today - player.at > timedelta(days=1):
            await _handle(player, incident, _USUAL)


async def settle_all(player: Player, pilot: Pilot) -> None:
    """Bring whatever rests to its end, for the pilot has come to its own."""
    open_ = (Incident.pilot == pilot.id) & (Incident.state != "closed")
    for incident in await Incident.objects().where(open_):
        if incident.state == "reported":
            await _handle(player, incident, _USUAL)
        elif incident.state == "resolved":
            await _close(player, incident)


async def _handle(player: Player, incident: Incident, told: dict[str, Any]) -> None:
    """The officer sees it through to where it rests."""
    if told["rests"] == "reported":
        return
    async with player.later(0.2):
        await commands.triage(
            player.officer, incident.id,
            rules.Verdict(severity=incident.severity, vulnerabilities=told["vulnerabilities"]),
        )  # fmt: skip
    await _report(player, incident, told["cause"], ["initial", "supplementary"])
    if told["rests"] == "triaged":
        return
    async with player.later(1):
        await commands.investigate(player.officer, incident.id)
    if "work" in told:
        await _work(player, incident, content("events")["work"][told["work"]])
    if told["rests"] == "investigating":
        return
    action = await _ask(player, incident)
    if told["rests"] == "action_overdue":
        return
    async with player.later(3):
        await commands.report_action(
            player.founder, action.id, text="Done at all places; the record is attached."
        )
    if told["rests"] == "action_done":
        return
    await _report(player, incident, told["cause"], ["final"])
    async with player.later(1):
        await commands.verify_action(player.officer, action.id)
        await commands.resolve(player.officer, incident.id, root_cause=told["cause"])
    if told["rests"] != "resolved":
        await _close(player, incident)


async def _work(player: Player, incident: Incident, words: dict[str, Any]) -> None:
    """Questions, tasks and causes: what is on the page of the work."""
    key, day = incident.id, timedelta(days=1)
    async with player.later(0.3):
        due = (player.at + 5 * day).date()
        inquiry = await commands.ask_firm(
            player.officer, key, question=words["question"], due_on=due
        )
        await commands.add_task(
            player.officer, key, text=words["task"], owner=player.officer.name, due_on=due
        )
        await commands.add_entry(
            player.officer, key, text=words["note"], happened_at=player.at, internal=True
        )
    async with player.later(1.2):
        await commands.answer_inquiry(player.founder, key, inquiry.id, text=words["answer"])
        await commands.add_entry(
            player.founder, key, text=words["entry"], happened_at=incident.aware_at - day
        )
        await commands.explain_cause(
            player.founder, key, {"method": words["method"], **words["cause"]},
            conclusion=words["conclusion"],
        )  # fmt: skip


async def _ask(player: Player, incident: Incident) -> CorrectiveAction:
    words = content("events")["actions"][player.case.number % 3]
    async with player.later(1):
        return await commands.ask_action(
            player.officer, incident.id, text=words, owner=player.founder.name
        )


async def _compare(player: Player, incident: Incident) -> None:
    """The officer confirms the first weakness that shows elsewhere too, after a call."""
    found = await weaknesses.elsewhere(
        player.officer, await queries.one(player.officer, incident.id)
    )
    if found.suggested and not found.confirmed:
        async with player.later(0.2):
            await commands.compare_weakness(
                player.officer, incident.id, found.suggested[0].id, same=True
            )


async def _close(player: Player, incident: Incident) -> None:
    await _compare(player, incident)
    async with player.later(1):
        await commands.close(player.officer, incident.id, words="Settled. Thank you.")


async def _report(player: Player, incident: Incident, text: str, stages: list[str]) -> None:
    """The firm hands in the reports of ``stages`` that regimes want."""
    owed = (IncidentClock.incident == incident.id) & IncidentClock.met_at.is_null()
    for clock in await IncidentClock.objects().where(owed & IncidentClock.stage.is_in(stages)):
        async with player.later(0.05):
            await commands.submit_report(player.founder, incident.id, text=text, clock_id=clock.id)
