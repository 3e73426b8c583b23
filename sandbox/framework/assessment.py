"""How an application is judged: self-check, screening, rubric, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from sandbox.framework.questions import Question
from sandbox.framework.struct import Key, Named, Part, Positive
from sandbox.framework.text import Text
from sandbox.framework.when import When, holds


class SelfCheckOutcome(Named, frozen=True, kw_only=True):
    """What the self-check says; of several the first whose ``when`` holds."""

    result: Literal["apply", "ask", "not_needed"]
    title: Text
    text: Text
    when: When | None = None


class SelfCheck(Part, frozen=True, kw_only=True):
    """Questions anyone may answer before they sign up."""

    introduction: Text
    questions: tuple[Question, ...]
    outcomes: tuple[SelfCheckOutcome, ...]

    def outcome_of(self, answers: Mapping[str, Any]) -> SelfCheckOutcome:
        """The advice for ``answers``. The loader has seen to it that there is one."""
        return next(outcome for outcome in self.outcomes if holds(outcome.when, answers))


class ScreeningCheck(Named, frozen=True, kw_only=True):
    """One line of the checklist: what to look at, and what the letter says where it fails."""

    text: Text
    guidance: Text
    if_not: Text
    questions: tuple[Key, ...] = ()
    sectors: tuple[Key, ...] = ()
    returns: bool = True


class Criterion(Named, frozen=True, kw_only=True):
    """Something reviewers score. ``anchors`` say what each score means, from 0 up."""

    name: Text
    description: Text
    weight: Positive
    anchors: tuple[Text, ...]
    minimum: int = 0
    questions: tuple[Key, ...] = ()


class Rubric(Part, frozen=True, kw_only=True):
    """The criteria; ``pass_percent`` of the weighted total speaks for admission."""

    introduction: Text
    highest: Positive
    pass_percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    criteria: tuple[Criterion, ...]

    def percent(self, scores: Mapping[str, int]) -> float | None:
        """The weighted share of the highest score, 0 to 100; ``None`` until all are scored."""
        if any(criterion.key not in scores for criterion in self.criteria):
            return None
        got = sum(criterion.weight * scores[criterion.key] for criterion in self.criteria)
        return 100 * got / (self.highest * sum(criterion.weight for criterion in self.criteria))

    def passes(self, scores: Mapping[str, int]) -> bool:
        """Whether all are scored, the total suffices and no criterion is below its minimum."""
        percent = self.percent(scores)
        enough = percent is not None and percent >= self.pass_percent
        return enough and all(scores[c.key] >= c.minimum for c in self.criteria)


Outcome = Literal["admitted", "admitted_with_conditions", "refused", "redirected"]
ReasonFor = Literal[
    "admitted",
    "admitted_with_conditions",
    "refused",
    "redirected",
    "returned",
    "suspended",
    "terminated",
    "waived",
    "extended",
]


class Reason(Named, frozen=True, kw_only=True):
    """A reason that a decision may give, with the words for its letter."""

    outcomes: tuple[ReasonFor, ...]
    name: Text
    text: Text
    criterion: Key | None = None
