"""The acting person: who is asking, as every policy and command sees them."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

from sandbox.foundation.i18n import N_


class Role(StrEnum):
    """What a person is in the sandbox. One person may hold several."""

    APPLICANT = "applicant"
    OFFICER = "officer"
    REVIEWER = "reviewer"
    DECISION_MAKER = "decision_maker"
    CENTRAL = "central"
    POLICYMAKER = "policymaker"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


ROLE_NAMES = {
    Role.APPLICANT: N_("Applicant"),
    Role.OFFICER: N_("Sector officer"),
    Role.REVIEWER: N_("Reviewer"),
    Role.DECISION_MAKER: N_("Decision maker"),
    Role.CENTRAL: N_("Central office"),
    Role.POLICYMAKER: N_("Policymaker"),
    Role.AUDITOR: N_("Auditor"),
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.SYSTEM: N_("The system"),
}

SECTOR_ROLES = frozenset({Role.OFFICER, Role.REVIEWER, Role.DECISION_MAKER})
CASE_READERS = SECTOR_ROLES | {Role.CENTRAL, Role.AUDITOR}
STAFF = CASE_READERS | {Role.POLICYMAKER, Role.ADMINISTRATOR}


class Level(StrEnum):
    """What a member may do within their organisation."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


LEVEL_NAMES = {
    Level.OWNER: N_("Owner: everything, and inviting others"),
    Level.EDITOR: N_("Editor: write, submit and report"),
    Level.VIEWER: N_("Viewer: read only"),
}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts. ``sectors`` are those of the person's authority; ``organisation`` is the
    applicant firm they belong to, with their ``level`` in it."""

    id: UUID | None
    name: str
    email: str = ""
    language: str = "en"
    roles: frozenset[Role] = frozenset()
    authority: str = ""
    sectors: frozenset[str] = frozenset()
    organisation: UUID | None = None
    organisation_name: str = ""
    level: Level | None = None

    @property
    def signed_in(self) -> bool:
        """Whether this is somebody rather than any visitor."""
        return self.id is not None

    @property
    def machine(self) -> bool:
        """Whether this is a key at work (:class:`Delegate`) rather than a person."""
        return False

    def is_any(self, *roles: Role) -> bool:
        """Whether they hold one of ``roles``."""
        return not self.roles.isdisjoint(roles)

    def works_in(self, sector: str) -> bool:
        """Whether they hold a sector role over ``sector``."""
        return sector in self.sectors and not self.roles.isdisjoint(SECTOR_ROLES)

    def belongs_to(self, organisation: UUID) -> bool:
        """Whether they are a member of the applicant ``organisation``."""
        return self.organisation is not None and self.organisation == organisation

    @property
    def edits(self) -> bool:
        """Whether they may change what their organisation files."""
        return self.level in {Level.OWNER, Level.EDITOR}


class Delegate(Person, frozen=True, kw_only=True):
    """A machine with a key, in the name of whoever made it: no roles, and one pilot only."""

    speaks_for: UUID

    @property
    def machine(self) -> bool:
        return True


NOBODY = Person(id=None, name="")
SYSTEM = Person(id=None, name="Rintis", roles=frozenset({Role.SYSTEM}))
