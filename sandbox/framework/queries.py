"""What the framework's pages show. A pack lies in memory, so no query reaches the database."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from sandbox.foundation.errors import NotFound
from sandbox.framework import library
from sandbox.framework.calendars import Jurisdiction, holidays_of
from sandbox.framework.conditions import ConditionTemplate
from sandbox.framework.errors import PackError
from sandbox.framework.pack import Authority, Pack, Sector
from sandbox.framework.questions import Question, blank
from sandbox.framework.text import Text


class Filters(msgspec.Struct, frozen=True):
    """What somebody looks for in the library of conditions; empty means any."""

    sector: str = ""
    kind: str = ""
    text: str = ""


class SectorLead(msgspec.Struct, frozen=True):
    """A sector with the authority that leads it and those that are heard."""

    sector: Sector
    lead: Authority
    joining: tuple[Authority, ...]


def chosen_pack(version: str) -> Pack:
    """The pack in ``version``; without one, the pack in force.

    :raises NotFound: there is no such version.
    """
    if not version:
        return library.current()
    try:
        return library.pack_of(version)
    except PackError:
        raise NotFound from None


def sector_leads(pack: Pack) -> list[SectorLead]:
    """Every sector with its authorities."""
    return [
        SectorLead(sector, pack.lead_of(sector.key), pack.joining(sector.key))
        for sector in pack.sectors
    ]


def find_conditions(pack: Pack, filters: Filters) -> list[ConditionTemplate]:
    """The condition templates that fit ``filters``; a sector's own before the general ones."""
    offered = pack.conditions_for(filters.sector) if filters.sector else pack.conditions
    return [
        template
        for template in offered
        if filters.kind in {"", template.kind} and _mentions(template, filters.text)
    ]


def _mentions(template: ConditionTemplate, words: str) -> bool:
    texts = (template.title, template.text, template.source)
    said = " ".join(part for text in texts for part in text.values()).lower()
    return all(word in said for word in words.lower().split())


def answers_to(questions: tuple[Question, ...], values: dict[str, Any]) -> dict[str, Any]:
    """The answers among typed ``values``: what no question offers is left out."""
    pack = library.current()
    answers: dict[str, Any] = {}
    for question in questions:
        value = values.get(question.key)
        if isinstance(value, str) and value in dict(_options(pack, question)):
            answers[question.key] = value if question.kind != "yes_no" else value == "yes"
    return answers


def unanswered(questions: tuple[Question, ...], answers: dict[str, Any]) -> list[str]:
    """The keys of the questions that must be answered, are asked and are not."""
    return [
        question.key
        for question in questions
        if question.required and question.asked(answers) and blank(answers.get(question.key))
    ]


def office_for(pack: Pack, answers: dict[str, Any]) -> Authority:
    """Whom to ask: the lead of the sector that was named, else the central office."""
    for question in pack.self_check.questions:
        if question.choices_from == "sectors" and question.key in answers:
            return pack.lead_of(answers[question.key])
    return pack.central


def _options(pack: Pack, question: Question) -> tuple[tuple[str, Text | str], ...]:
    return (("yes", ""), ("no", "")) if question.kind == "yes_no" else pack.choices(question)


class Place(msgspec.Struct, frozen=True):
    """A subdivision with the holidays of a year that not all keep."""

    name: str
    default: bool
    own: list[tuple[date, str]]


class HolidayYear(msgspec.Struct, frozen=True):
    """The holidays of a year: those that every subdivision keeps, and the others by place."""

    year: int
    everywhere: list[tuple[date, str]]
    places: list[Place]


def holiday_years(pack: Pack, language: str, first: int, count: int = 2) -> list[HolidayYear]:
    """The holidays that clocks leave out, for ``count`` years from ``first``."""
    return [_holiday_year(pack.jurisdiction, language, first + n) for n in range(count)]


def _holiday_year(jurisdiction: Jurisdiction, language: str, year: int) -> HolidayYear:
    parts = jurisdiction.subdivisions
    kept = {part.key: dict(holidays_of(jurisdiction, year, part.key, language)) for part in parts}
    shared = set.intersection(*(set(days) for days in kept.values()))
    base = kept[jurisdiction.default_subdivision]
    return HolidayYear(
        year,
        [(day, base[day]) for day in sorted(shared)],
        [
            Place(
                str(part.name),
                part.key == jurisdiction.default_subdivision,
                [(day, name) for day, name in kept[part.key].items() if day not in shared],
            )
            for part in parts
        ],
    )


def as_data(pack: Pack) -> bytes:
    """``pack`` as JSON, for machines; texts are objects by language."""
    return msgspec.json.encode(pack, enc_hook=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Text):
        return dict(value)
    raise NotImplementedError(type(value))
