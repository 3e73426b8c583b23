"""Writes of lessons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.policy import allow
from sandbox.foundation.work import work_of
from sandbox.lessons import queries, rules
from sandbox.lessons.policy import writes_for
from sandbox.lessons.tables import Adoption, Lesson
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot

Texts = Mapping[str, Mapping[str, str]]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a lesson is about, in the pack's own keys."""

    kind: rules.Kind
    principle: str
    theme: str
    vulnerabilities: list[str] = []
    strength: rules.Strength = rules.Strength.ONE_PILOT
    may_transfer_to: list[str] = []


async def draft_lesson(
    person: Person, pilot_id: UUID, *, texts: Texts, about: About, language: str
) -> Lesson:
    """Write a lesson from a pilot's case.

    :raises InvalidInput: a part is not written in ``language``.
    :raises NotFound: the pilot is not one that this person works on.
    """
    rules.check_written(texts, language)
    async with work_of(person) as work:
        pilot = await Pilot.objects().get(Pilot.id == pilot_id)
        if pilot is None or not writes_for(person, pilot.sectors):
            raise NotFound
        lesson = Lesson(
            id=uuid4(),
            source_case=pilot.case,
            sector=pilot.lead_sector,
            author=person.id,
            state=rules.LIFE.initial,
            state_since=work.now,
            made_at=work.now,
            demo=pilot.demo,
        )
        _fill(lesson, texts, about)
        await work.save(lesson)
        work.record("lesson.drafted", lesson)
    return lesson


def _fill(lesson: Lesson, texts: Texts, about: About) -> None:
    lesson.texts = {
        language: {part: parts.get(part, "").strip() for part in rules.PARTS}
        for language, parts in texts.items()
        if any(parts.values())
    }
    lesson.kind, lesson.principle, lesson.theme = about.kind, about.principle, about.theme
    lesson.vulnerabilities, lesson.strength = about.vulnerabilities, about.strength
    lesson.may_transfer_to = about.may_transfer_to


async def edit_lesson(
    person: Person, lesson_id: UUID, *, texts: Texts, about: About, language: str
) -> Lesson:
    """Change a draft.

    :raises RuleBroken: it is no draft any more.
    """
    rules.check_written(texts, language)
    async with work_of(person) as work:
        lesson = await work.lock(Lesson, lesson_id)
        allow(person, "write", lesson)
        rules.check_draft(lesson)
        _fill(lesson, texts, about)
        await work.save(lesson)
        work.record("lesson.edited", lesson)
    return lesson


async def clear_lesson(
    person: Person, lesson_id: UUID, *, reasons: Mapping[str, str] = MappingProxyType({})
) -> Lesson:
    """Clear a lesson as the second person, after the de-identification check.

    ``reasons`` say by a mark's key why it may stay.

    :raises RuleBroken: see :func:`sandbox.lessons.rules.clear`.
    """
    async with work_of(person) as work:
        lesson = await work.lock(Lesson, lesson_id)
        allow(person, "clear", lesson)
        found = rules.marks(lesson.texts, await queries.names_in_case(lesson.source_case))
        rules.clear(lesson, by=person.id, found=found, reasons=reasons, at=work.now)
        await work.save(lesson)
        work.record("lesson.cleared", lesson, marks=len(found))
    return lesson


async def reopen_lesson(person: Person, lesson_id: UUID) -> Lesson:
    """Send a cleared lesson back to be written again."""
    async with work_of(person) as work:
        lesson = await work.lock(Lesson, lesson_id)
        allow(person, "reopen", lesson)
        rules.LIFE.move(lesson, "reopen", at=work.now)
        lesson.cleared_by = None
        await work.save(lesson)
        work.record("lesson.reopened", lesson)
    return lesson


async def publish_lesson(person: Person, lesson_id: UUID) -> Lesson:
    """Put a cleared lesson into the library."""
    async with work_of(person) as work:
        lesson = await work.lock(Lesson, lesson_id)
        allow(person, "publish", lesson)
        (row,) = await fetch("SELECT nextval('lesson_numbering') AS n")
        rules.publish(lesson, number=f"L-{work.now.year}-{row['n']:03}", at=work.now)
        await work.save(lesson)
        work.record("lesson.published", lesson, number=lesson.number)
    return lesson


async def supersede_lesson(person: Person, lesson_id: UUID, *, newer: UUID) -> Lesson:
    """Put a newer lesson in the place of one in the library, which leads to it from now on.

    :raises InvalidInput: see :func:`sandbox.lessons.rules.supersede`.
    :raises NotFound: there is no such newer lesson.
    """
    async with work_of(person) as work:
        lesson = await work.lock(Lesson, lesson_id)
        allow(person, "supersede", lesson)
        other = await Lesson.objects().get(Lesson.id == newer)
        if other is None:
            raise NotFound
        rules.supersede(lesson, other, at=work.now)
        await work.save(lesson)
        work.record("lesson.superseded", lesson, by=other.number)
    return lesson


async def adopt_lesson(
    person: Person, lesson_id: UUID, *, sector: str, verdict: rules.Verdict, how: str
) -> None:
    """Say what ``sector`` makes of a lesson; a later word replaces an earlier one.

    :raises RuleBroken: see :func:`sandbox.lessons.rules.check_adoption`.
    """
    async with work_of(person) as work:
        lesson = await work.lock(Lesson, lesson_id)
        allow(person, "read", lesson)
        allow(person, "adopt", lesson)
        if sector not in person.sectors:
            raise NotFound
        rules.check_adoption(lesson, sector=sector, verdict=verdict, how=how)
        spoken = (Adoption.lesson == lesson.id) & (Adoption.sector == sector)
        adoption = await Adoption.objects().where(spoken).first() or Adoption(
            id=uuid4(),
            lesson=lesson.id,
            sector=sector,
            authority=person.authority,
            by=person.id,
        )
        adoption.verdict, adoption.how = verdict, how.strip()
        adoption.by, adoption.at = person.id, work.now
        await work.save(adoption)
        work.record("lesson.adoption_recorded", lesson, sector=sector, verdict=verdict)
