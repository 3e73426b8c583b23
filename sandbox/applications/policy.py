"""Who may do what with an application. Who sees which: ``queries.visible_to``."""

from __future__ import annotations

from sandbox.applications.tables import Application, Review
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Refusal, permission, policy
from sandbox.people.person import CASE_READERS, Person, Role

APPLY = permission("apply for the sandbox", {Role.APPLICANT})
READ_CASES = permission("read cases", CASE_READERS)
SCREEN = permission("screen and guide cases", {Role.OFFICER})
NOTE = permission("leave internal notes", {Role.OFFICER, Role.DECISION_MAKER})
REVIEW = permission("review cases", {Role.REVIEWER})
DECIDE = permission("decide cases", {Role.DECISION_MAKER})
ROUTE = permission("route cases to a sector", {Role.CENTRAL})
WRITE_MESSAGES = permission("write to applicants", {Role.OFFICER, Role.DECISION_MAKER})
READ_FILES = permission("read files of cases one may see", {Role.APPLICANT} | CASE_READERS)

_OFFICER_ACTS = frozenset(
    {"take", "screen", "return", "accept", "assign", "ask", "recommend", "note"}
)


@policy(Application)
def may(person: Person, action: str, application: Application) -> Refusal | None:
    """Applicants act on their own organisation's; sector roles on their sectors'; the
    central office reads everything and routes."""
    if person.belongs_to(application.organisation):
        return _applicant_may(person, action)
    if application.state == "draft" or not _is_staff_of(person, application):
        return Refusal(_("This is not a case of yours."))
    return _staff_may(person, action)


def _applicant_may(person: Person, action: str) -> Refusal | None:
    if action == "read":
        return None
    if action in {"edit", "submit", "answer", "withdraw", "message", "reconsider"}:
        if person.edits:
            return None
        return Refusal(_("You may read this application, but not change it."))
    return Refusal(_("The authority does this."))


def _is_staff_of(person: Person, application: Application) -> bool:
    everywhere = person.is_any(Role.CENTRAL, Role.AUDITOR, Role.SYSTEM)
    return everywhere or any(person.works_in(sector) for sector in application.sectors)


def _staff_may(person: Person, action: str) -> Refusal | None:
    if action == "read":
        return None
    allowed = (
        (action in _OFFICER_ACTS and person.is_any(Role.OFFICER))
        or (action == "message" and person.is_any(Role.OFFICER, Role.DECISION_MAKER))
        or (action == "note" and person.is_any(Role.DECISION_MAKER))
        or (action in {"decide", "send_back"} and person.is_any(Role.DECISION_MAKER))
        or (action == "route" and person.is_any(Role.CENTRAL))
        or (action == "lapse" and person.is_any(Role.SYSTEM))
    )
    return None if allowed else Refusal(_("Your role does not include this step."))


@policy(Review)
def may_review(person: Person, action: str, review: Review) -> Refusal | None:
    """A review is its reviewer's own; ``action`` is read or write."""
    if action in {"read", "write"} and review.reviewer == person.id:
        return None
    return Refusal(_("This review is somebody else's."))
