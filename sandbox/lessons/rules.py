"""The life of a lesson, its de-identification and its adoption. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.lessons.tables import Lesson
from sandbox.people.person import Role


class Kind(StrEnum):
    """What sort of thing was learned; the first two are the two halves of the mandate."""

    MISUSE_MITIGATED = "misuse_mitigated"
    MISSED_USE_AVOIDED = "missed_use_avoided"
    PROCESS = "process"
    TECHNICAL = "technical"


class Strength(StrEnum):
    """How much stands behind it."""

    ONE_PILOT = "one_pilot"
    SEVERAL = "several"
    ACROSS_SECTORS = "across_sectors"


class Verdict(StrEnum):
    """What another sector makes of it."""

    ADOPTED = "adopted"
    ADAPTED = "adapted"
    NOT_APPLICABLE = "not_applicable"


KIND_NAMES = {
    Kind.MISUSE_MITIGATED: N_("Misuse mitigated"),
    Kind.MISSED_USE_AVOIDED: N_("Missed use avoided"),
    Kind.PROCESS: N_("Process"),
    Kind.TECHNICAL: N_("Technical"),
}
STRENGTH_NAMES = {
    Strength.ONE_PILOT: N_("Seen in one pilot"),
    Strength.SEVERAL: N_("Seen in several pilots"),
    Strength.ACROSS_SECTORS: N_("Seen across sectors"),
}
VERDICT_NAMES = {
    Verdict.ADOPTED: N_("Adopted"),
    Verdict.ADAPTED: N_("Adapted"),
    Verdict.NOT_APPLICABLE: N_("Not applicable"),
}

_WRITERS = {Role.OFFICER, Role.DECISION_MAKER, Role.CENTRAL}
LIFE = LifeCycle(
    "lesson",
    "draft",
    (
        transition(
            "clear",
            "draft",
            "cleared",
            _WRITERS,
            label=N_("Clear for publication"),
            precondition="a second person found nothing that identifies anybody",
        ),
        transition("reopen", "cleared", "draft", _WRITERS, label=N_("Back to draft")),
        transition("publish", "cleared", "published", {Role.CENTRAL}, label=N_("Publish")),
        transition(
            "supersede",
            "published",
            "superseded",
            {Role.CENTRAL},
            label=N_("Supersede"),
            precondition="another published lesson says it better",
        ),
    ),
)

PARTS = ("title", "context", "tried", "happened", "why", "differently")
PART_NAMES = {
    "title": N_("The lesson in one sentence"),
    "context": N_("Context"),
    "tried": N_("What was tried"),
    "happened": N_("What happened"),
    "why": N_("Why"),
    "differently": N_("What to do differently"),
}


class Mark(msgspec.Struct, frozen=True):
    """A place in a text that could tell who it is about."""

    language: str
    part: str
    found: str
    reason: str


_PATTERNS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), N_("an email address")),
    (re.compile(r"\bhttps?://\S+"), N_("a web address")),
    (re.compile(r"\b[A-Z]{2,}-\d{4}-\d{2,}\b"), N_("a reference number")),
    (re.compile(r"\+?\d[\d -]{7,}\d"), N_("a telephone or registration number")),
    (re.compile(r"(?i)\bthe only\b|\bsatu-satunya\b"), N_("words that single somebody out")),
)
# Parts of firms' names that say nothing about which firm it is.
_COMMON = frozenset({"sdn", "bhd", "berhad", "ltd", "the", "and", "dan", "inc", "plc", "group"})


def marks(
    texts: Mapping[str, Mapping[str, str]], names: Iterable[tuple[str, str]]
) -> tuple[Mark, ...]:
    """Everything in ``texts`` that may identify somebody.

    ``names`` are the case's own (name, what it is) pairs: its organisation, people,
    products and places. A name is found whole or by any telling word of it.
    """
    needles = [(_pattern(word), why) for name, why in names for word in _telling(name)]
    return tuple(
        Mark(language, part, match.group(0), why)
        for language, parts in texts.items()
        for part, text in parts.items()
        for pattern, why in (*needles, *_PATTERNS)
        for match in [pattern.search(text)]
        if match
    )


def _telling(name: str) -> list[str]:
    words = [w for w in re.findall(r"\w+", name) if len(w) > 3 and w.lower() not in _COMMON]
    return list(dict.fromkeys([name, *words])) if name.strip() else []


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)


def check_written(texts: Mapping[str, Mapping[str, str]], language: str) -> None:
    """Every part must be written in ``language``.

    :raises InvalidInput: naming each part that is empty.
    """
    written = texts.get(language, {})
    errors = {f"{part}_{language}": _("Write this part") for part in PARTS if not written.get(part)}
    if errors:
        raise InvalidInput(errors)


def check_draft(lesson: Lesson) -> None:
    """Only a draft can be written on.

    :raises RuleBroken: ``lesson.edit.not_draft``.
    """
    if lesson.state != LIFE.initial:
        raise RuleBroken("lesson.edit.not_draft", _("Only a draft can be changed."))


def clear(
    lesson: Lesson, *, by: UUID | None, found: Iterable[Mark], reason: str, at: datetime
) -> None:
    """A second person clears the lesson for publication.

    :raises RuleBroken: the author clears their own (separation of duties), or something
        that may identify is still there and no reason says why it may stay.
    """
    if by == lesson.author:
        raise RuleBroken(
            "lesson.clear.author",
            _("A second person clears a lesson: somebody who did not write it."),
        )
    if list(found) and not reason.strip():
        raise RuleBroken(
            "lesson.clear.identifies",
            _("Something here may tell who it is about. Take it out, or say why it may stay."),
        )
    LIFE.move(lesson, "clear", at=at)
    lesson.cleared_by = by
    lesson.clearance_reason = reason.strip()


def publish(lesson: Lesson, *, number: str, at: datetime) -> None:
    """Put the lesson into the library under ``number``."""
    LIFE.move(lesson, "publish", at=at)
    lesson.number = number
    lesson.published_at = at


def supersede(lesson: Lesson, newer: Lesson, *, at: datetime) -> None:
    """Let ``newer`` stand in the library in the lesson's place.

    :raises InvalidInput: ``newer`` is the lesson itself, or not in the library.
    """
    if newer.id == lesson.id or newer.state != "published":
        raise InvalidInput({"newer": _("Choose the published lesson that takes its place")})
    LIFE.move(lesson, "supersede", at=at)
    lesson.superseded_by = newer.id


def check_adoption(lesson: Lesson, *, sector: str, verdict: Verdict, how: str) -> None:
    """Whether ``sector`` may say this about the lesson.

    :raises RuleBroken: the lesson is not published, or comes from this very sector.
    :raises InvalidInput: adapted without how, or not applicable without why.
    """
    if lesson.state != "published":
        raise RuleBroken("lesson.adopt.unpublished", _("Only a published lesson can be adopted."))
    if lesson.sector == sector:
        raise RuleBroken("lesson.adopt.own_sector", _("This lesson comes from your own sector."))
    if verdict is not Verdict.ADOPTED and not how.strip():
        raise InvalidInput({"how": _("Say how you adapted it, or why it does not apply")})
