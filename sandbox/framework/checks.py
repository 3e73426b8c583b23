"""What a pack's parts must say of each other: keys that exist, languages that are complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from babel.core import get_global

from sandbox.framework import oecd
from sandbox.framework.assessment import Criterion, Reason, Rubric, ScreeningCheck, SelfCheck
from sandbox.framework.calendars import WEEKDAYS, ExtraHoliday, Jurisdiction, Subdivision
from sandbox.framework.clocks import EVENTS, STOPPING, Clock, ClockName
from sandbox.framework.conditions import Cap, ConditionTemplate, Metric, MilestoneTemplate
from sandbox.framework.errors import PackError
from sandbox.framework.pack import Authority, Pack
from sandbox.framework.questions import (
    CHOOSING,
    FEED_COLUMNS,
    FEEDS_NEEDED,
    Column,
    Feed,
    Question,
    QuestionKind,
    Section,
)
from sandbox.framework.reading import walk
from sandbox.framework.severities import BUILT_IN_FACTS, LEAD, IncidentRules, Regime
from sandbox.framework.struct import Named
from sandbox.framework.text import Text
from sandbox.framework.thresholds import Threshold
from sandbox.framework.when import When


@dataclass(frozen=True)
class Source:
    """A file of the pack and what was read from it."""

    file: str
    value: Any


@dataclass(frozen=True)
class Place:
    """Where in a pack something stands."""

    file: str
    path: str

    def wrong(self, expected: str, *, at: str = "") -> NoReturn:
        """Say that here, or in the field ``at`` of it, something else was expected."""
        path = f"{self.path}.{at}" if self.path and at else self.path or at
        raise PackError(self.file, path, f"Expected {expected}")

    def known(self, keys: Iterable[str], among: Collection[str], what: str, *, at: str) -> None:
        """Every one of ``keys``, in field ``at``, must be one of ``among``."""
        for key in keys:
            if key not in among:
                self.wrong(f"a key of {what} ({_listed(among)}), got `{key}`", at=at)


def _listed(keys: Collection[str], most: int = 12) -> str:
    names = list(keys)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def check(pack: Pack, sources: Iterable[Source]) -> None:
    """Check ``pack``, read from ``sources``, against itself.

    :raises PackError: naming the first thing that does not fit.
    """
    places = [
        (Place(source.file, path), part) for source in sources for path, part in walk(source.value)
    ]
    for place, part in places:
        if isinstance(part, Text):
            _check_text(place, part, pack.languages)
        elif isinstance(part, tuple):
            _check_unique(place, part)
    keys = _Keys(pack)
    for place, part in places:
        _check_sectors(place, part, keys)
        for kind, look in _LOOKS.items():
            if isinstance(part, kind):
                look(place, part, keys)
    whole = _Whole(pack, keys, places)
    _check_form(whole)
    _check_authorities(whole)
    _check_clocks(whole)


class _Keys:
    """The keys that others may refer to."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.sectors = [sector.key for sector in pack.sectors]
        self.authorities = [authority.key for authority in pack.authorities]
        self.principles = [principle.key for principle in pack.principles]
        self.vulnerabilities = [weakness.key for weakness in pack.vulnerabilities]
        self.units = [unit.key for unit in pack.measures.units]
        self.metrics = {metric.key: metric for metric in pack.metrics}
        self.questions = {question.key: question for question in pack.form.questions()}
        self.criteria = [criterion.key for criterion in pack.rubric.criteria]
        self.subdivisions = [part.key for part in pack.jurisdiction.subdivisions]


def _check_text(place: Place, text: Text, languages: Collection[str]) -> None:
    for language in languages:
        if not text.get(language):
            place.wrong(f"words in `{language}`", at=language)
    for language in text:
        if language not in languages:
            place.wrong(f"only the pack's languages ({_listed(languages)})", at=language)


def _check_unique(place: Place, parts: tuple[Any, ...]) -> None:
    counts = Counter(part.key for part in parts if isinstance(part, Named))
    for key, times in counts.items():
        if times > 1:
            place.wrong(f"each key once, got `{key}` {times} times")


def _check_sectors(place: Place, part: Any, keys: _Keys) -> None:
    for field in ("sectors", "leads", "joins"):
        given = getattr(part, field, None)
        if isinstance(given, tuple) and all(isinstance(key, str) for key in given):
            place.known(given, keys.sectors, "a sector", at=field)


