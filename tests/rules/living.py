"""A life that is lived by calling its rules, against a table of states written in the test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from piccolo.table import Table

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.lifecycle import LifeCycle

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFTEN = st.sampled_from([True, True, True, False])
SELDOM = st.sampled_from([False, False, False, True])
"""A precondition: it holds more often than not, so that lives get somewhere."""
REASONS = st.sampled_from(["It is needed", "It is needed", "", "   "])
Row = TypeVar("Row", bound=Table)
Steps = dict[tuple[str, str], str]


def steps(table: str) -> Steps:
    """Lines ``event: source source > target`` as ``{(event, source): target}``."""
    found = {}
    for line in table.strip().splitlines():
        event, _colon, way = line.strip().partition(":")
        sources, _arrow, target = way.partition(">")
        found |= {(event, source): target.strip() for source in sources.split()}
    return found


class Life(RuleBasedStateMachine):
    """Something to which anything may happen.

    A life begins in any state (``begins``, from what ``start`` draws) and, once it is over,
    again. ``steps`` says what each event makes of each state. ``guarded`` names the events that ask
    for more than the right state: each must be seen to refuse when that does not hold.
    """

    row: Any
    start: ClassVar[dict[str, st.SearchStrategy[Any]]]
    steps: ClassVar[Steps]
    guarded: ClassVar[frozenset[str]] = frozenset()
    seen: ClassVar[Counter[tuple[str, bool]]]

    @initialize(data=st.data())
    def starts(self, data: st.DataObject) -> None:
        self.begins(**{name: data.draw(drawn, name) for name, drawn in self.start.items()})

    @precondition(lambda self: self.row.state not in {source for _event, source in self.steps})
    @rule(data=st.data())
    def starts_again(self, data: st.DataObject) -> None:
        self.starts(data)

    def begins(self, **drawn: Any) -> None:
        """Put the rows of a life where ``start`` says."""
        raise NotImplementedError

    def takes(self, row: Any, event: str, call: Callable[[], object], *, when: bool = True) -> bool:
        """``call`` makes ``event`` happen to ``row`` if its state knows it and its
        precondition holds (``when``); else it refuses and leaves the state as it was."""
        before = row.state
        target = self.steps.get((event, before))
        happens = target is not None and when
        if target is not None:
            self.seen[event, when] += 1
        if happens:
            call()
            assert row.state == target, (event, before)
        else:
            refused(call)
            assert row.state == before, (event, before)
        return happens

    @classmethod
    def lives(cls) -> None:
        """Let it live many lives, and go on until everything has happened, good and bad."""
        cls.seen = Counter()
        wanted = {(event, True) for event, _source in cls.steps}
        wanted |= {(event, False) for event in cls.guarded}
        many = settings(  # every round other lives: under CI they would all be the same
            max_examples=30, stateful_step_count=40, deadline=None, database=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        for _round in range(40):
            run_state_machine_as_test(cls, settings=many)
            if wanted <= set(cls.seen):
                break
        assert set(cls.seen) == wanted, set(cls.seen) ^ wanted


def refused(call: Callable[[], object]) -> None:
    """``call`` refuses, by a rule that has a name or by naming the fields that are wrong."""
    with pytest.raises((InvalidInput, RuleBroken)) as why:
        call()
    error = why.value
    if isinstance(error, RuleBroken):
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+\.[a-z_]+", error.rule), error.rule
        assert error.message
    else:
        assert error.errors


def row_of(table: type[Row], **columns: Any) -> Row:
    """A row in memory, of which only what the rules look at is there."""
    return table(**columns, _ignore_missing=True)


def declared(cycle: LifeCycle) -> Steps:
    """What the code's own table says, in the shape of :func:`steps`."""
    return {
        (step.event, source): step.target for step in cycle.transitions for source in step.sources
    }


def stated(cycle: LifeCycle) -> set[str]:
    """The events for which the code's own table states a precondition."""
    return {step.event for step in cycle.transitions if step.precondition}
