"""How grave an incident is and whom the law wants told, by the pack's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sandbox.framework.clocks import Limit, Unit
from sandbox.framework.oecd import Exchange
from sandbox.framework.questions import Question
from sandbox.framework.struct import Count, Key, Named, Part, Positive
from sandbox.framework.text import Text
from sandbox.framework.when import When, holds

BUILT_IN_FACTS = {
    "sectors": "the pilot's sectors (list of keys)",
    "harms_actual": "harm kinds that happened (list of keys)",
    "harms_potential": "harm kinds that could have happened (list of keys)",
    "people_affected": "how many people (number)",
    "breach": "opened from a threshold that was passed (bool)",
    "condition_breached": "when it is assessed, a condition stands breached or escalated (bool)",
    "drill": "an exercise (bool)",
}
"""What the system itself knows of an incident, beside the answers to the pack's questions."""

LEAD = "lead"
"""In a regime's ``authority``: whichever authority leads the pilot."""


class HarmKind(Named, frozen=True, kw_only=True):
    """A kind of harm."""

    name: Text
    description: Text


class Severity(Named, frozen=True, kw_only=True):
    """A degree of gravity. The highest ``level`` whose ``when`` holds is derived.

    ``respond``: within what time of knowing the firm says what it has done. ``suspend``: the
    officer is asked whether to suspend the pilot. ``oecd``: the degree's word where reports of
    many countries are compared; empty for what harmed nobody and could not have.
    """

    name: Text
    description: Text
    action: Text
    level: Count
    when: When | None = None
    respond: Limit | None = None
    suspend: bool = False
    oecd: Literal["", "hazard", "serious_hazard", "incident", "serious_incident", "disaster"] = ""


class RegimeReport(Part, frozen=True, kw_only=True):
    """A report that a regime wants. Of one ``stage`` the first whose ``when`` holds is owed.

    ``starts``: ``aware`` (the firm knew) or ``initial`` (the initial report was made).
    """

    name: Text
    stage: Literal["initial", "interim", "supplementary", "final"]
    limit: Limit
    starts: Literal["aware", "initial"] = "aware"
    when: When | None = None


class Regime(Named, frozen=True, kw_only=True):
    """A duty to report: to which authority (or ``lead``), when it applies, what is owed by when."""

    name: Text
    authority: Key
    description: Text
    source: Text
    when: When
    reports: tuple[RegimeReport, ...]
    advice: Text | None = None

    def owed(self, facts: Mapping[str, Any]) -> list[RegimeReport]:
        """The reports that it wants of an incident with these ``facts``: one of each stage."""
        first: dict[str, RegimeReport] = {}
        for report in self.reports:
            if report.stage not in first and holds(report.when, facts):
                first[report.stage] = report
        return list(first.values())

    def goes_to(self, lead: str) -> str:
        """The authority that it reports to, where ``lead`` leads the pilot."""
        return lead if self.authority == LEAD else self.authority


class Alike(Part, frozen=True, kw_only=True):
    """When two tellings are suggested to be of the same thing (``sandbox.incidents.likeness``).

    ``days``: how far apart they may lie. ``percent``: how much of their words both must have.
    """

    days: Positive = 14
    percent: Positive = 25


class Watch(Part, frozen=True, kw_only=True):
    """How the clocks of regimes are watched.

    ``remind_percent``: a reminder goes out once no more than this share of the time is left.
    ``escalate``: so long after the limit those who decide, and the centre, are told.
    """

    remind_percent: Positive = 25
    escalate: Limit = Limit(amount=24, unit=Unit.HOURS)


class IncidentRules(Part, frozen=True, kw_only=True):
    """All that the pack says about incidents."""

    questions: tuple[Question, ...]
    harms: tuple[HarmKind, ...]
    severities: tuple[Severity, ...]
    regimes: tuple[Regime, ...]
    alike: Alike = Alike()
    watch: Watch = Watch()
    exchange: Exchange = Exchange()

    def severity_of(self, facts: Mapping[str, Any]) -> Severity:
        """The gravest degree that ``facts`` support."""
        fitting = [degree for degree in self.severities if holds(degree.when, facts)]
        return max(fitting, key=lambda degree: degree.level)

    def regimes_of(self, facts: Mapping[str, Any]) -> list[tuple[Regime, list[RegimeReport]]]:
        """Every regime that ``facts`` trigger, with the reports it wants.

        ``facts`` should hold ``severity`` (a key) once it has been derived or decided.
        A drill triggers none: nobody is told of harm that did not happen.
        """
        if facts.get("drill"):
            return []
        found = [(r, r.owed(facts)) for r in self.regimes if holds(r.when, facts)]
        return [(regime, reports) for regime, reports in found if reports]

    def severity(self, key: str) -> Severity:
        """The degree ``key``.

        :raises KeyError: the pack has none such.
        """
        return {degree.key: degree for degree in self.severities}[key]

    def graver(self, one: str, other: str) -> str:
        """The graver of two degrees, by their keys."""
        return max(one, other, key=lambda key: self.severity(key).level)

    def regime(self, key: str) -> Regime:
        """The regime ``key``.

        :raises KeyError: the pack has none such.
        """
        return {regime.key: regime for regime in self.regimes}[key]