def _check_when(
    place: Place, when: When | None, questions: dict[str, Question], keys: _Keys, *, at: str
) -> None:
    for fact, comparison in when.facts() if when else ():
        place.known([fact], questions, "a question", at=at)
        offered = _offered(questions[fact], keys)
        if offered:
            values = [str(value) for value in comparison.values()]
            place.known(values, offered, f"a choice of `{fact}`", at=at)


def _offered(question: Question, keys: _Keys) -> list[str]:
    if question.kind not in CHOOSING:
        return []
    return [key for key, _label in keys.pack.choices(question)]


# One look for each kind of part ----------------------------------------------------------


def _look_at_question(place: Place, question: Question, keys: _Keys) -> None:
    if question.unit:
        place.known([question.unit], keys.units, "a unit", at="unit")
    chooses = question.kind in CHOOSING
    if chooses != bool(question.choices or question.choices_from):
        wanted = "choices" if chooses else "no choices for this kind"
        place.wrong(wanted, at="choices")
    if (question.kind == QuestionKind.TABLE) != bool(question.columns):
        place.wrong("columns for a table, and for nothing else", at="columns")
    _check_columns(place, question)


def _check_columns(place: Place, question: Question) -> None:
    if question.feeds in FEED_COLUMNS:
        have = {column.key for column in question.columns}
        for needed in FEED_COLUMNS[question.feeds]:
            if needed not in have:
                place.wrong(f"the column `{needed}`, which `{question.feeds}` needs", at="columns")


def _look_at_column(place: Place, column: Column, _keys: _Keys) -> None:
    if (column.kind == "choice") != bool(column.choices or column.choices_from):
        place.wrong("choices for a column of kind `choice`, and for no other", at="choices")


def _look_at_self_check(place: Place, self_check: SelfCheck, keys: _Keys) -> None:
    questions = {question.key: question for question in self_check.questions}
    for index, outcome in enumerate(self_check.outcomes):
        here = Place(place.file, f"outcomes[{index} “{outcome.key}”]")
        _check_when(here, outcome.when, questions, keys, at="when")
    if not self_check.outcomes or self_check.outcomes[-1].when is not None:
        place.wrong("a last outcome without `when`, for all who are left", at="outcomes")


def _look_at_screening(place: Place, line: ScreeningCheck, keys: _Keys) -> None:
    place.known(line.questions, keys.questions, "a question of the form", at="questions")


def _look_at_criterion(place: Place, criterion: Criterion, keys: _Keys) -> None:
    place.known(criterion.questions, keys.questions, "a question of the form", at="questions")
    highest = keys.pack.rubric.highest
    if len(criterion.anchors) != highest + 1:
        place.wrong(f"{highest + 1} anchors, for 0 to {highest}", at="anchors")
    if not 0 <= criterion.minimum <= highest:
        place.wrong(f"a score from 0 to {highest}", at="minimum")


def _look_at_rubric(place: Place, rubric: Rubric, _keys: _Keys) -> None:
    if not rubric.criteria:
        place.wrong("at least one criterion", at="criteria")


def _look_at_reason(place: Place, reason: Reason, keys: _Keys) -> None:
    if reason.criterion is not None:
        place.known([reason.criterion], keys.criteria, "a criterion", at="criterion")


def _look_at_metric(place: Place, metric: Metric, keys: _Keys) -> None:
    place.known([metric.unit], keys.units, "a unit", at="unit")


def _look_at_threshold(place: Place, threshold: Threshold, keys: _Keys) -> None:
    place.known([threshold.metric], keys.metrics, "a metric", at="metric")
    metric = keys.metrics[threshold.metric]
    if threshold.aggregate != "count" and threshold.unit != metric.unit:
        place.wrong(f"the metric's unit `{metric.unit}`", at="unit")
    if threshold.slice:
        dimension = threshold.slice.dimension
        place.known([dimension], metric.slices, "a slice of the metric", at="slice.dimension")


def _look_at_condition(place: Place, template: ConditionTemplate, keys: _Keys) -> None:
    place.known(template.principles, keys.principles, "a principle", at="principles")
    place.known(
        template.vulnerabilities, keys.vulnerabilities, "a vulnerability", at="vulnerabilities"
    )
    _check_when(place, template.suggested_when, keys.questions, keys, at="suggested_when")


