"""Who may do what with reports."""

from __future__ import annotations

from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Refusal, permission, policy
from sandbox.people.person import Person, Role
from sandbox.reports.tables import Report

_READERS = frozenset({Role.CENTRAL, Role.POLICYMAKER, Role.AUDITOR})
MAKE_REPORTS = permission("compile and publish reports", {Role.CENTRAL})
READ_DRAFTS = permission("read reports before they are published", _READERS)
SEE_OVERVIEW = permission("see the sandbox as a whole", _READERS)


@policy(Report)
def may(person: Person, action: str, report: Report) -> Refusal | None:
    """Published reports are for everyone; drafts for the centre, policymakers and auditors."""
    if action == "read":
        if report.state == "published" or person.is_any(*_READERS):
            return None
        return Refusal(_("This report is not published."))
    if person.is_any(Role.CENTRAL):
        return None
    return Refusal(_("The central office compiles reports."))
