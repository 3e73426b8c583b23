"""What the pack says about lessons, reports, letters and disclosure control."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from sandbox.framework.struct import Named, Part, Positive
from sandbox.framework.text import Text

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class Theme(Named, frozen=True, kw_only=True):
    """What a lesson is about, across sectors."""

    name: Text
    description: Text


class Vulnerability(Named, frozen=True, kw_only=True):
    """A weakness that shows differently per sector but is the same one."""

    name: Text
    description: Text


ReportBlock = Literal[
    "narrative",
    "numbers",
    "time_to_decision",
    "outcomes",
    "conditions",
    "incidents",
    "vulnerabilities",
    "lessons",
    "balance",
    "framework_changes",
    "recommendations",
    "method",
    "annex",
]


class ReportSection(Named, frozen=True, kw_only=True):
    """A chapter of the cross-sector report. ``shows``: what the system fills in."""

    title: Text
    guidance: Text
    shows: tuple[ReportBlock, ...] = ()
    written: bool = True


class ExitSection(Named, frozen=True, kw_only=True):
    """A chapter of the participant's exit report."""

    title: Text
    guidance: Text
    required: bool = True
    max_words: Positive = 600


class DisclosureControl(Part, frozen=True, kw_only=True):
    """When a published figure would tell about one firm."""

    threshold: Positive = 5
    dominance: Share = 0.85
    zeros_suppressed: bool = False
    explanation: Text


class Reports(Part, frozen=True, kw_only=True):
    """Chapters and the care taken in publishing them."""

    sections: tuple[ReportSection, ...]
    exit_sections: tuple[ExitSection, ...]
    disclosure: DisclosureControl


class Letter(Part, frozen=True, kw_only=True):
    """The fixed words of a letter around its facts."""

    subject: Text
    opening: Text
    closing: Text


class Letters(Part, frozen=True, kw_only=True):
    """The letters an applicant may get."""

    acknowledged: Letter
    returned: Letter
    admitted: Letter
    admitted_with_conditions: Letter
    refused: Letter
    redirected: Letter
    suspended: Letter
    resumed: Letter
    closed: Letter


class Statements(Part, frozen=True, kw_only=True):
    """Sentences that stand in letters, reports and pages wherever they belong."""

    not_an_approval: Text
    still_liable: Text
    reconsideration: Text
    tell_users: Text
    confidentiality: Text
    personal_data: Text
    aggregates_only: Text
    good_faith: Text
    enquiries: Text
