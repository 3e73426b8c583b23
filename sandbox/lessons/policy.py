"""Who may do what with a lesson."""

from __future__ import annotations

from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Refusal, permission, policy
from sandbox.lessons.tables import Lesson
from sandbox.people.person import SECTOR_ROLES, STAFF, Person, Role

WRITERS = frozenset({Role.OFFICER, Role.DECISION_MAKER, Role.CENTRAL})
READ_ADOPTIONS = permission("read why sectors took lessons up", STAFF - {Role.ADMINISTRATOR})
WRITE_LESSONS = permission("write and clear lessons", WRITERS)
ADOPT_LESSONS = permission("say what a sector makes of a lesson", {Role.OFFICER})


@policy(Lesson)
def may(person: Person, action: str, lesson: Lesson) -> Refusal | None:
    """A published lesson is for everybody; before that, for its sector and the centre."""
    near = person.works_in(lesson.sector) or person.is_any(Role.CENTRAL, Role.AUDITOR)
    if action == "read":
        if lesson.state in {"published", "superseded"}:
            return None
        return None if near else Refusal(_("This lesson is not published."))
    if action == "adopt":
        return None if person.is_any(Role.OFFICER) else Refusal(_("Sector officers say this."))
    if action in {"publish", "supersede"}:
        return None if person.is_any(Role.CENTRAL) else Refusal(_("The central office does this."))
    if action in {"write", "clear", "reopen"} and near and person.is_any(*WRITERS):
        return None
    return Refusal(_("Officers of the sector and the central office do this."))


def writes_for(person: Person, sectors: list[str]) -> bool:
    """Whether ``person`` may draft a lesson from a case in ``sectors``."""
    own = not SECTOR_ROLES.isdisjoint(person.roles) and not person.sectors.isdisjoint(sectors)
    return person.is_any(*WRITERS) and (own or person.is_any(Role.CENTRAL))
