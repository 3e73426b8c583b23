"""The life of a report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import LANGUAGE_NAMES, N_, _, format_list
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.people.person import Role
from sandbox.reports.tables import Report

_CENTRAL = {Role.CENTRAL}
_SYSTEM = {Role.SYSTEM}
LIFE = LifeCycle(
    "report",
    "requested",
    (
        transition("build", ("requested", "building", "failed"), "building", _SYSTEM),
        transition("finish", "building", "draft", _SYSTEM),
        transition("fail", ("requested", "building"), "failed", _SYSTEM),
        transition("ask_again", "failed", "requested", _CENTRAL, label=N_("Try again")),
        transition(
            "cancel",
            ("requested", "building", "failed", "draft"),
            "cancelled",
            _CENTRAL,
            label=N_("Cancel"),
        ),
        transition(
            "approve",
            "draft",
            "approved",
            _CENTRAL,
            label=N_("Approve"),
            precondition="a second person, who did not write the summary",
        ),
        transition("reopen", "approved", "draft", _CENTRAL, label=N_("Back to draft")),
        transition(
            "publish",
            "approved",
            "published",
            _CENTRAL,
            label=N_("Publish"),
            precondition="the PDF is there in every language",
        ),
    ),
)


def check_period(first: date, last: date, today: date) -> None:
    """A report looks back on whole days.

    :raises InvalidInput: the period ends before it begins, or is not over.
    """
    if last < first:
        raise InvalidInput({"last": _("The last day must not be before the first")})
    if first > today:
        raise InvalidInput({"first": _("A report looks back: choose a period that has begun")})


def unwritten(narrative: Mapping[str, Mapping[str, str]], languages: Iterable[str]) -> list[str]:
    """The languages in which the summary is still missing."""
    return [
        language
        for language in languages
        if not narrative.get(language, {}).get("summary", "").strip()
    ]


def check_written(narrative: Mapping[str, Mapping[str, str]], languages: Iterable[str]) -> None:
    """A report needs its summary in every language before it is approved.

    :raises RuleBroken: naming the languages without one.
    """
    missing = unwritten(narrative, languages)
    if missing:
        raise RuleBroken(
            "report.approve.no_summary",
            _("Write the summary in every language first. Missing: %(languages)s.")
            % {"languages": format_list([LANGUAGE_NAMES.get(code, code) for code in missing])},
        )


def approve(report: Report, *, by: UUID | None, languages: Iterable[str], at: datetime) -> None:
    """A second person approves what the first wrote.

    :raises RuleBroken: the writer approves their own (separation of duties), or the summary
        is missing.
    """
    if by is not None and by == report.written_by:
        raise RuleBroken(
            "report.approve.writer",
            _("A second person approves a report: somebody who did not write its summary."),
        )
    check_written(report.narrative, languages)
    LIFE.move(report, "approve", at=at)
    report.approved_by = by
    report.files = {}
    report.progress = 0


def publish(report: Report, *, number: str, languages: Iterable[str], at: datetime) -> None:
    """Publish; from now on nothing of the report changes.

    :raises RuleBroken: a PDF is still missing.
    """
    if any(language not in report.files for language in languages):
        raise RuleBroken(
            "report.publish.no_pdf",
            _("The PDF is still being made. Try again in a moment."),
        )
    LIFE.move(report, "publish", at=at)
    report.number = number
    report.published_at = at
