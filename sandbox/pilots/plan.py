"""The sandbox plan: what both sides agreed, as one value that is stored word for word.

It is drawn from the decision and from the application's own tables, so nobody types twice.
Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from sandbox.applications import terms
from sandbox.framework import clocks
from sandbox.framework.conditions import Cadence
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Feed
from sandbox.framework.thresholds import threshold_of

Words = dict[str, str]


class PlannedCondition(msgspec.Struct, kw_only=True):
    """A condition as agreed; ``number`` is its own for the life of the pilot.

    ``within``: how long a document may take from the plan's acceptance, which sets ``due_on``.
    """

    number: int
    template: str = ""
    kind: str
    title: Words
    text: Words
    source: Words = {}
    precedent: bool = False
    due_on: date | None = None
    within: dict[str, Any] | None = None
    every: str = ""
    threshold: dict[str, Any] | None = None
    cap: dict[str, Any] | None = None


class PlannedMilestone(msgspec.Struct, kw_only=True):
    """A milestone as agreed. ``month`` counts from the first day live, which sets the day."""

    number: int
    title: Words
    evidence: Words = {}
    month: int | None = None
    due_on: date | None = None


class PlannedRelief(msgspec.Struct, kw_only=True):
    """A rule relaxed."""

    rule: str
    relaxed: str
    scope: str = ""
    replacement: str = ""
    authority: str = ""


class PlannedMetric(msgspec.Struct, kw_only=True):
    """What will be reported, and how often."""

    key: str
    name: str
    unit: str
    direction: str = "up"
    target: float | None = None
    cadence: str = Cadence.DAILY
    slices: list[str] = []


class PlanContent(msgspec.Struct, kw_only=True):
    """The whole plan. How many were ever made tells the next number, which is never reused."""

    title: str
    months: int
    people_limit: int | None = None
    conditions_made: int = 0
    milestones_made: int = 0
    conditions: list[PlannedCondition] = []
    milestones: list[PlannedMilestone] = []
    reliefs: list[PlannedRelief] = []
    metrics: list[PlannedMetric] = []

    def condition(self, number: int) -> PlannedCondition | None:
        """The condition with this number."""
        return next((c for c in self.conditions if c.number == number), None)

    def milestone(self, number: int) -> PlannedMilestone | None:
        """The milestone with this number."""
        return next((m for m in self.milestones if m.number == number), None)


def stored(content: PlanContent) -> dict[str, Any]:
    """The plan as JSON."""
    return msgspec.to_builtins(content)  # type: ignore[no-any-return]


def read(data: object) -> PlanContent:
    """The plan from its JSON."""
    return msgspec.convert(data, PlanContent)


# From the decision -------------------------------------------------------------------------


class Decided(msgspec.Struct, kw_only=True):
    """As much of a decision as the plan needs."""

    conditions: Sequence[Mapping[str, Any]] = ()
    milestones: Sequence[Mapping[str, Any]] = ()
    reliefs: Sequence[Mapping[str, Any]] = ()
    months: int


def draw_up(
    pack: Pack,
    answers: Mapping[str, Any],
    decided: Decided,
    *,
    title: str,
    lead: str,
    accepted_at: datetime | None = None,
) -> PlanContent:
    """The plan that a decision makes of an application.

    Days that count from acceptance are set by ``accepted_at``; until then they are no days.
    """
    conditions = [
        plan_condition(pack, number, item, accepted_at)
        for number, item in terms.numbered(decided.conditions)
    ]
    milestones = [_milestone(number, item) for number, item in enumerate(decided.milestones, 1)]
    reliefs = decided.reliefs or pack.form.reliefs(answers)
    people = pack.form.answer(Feed.PEOPLE_LIMIT, answers)
    return PlanContent(
        title=title,
        months=decided.months,
        people_limit=terms.people_limit(decided.conditions, people),
        conditions_made=len(conditions),
        milestones_made=len(milestones),
        conditions=conditions,
        milestones=milestones,
        reliefs=[_relief(item, pack.lead_of(lead).key) for item in reliefs],
        metrics=_metrics(pack, pack.form.answer(Feed.METRICS, answers) or [], conditions),
    )


def plan_condition(
    pack: Pack, number: int, item: Mapping[str, Any], accepted_at: datetime | None
) -> PlannedCondition:
    """One condition as a decision or an amendment words it; its template fills the gaps."""
    key = item.get("template") or ""
    planned = PlannedCondition(
        number=number,
        template=key,
        kind=item["kind"],
        title=words(item.get("title")),
        text=words(item["text"]),
        source=words(item.get("source")),
        precedent=bool(item.get("precedent")),
        due_on=_day(item.get("due_on")),
        within=item.get("within") or None,
        every=item.get("every") or "",
        threshold=item.get("threshold") or None,
        cap=item.get("cap") or None,
    )
    if key:
        _fill_from_template(pack, planned)
    if accepted_at is not None and planned.within and planned.due_on is None:
        limit = msgspec.convert(planned.within, clocks.Limit)
        calendar = pack.jurisdiction.calendar()
        planned.due_on = calendar.day_of(clocks.due(limit, accepted_at, calendar, roll=True))
    return planned


def _fill_from_template(pack: Pack, planned: PlannedCondition) -> None:
    """The title, the cadence and the time it may take, where the decision named none."""
    template = pack.condition(planned.template)
    planned.title = planned.title or dict(template.title)
    planned.every = planned.every or (template.every or "")
    if planned.due_on is None and planned.within is None and template.due is not None:
        planned.within = msgspec.to_builtins(template.due)


def _milestone(number: int, item: Mapping[str, Any]) -> PlannedMilestone:
    month = item.get("month")
    return PlannedMilestone(
        number=number,
        title=words(item["title"]),
        evidence=words(item.get("evidence")),
        month=int(month) if month else None,
        due_on=_day(item.get("due_on")),
    )


def _relief(item: Mapping[str, Any], authority: str) -> PlannedRelief:
    return PlannedRelief(
        rule=str(item.get("rule") or ""),
        relaxed=str(item.get("relaxed") or ""),
        scope=str(item.get("scope") or ""),
        replacement=str(item.get("replacement") or ""),
        authority=str(item.get("authority") or authority),
    )


def words(value: object) -> Words:
    """A text of the pack or of a person as language → words; plain words count as English."""
    if isinstance(value, Mapping):
        return {str(language): str(text) for language, text in value.items() if text}
    return {"en": str(value)} if value else {}


def _day(value: object) -> date | None:
    if isinstance(value, date) or value is None or value == "":
        return value or None  # type: ignore[return-value]
    return date.fromisoformat(str(value))


# Metrics -----------------------------------------------------------------------------------


def _metrics(
    pack: Pack, asked: Iterable[Mapping[str, Any]], conditions: Iterable[PlannedCondition]
) -> list[PlannedMetric]:
    """The applicant's own metrics, and those that the thresholds need beside them."""
    found: dict[str, PlannedMetric] = {}
    for row in asked:
        metric = _own_metric(pack, row, found)
        found[metric.key] = metric
    for condition in conditions:
        threshold = threshold_of(condition.threshold)
        if threshold is None:
            continue
        metric = found.setdefault(threshold.metric, _pack_metric(pack, threshold.metric))
        if threshold.slice and threshold.slice.dimension not in metric.slices:
            metric.slices.append(threshold.slice.dimension)
    return list(found.values())


