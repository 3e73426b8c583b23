"""What the worker does for a report: gather its data set, set its PDFs. Idempotent."""

from __future__ import annotations

from uuid import UUID

import msgspec
import structlog

from sandbox.foundation import clock, i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import DomainError
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.people.person import SYSTEM
from sandbox.reports import dataset, document, rules
from sandbox.reports.dataset import Dataset, Scope
from sandbox.reports.disclosure import Control
from sandbox.reports.tables import Report

log = structlog.get_logger()


async def gather_report(report_id: UUID) -> None:
    """Gather the data set of a requested report, which makes it a draft.

    Run twice it gathers once: a report that is past building is left alone. A failure is
    told on the report, in one sentence.
    """
    async with work_of(SYSTEM) as work:
        report = await work.lock(Report, report_id)
        if report.state not in {"requested", "building"}:
            return
        rules.LIFE.move(report, "build", at=work.now)
        report.stage, report.progress = "gathering", 5
        await work.save(report)
        work.record("report.building", report)
    try:
        data = await dataset.gather(scope_of(report), clock.now(), told=_teller(report_id))
    except DomainError as error:
        await _fail(report_id, error.message)
        return
    await _finish(report_id, data)


def scope_of(report: Report) -> Scope:
    """The scope of ``report`` in the terms of its pack."""
    pack = library.current()
    control = pack.reports.disclosure
    return Scope(
        first=report.period_from, last=report.period_to,
        sectors=tuple(report.sectors) or tuple(sector.key for sector in pack.sectors),
        conditions=("document", "duty", "cap", "threshold", "periodic_report", "disclosure"),
        vulnerabilities=tuple(v.key for v in pack.vulnerabilities),
        severities=tuple(degree.key for degree in pack.severities),
        serious=tuple(degree.key for degree in pack.severities if degree.suspend),
        control=Control(
            threshold=control.threshold, dominance=control.dominance,
            suppress_zeros=control.zeros_suppressed,
        ),
    )  # fmt: skip


def _teller(report_id: UUID) -> dataset.Told:
    async def told(stage: str, progress: int) -> None:
        await fetch(
            "UPDATE report SET stage = $2, progress = $3 WHERE id = $1 AND state = 'building'",
            report_id, stage, progress,
        )  # fmt: skip

    return told


async def _finish(report_id: UUID, data: Dataset) -> None:
    async with work_of(SYSTEM) as work:
        report = await work.lock(Report, report_id)
        if report.state != "building":
            return
        rules.LIFE.move(report, "finish", at=work.now)
        report.data = msgspec.to_builtins(data, str_keys=True)
        report.stage, report.progress = "", 100
        await work.save(report)
        work.record("report.gathered", report, suppressed=data.suppressed)


async def _fail(report_id: UUID, words: str) -> None:
    async with work_of(SYSTEM) as work:
        report = await work.lock(Report, report_id)
        rules.LIFE.move(report, "fail", at=work.now)
        report.error = words
        await work.save(report)
        work.record("report.failed", report)


async def set_report(report_id: UUID, language: str) -> None:
    """Make the PDF of an approved report in ``language`` and keep it.

    Run twice, the second finds the file and does nothing.
    """
    report = await Report.objects().where(Report.id == report_id).first().output(load_json=True)
    if report is None or report.state != "approved" or language in report.files:
        return
    data = msgspec.convert(report.data, Dataset, strict=False)
    with i18n.use(language):
        pdf = await document.pdf_of(report, data, language)
    await _keep(report_id, language, pdf)


async def _keep(report_id: UUID, language: str, pdf: bytes) -> None:
    from sandbox.foundation import files

    async with work_of(SYSTEM) as work:
        report = await work.lock(Report, report_id)
        if report.state != "approved" or language in report.files:
            return
        name = f"report-{report.period_from}-{report.period_to}-{language}.pdf"
        stored = await files.keep(
            work, name=name, content=pdf, media_type="application/pdf", kind="report", case=None
        )
        report.files = {**report.files, language: str(stored.id)}
        await work.save(report)
        work.record("report.set", report, language=language, sha256=stored.sha256)
