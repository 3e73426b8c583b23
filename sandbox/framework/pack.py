"""A jurisdiction pack: all that makes the sandbox of one country, as one frozen value.

Everything a slice needs is reached from :class:`Pack`; :mod:`sandbox.framework.library`
loads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec

from sandbox.foundation.i18n import format_amount
from sandbox.framework.assessment import Reason, ReasonFor, Rubric, ScreeningCheck, SelfCheck
from sandbox.framework.calendars import Jurisdiction
from sandbox.framework.clocks import Calendar, Clock, Limit
from sandbox.framework.conditions import (
    Cadence,
    ConditionTemplate,
    MeasureUnit,
    Metric,
    MilestoneTemplate,
)
from sandbox.framework.publishing import Letters, Reports, Statements, Theme, Vulnerability
from sandbox.framework.questions import Choice, Column, Form, Question
from sandbox.framework.severities import IncidentRules, Severity
from sandbox.framework.struct import Count, Key, Named, Part, Positive
from sandbox.framework.telemetry import TelemetryTerms
from sandbox.framework.text import Text, everywhere
from sandbox.framework.thresholds import Threshold, in_words
from sandbox.framework.when import holds

Mail = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$")]


class Language(Part, frozen=True, kw_only=True):
    """A language of the pack, with its own name for itself."""

    code: str
    name: str


class Authority(Named, frozen=True, kw_only=True):
    """Who regulates. ``central`` coordinates and does not admit; a ``sector`` authority leads
    the sectors in ``leads`` and is heard in those in ``joins``; a ``crosscutting`` one (data
    protection, cyber security) receives reports under its own law. ``subdivision``: the place
    whose holidays its desk keeps (default: the jurisdiction's)."""

    name: Text
    short: Text
    kind: Literal["central", "sector", "crosscutting"]
    mail: Mail
    leads: tuple[Key, ...] = ()
    joins: tuple[Key, ...] = ()
    description: Text
    website: str = ""
    subdivision: Key | Literal[""] = ""


class Sector(Named, frozen=True, kw_only=True):
    """A sector of the economy or of the state.

    ``isic``: its section of the United Nations' classification of industries (ISIC, revision 4).
    """

    name: Text
    description: Text
    isic: str = ""


class Principle(Named, frozen=True, kw_only=True):
    """A principle that every pilot is held to."""

    name: Text
    description: Text
    prompt: Text
    source: Text


class Terms(Part, frozen=True, kw_only=True):
    """How long testing lasts, how often it may be extended, and who may tighten what was agreed.

    ``tightening_notice``: how long before the authority says so, where it may hold a firm to a
    tighter limit that the firm has not accepted; without it, it may not. ``report_within``: how
    long after its period a periodic report is owed; without it, on the day after.
    ``attest_every``: how often a firm attests that it kept a standing duty; without it, never.
    """

    testing_months: Positive
    extension_months: Positive
    extensions: Count
    near_days: Positive = 30
    tightening_notice: Limit | None = None
    report_within: Limit | None = None
    attest_every: Cadence | None = None
    source: Text


class Front(Part, frozen=True, kw_only=True):
    """``pack.yaml``: what the pack is, before anything in it.

    ``reference``: the start of every case's reference (``<reference>-2026-0042``).
    ``organisation_sizes``: what a firm may say of itself when it signs up; what makes a start-up
    is a matter of the jurisdiction.
    """

    name: Key
    version: str
    in_force: date
    title: Text
    description: Text
    reference: str
    languages: tuple[Language, ...]
    jurisdiction: Jurisdiction
    terms: Terms
    organisation_sizes: tuple[Choice, ...]
    statements: Statements
    letters: Letters


class Taxonomy(Part, frozen=True, kw_only=True):
    """``taxonomy.yaml``: the words all sectors share."""

    principles: tuple[Principle, ...]
    themes: tuple[Theme, ...]
    vulnerabilities: tuple[Vulnerability, ...]


class Assessment(Part, frozen=True, kw_only=True):
    """``assessment.yaml``: how an application is judged."""

    screening: tuple[ScreeningCheck, ...]
    rubric: Rubric
    reasons: tuple[Reason, ...]


class Measures(Part, frozen=True, kw_only=True):
    """``metrics.yaml``: units, metrics, and the limits of telemetry."""

    units: tuple[MeasureUnit, ...]
    metrics: tuple[Metric, ...]
    telemetry: TelemetryTerms = TelemetryTerms()


class Pack(Part, frozen=True, kw_only=True, dict=True):
    """The whole pack. Built and checked by the library; never by hand."""

    front: Front
    authorities: tuple[Authority, ...]
    sectors: tuple[Sector, ...]
    taxonomy: Taxonomy
    self_check: SelfCheck
    form: Form
    assessment: Assessment
    measures: Measures
    conditions: tuple[ConditionTemplate, ...]
    milestones: tuple[MilestoneTemplate, ...]
    clocks: tuple[Clock, ...]
    incidents: IncidentRules
    reports: Reports

    # What it is --------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The pack's name."""
        return self.front.name

    @property
    def version(self) -> str:
        """Its version; a case stores it and keeps it."""
        return self.front.version

    @property
    def in_force(self) -> date:
        """The first day on which new cases begin under it."""
        return self.front.in_force

    @property
    def jurisdiction(self) -> Jurisdiction:
        """The country."""
        return self.front.jurisdiction

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of its languages, the first being the default."""
        return tuple(language.code for language in self.front.languages)

    @property
    def telemetry(self) -> TelemetryTerms:
        """The limits of figures."""
        return self.measures.telemetry

    @property
    def terms(self) -> Terms:
        """How long testing lasts."""
        return self.front.terms

    @property
    def statements(self) -> Statements:
        """Fixed sentences."""
        return self.front.statements

    @property
    def letters(self) -> Letters:
        """Fixed words of letters."""
        return self.front.letters

    @property
    def principles(self) -> tuple[Principle, ...]:
        """The principles."""
        return self.taxonomy.principles

    @property
    def themes(self) -> tuple[Theme, ...]:
        """The themes of lessons."""
        return self.taxonomy.themes

    @property
    def vulnerabilities(self) -> tuple[Vulnerability, ...]:
        """The shared weaknesses."""
        return self.taxonomy.vulnerabilities

    @property
    def rubric(self) -> Rubric:
        """What reviewers score."""
        return self.assessment.rubric

    @property
    def screening(self) -> tuple[ScreeningCheck, ...]:
        """The screening checklist."""
        return self.assessment.screening

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics the pack knows."""
        return self.measures.metrics

    @property
    def severities(self) -> tuple[Severity, ...]:
        """The degrees of gravity of an incident, the lightest first."""
        return tuple(sorted(self.incidents.severities, key=lambda degree: degree.level))

    # By key; each raises KeyError for a key the pack does not have ---------------------------

    @cached_property
    def _by_key(self) -> dict[str, dict[str, Named]]:
        several: dict[str, Sequence[Named]] = {
            "authority": self.authorities,
            "sector": self.sectors,
            "principle": self.principles,
            "theme": self.themes,
            "vulnerability": self.vulnerabilities,
            "unit": self.measures.units,
            "metric": self.metrics,
            "condition": self.conditions,
            "milestone": self.milestones,
            "clock": self.clocks,
            "reason": self.assessment.reasons,
        }
        return {kind: {part.key: part for part in parts} for kind, parts in several.items()}

    def _find(self, kind: str, key: str) -> Any:
        return self._by_key[kind][key]

    def authority(self, key: str) -> Authority:
        """The authority ``key``."""
        return self._find("authority", key)  # type: ignore[no-any-return]

    def sector(self, key: str) -> Sector:
        """The sector ``key``."""
        return self._find("sector", key)  # type: ignore[no-any-return]

    def principle(self, key: str) -> Principle:
        """The principle ``key``."""
        return self._find("principle", key)  # type: ignore[no-any-return]

    def theme(self, key: str) -> Theme:
        """The theme ``key``."""
        return self._find("theme", key)  # type: ignore[no-any-return]

    def vulnerability(self, key: str) -> Vulnerability:
        """The vulnerability ``key``."""
        return self._find("vulnerability", key)  # type: ignore[no-any-return]

    def metric(self, key: str) -> Metric:
        """The metric ``key``."""
        return self._find("metric", key)  # type: ignore[no-any-return]

    def condition(self, key: str) -> ConditionTemplate:
        """The condition template ``key``."""
        return self._find("condition", key)  # type: ignore[no-any-return]

    def milestone(self, key: str) -> MilestoneTemplate:
        """The milestone template ``key``."""
        return self._find("milestone", key)  # type: ignore[no-any-return]

    def clock(self, key: str) -> Clock:
        """The clock ``key``; those in :class:`ClockName` every pack has."""
        return self._find("clock", key)  # type: ignore[no-any-return]

    def reason(self, key: str) -> Reason:
        """The reason ``key``."""
        return self._find("reason", key)  # type: ignore[no-any-return]

    # Who ---------------------------------------------------------------------------------

    @property
    def central(self) -> Authority:
        """The office that coordinates."""
        return next(authority for authority in self.authorities if authority.kind == "central")

    def lead_of(self, sector: str) -> Authority:
        """The authority that leads ``sector``.

        :raises KeyError: there is no such sector.
        """
        for authority in self.authorities:
            if sector in authority.leads:
                return authority
        raise KeyError(sector)

    def calendar_of(self, authority: str) -> Calendar:
        """The working calendar that ``authority``'s desk keeps.

        :raises KeyError: there is no such authority.
        """
        return self.jurisdiction.calendar(self.authority(authority).subdivision)

    def joining(self, sector: str) -> tuple[Authority, ...]:
        """The authorities heard in ``sector`` beside its lead."""
        return tuple(a for a in self.authorities if sector in a.joins)

    # What to pick from -------------------------------------------------------------------

    def conditions_for(self, *sectors: str) -> tuple[ConditionTemplate, ...]:
        """The condition templates for ``sectors``, those meant for them before the general."""
        fitting = [template for template in self.conditions if template.fits(*sectors)]
        return tuple(sorted(fitting, key=lambda template: not template.sectors))

    def suggested(self, answers: Mapping[str, Any]) -> tuple[ConditionTemplate, ...]:
        """The templates that an application's ``answers`` call for."""
        return tuple(
            template
            for template in self.conditions_for(*self.form.sectors(answers))
            if template.suggested_when and holds(template.suggested_when, answers)
        )

    def milestones_for(self, *sectors: str) -> tuple[MilestoneTemplate, ...]:
        """The milestone templates for ``sectors``, those meant for them before the general."""
        fitting = [template for template in self.milestones if template.fits(*sectors)]
        return tuple(sorted(fitting, key=lambda template: not template.sectors))

    def metrics_for(self, *sectors: str) -> tuple[Metric, ...]:
        """The metrics that pilots of ``sectors`` may use, the general ones included."""
        wanted = set(sectors)
        return tuple(m for m in self.metrics if not m.sectors or wanted & set(m.sectors))

    def reasons_for(self, outcome: ReasonFor) -> tuple[Reason, ...]:
        """The reasons that fit a decision with this ``outcome``."""
        return tuple(r for r in self.assessment.reasons if outcome in r.outcomes)

    def choices(self, question: Question | Column) -> tuple[tuple[str, Text], ...]:
        """What ``question`` offers: key and label, whether its own or a list of the pack."""
        if question.choices_from is None:
            return tuple((choice.key, choice.label) for choice in question.choices)
        if question.choices_from == "languages":
            names = self.front.languages
            return tuple((lg.code, everywhere(lg.name, *self.languages)) for lg in names)
        lists: dict[str, Sequence[Any]] = {
            "sectors": self.sectors,
            "subdivisions": self.jurisdiction.subdivisions,
            "principles": self.principles,
            "vulnerabilities": self.vulnerabilities,
            "themes": self.themes,
            "units": self.measures.units,
        }
        return tuple((part.key, part.name) for part in lists[question.choices_from])

    # In words ----------------------------------------------------------------------------

    def metric_name(self, key: str, language: str | None = None) -> str:
        """The name of metric ``key``; a metric that is not the pack's is its own name."""
        found = self._by_key["metric"].get(key)
        if not isinstance(found, Metric):
            return key.replace("_", " ")
        return found.name.in_(language) if language else str(found.name)

    def unit_symbol(self, key: str, language: str | None = None) -> str:
        """How unit ``key`` is written; a unit that is not the pack's is its own symbol."""
        found = self._by_key["unit"].get(key)
        if not isinstance(found, MeasureUnit):
            return key
        symbol = found.symbol or Text({})
        return symbol.in_(language) if language else str(symbol)

    def unit_most(self, key: str) -> float | None:
        """The largest value that can be measured in unit ``key``; ``None``: there is none."""
        found = self._by_key["unit"].get(key)
        return found.most if isinstance(found, MeasureUnit) else None

    def amount(self, number: float | None, unit: str) -> str:
        """``number`` of unit ``unit`` (its key) as people write it: ``5%``, ``1 person``."""
        found = self._by_key["unit"].get(unit)
        if number == 1 and isinstance(found, MeasureUnit) and found.one:
            return format_amount(number, str(found.one))
        return format_amount(number, self.unit_symbol(unit))

    def say(
        self,
        threshold: Threshold,
        language: str | None = None,
        *,
        metric: str = "",
        short: bool = False,
    ) -> str:
        """``threshold`` as a sentence, by default in the current language.

        ``metric``: its name, where it is the pilot's own and not the pack's.
        """
        name = metric or self.metric_name(threshold.metric, language)
        unit = self.unit_symbol(threshold.unit, language)
        return in_words(threshold, name, unit, language=language, short=short)


FILES: dict[str, Any] = {
    "pack": Front,
    "authorities": tuple[Authority, ...],
    "sectors": tuple[Sector, ...],
    "taxonomy": Taxonomy,
    "self_check": SelfCheck,
    "form": Form,
    "assessment": Assessment,
    "metrics": Measures,
    "conditions": tuple[ConditionTemplate, ...],
    "milestones": tuple[MilestoneTemplate, ...],
    "clocks": tuple[Clock, ...],
    "incidents": IncidentRules,
    "reports": Reports,
}
"""The files of a pack (``<name>.yaml``) and what each holds. Beside a file that holds a list,
or in its place, may lie a folder of such files, read in the order of their names; each file in
``form/`` holds one section."""

FIELDS = {"pack": "front", "metrics": "measures"}
"""The field of :class:`Pack` that a file fills, where it is not named like the file."""
