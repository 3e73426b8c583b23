"""What the demo year teaches: lessons in the library, and two published reports."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sandbox.demo.cast import Cast
from sandbox.demo.year import content
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.lessons import commands as lessons
from sandbox.lessons import rules as lesson_rules
from sandbox.people.person import Role
from sandbox.reports import building
from sandbox.reports import commands as reports


async def write_lessons(cast: Cast, today: datetime) -> None:
    """Every lesson from a pilot of its sector: drafted, cleared by another, published."""
    for place, entry in enumerate(content("lessons")):
        pilot = await _pilot_of(entry["sector"], place)
        if pilot is None:
            continue
        moment = today - timedelta(days=max(95 - 7 * place, 2))
        with clock.at(moment):
            lesson = await lessons.draft_lesson(
                cast.of(Role.OFFICER, entry["sector"]), pilot, texts=entry["texts"],
                about=lessons.About(
                    kind=lesson_rules.Kind(entry["kind"]), principle=entry["principle"],
                    theme=entry["theme"], vulnerabilities=entry["vulnerabilities"],
                    strength=lesson_rules.Strength(entry["strength"]),
                    may_transfer_to=entry["may_transfer_to"],
                ),
                language="en",
            )  # fmt: skip
        with clock.at(min(moment + timedelta(days=1), today)):
            reason = "Every marked word is a word of the field, not a name."
            await lessons.clear_lesson(cast.central[0], lesson.id, reason=reason)
            await lessons.publish_lesson(cast.central[0], lesson.id)
        await _adopt(cast, lesson.id, entry.get("adoptions") or {}, moment, today)


async def _pilot_of(sector: str, place: int) -> UUID | None:
    rows = await fetch(
        "SELECT id FROM pilot WHERE lead_sector = $1 AND starts_on IS NOT NULL "
        "ORDER BY closed_at NULLS LAST, accepted_at",
        sector,
    )
    found: UUID | None = rows[place % len(rows)]["id"] if rows else None
    return found


async def _adopt(
    cast: Cast, lesson: UUID, adoptions: dict[str, list[str]], moment: datetime, today: datetime
) -> None:
    for sector, (verdict, how) in adoptions.items():
        with clock.at(min(moment + timedelta(days=6), today)):
            await lessons.adopt_lesson(
                cast.of(Role.OFFICER, sector), lesson, sector=sector,
                verdict=lesson_rules.Verdict(verdict),
                how=how or "Put into the conditions of every new pilot.",
            )  # fmt: skip


async def publish_reports(cast: Cast, today: datetime) -> None:
    """A report for each half of the year, in both languages."""
    middle = today.date() - timedelta(days=182)
    halves = (
        (middle - timedelta(days=183), middle, "Cross-sector report, first half",
         "Laporan merentas sektor, separuh pertama"),
        (middle + timedelta(days=1), today.date() - timedelta(days=1),
         "Cross-sector report, second half", "Laporan merentas sektor, separuh kedua"),
    )  # fmt: skip
    for first, last, english, malay in halves:
        await _publish(cast, first, last, {"en": english, "ms": malay}, today)


async def _publish(
    cast: Cast, first: date, last: date, title: dict[str, str], today: datetime
) -> None:
    writer, approver = cast.central[0], cast.central[1]
    moment = min(
        datetime(last.year, last.month, last.day, 9, tzinfo=today.tzinfo) + timedelta(days=12),
        today - timedelta(minutes=20),
    )
    with clock.at(moment):
        report = await reports.request_report(
            writer, title=title, first=first, last=last, sectors=[]
        )
        await building.gather_report(report.id)
        await reports.write_narrative(writer, report.id, content("events")["narrative"])
        await reports.approve_report(approver, report.id)
        for language in title:
            await building.set_report(report.id, language)
        await reports.publish_report(approver, report.id)
