"""Who may do what with accounts and organisations."""

from __future__ import annotations

from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Refusal, permission, policy
from sandbox.people.person import Level, Person, Role
from sandbox.people.tables import Organisation

MANAGE_PEOPLE = permission("manage people and roles", {Role.ADMINISTRATOR})
BE_A_MEMBER = permission("work in an organisation", {Role.APPLICANT})
GET_WEEKLY_MAIL = permission("get the week by mail", {Role.OFFICER})


@policy(Organisation)
def may(person: Person, action: str, organisation: Organisation) -> Refusal | None:
    """Members read their own; its owner invites."""
    if not person.belongs_to(organisation.id):
        return Refusal(_("This is another organisation."))
    if action == "read" or (action == "invite" and person.level is Level.OWNER):
        return None
    return Refusal(_("Only an owner of the organisation can do this."))