def _look_at_milestone(place: Place, template: MilestoneTemplate, keys: _Keys) -> None:
    terms = keys.pack.terms
    longest = terms.testing_months + terms.extensions * terms.extension_months
    if template.month > longest:
        place.wrong(f"a month of the longest test ({longest}), got {template.month}", at="month")


def _look_at_clock(place: Place, clock: Clock, _keys: _Keys) -> None:
    place.known([clock.starts], EVENTS, "an event that starts or ends a clock", at="starts")
    place.known([clock.ends], EVENTS, "an event that starts or ends a clock", at="ends")
    place.known(clock.stops, STOPPING, "a state that stops a clock", at="stops")


def _look_at_cap(place: Place, cap: Cap, keys: _Keys) -> None:
    place.known([cap.unit], keys.units, "a unit", at="unit")
    if cap.metric:
        place.known([cap.metric], keys.metrics, "a metric", at="metric")
        metric = keys.metrics.get(cap.metric)
        if metric is not None and metric.unit != cap.unit:
            place.wrong(f"`{metric.unit}`, the unit of `{cap.metric}`, got `{cap.unit}`", at="unit")


def _look_at_incidents(place: Place, rules: IncidentRules, keys: _Keys) -> None:
    known = {*BUILT_IN_FACTS, "severity", *(question.key for question in rules.questions)}
    for path, part in walk(rules):
        if isinstance(part, When) and part.fact is not None:
            here = Place(place.file, path)
            here.known([part.fact], known, "a fact or a question", at="fact")
            choices = _incident_choices(part.fact, rules, keys)
            if choices:
                here.known([str(v) for v in part.values()], choices, f"`{part.fact}`", at="")
    if all(degree.when is not None for degree in rules.severities):
        place.wrong("one severity without `when`, for what nothing graver fits", at="severities")
    for level, times in Counter(degree.level for degree in rules.severities).items():
        if times > 1:
            place.wrong(f"each level once, got {level} {times} times", at="severities")
    _check_exchange(place, rules, keys)


def _check_exchange(place: Place, rules: IncidentRules, keys: _Keys) -> None:
    """Criteria of the OECD are answered by questions that exist."""
    told = [question.key for question in rules.questions]
    for field, among in (("form", list(keys.questions)), ("told", told)):
        given = getattr(rules.exchange, field)
        place.known(given, oecd.KEYS, "a criterion of the OECD", at=f"exchange.{field}")
        for key, questions in given.items():
            place.known(questions, among, "a question", at=f"exchange.{field}.{key}")


def _incident_choices(fact: str, rules: IncidentRules, keys: _Keys) -> list[str]:
    if fact in {"harms_actual", "harms_potential"}:
        return [harm.key for harm in rules.harms]
    if fact == "severity":
        return [degree.key for degree in rules.severities]
    if fact == "sectors":
        return keys.sectors
    question = next((q for q in rules.questions if q.key == fact), None)
    return _offered(question, keys) if question else []


def _look_at_authority(place: Place, authority: Authority, keys: _Keys) -> None:
    if authority.subdivision:
        place.known([authority.subdivision], keys.subdivisions, "a subdivision", at="subdivision")


def _look_at_regime(place: Place, regime: Regime, keys: _Keys) -> None:
    known = [*keys.authorities, LEAD]
    place.known([regime.authority], known, "an authority", at="authority")
    if not regime.reports:
        place.wrong("at least one report", at="reports")


