"""Answers: from what was typed to what is stored, and what is still wrong with it. Pure.

What cannot be converted is stored as it was typed, so that nothing is lost; it counts as
not answered until it can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from sandbox.foundation.i18n import _, format_number
from sandbox.foundation.typed import MOST_DIGITS, whole
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Column, Question, QuestionKind, Section, blank

Answers = dict[str, Any]
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://\S+\.\S+")
_PHONE = re.compile(r"\+?[\d\s()-]{7,20}")


# From the form ---------------------------------------------------------------------------


def typed(question: Question, values: Mapping[str, Any]) -> Any:
    """The answer to ``question`` out of a posted form's ``values``; ``None`` for nothing.

    A table's cells are named ``<question>.<row>.<column>``; rows left empty are dropped.
    """
    if question.kind is QuestionKind.TABLE:
        return _rows(question, values)
    raw = values.get(question.key)
    if question.kind is QuestionKind.MULTIPLE_CHOICE:
        several = raw if isinstance(raw, list) else [raw]
        return [item for item in several if item]
    if isinstance(raw, list):
        raw = raw[-1] if raw else None
    return _converted(question.kind, raw)


def _rows(question: Question, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    cells: dict[int, dict[str, Any]] = {}
    columns = {column.key: column for column in question.columns}
    for name, value in values.items():
        key, _dot, rest = name.partition(".")
        number, _dot, column = rest.partition(".")
        row = whole(number)
        if key == question.key and row is not None and column in columns and value:
            kind = QuestionKind(columns[column].kind)
            cells.setdefault(row, {})[column] = _converted(kind, value)
    return [cells[number] for number in sorted(cells)]


def _converted(kind: QuestionKind, raw: Any) -> Any:
    """What is stored for ``raw``; the words themselves where they do not fit the kind."""
    if raw is None or raw == "":
        return None
    convert = _CONVERSIONS.get(kind)
    return convert(str(raw)) if convert else raw


def _number(raw: str) -> Any:
    plain = raw.replace(",", "").replace(" ", "")
    if not _NUMBER.fullmatch(plain) or len(plain) > MOST_DIGITS:
        return raw
    return float(plain) if "." in plain else int(plain)


def _money(raw: str) -> Any:
    plain = re.sub(r"[^\d.,-]", "", raw).replace(",", "")
    if len(plain) > MOST_DIGITS:
        return raw
    try:
        return int(Decimal(plain) * 100)
    except InvalidOperation:
        return raw


def _date(raw: str) -> Any:
    try:
        return date.fromisoformat(raw).isoformat()
    except ValueError:
        return raw


def _flag(raw: str) -> Any:
    return {"yes": True, "no": False}.get(raw, raw)


_CONVERSIONS: dict[QuestionKind, Callable[[str], Any]] = {
    QuestionKind.NUMBER: _number,
    QuestionKind.MONEY: _money,
    QuestionKind.DATE: _date,
    QuestionKind.YES_NO: _flag,
    QuestionKind.DECLARATION: _flag,
}


# To the form -----------------------------------------------------------------------------


def shown(question: Question, answers: Mapping[str, Any]) -> Any:
    """The value that the form's field shows for a stored answer."""
    value = answers.get(question.key)
    if question.kind is QuestionKind.MONEY and isinstance(value, int):
        return f"{value / 100:.2f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


# What is wrong ---------------------------------------------------------------------------


def problem(question: Question, value: Any, pack: Pack) -> str:
    """What is wrong with an answer, in words; empty when nothing is."""
    if blank(value):
        return _missing(question) if question.required else ""
    if question.kind is QuestionKind.TABLE:
        return _table_problem(question, value, pack)
    if question.kind is QuestionKind.DECLARATION and value is not True:
        return _("Tick the box to declare this") if question.required else ""
    return _kind_problem(question, value, pack) or _limit_problem(question, value)


