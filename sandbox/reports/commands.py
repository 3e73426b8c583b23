"""Writes of reports. Gathering and setting run in the worker; see ``building``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _, today
from sandbox.foundation.policy import allow
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.people.person import Person
from sandbox.reports import (
    policy,  # noqa: F401  (says who may: without it nobody may)
    rules,
)
from sandbox.reports.tables import Report

Narrative = Mapping[str, Mapping[str, str]]


async def request_report(
    person: Person, *, title: Mapping[str, str], first: date, last: date, sectors: list[str]
) -> Report:
    """Ask for a cross-sector report over whole days; the worker gathers it.

    :raises InvalidInput: the period cannot be reported on.
    """
    rules.check_period(first, last, today())
    async with work_of(person) as work:
        report = Report(
            id=uuid4(), title=dict(title), period_from=first, period_to=last, sectors=sectors,
            state=rules.LIFE.initial, state_since=work.now, requested_by=person.id,
            requested_at=work.now,
        )  # fmt: skip
        allow(person, "request", report)
        await work.save(report)
        work.record("report.requested", report, first=first, last=last, sectors=sectors)
        work.later("gather_report", report.id, queue="documents")
    return report


async def ask_again(person: Person, report_id: UUID) -> None:
    """Try a failed report once more."""
    async with work_of(person) as work:
        report = await work.lock(Report, report_id)
        allow(person, "request", report)
        rules.LIFE.move(report, "ask_again", at=work.now)
        report.error, report.progress = "", 0
        await work.save(report)
        work.record("report.asked_again", report)
        work.later("gather_report", report.id, queue="documents")


async def cancel_report(person: Person, report_id: UUID) -> None:
    """Give up a report that is not published."""
    async with work_of(person) as work:
        report = await work.lock(Report, report_id)
        allow(person, "request", report)
        rules.LIFE.move(report, "cancel", at=work.now)
        await work.save(report)
        work.record("report.cancelled", report)


async def write_narrative(
    person: Person, report_id: UUID, narrative: Narrative, *, title: Mapping[str, str] | None = None
) -> None:
    """Write the report's own words; fields that are not given stay as they are.

    :raises RuleBroken: the report is no draft.
    """
    async with work_of(person) as work:
        report = await work.lock(Report, report_id)
        allow(person, "write", report)
        if report.state != "draft":
            raise RuleBroken("report.write.not_draft", _("Only a draft can be changed."))
        for language, sections in narrative.items():
            report.narrative = {
                **report.narrative,
                language: {**report.narrative.get(language, {}), **sections},
            }
        report.title = {**report.title, **(title or {})}
        report.written_by = person.id
        await work.save(report)
        work.record(
            "report.written", report, sections=sorted({s for n in narrative.values() for s in n})
        )


async def approve_report(person: Person, report_id: UUID) -> None:
    """Approve a draft as the second person; its PDFs are then made.

    :raises RuleBroken: see :func:`sandbox.reports.rules.approve`.
    """
    async with work_of(person) as work:
        report = await work.lock(Report, report_id)
        allow(person, "approve", report)
        rules.approve(report, by=person.id, languages=library.current().languages, at=work.now)
        await work.save(report)
        work.record("report.approved", report)
        for language in library.current().languages:
            work.later("set_report", report.id, language, queue="documents")


async def reopen_report(person: Person, report_id: UUID) -> None:
    """Send an approved report back to be written on."""
    async with work_of(person) as work:
        report = await work.lock(Report, report_id)
        allow(person, "approve", report)
        rules.LIFE.move(report, "reopen", at=work.now)
        report.approved_by, report.files = None, {}
        await work.save(report)
        work.record("report.reopened", report)


async def publish_report(person: Person, report_id: UUID) -> None:
    """Publish an approved report for everyone.

    :raises RuleBroken: see :func:`sandbox.reports.rules.publish`.
    """
    async with work_of(person) as work:
        report = await work.lock(Report, report_id)
        allow(person, "publish", report)
        (row,) = await fetch("SELECT nextval('report_numbering') AS n")
        rules.publish(
            report, number=f"R-{work.now.year}-{row['n']:02}",
            languages=library.current().languages, at=work.now,
        )  # fmt: skip
        await work.save(report)
        work.record("report.published", report, number=report.number, files=report.files)