def _look_at_jurisdiction(place: Place, jurisdiction: Jurisdiction, keys: _Keys) -> None:
    try:
        ZoneInfo(jurisdiction.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        place.wrong("a time zone's IANA name", at="timezone")
    place.known(
        [jurisdiction.default_subdivision], keys.subdivisions, "a subdivision",
        at="default_subdivision",
    )  # fmt: skip
    if jurisdiction.currency.code not in get_global("all_currencies"):
        place.wrong("a currency's ISO 4217 code", at="currency.code")
    _check_weekend(place, jurisdiction.weekend)
    country = jurisdiction.holidays.country
    if country and country not in holidays.list_supported_countries():
        place.wrong("a country code that the `holidays` package knows", at="holidays.country")


def _check_weekend(place: Place, weekend: Collection[str]) -> None:
    if len(set(weekend)) == len(WEEKDAYS):
        place.wrong("at least one day of the week that is worked", at="weekend")


def _look_at_subdivision(place: Place, part: Subdivision, keys: _Keys) -> None:
    _check_weekend(place, part.weekend or ())
    country = keys.pack.jurisdiction.holidays.country
    supported = holidays.list_supported_countries().get(country, [])
    if part.holidays and part.holidays not in supported:
        place.wrong(f"a subdivision of `{country}` ({_listed(supported, 20)})", at="holidays")


def _look_at_holiday(place: Place, holiday: ExtraHoliday, keys: _Keys) -> None:
    place.known(holiday.subdivisions, keys.subdivisions, "a subdivision", at="subdivisions")


_LOOKS: dict[type, Callable[[Place, Any, _Keys], None]] = {
    Question: _look_at_question,
    Column: _look_at_column,
    SelfCheck: _look_at_self_check,
    ScreeningCheck: _look_at_screening,
    Criterion: _look_at_criterion,
    Rubric: _look_at_rubric,
    Reason: _look_at_reason,
    Metric: _look_at_metric,
    Threshold: _look_at_threshold,
    ConditionTemplate: _look_at_condition,
    MilestoneTemplate: _look_at_milestone,
    Clock: _look_at_clock,
    Cap: _look_at_cap,
    IncidentRules: _look_at_incidents,
    Authority: _look_at_authority,
    Regime: _look_at_regime,
    Jurisdiction: _look_at_jurisdiction,
    Subdivision: _look_at_subdivision,
    ExtraHoliday: _look_at_holiday,
}


# The whole -------------------------------------------------------------------------------


class _Whole:
    """The pack with where in its files each part stands."""

    def __init__(self, pack: Pack, keys: _Keys, places: list[tuple[Place, Any]]) -> None:
        self.pack = pack
        self.keys = keys
        self._places = {id(part): place for place, part in places}
        self._tops = [place for place, _part in places if not place.path]

    def place(self, part: Any) -> Place:
        """Where ``part`` stands."""
        return self._places[id(part)]

    def file(self, name: str) -> Place:
        """The file that holds ``name``, or the first of those in the folder of that name."""
        return next(top for top in self._tops if top.file.startswith((f"{name}.", f"{name}/")))


def _check_form(whole: _Whole) -> None:
    questions = list(whole.pack.form.questions())
    seen: set[str] = set()
    for question in questions:
        if question.key in seen:
            whole.place(question).wrong(
                f"each question's key once in the form, got `{question.key}` twice", at="key"
            )
        seen.add(question.key)
    parts: list[Section | Question] = [*whole.pack.form.sections, *questions]
    for part in parts:
        place = whole.place(part)
        _check_when(place, part.shown_when, whole.keys.questions, whole.keys, at="shown_when")
    _check_feeds(whole, questions)


def _check_feeds(whole: _Whole, questions: Iterable[Question]) -> None:
    found: dict[Feed, Question] = {}
    for question in questions:
        if question.feeds in found:
            whole.place(question).wrong(f"one question that feeds `{question.feeds}`", at="feeds")
        if question.feeds:
            found[question.feeds] = question
    for needed in FEEDS_NEEDED:
        if needed not in found:
            whole.file("form").wrong(f"one question that feeds `{needed}`", at="sections")
    lead, months = found[Feed.LEAD_SECTOR], found[Feed.MONTHS]
    if lead.choices_from != "sectors":
        whole.place(lead).wrong("`sectors`, for it feeds `lead_sector`", at="choices_from")
    most = whole.pack.terms.testing_months
    if months.maximum is None or months.maximum > most:
        whole.place(months).wrong(f"at most {most}, the terms' `testing_months`", at="maximum")


def _check_authorities(whole: _Whole) -> None:
    place, authorities = whole.file("authorities"), whole.pack.authorities
    centrals = [a for a in authorities if a.kind == "central"]
    if len(centrals) != 1:
        place.wrong(f"exactly one authority of the kind `central`, got {len(centrals)}")
    if centrals[0].leads:
        whole.place(centrals[0]).wrong(
            "nothing: the central office coordinates, it does not admit", at="leads"
        )
    for sector in whole.pack.sectors:
        leads = [a.key for a in authorities if sector.key in a.leads]
        if len(leads) != 1:
            place.wrong(f"exactly one authority that leads `{sector.key}`, got {len(leads)}")


def _check_clocks(whole: _Whole) -> None:
    have = {clock.key for clock in whole.pack.clocks}
    for needed in ClockName:
        if needed not in have:
            whole.file("clocks").wrong(f"the clock `{needed}`, which the system starts by name")
