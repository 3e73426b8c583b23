"""Who may look over the system's shoulder."""

from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Refusal, permission, policy
from sandbox.foundation.tables import DeadJob
from sandbox.people.person import CASE_READERS, Person, Role

WATCH_PILOTS = permission("watch pilots by risk", CASE_READERS)
READ_TRAIL = permission("read the audit trail", {Role.AUDITOR})
MEND_JOBS = permission("see and send again jobs that died", {Role.ADMINISTRATOR})
READ_MAIL = permission("see which mail was written", {Role.ADMINISTRATOR})


@policy(DeadJob)
def may_mend(person: Person, _action: str, _job: DeadJob) -> Refusal | None:
    """Administrators see and send again jobs that died."""
    return None if MEND_JOBS.allows(person) else Refusal(_("Only an administrator can do this."))
