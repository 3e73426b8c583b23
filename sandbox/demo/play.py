"""The year itself: every case played by the commands that people use, at its own times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications import commands as applications
from sandbox.applications.tables import Application
from sandbox.demo import answering, figures
from sandbox.demo.cast import Cast
from sandbox.demo.year import Case, cases, content
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.framework.questions import Feed
from sandbox.incidents import commands as incidents
from sandbox.incidents import rules as incident_rules
from sandbox.incidents.tables import CorrectiveAction, Incident, IncidentClock
from sandbox.people.person import Role
from sandbox.pilots import commands as pilots
from sandbox.pilots import rules as pilot_rules
from sandbox.pilots.tables import Condition, ExitReport, Metric, Milestone, Pilot
from sandbox.telemetry import commands as telemetry
from sandbox.telemetry.tables import Breach

_WEEK = timedelta(days=7)


class Player:
    """Plays one case. ``self.at`` is the time within the case; it only moves on."""

    def __init__(self, case: Case, cast: Cast, today: datetime) -> None:
        self.case = case
        self.cast = cast
        self.today = today
        self.at = today - timedelta(days=case.began)
        self.founder = cast.founders[case.organisation]
        self.officer = cast.of(Role.OFFICER, case.sector)
        self.reviewer = cast.of(Role.REVIEWER, case.sector)
        self.maker = cast.of(Role.DECISION_MAKER, case.sector)
        self.chance = Random(case.number)
        self.key = UUID(int=0)

    def later(self, days: float) -> Any:
        """So many days later, but never after today; a context in which that is now."""
        ahead = self.at + timedelta(days=days)
        soon = self.today - timedelta(minutes=max(30 - days, 1))
        self.at = max(min(ahead, soon), self.at + timedelta(minutes=1))
        return clock.at(min(self.at, self.today))

    # The application ---------------------------------------------------------------------

    async def apply(self) -> None:
        """From the draft to wherever the case's fate ends before a pilot."""
        fate = self.case.fate
        await self._draft()
        if fate == "draft":
            return
        with self.later(2 if self.case.began > 4 else 0.3):
            await applications.submit(self.founder, self.key)
        if fate == "submitted":
            return
        await self._screen()
        if fate in {"screening", "returned", "lapsed"}:
            return
        if fate == "withdrawn":
            with self.later(4):
                await applications.withdraw(self.founder, self.key)
            return
        await self._review()
        if fate in {"in_review", "awaiting_clarification"}:
            return
        await self._decide()

    async def _draft(self) -> None:
        pack = library.current()
        with self.later(0):
            application = await applications.start_application(
                self.founder, title=self.case.title, lead_sector=self.case.sector
            )
        self.key = application.id
        await Application.update({Application.demo: True}).where(Application.id == self.key)
        with self.later(0.2):
            answers = answering.answers_of(
                self.case, pack, firm=self.case.organisation,
                number=self.cast.numbers[self.case.organisation], lead=self.founder.name,
            )  # fmt: skip
            if self.case.fate == "draft":
                kept = self.chance.randrange(10, max(len(answers) - 20, 11))
                answers = dict(list(answers.items())[:kept])
            await applications.save_answers(self.founder, self.key, answers)

    async def _screen(self) -> None:
        with self.later(2 + self.chance.random() * 2):
            await applications.begin_screening(self.officer, self.key)
        if self.case.fate == "screening":
            return
        returned = self.case.fate in {"returned", "lapsed"} or self.case.number % 6 == 0
        if returned:
            await self._return()
        if self.case.fate in {"returned", "lapsed"}:
            return
        if returned:
            with self.later(6):
                await applications.submit(self.founder, self.key)
            with self.later(2):
                await applications.begin_screening(self.officer, self.key)
        with self.later(3):
            await applications.screen(
                self.officer, self.key, outcome="accepted", checks=self._checks(), reasons={}
            )

    def _checks(self, failed: str = "") -> dict[str, str]:
        sectors = {self.case.sector, self.case.other_sector}
        return {
            check.key: "no" if check.key == failed else "yes"
            for check in library.current().screening
            if not check.sectors or sectors & set(check.sectors)
        }

    async def _return(self) -> None:
        failed = self.chance.choice(("rule_named", "test_plan_complete", "data_protected"))
        check = next(c for c in library.current().screening if c.key == failed)
        with self.later(3):
            await applications.screen(
                self.officer, self.key, outcome="returned", checks=self._checks(failed),
                reasons={failed: str(check.if_not)},
            )  # fmt: skip
        if self.case.fate == "lapsed":
            for days in (25, 10):
                with self.later(days):
                    await applications.sweep()

    async def _review(self) -> None:
        assert self.reviewer.id is not None
        with self.later(1):
            await applications.add_note(
                self.officer, self.key, "Spoke with the firm by telephone. Open and well prepared."
            )
            review = await applications.assign_reviewer(self.officer, self.key, self.reviewer.id)
        if self.case.fate == "in_review" and self.case.number % 3 == 0:
            return
        with self.later(1):
            await applications.declare(self.reviewer, review.id, conflict="")
        written = self._written()
        with self.later(2):
            await applications.save_review(self.reviewer, review.id, written)
        if self.case.fate == "awaiting_clarification" or self.case.number % 4 == 0:
            await self._ask()
        if self.case.fate in {"in_review", "awaiting_clarification"}:
            return
        with self.later(4):
            await applications.submit_review(self.reviewer, review.id, written)

    def _written(self) -> applications.Written:
        low = 1 if self.case.fate == "refused" else 2
        criteria = library.current().rubric.criteria
        return applications.Written(
            scores={c.key: self.chance.randrange(low, low + 3) for c in criteria},
            comments={c.key: "The application shows this well enough." for c in criteria},
            comment="Watch the places outside the cities from the first day.",
            recommendation="refuse" if self.case.fate == "refused" else "conditions",
        )

    async def _ask(self) -> None:
        with self.later(1):
            asked = await applications.ask_clarification(
                self.officer, self.key,
                text="Which places begin, and who decides when the system and a person differ?",
            )  # fmt: skip
        if self.case.fate == "awaiting_clarification":
            return
        with self.later(4):
            await applications.answer_clarification(
                self.founder, asked.id,
                "We begin at two places. The person decides, always, and writes down why.",
            )  # fmt: skip

    async def _decide(self) -> None:
        outcome = {"refused": "refused", "redirected": "redirected"}.get(
            self.case.fate, "admitted_with_conditions" if self.case.number % 5 else "admitted"
        )
        with self.later(3):
            await applications.recommend(
                self.officer, self.key, outcome=outcome,
                text="The review supports this. The points raised are covered by the terms.",
            )  # fmt: skip
        if self.case.fate == "recommended":
            return
        with self.later(3 + self.chance.randrange(8)):
            await applications.decide(
                self.maker, self.key, outcome=outcome, terms=await self._terms(outcome)
            )

    async def _terms(self, outcome: str) -> applications.Terms:
        pack = library.current()
        reasons = [reason.key for reason in pack.reasons_for(outcome)][:1]  # type: ignore[arg-type]
        if outcome not in pilot_admitted():
            return applications.Terms(reasons=reasons, text="You may apply again at any time.")
        found = await Application.objects().get(Application.id == self.key).output(load_json=True)
        assert found is not None
        answers: dict[str, Any] = found.answers
        own = [c for c in pack.conditions_for(self.case.sector) if c.sectors]
        fitting = [*own, *(c for c in pack.conditions_for(self.case.sector) if not c.sectors)]
        watched = [c for c in own if c.threshold][:2]
        others = [c for c in fitting if c not in watched and not c.threshold]
        chosen = [*watched, *self.chance.sample(others, min(4, len(others)))]
        milestones = [
            {"title": {"en": row["title"]}, "evidence": {"en": row["evidence"]},
             "month": row["month"]}
            for row in pack.form.answer(Feed.MILESTONES, answers) or []
        ]  # fmt: skip
        return applications.Terms(
            reasons=reasons,
            text="We look forward to what this shows.",
            conditions=[_condition(template) for template in chosen],
            milestones=milestones,
            reliefs=pack.form.answer(Feed.RELIEFS, answers) or [],
            months=6 if self.case.fate in {"completed", "moving_to_market"} else 12,
        )

    # The pilot ---------------------------------------------------------------------------

    async def test(self) -> None:
        """The pilot, from the plan to wherever its fate ends."""
        with self.later(5):
            pilot = await pilots.accept_plan(self.founder, self.key)
        ready = self.case.fate != "preparing"
        await self._meet_precedents(pilot, everything=ready or self.case.number % 2 == 0)
        if not ready:
            return
        with self.later(3):
            await pilots.declare_ready(self.founder, pilot.id)
        with self.later(2):
            pilot = await pilots.go_live(self.officer, pilot.id)
        with self.later(1):
            note = content("events")["guidance"][self.case.number % 2]
            given = await pilots.give_guidance(self.officer, pilot.id, **note)
            if self.case.number % 3:
                await pilots.acknowledge_guidance(self.founder, given.id)
            await pilots.issue_token(self.founder, pilot.id, "Production server")
        await self._run(pilot)
        await self._finish(pilot)

    async def _meet_precedents(self, pilot: Pilot, *, everything: bool) -> None:
        conditions = await Condition.objects().where(
            (Condition.pilot == pilot.id) & Condition.precedent.eq(True)
        )
        for condition in conditions if everything else conditions[:1]:
            with self.later(2):
                evidence = await pilots.submit_evidence(
                    self.founder, condition.id, text=content("events")["evidence"][0]
                )
            with self.later(2):
                await pilots.judge_evidence(self.officer, evidence.id, accepted=True)

    async def _run(self, pilot: Pilot) -> None:
        """Week after week: figures, milestones, incidents."""
        until = self._end(pilot)
        live = self.at
        span = until - live
        metrics = await Metric.objects().where(Metric.pilot == pilot.id)
        conditions: list[Condition] = (
            await Condition.objects().where(Condition.pilot == pilot.id).output(load_json=True)
        )
        trouble = None
        if self.case.number % 2 == 0 or self.case.fate == "suspended":
            begin = until - timedelta(days=4) if self.case.fate == "suspended" else live + span / 2
            trouble = figures.Trouble(begin, begin + timedelta(days=18))
        points = list(
            figures.readings(
                metrics, conditions, since=live, until=until, trouble=trouble,
                seed=self.case.number,
            )
        )  # fmt: skip
        points.sort(key=lambda reading: reading.at)
        told = live + span * (0.3 + 0.4 * self.chance.random())
        start = 0
        while self.at + _WEEK <= until:
            with self.later(7):
                start = await self._send(pilot, points, start)
                await self._see_to_breaches(pilot)
            if told is not None and self.at > told and self.case.number % 3 == 0:
                told = until + _WEEK
                await self._incident(pilot)
            await self._milestones(pilot)

    def _end(self, pilot: Pilot) -> datetime:
        """When testing ends in this case: by its plan, by its fate, or it still runs."""
        assert pilot.ends_on is not None
        planned = datetime.combine(pilot.ends_on, datetime.min.time(), UTC) + timedelta(hours=30)
        early = self.at + (self.today - self.at) * 0.6
        if self.case.fate in {"stopped_by_applicant", "terminated", "exiting"}:
            return min(early if self.case.fate != "exiting" else self.today, planned)
        return min(planned, self.today - timedelta(hours=2))

    async def _send(self, pilot: Pilot, points: list[Any], start: int) -> int:
        """Send what is due by now; where the next delivery starts."""
        stop = start
        while stop < len(points) and points[stop].at <= self.at:
            stop += 1
        if stop > start:
            await telemetry.receive(self.founder, pilot.id, points[start:stop], source="json")
            await telemetry.evaluate(pilot.id)
        return stop

    async def _see_to_breaches(self, pilot: Pilot) -> None:
        open_ = await Breach.objects().where(
            (Breach.pilot == pilot.id) & Breach.explained_at.is_null()
        )
        for breach in open_:
            await _open_incident_of(breach.id)
            if self.at - breach.opened_at > timedelta(days=3) or self.case.number % 4:
                words = content("events")["explanations"][self.case.number % 2]
                await telemetry.explain_breach(self.founder, breach.id, words)
        found = await Pilot.objects().get(Pilot.id == pilot.id)
        if found is not None and found.state == "suspended" and self.case.fate != "suspended":
            await pilots.resume(self.officer, pilot.id, reason="The cause was found and mended.")
        for incident in await Incident.objects().where(
            (Incident.pilot == pilot.id) & (Incident.state == "reported")
        ):
            if incident.source == "breach" and self.at - incident.reported_at >= _WEEK:
                await self._handle(incident)

    async def _milestones(self, pilot: Pilot) -> None:
        day = self.at.date()
        for milestone in await Milestone.objects().where(
            (Milestone.pilot == pilot.id) & Milestone.state.is_in(["planned", "returned"])
        ):
            if milestone.due_on is None or milestone.due_on > day:
                continue
            if (self.case.number + milestone.number) % 7 == 0 and not _long_ago(
                milestone.due_on, self.today.date()
            ):
                continue  # overdue, and shown as such
            with self.later(0.1):
                evidence = await pilots.submit_milestone(
                    self.founder, milestone.id, text=content("events")["evidence"][1]
                )
            if self.today - self.at > timedelta(days=9):
                with self.later(0.1):
                    await pilots.judge_evidence(self.officer, evidence.id, accepted=True)

    # Incidents ---------------------------------------------------------------------------

    async def _incident(self, pilot: Pilot) -> None:
        several = content("events")["incidents"]
        told = several[(self.case.number // 3) % len(several)]
        pack = library.current()
        facts = {
            q.key: False
            for q in pack.incidents.questions
            if q.shown_when is None and q.kind == "yes_no"
        }
        with self.later(0.1):
            incident = await incidents.report_incident(
                self.founder, pilot.id,
                incident_rules.Draft(
                    title=told["title"], what=told["what"], aware_at=self.at,
                    harms_actual=told.get("harms_actual", []),
                    harms_potential=told.get("harms_potential", []),
                    people_affected=told["people"], vulnerabilities=told["vulnerabilities"],
                    facts={**facts, **told["facts"]}, immediate_action=told["action"],
                    suspected_cause=told["cause"],
                ),
            )  # fmt: skip
        if self.case.number % 9:
            await self._handle(incident, told)

    async def _handle(self, incident: Incident, told: dict[str, Any] | None = None) -> None:
        """The officer sees it through, as far as there is time before today."""
        cause = told["cause"] if told else "Poorer input after a change of equipment."
        tags = told["vulnerabilities"] if told else ["data_drift"]
        with self.later(0.2):
            verdict = incident_rules.Verdict(severity=incident.severity, vulnerabilities=tags)
            await incidents.triage(self.officer, incident.id, verdict)
        if self.today - self.at < timedelta(days=12):
            return
        with self.later(0.2):
            await incidents.investigate(self.officer, incident.id)
            words = content("events")["actions"][self.case.number % 3]
            action = await incidents.ask_action(
                self.officer, incident.id, text=words, owner=self.founder.name
            )
        for owed in await IncidentClock.objects().where(IncidentClock.incident == incident.id):
            with self.later(0.05):
                await incidents.submit_report(
                    self.founder, incident.id, text=cause, clock_id=owed.id
                )
        with self.later(2):
            await self._settle(incident.id, action, cause)

    async def _settle(self, incident: UUID, action: CorrectiveAction, cause: str) -> None:
        await incidents.report_action(self.founder, action.id, text="Done; the record is attached.")
        await incidents.verify_action(self.officer, action.id)
        await incidents.resolve(self.officer, incident, root_cause=cause)
        if self.case.number % 5:
            await incidents.close(self.officer, incident, words="Settled. Thank you.")

    # The end -----------------------------------------------------------------------------

    async def _finish(self, pilot: Pilot) -> None:
        fate = self.case.fate
        if fate == "suspended":
            await self._suspend(pilot)
            return
        if fate == "live":
            return
        reason = "The firm has found other uses for its people."
        with self.later(1):
            if fate == "stopped_by_applicant":
                await pilots.stop(self.founder, pilot.id, reason=reason)
            elif fate == "terminated":
                await pilots.terminate(
                    self.maker, pilot.id, reason="The conditions on supervision were not kept."
                )
            else:
                await pilots.begin_exit(
                    self.officer, pilot.id, reason="The sample is complete and the plan fulfilled."
                )
        await self._exit(pilot)

    async def _suspend(self, pilot: Pilot) -> None:
        found = await Pilot.objects().get(Pilot.id == pilot.id)
        if found is not None and found.state == "live":
            with self.later(0.5):
                await pilots.suspend(
                    self.officer, pilot.id, reason="Until the cause of the latest figures is known."
                )

    async def _exit(self, pilot: Pilot) -> None:
        if self.case.fate == "exiting" and self.case.number % 2:
            return
        sections = {s.key for s in library.current().reports.exit_sections}
        answers = {k: v for k, v in content("events")["exit"].items() if k in sections}
        with self.later(12):
            await pilots.save_exit_report(self.founder, pilot.id, answers)
            await pilots.submit_exit_report(self.founder, pilot.id)
        if self.case.fate == "exiting":
            return
        report = await ExitReport.objects().get(ExitReport.pilot == pilot.id)
        assert report is not None
        outcome = {
            "completed": pilot_rules.Outcome.COMPLETED,
            "moving_to_market": pilot_rules.Outcome.MOVING_TO_MARKET,
        }.get(self.case.fate)
        with self.later(8):
            await pilots.accept_exit_report(
                self.officer, pilot.id, outcome=outcome, words="Thank you. Much was learned."
            )


def pilot_admitted() -> frozenset[str]:
    """The outcomes that lead to a plan."""
    return frozenset({"admitted", "admitted_with_conditions"})


def _long_ago(day: date, today: date) -> bool:
    return (today - day).days > 30


def _condition(template: Any) -> dict[str, Any]:
    return {
        "template": template.key, "kind": template.kind.value, "title": dict(template.title),
        "text": dict(template.text), "source": dict(template.source),
        "precedent": template.precedent, "due_on": None, "every": template.every or "",
        "threshold": msgspec.to_builtins(template.threshold) if template.threshold else None,
    }  # fmt: skip


async def _open_incident_of(breach: UUID) -> None:
    """What the worker would do where the breach asks for it."""
    rows = await fetch(
        "SELECT id FROM outbox WHERE actor = 'open_incident_from_breach' AND done_at IS NULL "
        "AND args LIKE '%' || $1 || '%'",
        str(breach),
    )
    if rows:
        await incidents.open_from_breach(breach)


async def play_cases(cast: Cast, today: datetime) -> list[tuple[Case, UUID]]:
    """Play every case of the year, the oldest first; their applications."""
    played = []
    for case in cases():
        player = Player(case, cast, today)
        await player.apply()
        if case.is_pilot:
            await player.test()
        played.append((case, player.key))
        await settle_jobs()
    return played


async def settle_jobs() -> None:
    """Nobody is mailed by the demo, and what was judged in its own time is not judged again."""
    await fetch("UPDATE mail SET state = 'kept', sent_at = made_at WHERE state = 'queued'")
    await fetch("DELETE FROM outbox WHERE actor <> 'build_decision_letter'")
