"""Answers as people read them: on the case, before submitting, in print. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

import msgspec

from sandbox.foundation.i18n import _, format_date, format_money
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Column, Question, QuestionKind, blank


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer in words.

    ``kind``: text, list, table (``columns`` and ``rows``), files (attachment ids) or none.
    """

    key: str
    label: str
    kind: str
    words: str = ""
    items: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    confidential: bool = False
    changed: bool = False


class AnsweredSection(msgspec.Struct, frozen=True, kw_only=True):
    """A section of the form with its answers."""

    key: str
    title: str
    answers: list[Answered]


def in_words(
    pack: Pack,
    answers: Mapping[str, Any],
    *,
    marks: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
) -> list[AnsweredSection]:
    """Every question that is asked, with its answer in the current language.

    ``marks``: questions that the applicant marked confidential. ``before``: the answers of the
    version before, against which ``changed`` is told.
    """
    return [
        AnsweredSection(
            key=section.key,
            title=str(section.title),
            answers=[
                _answered(pack, question, answers, marks or {}, before) for question in questions
            ],
        )
        for section, questions in pack.form.asked(answers)
    ]


def _answered(
    pack: Pack,
    question: Question,
    answers: Mapping[str, Any],
    marks: Mapping[str, Any],
    before: Mapping[str, Any] | None,
) -> Answered:
    value: Any = answers.get(question.key)
    confidential = question.confidential == "always" or bool(marks.get(question.key))
    changed = before is not None and before.get(question.key) != value
    fixed: dict[str, Any] = {
        "key": question.key,
        "label": str(question.label),
        "confidential": confidential,
        "changed": changed,
    }
    if blank(value):
        return Answered(kind="none", **fixed)
    if question.kind is QuestionKind.TABLE and isinstance(value, list):
        rows = tuple(
            tuple(cell(pack, column, row.get(column.key)) for column in question.columns)
            for row in value
        )
        heads = tuple(str(column.label) for column in question.columns)
        return Answered(kind="table", columns=heads, rows=rows, **fixed)
    if question.kind is QuestionKind.FILE:
        return Answered(kind="files", items=tuple(value), **fixed)
    if question.kind is QuestionKind.MULTIPLE_CHOICE:
        names = {key: str(label) for key, label in pack.choices(question)}
        return Answered(kind="list", items=tuple(names.get(key, key) for key in value), **fixed)
    return Answered(kind="text", words=cell(pack, question, value), **fixed)


def cell(pack: Pack, question: Question | Column, value: Any) -> str:
    """One value of ``question`` in words; what cannot be read stands as it was typed."""
    if blank(value):
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if question.choices or question.choices_from:
        names = {key: str(label) for key, label in pack.choices(question)}
        return names.get(str(value), str(value))
    return _measured(pack, question, value)


def _measured(pack: Pack, question: Question | Column, value: Any) -> str:
    kind = QuestionKind(question.kind)
    if kind is QuestionKind.MONEY and isinstance(value, int):
        return format_money(value)
    if kind is QuestionKind.NUMBER and isinstance(value, int | float):
        return pack.amount(value, getattr(question, "unit", ""))
    if kind is QuestionKind.DATE:
        with suppress(ValueError):
            return format_date(date.fromisoformat(str(value)))
    return str(value)
