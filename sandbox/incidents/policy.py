"""Who reports incidents, and who deals with them: the pilot's own policy says it."""

from __future__ import annotations

from sandbox.foundation.policy import permission
from sandbox.people.person import CASE_READERS, Role
from sandbox.pilots.policy import API, KEEP_PILOTS, READ_PILOTS

__all__ = [
    "API", "HANDLE_INCIDENTS", "KEEP_PILOTS", "READ_INCIDENTS", "READ_PATTERNS",
    "READ_PILOTS", "READ_PUBLIC_REPORTS", "REPORT",
]  # fmt: skip

REPORT = permission(
    "report incidents", {Role.APPLICANT, Role.OFFICER, Role.DECISION_MAKER}
)  # fmt: skip
HANDLE_INCIDENTS = permission("handle incidents", {Role.OFFICER, Role.DECISION_MAKER})
READ_INCIDENTS = permission("read incidents", CASE_READERS | {Role.APPLICANT})
READ_PATTERNS = permission("see patterns of incidents across sectors", {Role.CENTRAL, Role.AUDITOR})
READ_PUBLIC_REPORTS = permission("read what the public reported", CASE_READERS)
