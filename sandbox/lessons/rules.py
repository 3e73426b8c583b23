"""The life of a lesson, its de-identification and its adoption. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

import msgspec

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.lessons.tables import Lesson
from sandbox.lessons.words import FORMS, PLAIN
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


class Name(msgspec.Struct, frozen=True):
    """What the case calls somebody or something: ``what`` it is and whether it may stay.

    ``telling`` are the words that find it alone; the name itself does so anyway.
    """

    name: str
    what: str
    blocks: bool = False
    telling: tuple[str, ...] = ()


class Mark(msgspec.Struct, frozen=True):
    """A place in a text that could tell who it is about; one that ``blocks`` may not stay."""

    language: str
    part: str
    found: str
    reason: str
    blocks: bool = False

    @property
    def key(self) -> str:
        """The same for the same words in the same part, whatever else is found."""
        found = re.sub(r"\W+", "_", self.found.casefold())
        return f"{self.language}-{self.part}-{found}"


_PATTERNS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), N_("an email address")),
    (re.compile(r"\bhttps?://\S+"), N_("a web address")),
    (re.compile(r"\b[A-Z]{2,}-\d{4}-\d{2,}\b"), N_("a reference number")),
    (re.compile(r"\+?\d[\d -]{7,}\d"), N_("a telephone or registration number")),
    (re.compile(r"(?i)\bthe only\b|\bsatu-satunya\b"), N_("words that single somebody out")),
)
_LEAST_LETTERS = 4


def marks(texts: Mapping[str, Mapping[str, str]], names: Iterable[Name]) -> tuple[Mark, ...]:
    """Everything in ``texts`` that may identify somebody, each place by its longest name.

    ``names`` are the case's own: its organisation, people, and title.
    """
    needles = [needle for name in names for needle in _needles(name)]
    needles += [(pattern, why, False) for pattern, why in _PATTERNS]
    found = (
        mark
        for language, parts in texts.items()
        for part, text in parts.items()
        for mark in _marks_in(text, language, part, needles)
    )
    return tuple({mark.key: mark for mark in found}.values())


_Needle = tuple[re.Pattern[str], str, bool]


def _marks_in(text: str, language: str, part: str, needles: Iterable[_Needle]) -> Iterable[Mark]:
    hits = [
        (match.start(), match.end(), why, blocks)
        for pattern, why, blocks in needles
        for match in pattern.finditer(text)
    ]
    taken: list[tuple[int, int]] = []
    for start, end, why, blocks in sorted(hits, key=lambda hit: (not hit[3], hit[0] - hit[1])):
        if not any(start < to and begin < end for begin, to in taken):
            taken.append((start, end))
            yield Mark(language, part, text[start:end], why, blocks)


def _needles(name: Name) -> list[_Needle]:
    """Patterns for a name: whole, without its legal form, and by its telling words."""
    core = _without_form(name.name)
    whole = {name.name.strip(), " ".join(core)} if len(core) > 1 else {name.name.strip()}
    made = [(_pattern(words), name.what, name.blocks) for words in whole if words]
    telling = [word for word in name.telling if word not in whole]
    return made + [(_pattern(word), name.what, False) for word in telling]


def _without_form(name: str) -> list[str]:
    words = re.findall(r"[\w'’&-]+", name)
    while words and words[-1].casefold().strip(".") in FORMS:
        words.pop()
    return words


def organisation_name(name: str, common: Collection[str] = ()) -> Name:
    """The name of a firm, which may not stay; ``common`` words are shared by many firms."""
    words = _telling_words(name)
    telling = tuple(word for word in words if word.casefold() not in common)
    return Name(name, _("the organisation"), blocks=True, telling=telling)


def person_name(name: str) -> Name:
    """The name of a person, which may not stay."""
    return Name(name, _("a person"), blocks=True, telling=tuple(_telling_words(name)))


def pilot_title(title: str) -> Name:
    """The title of a pilot: found whole, and by any two telling words that follow each other.

    Its single words are words of the field.
    """
    words = re.findall(r"\w+", title)
    pairs = [
        f"{one} {two}" for one, two in pairwise(words) if _is_telling(one) and _is_telling(two)
    ]
    return Name(title, _("the pilot"), telling=tuple(pairs))


def _telling_words(name: str) -> list[str]:
    return [word for word in dict.fromkeys(re.findall(r"\w+", name)) if _is_telling(word)]


def _is_telling(word: str) -> bool:
    plain = word.casefold() in FORMS or word.casefold() in PLAIN
    return len(word) >= _LEAST_LETTERS and not plain


def _pattern(words: str) -> re.Pattern[str]:
    """``words`` in any case, with any space, comma or dot between them."""
    parts = [re.escape(part) for part in re.split(r"[\s.,]+", words) if part]
    return re.compile(r"(?<!\w)" + r"[\s.,]+".join(parts) + r"(?!\w)", re.IGNORECASE)


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
    lesson: Lesson,
    *,
    by: UUID | None,
    found: Collection[Mark],
    reasons: Mapping[str, str],
    at: datetime,
) -> None:
    """A second person clears the lesson for publication; ``reasons`` by the mark's key.

    :raises RuleBroken: the author clears their own (separation of duties), a name stands in
        it, or something else that may identify does and no reason says why it may stay.
    """
    if by == lesson.author:
        raise RuleBroken(
            "lesson.clear.author",
            _("A second person clears a lesson: somebody who did not write it."),
        )
    named = [mark.found for mark in found if mark.blocks]
    if named:
        raise RuleBroken(
            "lesson.clear.names",
            _("A name stands in it: %(names)s. No reason lets it stay: take it out.")
            % {"names": ", ".join(f"“{name}”" for name in dict.fromkeys(named))},
        )
    if unexplained(found, reasons):
        raise RuleBroken(
            "lesson.clear.identifies",
            _("Something here may tell who it is about. Take it out, or say why it may stay."),
        )
    LIFE.move(lesson, "clear", at=at)
    lesson.cleared_by = by
    lesson.clearance_reason = "\n".join(
        f"“{mark.found}”: {reasons[mark.key].strip()}" for mark in found
    )


_SHORTEST_REASON = 10
"""Letters of a reason: “ok” is none."""


def unexplained(found: Iterable[Mark], reasons: Mapping[str, str]) -> list[Mark]:
    """The marks that may stay with a reason and have none yet."""
    return [
        mark
        for mark in found
        if not mark.blocks and len(reasons.get(mark.key, "").strip()) < _SHORTEST_REASON
    ]


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
