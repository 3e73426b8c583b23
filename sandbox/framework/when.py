"""Conditions over answers and facts, as data: ``shown_when``, outcomes, severities, regimes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from sandbox.framework.struct import Part

Value = str | int | float | bool


class When(Part, frozen=True, kw_only=True, rename={"equal_to": "is", "one_of": "in", "no": "not"}):
    """Holds or not for given answers.

    In a pack it is one of::

        {fact: uses_ai, is: true}            the answer is exactly this
        {fact: sector, in: [a, b]}           the answer is one of these
        {fact: harms, has: [death]}          a multiple choice has at least one of these
        {fact: people, at_least: 1000}       a number; also ``at_most``
        {fact: reliefs, answered: true}      there is an answer at all
        {all: [...]}, {any: [...]}, {not: …} of others

    A fact without an answer makes every comparison false.
    """

    fact: str | None = None
    equal_to: Value | None = None
    one_of: tuple[Value, ...] | None = None
    has: tuple[str, ...] | None = None
    at_least: float | None = None
    at_most: float | None = None
    answered: bool | None = None
    all: tuple[When, ...] | None = None
    any: tuple[When, ...] | None = None
    no: When | None = None

    def __post_init__(self) -> None:
        groups = [part for part in (self.all, self.any, self.no) if part is not None]
        if len(groups) + (self.fact is not None) != 1:
            raise ValueError("exactly one of `fact`, `all`, `any` or `not`")
        if (self.fact is not None) != bool(self._comparisons()):
            raise ValueError("`fact` with `is`, `in`, `has`, `at_least`, `at_most` or `answered`")

    def _comparisons(self) -> list[str]:
        names = ("equal_to", "one_of", "has", "at_least", "at_most", "answered")
        return [name for name in names if getattr(self, name) is not None]

    def facts(self) -> Iterator[tuple[str, When]]:
        """Every fact it looks at, with the comparison that does."""
        if self.fact is not None:
            yield self.fact, self
        for part in (*(self.all or ()), *(self.any or ()), *((self.no,) if self.no else ())):
            yield from part.facts()

    def values(self) -> tuple[Value, ...]:
        """The choices that this comparison names."""
        single = () if self.equal_to is None else (self.equal_to,)
        return (*single, *(self.one_of or ()), *(self.has or ()))


def holds(when: When | None, facts: Mapping[str, Any]) -> bool:
    """Whether ``when`` holds for ``facts``; none at all always holds."""
    if when is None:
        return True
    if when.all is not None:
        return all(holds(part, facts) for part in when.all)
    if when.any is not None:
        return any(holds(part, facts) for part in when.any)
    if when.no is not None:
        return not holds(when.no, facts)
    return _compare(when, facts.get(when.fact or ""))


def as_json(when: When) -> str:
    """``when`` as a pack writes it, for the browser to judge what is typed."""
    return msgspec.json.encode(_plain(msgspec.to_builtins(when))).decode()


def _plain(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items() if value is not None}
    return [_plain(one) for one in part] if isinstance(part, list | tuple) else part


def _compare(when: When, answer: Any) -> bool:
    given = answer not in (None, "", [], (), {}, set(), frozenset())
    if when.answered is not None and when.answered != given:
        return False
    if not given:
        return when.answered is not None and len(when._comparisons()) == 1
    return all(_CHECKS[name](when, answer) for name in when._comparisons())


def _several(answer: Any) -> list[str]:
    return [answer] if isinstance(answer, str) else list(answer)


def _number(answer: Any) -> float:
    try:
        return float(answer)
    except (TypeError, ValueError):
        return float("nan")  # compares false with everything


_CHECKS: dict[str, Callable[[When, Any], bool]] = {
    "equal_to": lambda when, answer: bool(answer == when.equal_to),
    "one_of": lambda when, answer: answer in (when.one_of or ()),
    "has": lambda when, answer: not set(_several(answer)).isdisjoint(when.has or ()),
    "at_least": lambda when, answer: _number(answer) >= (when.at_least or 0),
    "at_most": lambda when, answer: _number(answer) <= (when.at_most or 0),
    "answered": lambda _when, _answer: True,
}
