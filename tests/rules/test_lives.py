"""Whatever happens in whatever order, nothing ends in a state that nobody declared."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sandbox.applications.rules import LIFE as APPLICATION
from sandbox.foundation import clock
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.lifecycle import LifeCycle
from sandbox.incidents.rules import LIFE as INCIDENT
from sandbox.lessons.rules import LIFE as LESSON
from sandbox.people.person import Role
from sandbox.pilots.rules import CONDITION, EXIT_REPORT, MILESTONE, PILOT
from sandbox.reports.rules import LIFE as REPORT

CYCLES = (APPLICATION, PILOT, CONDITION, MILESTONE, EXIT_REPORT, INCIDENT, LESSON, REPORT)


def machine_of(cycle: LifeCycle) -> type[RuleBasedStateMachine]:
    """Something that lives by ``cycle``, to which anything may happen."""
    events = sorted({step.event for step in cycle.transitions} | {"no_such_event"})

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.subject = SimpleNamespace(state=cycle.initial, state_since=clock.now())

        @rule(event=st.sampled_from(events))
        def happens(self, event: str) -> None:
            before = self.subject.state
            allowed = {s.event: s.target for s in cycle.transitions if before in s.sources}
            refused = ""
            try:
                cycle.move(self.subject, event, at=clock.now())
            except RuleBroken as error:
                refused = error.rule
            if event in allowed:
                assert not refused
                assert self.subject.state == allowed[event]
            else:
                assert refused == f"{cycle.name}.{event}.not_from_{before}"
                assert self.subject.state == before

        @invariant()
        def is_declared(self) -> None:
            assert self.subject.state in cycle.states

    return Life


@pytest.mark.parametrize("cycle", CYCLES, ids=lambda cycle: cycle.name)
def test_no_sequence_of_events_leaves_the_life(cycle: LifeCycle) -> None:
    case = machine_of(cycle).TestCase
    case.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
    case("runTest").runTest()


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