def _missing(question: Question) -> str:
    words = {
        QuestionKind.CHOICE: _("Choose one"),
        QuestionKind.YES_NO: _("Choose yes or no"),
        QuestionKind.MULTIPLE_CHOICE: _("Choose at least one"),
        QuestionKind.FILE: _("Attach a file"),
        QuestionKind.DECLARATION: _("Tick the box to declare this"),
        QuestionKind.TABLE: _("Add at least one row"),
        QuestionKind.DATE: _("Enter a date"),
    }
    return words.get(question.kind, _("Answer this question"))


def _kind_problem(question: Question | Column, value: Any, pack: Pack) -> str:
    kind = QuestionKind(question.kind)
    if kind in {QuestionKind.NUMBER, QuestionKind.MONEY}:
        return "" if isinstance(value, int | float) else _("Enter a number")
    if kind is QuestionKind.DATE:
        return "" if _is_date(value) else _("Enter a date")
    if kind in {QuestionKind.CHOICE, QuestionKind.MULTIPLE_CHOICE}:
        offered = {key for key, _label in pack.choices(question)}
        chosen = set(value) if isinstance(value, list) else {value}
        return "" if chosen <= offered else _("Choose from the options")
    patterns = {
        QuestionKind.EMAIL: (_EMAIL, _("Enter an email address, such as name@example.com")),
        QuestionKind.URL: (_URL, _("Enter a web address that begins with https://")),
        QuestionKind.PHONE: (_PHONE, _("Enter a telephone number")),
    }
    if kind in patterns and not patterns[kind][0].fullmatch(str(value)):
        return patterns[kind][1]
    return ""


def _is_date(value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _limit_problem(question: Question, value: Any) -> str:
    if question.max_words and len(str(value).split()) > question.max_words:
        return _("Use at most %(n)s words") % {"n": question.max_words}
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    amount = value / 100 if question.kind is QuestionKind.MONEY else value
    if question.minimum is not None and amount < question.minimum:
        return _("Enter %(n)s or more") % {"n": format_number(question.minimum)}
    if question.maximum is not None and amount > question.maximum:
        return _("Enter %(n)s or less") % {"n": format_number(question.maximum)}
    return ""


def _table_problem(question: Question, rows: Any, pack: Pack) -> str:
    if not isinstance(rows, list) or len(rows) < question.min_rows:
        return _("Add at least %(n)s rows") % {"n": question.min_rows}
    if len(rows) > question.max_rows:
        return _("Keep to %(n)s rows") % {"n": question.max_rows}
    for number, row in enumerate(rows, 1):
        for column in question.columns:
            value = row.get(column.key)
            if blank(value):
                wrong = _("not filled in") if column.required else ""
            else:
                wrong = _kind_problem(column, value, pack)
            if wrong:
                return _("Row %(row)s, %(column)s: %(problem)s") % {
                    "row": number, "column": column.label, "problem": wrong,
                }  # fmt: skip
    return ""


def problems(pack: Pack, answers: Mapping[str, Any]) -> dict[str, str]:
    """Everything that stands in the way of submitting: question -> what is wrong."""
    return {
        question.key: wrong
        for _section, questions in pack.form.asked(answers)
        for question in questions
        if (wrong := problem(question, answers.get(question.key), pack))
    }


class SectionState(msgspec.Struct, frozen=True, kw_only=True):
    """A section in the task list: not_started, in_progress or complete."""

    section: Section
    state: str
    questions: int
    open: int


def section_states(pack: Pack, answers: Mapping[str, Any]) -> list[SectionState]:
    """The task list that these answers lead to."""
    return [
        _section_state(section, questions, answers, pack)
        for section, questions in pack.form.asked(answers)
    ]


def _section_state(
    section: Section, questions: list[Question], answers: Mapping[str, Any], pack: Pack
) -> SectionState:
    open_ = sum(bool(problem(q, answers.get(q.key), pack)) for q in questions)
    begun = any(not blank(answers.get(q.key)) for q in questions)
    state = "complete" if not open_ and begun else "in_progress" if begun else "not_started"
    if not open_ and not begun and not any(q.required for q in questions):
        state = "optional"
    return SectionState(section=section, state=state, questions=len(questions), open=open_)
