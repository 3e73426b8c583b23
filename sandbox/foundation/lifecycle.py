"""Life cycles as tables of transitions: buttons, tests and diagrams read the same table."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _


class Subject(Protocol):
    """Anything that lives a life cycle."""

    state: Any
    state_since: Any


@dataclass(frozen=True)
class Transition:
    """``event``, done by ``who`` (roles), leads from any of ``sources`` to ``target``."""

    event: str
    sources: tuple[str, ...]
    target: str
    who: frozenset[str]
    label: str = ""
    precondition: str = ""


def transition(
    event: str,
    sources: str | Iterable[str],
    target: str,
    who: Iterable[str],
    *,
    label: str = "",
    precondition: str = "",
) -> Transition:
    """A row of the table; ``label`` is the button's text, ``precondition`` says what must hold."""
    several = (sources,) if isinstance(sources, str) else tuple(sources)
    return Transition(event, several, target, frozenset(who), label, precondition)


@dataclass(frozen=True)
class LifeCycle:
    """A named life: where it begins and every step it can take."""

    name: str
    initial: str
    transitions: tuple[Transition, ...]
    states: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        states = {self.initial}
        for step in self.transitions:
            states.update(step.sources, {step.target})
        object.__setattr__(self, "states", frozenset(states))

    def step(self, state: str, event: str) -> Transition:
        """The transition that ``event`` makes from ``state``.

        :raises RuleBroken: ``<name>.<event>.not_from_<state>`` when there is none.
        """
        for candidate in self.transitions:
            if candidate.event == event and state in candidate.sources:
                return candidate
        raise RuleBroken(
            f"{self.name}.{event}.not_from_{state}",
            _("This cannot be done now: the state is “%(state)s”.")
            % {"state": _(state.replace("_", " ").capitalize())},
        )

    def move(self, subject: Subject, event: str, *, at: datetime) -> Transition:
        """Take ``subject`` through ``event``; its ``state`` and ``state_since`` change.

        :raises RuleBroken: when its state knows no such event.
        """
        step = self.step(subject.state, event)
        subject.state = step.target
        subject.state_since = at
        return step

    def sources(self, event: str) -> frozenset[str]:
        """The states from which ``event`` can be taken."""
        return frozenset(
            s for step in self.transitions if step.event == event for s in step.sources
        )

    def open_to(self, state: str, roles: Collection[str]) -> tuple[Transition, ...]:
        """What someone with ``roles`` can do from ``state``: the page's buttons."""
        return tuple(
            step
            for step in self.transitions
            if state in step.sources and not step.who.isdisjoint(roles)
        )

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram, for the docs."""
        lines = [f"    [*] --> {self.initial}"]
        lines += [
            f"    {source} --> {step.target}: {step.event}"
            for step in self.transitions
            for source in step.sources
        ]
        return "\n".join(["stateDiagram-v2", *lines])
