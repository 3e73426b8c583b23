"""The library of conditions and milestones that a decision picks from, and its metrics."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from sandbox.framework.clocks import Limit
from sandbox.framework.struct import Key, Named, Part, Positive
from sandbox.framework.text import Text
from sandbox.framework.thresholds import Aggregate, Comparator, OnBreach, Threshold, Window
from sandbox.framework.when import When


class ConditionKind(StrEnum):
    """What kind of promise a condition is."""

    DOCUMENT = "document"
    DUTY = "duty"
    CAP = "cap"
    THRESHOLD = "threshold"
    PERIODIC_REPORT = "periodic_report"
    DISCLOSURE = "disclosure"


class Cadence(StrEnum):
    """How often a metric arrives or a report is owed."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"

    @property
    def seconds(self) -> int:
        """Its length; a month counts as 31 days, so that silence is never called early."""
        return _SECONDS[self]


_SECONDS = {
    Cadence.HOURLY: 3_600,
    Cadence.DAILY: 86_400,
    Cadence.WEEKLY: 604_800,
    Cadence.MONTHLY: 2_678_400,
    Cadence.QUARTERLY: 7_948_800,
}


class MeasureUnit(Named, frozen=True, kw_only=True):
    """A unit that metrics and thresholds are counted in; without a ``symbol`` it is not written.

    ``one``: the symbol where there is just one, if it is another word. ``most``: the largest value
    that can be measured in it, such as 1 of a ratio; by default there is none.
    """

    name: Text
    symbol: Text | None = None
    one: Text | None = None
    most: float | None = None


class Metric(Named, frozen=True, kw_only=True):
    """Something pilots of these sectors measure. Aggregates only, never personal data."""

    name: Text
    description: Text
    unit: Key
    direction: Literal["up", "down"]
    cadence: Cadence
    sectors: tuple[Key, ...] = ()
    slices: tuple[Key, ...] = ()


class Cap(Part, frozen=True, kw_only=True):
    """A most that is agreed: so many users, sites, ringgit. ``unit`` is a unit's key.

    ``metric``: what tells how much of it is used, all since the pilot went live: by its latest
    figure, or added up. A cap that names none is looked after by people.

    ``title`` and ``text``: the condition's own with ``{limit}`` where the number stands, so that
    they say another limit once a decision sets one.
    """

    of: Literal["people", "transactions", "value", "sites", "devices", "area"]
    limit: Positive
    unit: Key
    title: Text | None = None
    text: Text | None = None
    metric: str = ""
    aggregate: Aggregate = Aggregate.LAST
    on_breach: OnBreach = OnBreach.WARN

    def threshold(self, limit: float) -> Threshold | None:
        """The cap at ``limit`` as a machine checks it, where it names a metric.

        That no figure has come says nothing of how much is used: silence is told by itself.
        """
        if not self.metric:
            return None
        return Threshold(
            metric=self.metric, aggregate=self.aggregate, window=Window(kind="cumulative"),
            comparator=Comparator.AT_MOST, limit=limit, unit=self.unit, on_missing="ignore",
            on_breach=self.on_breach,
        )  # fmt: skip

    def __post_init__(self) -> None:
        if self.aggregate not in {Aggregate.LAST, Aggregate.SUM, Aggregate.COUNT}:
            raise ValueError("what is used up is `last`, `sum` or `count`")
        for name, words in (("title", self.title), ("text", self.text)):
            if words is not None and not all("{limit}" in text for text in words.values()):
                raise ValueError(f"`{name}` of a cap says `{{limit}}` in every language")


class ConditionTemplate(Named, frozen=True, kw_only=True):
    """A condition ready to be put into a decision.

    ``precedent``: must be met before the pilot goes live. ``due``: a document's limit, from the
    plan's acceptance. ``every``: how often a report is owed. ``check``: what shows that it is kept.
    ``suggested_when``: answers of the application that make it likely to be needed.
    """

    kind: ConditionKind
    title: Text
    text: Text
    source: Text
    sectors: tuple[Key, ...] = ()
    precedent: bool = False
    check: Literal["machine", "evidence", "attestation"] = "evidence"
    threshold: Threshold | None = None
    cap: Cap | None = None
    due: Limit | None = None
    every: Cadence | None = None
    principles: tuple[Key, ...] = ()
    vulnerabilities: tuple[Key, ...] = ()
    suggested_when: When | None = None

    def __post_init__(self) -> None:
        wants = {
            ConditionKind.THRESHOLD: ("threshold", self.threshold),
            ConditionKind.CAP: ("cap", self.cap),
            ConditionKind.PERIODIC_REPORT: ("every", self.every),
        }
        for kind, (name, value) in wants.items():
            if (value is not None) != (kind == self.kind):
                needed = "needed for" if kind == self.kind else "only for"
                raise ValueError(f"`{name}` is {needed} the kind `{kind}`")

    def fits(self, *sectors: str) -> bool:
        """Whether it is meant for one of ``sectors``, or for all."""
        return not self.sectors or not set(self.sectors).isdisjoint(sectors)


class MilestoneTemplate(Named, frozen=True, kw_only=True):
    """A milestone ready to be put into a plan; ``month`` counts from the first day live."""

    title: Text
    text: Text
    evidence: Text
    month: Positive
    sectors: tuple[Key, ...] = ()

    def fits(self, *sectors: str) -> bool:
        """Whether it is meant for one of ``sectors``, or for all."""
        return not self.sectors or not set(self.sectors).isdisjoint(sectors)
