"""Pilots, what they promised, how they end, what goes wrong in them: see ``test_lives``.

The lives are let loose there; what is here besides is about days and extensions.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from sandbox.framework import library
from sandbox.framework.conditions import ConditionKind
from sandbox.incidents import public_rules
from sandbox.incidents import rules as incidents
from sandbox.incidents.public_tables import PublicReport
from sandbox.incidents.tables import Assessment, CorrectiveAction, Incident
from sandbox.people.person import SYSTEM
from sandbox.pilots import closing, promises, rules
from sandbox.pilots.tables import (
    Condition,
    Evidence,
    ExitReport,
    Extension,
    Milestone,
    Pilot,
    Suspension,
)
from tests.rules.living import NOW, OFTEN, REASONS, SELDOM, Life, refused, row_of, steps

PACK = library.current()
TODAY = date(2026, 3, 2)
KINDS = st.sampled_from(list(ConditionKind))


class PilotLife(Life):
    steps = steps("""
        go_live: preparing > live
        suspend: live > suspended
        resume: suspended > live
        begin_exit: live suspended > exiting
        stop: live suspended > exiting
        stop: preparing > closed
        terminate: live suspended > exiting
        terminate: preparing > closed
        close: exiting > closed
    """)
    guarded = frozenset(
        {"go_live", "suspend", "resume", "begin_exit", "stop", "terminate", "close"}
    )

    start: ClassVar = {
        "state": st.sampled_from(sorted(rules.PILOT.states)),
        "over": st.booleans(),
        "precedent": st.sampled_from(["pending", "met", "met", "waived"]),
        "kind": KINDS,
        "ready": st.booleans(),
    }

    def begins(
        self, state: str, over: bool, precedent: str, kind: ConditionKind, ready: bool
    ) -> None:
        self.row = row_of(Pilot, state=state, testing_months=6, outcome=None)
        self.row.ready_at = NOW if ready else None
        if state in {"live", "suspended"}:
            self.row.ends_on = TODAY + timedelta(days=-1 if over else 30)
        begun = state != "preparing"  # then its precedents were met
        self.conditions = [
            row_of(
                Condition, number=1, kind=kind, precedent=True, id=uuid4(), title={},
                state="met" if begun else precedent,
            ),
            row_of(
                Condition, number=2, kind="threshold", precedent=False, id=uuid4(), title={},
                state="in_force" if begun else "pending",
            ),
        ]  # fmt: skip

    @rule(state=st.sampled_from(["met", "waived", "pending"]))
    def its_precedent_is(self, state: str) -> None:
        if self.row.state == "preparing":
            self.conditions[0].state = state

    @rule()
    def declares_ready(self) -> None:
        def ready() -> None:
            rules.declare_ready(self.row, self.conditions, at=NOW)

        if self.row.state == "preparing" and self.conditions[0].state in {"met", "waived"}:
            ready()
            assert self.row.ready_at == NOW
        else:
            refused(ready)

    @rule()
    def goes_live(self) -> None:
        live = self.takes(
            self.row, "go_live",
            lambda: rules.go_live(self.row, self.conditions, today=TODAY, at=NOW),
            when=self.conditions[0].state in {"met", "waived"} and self.row.ready_at is not None,
        )  # fmt: skip
        if live:
            assert self.row.ends_on > TODAY
            assert self.conditions[1].state == "in_force"

    @rule(event=st.sampled_from(["suspend", "resume", "stop", "terminate"]), reason=REASONS)
    def happens_for_a_reason(self, event: str, reason: str) -> None:
        act = {"suspend": rules.suspend, "resume": rules.resume, "stop": rules.stop,
               "terminate": rules.terminate}[event]  # fmt: skip
        day = {"today": TODAY} if event in {"stop", "terminate"} else {}
        self.takes(
            self.row, event, lambda: act(self.row, reason=reason, at=NOW, **day),
            when=bool(reason.strip()),
        )  # fmt: skip

    @rule(reason=REASONS)
    def ends(self, reason: str) -> None:
        over = self.row.ends_on is not None and self.row.ends_on < TODAY
        self.takes(
            self.row, "begin_exit",
            lambda: rules.begin_exit(self.row, reason=reason, today=TODAY, at=NOW),
            when=over or bool(reason.strip()),
        )  # fmt: skip

    @rule(outcome=st.sampled_from([None, *rules.Outcome]), said=OFTEN)
    def closes(self, outcome: rules.Outcome | None, said: bool) -> None:
        ended_by = self.row.outcome
        promised = closing.Promised(conditions=self.conditions, milestones=[])
        ends = closing.loose_ends(self.row, promised)
        left = {end.id: "Enough was seen." for end in ends} if said else {}
        closed = self.takes(
            self.row, "close",
            lambda: closing.close(self.row, promised, outcome=outcome, left=left, at=NOW),
            when=(ended_by is not None or outcome in {"completed", "moving_to_market"})
            and (said or not ends),
        )  # fmt: skip
        if closed:
            assert self.row.outcome == (ended_by or outcome)
            assert {one.state for one in self.conditions} <= {"discharged", "waived", "not_kept"}

    @rule()
    def changes(self) -> None:
        if self.row.state == "closed":
            refused(lambda: rules.check_open(self.row))
        else:
            rules.check_open(self.row)
        if self.row.state in {"exiting", "closed"}:
            refused(lambda: rules.check_amendable(self.row))
        else:
            rules.check_amendable(self.row)

    @invariant()
    def everything_is_declared(self) -> None:
        assert self.row.state in rules.PILOT.states
        assert {one.state for one in self.conditions} <= rules.CONDITION.states


class ConditionLife(Life):
    steps = steps("""
        meet: pending in_force cured > met
        enter_force: pending met > in_force
        breach: in_force met cured > breached
        cure: breached escalated > cured
        escalate: breached > escalated
        waive: pending in_force breached cured escalated > waived
        reinstate: waived > in_force
        discharge: in_force met cured > discharged
        leave: pending in_force breached cured escalated > not_kept
        lapse: pending met > lapsed
    """)
    guarded = frozenset({"waive", "reinstate", "discharge"})

    start: ClassVar = {
        "state": st.sampled_from(sorted(rules.CONDITION.states)), "kind": KINDS,
        "watched": st.booleans(),
    }  # fmt: skip

    def begins(self, state: str, kind: ConditionKind, *, watched: bool) -> None:
        self.row = row_of(Condition, number=1, kind=kind, state=state, every="", due_on=None)
        self.row.threshold = {"metric": "accuracy"} if watched else None
        self.row.waived_until = None
        self.evidence: list[Evidence] = []

    @rule(event=st.sampled_from(["meet", "enter_force", "escalate", "leave", "lapse"]))
    def moves(self, event: str) -> None:
        self.takes(self.row, event, lambda: rules.CONDITION.move(self.row, event, at=NOW))

    @rule()
    def is_breached(self) -> None:
        if self.row.state in {"breached", "escalated"}:
            before = self.row.state
            assert promises.breach(self.row, at=NOW) is False, "it is no news"
            assert self.row.state == before
        else:
            self.takes(self.row, "breach", lambda: promises.breach(self.row, at=NOW))

    @rule()
    def is_cured(self) -> None:
        if self.row.state == "cured":
            assert promises.cure(self.row, at=NOW) is False, "it is no news"
        else:
            self.takes(self.row, "cure", lambda: promises.cure(self.row, at=NOW))

    @rule(reason=REASONS)
    def is_waived(self, reason: str) -> None:
        self.takes(
            self.row, "waive", lambda: promises.waive(self.row, reason=reason, at=NOW),
            when=bool(reason.strip()),
        )  # fmt: skip

    @rule(days=st.integers(-1, 1), runs=OFTEN)
    def is_waived_until(self, days: int, runs: bool) -> None:
        until = TODAY + timedelta(days=days)
        self.takes(
            self.row, "waive",
            lambda: promises.waive(
                self.row, reason="Rain.", at=NOW, until=until, today=TODAY, runs=runs
            ),
            when=days >= 0 and runs and self.row.kind in rules.STANDING_KINDS,
        )  # fmt: skip

    @rule()
    def is_reinstated(self) -> None:
        self.takes(
            self.row,
            "reinstate",
            lambda: promises.reinstate(self.row, at=NOW),
            when=self.row.waived_until is not None,
        )

    @rule(reason=REASONS)
    def is_discharged(self, reason: str) -> None:
        self.takes(
            self.row, "discharge", lambda: promises.discharge(self.row, reason=reason, at=NOW),
            when=bool(reason.strip()),
        )  # fmt: skip

    @rule(text=REASONS)
    def evidence_comes(self, text: str) -> None:
        def submit() -> None:
            promises.submit(self.row, self.evidence, text=text, file=None, at=NOW)

        waits = any(one.verdict == "" for one in self.evidence)
        owed = self.row.state not in {"met", *rules.FINAL}
        if owed and not waits and text.strip():
            submit()
            self.evidence.append(row_of(Evidence, id=uuid4(), verdict=""))
        else:
            refused(submit)

    @rule(accepted=st.booleans(), reason=REASONS)
    def evidence_is_judged(self, accepted: bool, reason: str) -> None:
        if not self.evidence:
            return
        evidence, before = self.evidence[-1], self.row.state
        becomes = self._credited() if accepted else before

        def judge() -> None:
            promises.judge(evidence, self.row, accepted=accepted, reason=reason, by=None, at=NOW)

        if evidence.verdict or becomes is None or not (accepted or reason.strip()):
            verdict = evidence.verdict
            refused(judge)
            assert (evidence.verdict, self.row.state) == (verdict, before)
        else:
            judge()
            assert evidence.verdict == ("accepted" if accepted else "returned")
            assert self.row.state == becomes

    def _credited(self) -> str | None:
        """What accepted evidence makes of the condition; ``None``: nothing is owed."""
        state, kind = self.row.state, self.row.kind
        if state == "pending" or kind == "document":
            return None if state in {"met", *rules.FINAL} else "met"
        if state in {"breached", "escalated"} and self.row.threshold is None:
            return "cured"  # what figures watch only they cure
        return str(state)

    @invariant()
    def is_declared(self) -> None:
        assert self.row.state in rules.CONDITION.states


class SuspensionLife(Life):
    """A suspension that a breach proposed."""

    steps = steps("""
        confirm: proposed > confirmed
        decline: proposed > declined
        drop: proposed > dropped
    """)
    guarded = frozenset({"confirm", "decline"})

    start: ClassVar = {"state": st.sampled_from(sorted(rules.SUSPENSION.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(Suspension, state=state)

    @rule(confirmed=st.booleans(), reason=REASONS)
    def is_decided(self, confirmed: bool, reason: str) -> None:
        decided = self.takes(
            self.row, "confirm" if confirmed else "decline",
            lambda: rules.decide_suspension(
                self.row, confirmed=confirmed, reason=reason, by=SYSTEM, at=NOW
            ),
            when=bool(reason.strip()),
        )  # fmt: skip
        if decided:
            assert (self.row.decided_at, self.row.reason) == (NOW, reason.strip())

    @rule()
    def is_dropped(self) -> None:
        self.takes(self.row, "drop", lambda: rules.SUSPENSION.move(self.row, "drop", at=NOW))


class MilestoneLife(Life):
    steps = steps("""
        submit: planned returned > submitted
        accept: submitted > accepted
        return: submitted > returned
        waive: planned returned submitted > waived
        leave: planned returned submitted > not_reached
    """)
    guarded = frozenset({"submit", "return", "waive"})

    start: ClassVar = {"state": st.sampled_from(sorted(rules.MILESTONE.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(Milestone, number=1, state=state, due_on=TODAY - timedelta(days=1))
        self.waiting: Evidence | None = (
            row_of(Evidence, verdict="") if state == "submitted" else None
        )

    @rule()
    def testing_ends_over_it(self) -> None:
        left = self.takes(
            self.row, "leave", lambda: rules.MILESTONE.move(self.row, "leave", at=NOW)
        )
        if left:
            self.waiting = None

    @rule(text=REASONS)
    def evidence_comes(self, text: str) -> None:
        earlier = [self.waiting] if self.waiting else []
        submitted = self.takes(
            self.row, "submit",
            lambda: promises.submit(self.row, earlier, text=text, file=None, at=NOW),
            when=bool(text.strip()) and not earlier,
        )  # fmt: skip
        if submitted:
            self.waiting = row_of(Evidence, verdict="")

    @rule(accepted=st.booleans(), reason=REASONS)
    def evidence_is_judged(self, accepted: bool, reason: str) -> None:
        evidence = self.waiting or row_of(Evidence, verdict="accepted")
        judged = self.takes(
            self.row, "accept" if accepted else "return",
            lambda: promises.judge(
                evidence, self.row, accepted=accepted, reason=reason, by=None, at=NOW
            ),
            when=accepted or bool(reason.strip()),
        )  # fmt: skip
        if judged:
            self.waiting = None

    @rule(reason=REASONS)
    def is_waived(self, reason: str) -> None:
        waived = self.takes(
            self.row, "waive", lambda: promises.waive_milestone(self.row, reason=reason, at=NOW),
            when=bool(reason.strip()),
        )  # fmt: skip
        if waived:
            self.waiting = None

    @invariant()
    def only_what_waits_for_the_firm_is_overdue(self) -> None:
        assert self.row.state in rules.MILESTONE.states
        overdue = promises.is_overdue(self.row, TODAY)
        assert overdue == (self.row.state in {"planned", "returned"})


class ExitReportLife(Life):
    steps = steps("""
        submit: draft returned > submitted
        accept: submitted > accepted
        return: submitted > returned
    """)
    guarded = frozenset({"submit", "return"})

    start: ClassVar = {"state": st.sampled_from(sorted(rules.EXIT_REPORT.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(ExitReport, state=state, answers={})

    @rule(whole=OFTEN)
    def is_written(self, whole: bool) -> None:
        sections = PACK.reports.exit_sections
        answers = {s.key: "" if s.required and not whole else "Learned." for s in sections}
        if self.row.state in {"draft", "returned"}:
            promises.save(self.row, answers, at=NOW)
        else:
            refused(lambda: promises.save(self.row, answers, at=NOW))

    @rule()
    def is_submitted(self) -> None:
        sections = PACK.reports.exit_sections
        whole = all(self.row.answers.get(s.key) for s in sections if s.required)
        self.takes(
            self.row, "submit",
            lambda: promises.submit_report(self.row, sections, by=None, at=NOW), when=whole,
        )  # fmt: skip

    @rule(accepted=st.booleans(), reason=REASONS)
    def is_judged(self, accepted: bool, reason: str) -> None:
        self.takes(
            self.row, "accept" if accepted else "return",
            lambda: promises.judge_report(
                self.row, accepted=accepted, reason=reason, by=None, at=NOW
            ),
            when=accepted or bool(reason.strip()),
        )  # fmt: skip


class IncidentLife(Life):
    steps: ClassVar = {
        **steps("""
            triage: reported > triaged
            investigate: triaged > investigating
            ask_action: triaged investigating corrective_action > corrective_action
            resolve: triaged investigating corrective_action > resolved
            reopen: resolved closed > investigating
            close: resolved > closed
        """),
        **{("assess", state): state for state in incidents.OPEN},
    }
    guarded = frozenset({"assess", "resolve", "close"})

    start: ClassVar = {"state": st.sampled_from(sorted(incidents.LIFE.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(Incident, state=state, vulnerabilities=[])
        self.actions: list[CorrectiveAction] = []
        grave = PACK.severities[-1].key
        self.before = row_of(Assessment, severity=grave, derived=grave, regimes=[])

    @rule(
        severity=st.sampled_from([*(one.key for one in PACK.severities), "dreadful"]),
        reason=REASONS, shown=st.booleans(), firm=SELDOM,
    )  # fmt: skip
    def is_weighed_anew(self, severity: str, reason: str, shown: bool, firm: bool) -> None:
        """It was as grave as can be; by what is known now it is the least."""
        verdict = incidents.Verdict(
            severity=severity, reason=reason, file=uuid4() if shown else None
        )

        def assess() -> None:
            incidents.LIFE.step(self.row.state, "assess")
            incidents.decide(PACK.incidents, {}, verdict, self.before, firm=firm)
            incidents.LIFE.move(self.row, "assess", at=NOW)

        lighter = severity != PACK.severities[-1].key
        holds = severity != "dreadful" and bool(reason.strip()) and (shown or not lighter)
        self.takes(self.row, "assess", assess, when=holds and not firm)

    @rule()
    def is_triaged(self) -> None:
        self.takes(self.row, "triage", lambda: incidents.LIFE.move(self.row, "triage", at=NOW))

    @rule(event=st.sampled_from(["investigate", "reopen"]))
    def moves(self, event: str) -> None:
        self.takes(self.row, event, lambda: incidents.LIFE.move(self.row, event, at=NOW))

    @rule(event=st.just("ask_action"))
    def action_is_asked(self, event: str) -> None:
        if self.takes(self.row, event, lambda: incidents.LIFE.move(self.row, event, at=NOW)):
            self.actions.append(
                row_of(CorrectiveAction, number=len(self.actions) + 1, verified_at=None)
            )

    @rule()
    def actions_are_verified(self) -> None:
        for action in self.actions:
            action.verified_at = NOW

    @rule(cause=REASONS)
    def is_resolved(self, cause: str) -> None:
        done = all(action.verified_at is not None for action in self.actions)
        self.takes(
            self.row, "resolve",
            lambda: incidents.resolve(self.row, self.actions, root_cause=cause, at=NOW),
            when=done and bool(cause.strip()),
        )  # fmt: skip

    @rule(unmet=st.sampled_from([0, 0, 1]))
    def is_closed(self, unmet: int) -> None:
        self.takes(
            self.row, "close", lambda: incidents.close(self.row, unmet, words="", at=NOW),
            when=not unmet,
        )  # fmt: skip

    @invariant()
    def is_declared(self) -> None:
        assert self.row.state in incidents.LIFE.states


class PublicReportLife(Life):
    steps = steps("""
        take_up: received > looked_into
        make_incident: received looked_into answered > looked_into
        join: received looked_into answered > looked_into
        answer: received looked_into answered > answered
        dismiss: received looked_into answered > closed
        settle: received looked_into answered > closed
    """)
    guarded = frozenset({"make_incident", "join", "answer", "dismiss", "settle"})

    start: ClassVar = {"state": st.sampled_from(sorted(public_rules.LIFE.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(PublicReport, state=state, incident=None, answer="")

    @rule()
    def is_taken_up(self) -> None:
        self.takes(self.row, "take_up", lambda: public_rules.LIFE.move(self.row, "take_up", at=NOW))

    @rule(event=st.sampled_from(["make_incident", "join"]))
    def belongs(self, event: str) -> None:
        free, incident = self.row.incident is None, uuid4()
        if self.takes(
            self.row, event, lambda: public_rules.belong(self.row, event, incident, at=NOW),
            when=free,
        ):  # fmt: skip
            assert self.row.incident == incident

    @rule(words=REASONS)
    def is_answered(self, words: str) -> None:
        self.takes(
            self.row, "answer", lambda: public_rules.answer(self.row, words, by="Aina", at=NOW),
            when=bool(words.strip()),
        )  # fmt: skip

    @rule(reason=REASONS)
    def is_dismissed(self, reason: str) -> None:
        free = self.row.incident is None
        self.takes(
            self.row, "dismiss",
            lambda: public_rules.dismiss(self.row, reason, "", by="Aina", at=NOW),
            when=free and bool(reason.strip()),
        )  # fmt: skip

    @rule()
    def is_settled(self) -> None:
        belongs = self.row.incident is not None
        self.takes(self.row, "settle", lambda: public_rules.settle(self.row, at=NOW), when=belongs)


# More time -----------------------------------------------------------------------------------


@given(
    state=st.sampled_from(sorted(rules.PILOT.states)), granted=st.integers(0, 2),
    months=st.integers(-1, 14), late=st.booleans(),
)  # fmt: skip
def test_more_time_is_given_once_in_time_and_to_a_running_pilot(
    state: str, granted: int, months: int, late: bool
) -> None:
    pilot = row_of(Pilot, state=state)
    earlier = [row_of(Extension, state="granted")] * granted + [row_of(Extension, state="refused")]

    def check() -> None:
        rules.check_extension(
            pilot, earlier, months=months, most=12, times=1,
            until=NOW + timedelta(days=-1 if late else 1), at=NOW,
        )  # fmt: skip

    if state in {"live", "suspended"} and not granted and not late and 1 <= months <= 12:
        check()
    else:
        refused(check)


@given(reason=REASONS, decided=st.booleans())
def test_an_extension_is_decided_once_and_for_a_reason(reason: str, decided: bool) -> None:
    extension = row_of(Extension, state="granted" if decided else "asked", months=2)

    def refuse() -> None:
        rules.refuse_extension(extension, reason=reason, by=None, at=NOW)

    if reason.strip() and not decided:
        refuse()
        assert extension.state == "refused"
    else:
        refused(refuse)
