"""The questions a pack asks: application form, self-check, incident facts, exit report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from sandbox.framework.struct import Count, Key, Named, Part, Positive
from sandbox.framework.text import Text
from sandbox.framework.when import When, holds


class QuestionKind(StrEnum):
    """What kind of answer a question wants, and so how it is asked and stored.

    Stored in ``answers`` as JSON: text kinds as text, ``number`` as int or float, ``money`` as
    integer minor units, ``date`` as ISO text, ``yes_no`` and ``declaration`` as bool, ``choice``
    as a key, ``multiple_choice`` as a list of keys, ``table`` as a list of objects by column
    key, ``file`` as a list of attachment ids.
    """

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"
    MULTIPLE_CHOICE = "multiple_choice"
    TABLE = "table"
    FILE = "file"
    DECLARATION = "declaration"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    ORGANISATION_NUMBER = "organisation_number"


CHOOSING = frozenset({QuestionKind.CHOICE, QuestionKind.MULTIPLE_CHOICE})


class Feed(StrEnum):
    """What an answer becomes elsewhere, so that nobody types twice.

    The table feeds name their columns in :data:`FEED_COLUMNS`.
    """

    ORGANISATION_NAME = "organisation_name"
    REGISTRATION_NUMBER = "registration_number"
    TITLE = "title"
    SUMMARY = "summary"
    LEAD_SECTOR = "lead_sector"
    OTHER_SECTORS = "other_sectors"
    START = "start"
    MONTHS = "months"
    PEOPLE_LIMIT = "people_limit"
    REGISTER_CONSENT = "register_consent"
    METRICS = "metrics"
    MILESTONES = "milestones"
    RELIEFS = "reliefs"


FEED_COLUMNS: dict[Feed, tuple[str, ...]] = {
    Feed.METRICS: ("name", "unit", "direction", "target", "cadence"),
    Feed.MILESTONES: ("title", "month", "evidence"),
    Feed.RELIEFS: ("rule", "clause", "relaxed", "reason", "replacement"),
}
"""The columns a table question needs for what it feeds. In ``metrics``, ``direction`` is a
choice of ``up`` and ``down``, ``cadence`` of the values of ``conditions.Cadence``; ``month`` of a
milestone counts from the first day live; ``rule`` is the instrument that the ``clause`` is of."""

FEEDS_NEEDED = (Feed.TITLE, Feed.SUMMARY, Feed.LEAD_SECTOR, Feed.MONTHS)
"""Every application form asks these exactly once."""


class Choice(Named, frozen=True, kw_only=True):
    """One of the answers to choose from."""

    label: Text
    hint: Text | None = None


ChoicesFrom = Literal[
    "sectors", "subdivisions", "principles", "vulnerabilities", "themes", "units", "languages"
]
"""A list of the pack that a question offers instead of choices of its own."""

ColumnKind = Literal["text", "long_text", "number", "money", "date", "choice"]


class Column(Named, frozen=True, kw_only=True):
    """A column of a table question."""

    kind: ColumnKind
    label: Text
    hint: Text | None = None
    required: bool = True
    choices: tuple[Choice, ...] = ()
    choices_from: ChoicesFrom | None = None


class Question(Named, frozen=True, kw_only=True):
    """One question. Its ``key`` is unique within the whole form.

    ``sectors``: asked only where one of these is a sector of the case (none: always).
    ``confidential``: ``may`` lets the applicant mark the answer, ``always`` marks it for them.
    """

    kind: QuestionKind
    label: Text
    hint: Text | None = None
    example: Text | None = None
    required: bool = True
    max_words: Positive | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    choices_from: ChoicesFrom | None = None
    columns: tuple[Column, ...] = ()
    min_rows: Count = 0
    max_rows: Positive = 20
    max_files: Positive = 5
    sectors: tuple[Key, ...] = ()
    shown_when: When | None = None
    confidential: Literal["no", "may", "always"] = "no"
    feeds: Feed | None = None

    def asked(self, answers: Mapping[str, Any], sectors: Iterable[str] = ()) -> bool:
        """Whether it is asked, given the ``answers`` so far and the case's ``sectors``."""
        if self.sectors and set(self.sectors).isdisjoint(sectors):
            return False
        return holds(self.shown_when, answers)


class Section(Named, frozen=True, kw_only=True):
    """A page of the form; the task list shows its title, summary and state."""

    title: Text
    introduction: Text | None = None
    questions: tuple[Question, ...]
    sectors: tuple[Key, ...] = ()
    shown_when: When | None = None
    minutes: Positive = 10

    def asked(self, answers: Mapping[str, Any], sectors: Iterable[str] = ()) -> bool:
        """Whether the section is part of the form, given answers and the case's sectors."""
        if self.sectors and set(self.sectors).isdisjoint(sectors):
            return False
        return holds(self.shown_when, answers)


class Form(Part, frozen=True, kw_only=True):
    """The application form."""

    title: Text
    introduction: Text
    sections: tuple[Section, ...] = ()

    def questions(self) -> Iterator[Question]:
        """All questions, in order."""
        for section in self.sections:
            yield from section.questions

    def section(self, key: str) -> Section | None:
        """The section ``key``, where there is one."""
        return next((section for section in self.sections if section.key == key), None)

    def question(self, key: str) -> Question | None:
        """The question ``key``, where there is one."""
        return next((question for question in self.questions() if question.key == key), None)

    def feeding(self, feed: Feed) -> Question | None:
        """The question whose answer becomes ``feed``, where the form asks it."""
        return next((question for question in self.questions() if question.feeds == feed), None)

    def answer(self, feed: Feed, answers: Mapping[str, Any]) -> Any:
        """What ``answers`` say for ``feed``; ``None`` where not asked or not answered."""
        question = self.feeding(feed)
        return answers.get(question.key) if question else None

    def reliefs(self, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rules to be relaxed, each ``rule`` with its clause: as all who follow read them."""
        return [
            {**row, "rule": ", ".join(filter(None, (row.get("rule"), row.get("clause"))))}
            for row in self.answer(Feed.RELIEFS, answers) or []
        ]

    def sectors(self, answers: Mapping[str, Any]) -> tuple[str, ...]:
        """The case's sectors by its answers: the lead first, then the others."""
        lead = self.answer(Feed.LEAD_SECTOR, answers)
        others = self.answer(Feed.OTHER_SECTORS, answers) or []
        several = [lead, *others] if lead else list(others)
        return tuple(dict.fromkeys(several))

    def asked(self, answers: Mapping[str, Any]) -> list[tuple[Section, list[Question]]]:
        """The sections and questions that these ``answers`` lead to, in order."""
        sectors = self.sectors(answers)
        return [
            (section, [q for q in section.questions if q.asked(answers, sectors)])
            for section in self.sections
            if section.asked(answers, sectors)
        ]


def blank(value: Any) -> bool:
    """Whether ``value`` is no answer. ``False`` and 0 are answers."""
    return value is None or value is msgspec.UNSET or value in ("", [], {})
