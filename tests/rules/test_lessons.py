"""Lessons: nobody is named, nobody clears their own."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.lessons import rules
from sandbox.lessons.tables import Lesson

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
NAMES = [
    rules.organisation_name("Denyut Analitik Sdn Bhd", common={"sdn", "bhd", "analitik"}),
    rules.person_name("Aisyah binti Rahman"),
    rules.pilot_title("Transfers that explain themselves: Retina Screening"),
]


def _lesson(**changes) -> Lesson:
    base = {
        "id": uuid4(), "author": uuid4(), "source_case": uuid4(), "sector": "a", "state": "draft",
        "state_since": NOW, "made_at": NOW, "kind": "process", "principle": "p", "theme": "t",
    }  # fmt: skip
    return Lesson(**{**base, **changes})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It began at denyut analitik sdn bhd.", "denyut analitik sdn bhd"),
        ("The Denyut team was quick.", "Denyut"),
        ("Ask nur@example.my", "nur@example.my"),
        ("See RNT-2026-0042", "RNT-2026-0042"),
        ("It was the only rice-disease pilot", "the only"),
        ("Call 012-345 6789", "012-345 6789"),
        ("Their retina screening began late", "retina screening"),
        ("Said Rahman of the team", "Rahman"),
    ],
)
def test_marks_find_what_identifies(text, found) -> None:
    marks = rules.marks({"en": {"context": text}}, NAMES)
    assert found in {mark.found for mark in marks}


def test_marks_leave_plain_words_alone() -> None:
    text = (
        "A model did well in tests and badly at sites with other cameras, Sdn or not. It must "
        "explain each transfer that it held; analitik and screening are words of the field."
    )
    assert rules.marks({"en": {"context": text}}, NAMES) == ()


@pytest.mark.parametrize(
    "text",
    [
        "It began at Denyut Analitik Sdn. Bhd., in May",
        "DENYUT ANALITIK taught us this",
        "So said Aisyah binti Rahman",
    ],
)
def test_a_full_name_blocks_whatever_the_reason(text) -> None:
    (mark,) = rules.marks({"en": {"title": text}}, NAMES)
    assert mark.blocks
    lesson, reasons = _lesson(), {mark.key: "Everybody knows it anyway."}
    with pytest.raises(RuleBroken) as refused:
        rules.clear(lesson, by=uuid4(), found=[mark], reasons=reasons, at=NOW)
    assert refused.value.rule == "lesson.clear.names"


def test_each_mark_needs_a_reason_of_its_own() -> None:
    found = rules.marks({"en": {"why": "The only one.", "tried": "The Denyut way."}}, NAMES)
    assert len(found) == 2
    first, second = found
    assert rules.unexplained(found, {first.key: "There were nine of them."}) == [second]


def test_an_author_does_not_clear_their_own() -> None:
    lesson = _lesson()
    with pytest.raises(RuleBroken) as refused:
        rules.clear(lesson, by=lesson.author, found=(), reasons={}, at=NOW)
    assert refused.value.rule == "lesson.clear.author"
    assert lesson.state == "draft"


def test_a_marked_place_needs_a_reason_to_stay() -> None:
    mark = rules.Mark("en", "context", "the only", "words that single somebody out")
    lesson = _lesson()
    with pytest.raises(RuleBroken) as refused:
        rules.clear(lesson, by=uuid4(), found=[mark], reasons={mark.key: "ok"}, at=NOW)
    assert refused.value.rule == "lesson.clear.identifies"
    rules.clear(lesson, by=uuid4(), found=[mark], reasons={mark.key: "There were nine."}, at=NOW)
    assert lesson.state == "cleared"


def test_only_a_cleared_lesson_is_published() -> None:
    lesson = _lesson()
    with pytest.raises(RuleBroken):
        rules.publish(lesson, number="L-2026-001", at=NOW)
    rules.clear(lesson, by=uuid4(), found=(), reasons={}, at=NOW)
    rules.publish(lesson, number="L-2026-001", at=NOW)
    assert (lesson.state, lesson.published_at) == ("published", NOW)


def test_adaptation_says_how() -> None:
    lesson = _lesson(state="published")
    with pytest.raises(InvalidInput):
        rules.check_adoption(lesson, sector="b", verdict=rules.Verdict.ADAPTED, how="")
    rules.check_adoption(lesson, sector="b", verdict=rules.Verdict.ADAPTED, how="By ward.")


def test_a_sector_does_not_adopt_its_own_lesson() -> None:
    with pytest.raises(RuleBroken) as refused:
        rules.check_adoption(
            _lesson(state="published"), sector="a", verdict=rules.Verdict.ADOPTED, how=""
        )
    assert refused.value.rule == "lesson.adopt.own_sector"


def test_every_part_must_be_written() -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.check_written({"en": {"title": "One"}}, "en")
    assert set(refused.value.errors) == {
        "context_en", "tried_en", "happened_en", "why_en", "differently_en",
    }  # fmt: skip
