"""What the demo year teaches: lessons in the library, two published reports and one begun."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sandbox.demo.cast import Cast
from sandbox.demo.stage import Stage
from sandbox.demo.year import content
from sandbox.foundation.database import fetch
from sandbox.lessons import commands as lessons
from sandbox.lessons import queries as lesson_queries
from sandbox.lessons import rules as lesson_rules
from sandbox.people.person import Role
from sandbox.reports import commands as reports
from sandbox.reports.tables import Report

Part = Coroutine[Any, Any, None]


def parts(cast: Cast, stage: Stage) -> Iterator[Part]:
    """Every lesson and every report, each to be played at its own time."""
    for place, entry in enumerate(content("lessons")):
        yield _lesson(cast, stage, place, entry)
    middle = stage.today.date() - timedelta(days=182)
    yield _report(
        cast, stage, middle - timedelta(days=183), middle,
        {"en": "Cross-sector report, first half",
         "ms": "Laporan merentas sektor, separuh pertama"},
    )  # fmt: skip
    yield _report(
        cast, stage, middle + timedelta(days=1), stage.today.date() - timedelta(days=4),
        {"en": "Cross-sector report, second half",
         "ms": "Laporan merentas sektor, separuh kedua"},
    )  # fmt: skip
    yield _begun_report(cast, stage)


# Lessons -----------------------------------------------------------------------------------


async def _lesson(cast: Cast, stage: Stage, place: int, entry: dict[str, Any]) -> None:
    """A lesson from a pilot of its sector: drafted, cleared by another, published, adopted.

    ``rests`` says where it stops before that.
    """
    moment = stage.today - timedelta(days=max(95 - 7 * place, 4))
    officer = cast.of(Role.OFFICER, entry["sector"])
    async with stage.turn(moment):
        lesson = await lessons.draft_lesson(
            officer, await _pilot_of(entry["sector"], place), texts=entry["texts"],
            about=lessons.About(
                kind=lesson_rules.Kind(entry["kind"]), principle=entry["principle"],
                theme=entry["theme"], vulnerabilities=entry["vulnerabilities"],
                strength=lesson_rules.Strength(entry["strength"]),
                may_transfer_to=entry["may_transfer_to"],
            ),
            language="en",
        )  # fmt: skip
    if entry.get("rests") == "draft":
        return
    async with stage.turn(moment + timedelta(days=1)):
        reason = "Every marked word is a word of the field, not a name."
        reasons = {mark.key: reason for mark in await lesson_queries.marks(lesson.id)}
        await lessons.clear_lesson(cast.central[0], lesson.id, reasons=reasons)
    if entry.get("rests") == "cleared":
        return
    async with stage.turn(moment + timedelta(days=1, hours=3)):
        await lessons.publish_lesson(cast.central[0], lesson.id)
    await _adopt(cast, stage, lesson.id, entry.get("adoptions") or {}, moment)


async def _pilot_of(sector: str, place: int) -> UUID:
    """A pilot of the sector that has gone live, those that have closed first."""
    rows = await fetch(
        "SELECT id FROM pilot WHERE lead_sector = $1 AND starts_on IS NOT NULL "
        "ORDER BY closed_at NULLS LAST, accepted_at",
        sector,
    )
    found: UUID = rows[place % len(rows)]["id"]
    return found


async def _adopt(
    cast: Cast, stage: Stage, lesson: UUID, adoptions: dict[str, list[str]], moment: datetime
) -> None:
    for place, (sector, (verdict, how)) in enumerate(adoptions.items()):
        at = moment + timedelta(days=2 + 5 * place)
        async with stage.turn(min(at, stage.today - timedelta(minutes=5))):
            await lessons.adopt_lesson(
                cast.of(Role.OFFICER, sector), lesson, sector=sector,
                verdict=lesson_rules.Verdict(verdict),
                how=how or "Put into the conditions of every new pilot.",
            )  # fmt: skip


# Reports -----------------------------------------------------------------------------------


async def _report(cast: Cast, stage: Stage, first: date, last: date, title: dict[str, str]) -> None:
    """A report of one half of the year: asked for, written, approved by another, published."""
    writer, approver = cast.central[0], cast.central[1]
    asked = stage.today - timedelta(days=(stage.today.date() - last).days - 1)
    report = await _ask(cast, stage, asked, (first, last), title)
    async with stage.turn(asked + timedelta(days=1)):
        await reports.write_narrative(writer, report, content("events")["narrative"])
    approved = asked + timedelta(days=1, hours=5)
    async with stage.turn(approved):
        await reports.approve_report(approver, report)
    await stage.aside()
    async with stage.turn(approved + timedelta(hours=1)):
        await reports.publish_report(approver, report)


async def _begun_report(cast: Cast, stage: Stage) -> None:
    """One that is gathered and waits for the central office's words."""
    last = stage.today.date() - timedelta(days=2)
    title = {"en": "Cross-sector report, last quarter",
             "ms": "Laporan merentas sektor, suku terakhir"}  # fmt: skip
    period = (last - timedelta(days=90), last)
    await _ask(cast, stage, stage.today - timedelta(hours=20), period, title)


async def _ask(
    cast: Cast, stage: Stage, at: datetime, period: tuple[date, date], title: dict[str, str]
) -> UUID:
    async with stage.turn(at):
        report = await reports.request_report(
            cast.central[0], title=title, first=period[0], last=period[1], sectors=[]
        )
        await Report.update({Report.demo: True}).where(Report.id == report.id)
    return report.id
