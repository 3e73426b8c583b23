"""What the demo's applicants answer: a whole form, by the pack's questions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sandbox.demo.year import Case, content
from sandbox.foundation import clock
from sandbox.framework.conditions import Cadence, Metric
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Column, Feed, Question, QuestionKind

_OF_KIND: dict[QuestionKind, Any] = {
    QuestionKind.EMAIL: "hello@example.test",
    QuestionKind.PHONE: "+60 3-5550 0100",
    QuestionKind.URL: "https://www.example.test",
    QuestionKind.ORGANISATION_NUMBER: "202601000001",
    QuestionKind.DECLARATION: True,
}


def answers_of(case: Case, pack: Pack, *, firm: str, number: str, lead: str) -> dict[str, Any]:
    """Answers to everything that is asked of ``case``; valid for submission.

    ``number`` is the registration number of ``firm``; ``lead`` the person who answers for it.
    """
    known = _known(case, pack, firm=firm, number=number, lead=lead)
    answers: dict[str, Any] = {}
    for _round in range(3):  # an answer may bring another question up
        for _section, questions in pack.form.asked(answers):
            for question in questions:
                if question.key not in answers and question.kind is not QuestionKind.FILE:
                    answers[question.key] = _answer(question, case, pack, known)
    return {key: value for key, value in answers.items() if value is not None}


def _known(case: Case, pack: Pack, *, firm: str, number: str, lead: str) -> dict[str, Any]:
    """What the case itself says, by the feed of the question."""
    words = {
        "title": case.title, "summary": case.summary, "rule": case.rule, "firm": firm,
        "lead": lead,
    }  # fmt: skip
    day = pack.jurisdiction.calendar().day_of(clock.now()) + timedelta(days=120)
    return {
        "words": words,
        Feed.ORGANISATION_NAME: firm,
        Feed.REGISTRATION_NUMBER: number,
        Feed.TITLE: case.title,
        Feed.LEAD_SECTOR: case.sector,
        Feed.OTHER_SECTORS: [case.other_sector] if case.other_sector else None,
        Feed.PEOPLE_LIMIT: 400 + 100 * (case.number % 12),
        Feed.MONTHS: pack.terms.testing_months if case.number % 3 else 6,
        Feed.START: day.isoformat(),
        Feed.METRICS: _metrics(case, pack),
    }


def _metrics(case: Case, pack: Pack) -> list[dict[str, Any]]:
    used_up = {one.cap.metric for one in pack.conditions if one.cap}  # the caps bring these
    general = [m for m in pack.metrics if not m.sectors and m.key not in used_up]
    own = [m for m in pack.metrics if case.sector in m.sectors]
    chosen = own[:2] + [general[(case.number + n) % len(general)] for n in range(2)]
    return [
        {
            "name": str(metric.name), "unit": metric.unit, "direction": metric.direction,
            "target": _target(metric),
            # Not the pack's own where that is hourly: nobody promises to watch by the hour.
            "cadence": "daily" if metric.cadence is Cadence.HOURLY else metric.cadence.value,
        }
        for metric in chosen
    ]  # fmt: skip


def _target(metric: Metric) -> float | None:
    """What a firm would aim at; none where the demo does not know the metric."""
    known: float | None = content("answers")["targets"].get(metric.key)
    return known


def _answer(question: Question, case: Case, pack: Pack, known: dict[str, Any]) -> Any:
    if question.feeds in known:
        return known[question.feeds]
    if question.kind in {QuestionKind.CHOICE, QuestionKind.MULTIPLE_CHOICE}:
        return _choice(question, case, pack)
    if question.kind is QuestionKind.TABLE:
        return _table(question, pack, known)
    fixed = {
        **_OF_KIND,
        QuestionKind.YES_NO: question.key in content("answers")["agreed"],
        QuestionKind.MONEY: 50_000_000,
        QuestionKind.NUMBER: int(question.minimum or 0) + 120,
        QuestionKind.DATE: known[Feed.START],
    }
    return fixed[question.kind] if question.kind in fixed else _words(question.key, case, known)


def _choice(question: Question, case: Case, pack: Pack) -> Any:
    offered = [key for key, _label in pack.choices(question)]
    if question.kind is QuestionKind.CHOICE:
        said = content("answers")["choices"].get(question.key)
        picked = _turn(said, case) if isinstance(said, list) else said
        return picked if picked in offered else offered[0]
    sets = content("answers")["several"].get(question.key) or [offered[:1]]
    several = [key for key in _turn(sets, case) if key in offered]
    return several or offered[:1]


def _turn(items: Sequence[Any], case: Case) -> Any:
    return items[case.number % len(items)]


def _words(key: str, case: Case, known: dict[str, Any]) -> str:
    said = content("answers")["words"].get(key)
    text = _turn(said, case) if isinstance(said, list) else said
    if text is None:
        return str(known["words"]["lead"])
    return str(text).format(**known["words"])


def _table(question: Question, pack: Pack, known: dict[str, Any]) -> list[dict[str, Any]]:
    rows = content("answers")["tables"].get(question.key)
    if rows is None:
        return [{column.key: _cell(column, pack) for column in question.columns}]
    return [
        {
            key: value.format(**known["words"]) if isinstance(value, str) else value
            for key, value in row.items()
        }
        for row in rows
    ]


def _cell(column: Column, pack: Pack) -> Any:
    if column.choices or column.choices_from:
        return pack.choices(column)[0][0]
    return 1 if QuestionKind(column.kind) is QuestionKind.NUMBER else "As described"
