"""Who may look over the system's shoulder."""

from sandbox.foundation.policy import permission
from sandbox.people.person import Role

READ_TRAIL = permission("read the audit trail", {Role.AUDITOR})
MEND_JOBS = permission("see and send again jobs that died", {Role.ADMINISTRATOR})
READ_MAIL = permission("read the mail that was written", {Role.ADMINISTRATOR})