def _own_metric(
    pack: Pack, row: Mapping[str, Any], taken: Mapping[str, PlannedMetric]
) -> PlannedMetric:
    name = str(row.get("name") or "")
    target = row.get("target")
    return PlannedMetric(
        key=_free(_key_of(pack, name), taken),
        name=name,
        unit=str(row.get("unit") or ""),
        direction=str(row.get("direction") or "up"),
        target=float(target) if target not in (None, "") else None,
        cadence=str(row.get("cadence") or Cadence.DAILY),
    )


def _key_of(pack: Pack, name: str) -> str:
    """The pack's key where the applicant named a metric of the pack, else one made of the name."""
    for metric in pack.metrics:
        if name.casefold() in {words.casefold() for words in metric.name.values()} | {metric.key}:
            return metric.key
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:50] or "metric"


def _free(key: str, taken: Mapping[str, PlannedMetric]) -> str:
    number = 2
    candidate = key
    while candidate in taken:
        candidate = f"{key}_{number}"
        number += 1
    return candidate


def _pack_metric(pack: Pack, key: str) -> PlannedMetric:
    known = next((metric for metric in pack.metrics if metric.key == key), None)
    if known is None:
        return PlannedMetric(key=key, name=key.replace("_", " ").capitalize(), unit="")
    return PlannedMetric(
        key=key,
        name=str(known.name),
        unit=known.unit,
        direction=known.direction,
        cadence=known.cadence,
        slices=list(known.slices),
    )
