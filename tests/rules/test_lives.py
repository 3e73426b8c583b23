"""Applications, reviews, lessons and reports: whatever happens to them in whatever order, the
rules let nothing into a state that nobody declared, and refuse by name.

What should happen is written here; the code's tables are held against it at the end.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from sandbox.applications import reconsideration
from sandbox.applications import rules as applications
from sandbox.applications.tables import Application, Review
from sandbox.foundation.lifecycle import LifeCycle
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.incidents.public_rules import LIFE as PUBLIC_REPORT
from sandbox.incidents.rules import LIFE as INCIDENT
from sandbox.lessons import rules as lessons
from sandbox.lessons.tables import Lesson
from sandbox.people.person import Role
from sandbox.pilots.rules import CONDITION, EXIT_REPORT, MILESTONE, PILOT, SUSPENSION
from sandbox.reports import rules as reports
from sandbox.reports.tables import Report
from tests.rules.living import (
    NOW,
    OFTEN,
    REASONS,
    SELDOM,
    Life,
    declared,
    refused,
    row_of,
    stated,
    steps,
)
from tests.rules.test_lives_of_pilots import (
    ConditionLife,
    ExitReportLife,
    IncidentLife,
    MilestoneLife,
    PilotLife,
    PublicReportLife,
    SuspensionLife,
)

PACK: Pack = library.current()
WRITER, SECOND = uuid4(), uuid4()


class ApplicationLife(Life):
    steps = steps("""
        submit: draft returned > submitted
        screen: submitted > screening
        return: screening > returned
        accept: screening > in_review
        ask: in_review > awaiting_clarification
        answer: awaiting_clarification > in_review
        recommend: in_review > recommended
        send_back: recommended > in_review
        decide: recommended reconsidering > decided
        ask_again: decided > reconsidering
        uphold: reconsidering > decided
        withdraw: draft submitted screening returned in_review > withdrawn
        withdraw: awaiting_clarification recommended > withdrawn
        lapse: draft returned awaiting_clarification decided > lapsed
        reopen: lapsed > draft
    """)
    guarded = frozenset(
        {"submit", "return", "accept", "recommend", "decide", "ask_again", "uphold", "reopen"}
    )

    start: ClassVar = {
        "state": st.sampled_from(sorted(applications.LIFE.states)),
        "fresh": st.booleans(),
    }

    def begins(self, state: str, fresh: bool) -> None:
        self.row = row_of(
            Application, state=state, sectors=["healthcare"], stops=[], version=0,
            authority=PACK.lead_of("healthcare").key, outcome="refused",
        )  # fmt: skip
        self.row.submitted_at = None if fresh else NOW
        self.row.complete_at = self.row.submitted_at

    @rule(complete=OFTEN)
    def submit(self, complete: bool) -> None:
        missing = {} if complete else {"title": "Write a title"}
        submitted = self.takes(
            self.row, "submit",
            lambda: applications.submit(self.row, missing=missing, pack=PACK, at=NOW),
            when=complete,
        )  # fmt: skip
        assert not submitted or self.row.submitted_at == NOW

    @rule(event=st.sampled_from(["screen", "ask", "answer", "send_back", "withdraw", "lapse"]))
    def moves(self, event: str) -> None:
        self.takes(self.row, event, lambda: applications.move(self.row, event, pack=PACK, at=NOW))

    @rule(
        outcome=st.sampled_from(["accepted", "returned"]),
        failing=st.sampled_from(["", "", "in_scope", "rule_named"]),
        whole=OFTEN, reasoned=OFTEN,
    )  # fmt: skip
    def is_screened(self, outcome: str, failing: str, whole: bool, reasoned: bool) -> None:
        asked = [c for c in PACK.screening if not c.sectors or "healthcare" in c.sectors]
        checks = {c.key: "no" if c.key == failing else "yes" for c in asked}
        if not whole:
            checks.pop(asked[-1].key)
        reasons = {failing: "Name the clause."} if failing and reasoned else {}
        event = "accept" if outcome == "accepted" else "return"

        def screen() -> None:
            applications.LIFE.step(self.row.state, event)
            applications.check_screening(
                PACK, checks, reasons, outcome=outcome, sectors=self.row.sectors
            )
            applications.move(self.row, event, pack=PACK, at=NOW)

        # In this pack a case that is out of scope is not sent back for it: it is refused later.
        follows = failing != "rule_named" if event == "accept" else bool(failing)
        holds = whole and follows and (not failing or reasoned)
        self.takes(self.row, event, screen, when=holds)

    @rule(
        states=st.lists(st.sampled_from(["submitted", "submitted", "asked", "reviewing",
                                         "declined_conflict"]), max_size=3),
        questions=st.sampled_from([0, 0, 0, 2]),
    )  # fmt: skip
    def is_recommended(self, states: list[str], questions: int) -> None:
        reviews = [row_of(Review, state=state) for state in states]

        def recommend() -> None:
            applications.check_recommendable(reviews, questions)
            applications.move(self.row, "recommend", pack=PACK, at=NOW)

        holds = "submitted" in states and set(states) <= {"submitted", "declined_conflict"}
        self.takes(self.row, "recommend", recommend, when=holds and not questions)

    @rule(
        reviewers=st.sampled_from([[SECOND], [WRITER, SECOND], [WRITER], [WRITER, WRITER]]),
        outcome=st.sampled_from([*applications.OUTCOMES, "perhaps"]),
        reasoned=OFTEN, conditions=st.sampled_from([0, 1, 1]),
        months=st.sampled_from([6, 6, 1, 0, PACK.terms.testing_months + 1]),
    )  # fmt: skip
    def is_decided(
        self, reviewers: list[UUID], outcome: str, reasoned: bool, conditions: int, months: int
    ) -> None:
        reviews = [row_of(Review, state="submitted", reviewer=one) for one in reviewers]
        known = PACK.reasons_for(outcome) if outcome != "perhaps" else ()  # type: ignore[arg-type]
        reasons = [known[0].key] if known and reasoned else []

        def decide() -> None:
            applications.LIFE.step(self.row.state, "decide")
            applications.check_decider(WRITER, reviews)
            applications.check_decision(
                outcome, reasons=reasons, conditions=[{}] * conditions, months=months, pack=PACK
            )
            self.row.outcome = outcome
            applications.move(self.row, "decide", pack=PACK, at=NOW)

        admits = outcome.startswith("admitted")
        holds = (
            set(reviewers) != {WRITER} and bool(reasons)
            and (months in {1, 6} or not admits)
            and (bool(conditions) or outcome != "admitted_with_conditions")
        )  # fmt: skip
        self.takes(self.row, "decide", decide, when=holds)

    @rule(before=SELDOM, accepted=SELDOM, late=SELDOM)
    def is_asked_about_again(self, before: bool, accepted: bool, late: bool) -> None:
        decided = NOW - timedelta(days=60 if late else 1)
        last = reconsideration.last_moment(PACK, decided, self.row.authority)

        def ask() -> None:
            applications.LIFE.step(self.row.state, "ask_again")
            reconsideration.check_askable(last, before=before, accepted=accepted, at=NOW)
            applications.move(self.row, "ask_again", pack=PACK, at=NOW)

        self.takes(self.row, "ask_again", ask, when=not (before or accepted or late))

    @rule(by=st.sampled_from([WRITER, SECOND]), reasoned=OFTEN)
    def is_upheld(self, by: UUID, reasoned: bool) -> None:
        def uphold() -> None:
            applications.LIFE.step(self.row.state, "uphold")
            reconsideration.check_other(by, WRITER)
            reconsideration.said("It stands." if reasoned else " ", "answer", "Say why")
            applications.move(self.row, "uphold", pack=PACK, at=NOW)

        self.takes(self.row, "uphold", uphold, when=by != WRITER and reasoned)

    @rule()
    def is_opened_again(self) -> None:
        fresh = self.row.submitted_at is None
        self.takes(
            self.row, "reopen", lambda: applications.reopen(self.row, pack=PACK, at=NOW),
            when=fresh,
        )  # fmt: skip

    @rule()
    def is_edited(self) -> None:
        if self.row.state in {"draft", "returned"}:
            applications.check_editable(self.row)
        else:
            refused(lambda: applications.check_editable(self.row))

    @invariant()
    def is_declared_and_its_clock_runs(self) -> None:
        assert self.row.state in applications.LIFE.states
        admitted = self.row.outcome in applications.ADMITTED
        ended = self.row.state in {"withdrawn", "lapsed"} or (
            self.row.state == "decided" and not admitted
        )
        assert ended or self.row.clock == "" or self.row.due_at > NOW - timedelta(days=1)
        assert not (ended and self.row.clock)


class ReviewLife(Life):
    """A review has no table in the code: it is asked for, declared upon, written, handed in."""

    steps = steps("""
        declare: asked > reviewing
        step_aside: asked > declined_conflict
        write: reviewing > reviewing
        submit: reviewing > submitted
    """)
    guarded = frozenset({"submit"})

    start: ClassVar = {
        "state": st.sampled_from(["asked", "reviewing", "submitted", "declined_conflict"]),
    }

    def begins(self, state: str) -> None:
        self.row = row_of(Review, state=state, scores={}, comments={}, recommendation="")

    @rule(conflict=st.sampled_from(["", "  ", "My brother’s firm."]))
    def declares(self, conflict: str) -> None:
        event = "step_aside" if conflict.strip() else "declare"
        self.takes(self.row, event, lambda: applications.declare(self.row, conflict=conflict))

    @rule()
    def writes(self) -> None:
        self.takes(self.row, "write", lambda: applications.check_reviewing(self.row))

    @rule(
        scored=OFTEN, reasoned=OFTEN,
        recommendation=st.sampled_from(["admit", "conditions", "refuse", "", "x"]),
    )  # fmt: skip
    def submits(self, scored: bool, reasoned: bool, recommendation: str) -> None:
        criteria = PACK.rubric.criteria
        self.row.scores = {c.key: 3 for c in (criteria if scored else criteria[1:])}
        self.row.comments = {c.key: "Shown." for c in (criteria if reasoned else criteria[1:])}
        self.row.recommendation = recommendation
        self.takes(
            self.row, "submit",
            lambda: applications.submit_review(self.row, pack=PACK, at=NOW),
            when=scored and reasoned and recommendation in {"admit", "conditions", "refuse"},
        )  # fmt: skip


class LessonLife(Life):
    steps = steps("""
        clear: draft > cleared
        reopen: cleared > draft
        publish: cleared > published
        supersede: published > superseded
    """)
    guarded = frozenset({"clear", "supersede"})

    start: ClassVar = {"state": st.sampled_from(sorted(lessons.LIFE.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(Lesson, state=state, author=WRITER, sector="healthcare")

    @rule(
        by=st.sampled_from([SECOND, SECOND, WRITER]), marked=st.booleans(), named=SELDOM,
        reasoned=OFTEN,
    )  # fmt: skip
    def is_cleared(self, by: UUID, marked: bool, named: bool, reasoned: bool) -> None:
        mark = lessons.Mark("en", "why", "Cikgu", "a name", blocks=named)
        found = [mark] if marked or named else []
        reasons = {mark.key: "It is the word for every teacher."} if reasoned else {}
        self.takes(
            self.row, "clear",
            lambda: lessons.clear(self.row, by=by, found=found, reasons=reasons, at=NOW),
            when=by == SECOND and not named and (not marked or reasoned),
        )  # fmt: skip

    @rule()
    def is_reopened(self) -> None:
        self.takes(self.row, "reopen", lambda: lessons.LIFE.move(self.row, "reopen", at=NOW))

    @rule(published=OFTEN)
    def is_superseded(self, published: bool) -> None:
        newer = row_of(Lesson, id=uuid4(), state="published" if published else "draft")
        self.takes(
            self.row, "supersede", lambda: lessons.supersede(self.row, newer, at=NOW),
            when=published,
        )  # fmt: skip

    @rule()
    def is_published(self) -> None:
        done = self.takes(
            self.row, "publish", lambda: lessons.publish(self.row, number="L-1", at=NOW)
        )
        assert not done or self.row.cleared_by in {None, SECOND}

    @rule(
        sector=st.sampled_from(["finance", "healthcare"]),
        verdict=st.sampled_from(list(lessons.Verdict)), how=REASONS,
    )  # fmt: skip
    def is_adopted(self, sector: str, verdict: lessons.Verdict, how: str) -> None:
        def adopt() -> None:
            lessons.check_adoption(self.row, sector=sector, verdict=verdict, how=how)

        told = verdict is lessons.Verdict.ADOPTED or bool(how.strip())
        if self.row.state == "published" and sector == "finance" and told:
            adopt()
        else:
            refused(adopt)

    @rule()
    def is_written(self) -> None:
        if self.row.state == "draft":
            lessons.check_draft(self.row)
        else:
            refused(lambda: lessons.check_draft(self.row))


class ReportLife(Life):
    steps = steps("""
        build: requested building failed > building
        finish: building > draft
        fail: requested building > failed
        ask_again: failed > requested
        cancel: requested building failed draft > cancelled
        approve: draft > approved
        reopen: approved > draft
        publish: approved > published
    """)
    guarded = frozenset({"approve", "publish"})

    start: ClassVar = {"state": st.sampled_from(sorted(reports.LIFE.states))}

    def begins(self, state: str) -> None:
        self.row = row_of(Report, state=state, written_by=WRITER, files={}, narrative={})

    @rule(event=st.sampled_from(["build", "finish", "fail", "ask_again", "cancel", "reopen"]))
    def moves(self, event: str) -> None:
        self.takes(self.row, event, lambda: reports.LIFE.move(self.row, event, at=NOW))

    @rule(by=st.sampled_from([SECOND, SECOND, WRITER]), written=st.sampled_from([2, 2, 1, 0]))
    def is_approved(self, by: UUID, written: int) -> None:
        languages = list(PACK.languages)[:written]
        self.row.narrative = {language: {"summary": "Words."} for language in languages}
        self.takes(
            self.row, "approve",
            lambda: reports.approve(self.row, by=by, languages=PACK.languages, at=NOW),
            when=by == SECOND and written == 2,
        )  # fmt: skip

    @rule(made=st.sampled_from([2, 2, 1, 0]))
    def is_published(self, made: int) -> None:
        self.row.files = {language: str(uuid4()) for language in list(PACK.languages)[:made]}
        self.takes(
            self.row, "publish",
            lambda: reports.publish(self.row, number="R-1", languages=PACK.languages, at=NOW),
            when=made == 2,
        )  # fmt: skip


LIVES: dict[type[Life], LifeCycle | None] = {
    ApplicationLife: applications.LIFE,
    ReviewLife: None,
    PilotLife: PILOT,
    ConditionLife: CONDITION,
    MilestoneLife: MILESTONE,
    SuspensionLife: SUSPENSION,
    ExitReportLife: EXIT_REPORT,
    IncidentLife: INCIDENT,
    PublicReportLife: PUBLIC_REPORT,
    LessonLife: lessons.LIFE,
    ReportLife: reports.LIFE,
}
CYCLES = [cycle for cycle in LIVES.values() if cycle is not None]
# Said in the table for people to read; what happens then is a command's to do, not a refusal:
# an answer that leaves another question open is kept, and the case goes on waiting; a case lapses
# when the sweep finds its clock run out; conditions
# and milestones move with their pilot, their evidence and their figures.
TOLD_ONLY = {
    "application": {"answer", "lapse"},
    "condition": {"meet", "enter_force", "breach", "cure", "leave", "lapse"},
    "milestone": {"leave"},
    "suspension": {"drop"},
    "pilot": {"close"},
    "incident": {"reopen"},
}


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_whatever_happens_in_whatever_order(life: type[Life]) -> None:
    life.lives()


@pytest.mark.parametrize(("life", "cycle"), [(a, b) for a, b in LIVES.items() if b])
def test_the_code_declares_the_life_that_is_lived_here(life: type[Life], cycle: LifeCycle) -> None:
    assert declared(cycle) == life.steps
    assert stated(cycle) - TOLD_ONLY.get(cycle.name, set()) <= life.guarded


@pytest.mark.parametrize("cycle", CYCLES, ids=lambda cycle: cycle.name)
def test_every_state_is_reached_and_every_step_is_somebodys(cycle: LifeCycle) -> None:
    reached, before = {cycle.initial}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {s.target for s in cycle.transitions if before & set(s.sources)}
    assert reached == cycle.states
    for step in cycle.transitions:
        assert step.who, step.event
        assert step.who <= set(Role), step.event


@pytest.mark.parametrize("cycle", CYCLES, ids=lambda cycle: cycle.name)
def test_one_event_from_one_state_means_one_thing(cycle: LifeCycle) -> None:
    pairs = [(source, step.event) for step in cycle.transitions for source in step.sources]
    assert len(pairs) == len(set(pairs))


def test_an_event_that_nobody_declared_is_refused_by_name() -> None:
    for cycle in CYCLES:
        row: Any = row_of(Report, state=cycle.initial)
        refused(lambda row=row, cycle=cycle: cycle.move(row, "no_such_event", at=NOW))
