"""Who may have events sent to an address."""

from __future__ import annotations

from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Refusal, permission, policy
from sandbox.people.person import Person, Role
from sandbox.webhooks.tables import Webhook

_OFFICIALS = frozenset({Role.OFFICER, Role.DECISION_MAKER, Role.CENTRAL})
KEEP_WEBHOOKS = permission("keep webhooks", _OFFICIALS | {Role.APPLICANT})


@policy(Webhook)
def may(person: Person, action: str, webhook: Webhook) -> Refusal | None:
    """A firm's people see the firm's, its owners and editors keep them.

    Officials keep those of their authority.
    """
    if webhook.organisation is not None:
        if not person.belongs_to(webhook.organisation):
            return Refusal(_("This belongs to another organisation."))
        if action == "read" or person.edits:
            return None
        return Refusal(_("An owner or editor of your organisation does this."))
    if person.authority == webhook.authority and person.is_any(*_OFFICIALS):
        return None
    return Refusal(_("This belongs to another authority."))


def owns_for_authority(person: Person) -> bool:
    """Whether somebody may register an address of their authority."""
    return bool(person.authority) and person.is_any(*_OFFICIALS)
