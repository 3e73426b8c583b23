"""Who may do what with a pilot.

The firm's owners and editors keep their side of the plan; the authority that leads the sector
keeps watch; what was decided is changed only by a decision maker. Other sectors that the pilot
touches read it and may give guidance. The centre and auditors read.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec

from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Permission, Refusal, permission, policy
from sandbox.people.person import CASE_READERS, SECTOR_ROLES, Person, Role
from sandbox.pilots.tables import Pilot

READ_PILOTS = permission("read pilots", CASE_READERS | {Role.APPLICANT})
KEEP_PILOTS = permission("keep the firm's side of a pilot", {Role.APPLICANT})
SUPERVISE_PILOTS = permission("supervise pilots", {Role.OFFICER, Role.DECISION_MAKER})
DECIDE_PILOTS = permission("decide on pilots", {Role.DECISION_MAKER})
KEEP_KEYS = permission(
    "make and revoke a pilot's keys", {Role.APPLICANT, Role.OFFICER, Role.DECISION_MAKER}
)
MOVE_PILOTS = permission("move pilots along", {Role.APPLICANT, Role.OFFICER, Role.DECISION_MAKER})
API = Permission("use the API with a pilot's token", machines=True)

READS_ALL = frozenset({Role.CENTRAL, Role.AUDITOR, Role.SYSTEM})


class Offer(msgspec.Struct, frozen=True):
    """A plan that waits to be accepted: no pilot yet, so it stands for one."""

    id: UUID
    organisation: UUID
    lead_sector: str
    sectors: list[str]


@policy(Pilot, Offer)
def may(person: Person, action: str, pilot: Pilot | Offer) -> Refusal | None:
    """Read what concerns you; act on your own side only."""
    if not _reads(person, pilot):
        return Refusal(_("This pilot is not one of yours."))
    if person.machine and action not in MACHINES_MAY:
        return Refusal(_("A key does not allow this."))
    if action == "read" or (person.is_any(Role.SYSTEM) and action in SYSTEM_MAY):
        return None
    if person.belongs_to(pilot.organisation) and action not in _FIRMS_ACTS:
        # Nobody watches over their own firm, whatever office they hold.
        return Refusal(_("The authority does this."))
    return _CHECKS[action](person, pilot)


def _reads(person: Person, pilot: Pilot | Offer) -> bool:
    return (
        person.belongs_to(pilot.organisation)
        or person.is_any(*READS_ALL)
        or (person.is_any(*SECTOR_ROLES) and not person.sectors.isdisjoint(pilot.sectors))
    )


def _firm(person: Person, pilot: Pilot | Offer) -> Refusal | None:
    if not person.belongs_to(pilot.organisation):
        return Refusal(_("The firm does this."))
    if not person.edits:
        return Refusal(_("An owner or editor of your organisation does this."))
    return None


def _lead(person: Person, pilot: Pilot | Offer) -> Refusal | None:
    if SUPERVISE_PILOTS.allows(person) and pilot.lead_sector in person.sectors:
        return None
    return Refusal(_("The authority that leads this case does this."))


def _any_sector(person: Person, pilot: Pilot | Offer) -> Refusal | None:
    if SUPERVISE_PILOTS.allows(person) and not person.sectors.isdisjoint(pilot.sectors):
        return None
    return Refusal(_("An authority of the sectors concerned does this."))


def _decision_maker(person: Person, pilot: Pilot | Offer) -> Refusal | None:
    if DECIDE_PILOTS.allows(person) and pilot.lead_sector in person.sectors:
        return None
    return Refusal(_("A decision maker of the lead authority does this."))


def _either_side(person: Person, pilot: Pilot | Offer) -> Refusal | None:
    side = _firm if person.belongs_to(pilot.organisation) else _lead
    return side(person, pilot)


_FIRMS_ACTS = frozenset(
    {
        "accept_plan", "declare_ready", "stop", "submit_evidence", "acknowledge_guidance",
        "ask_extension", "accept_amendment", "write_exit_report", "issue_token", "revoke_token",
        "send_telemetry", "explain_breach", "act_on_incident", "report_incident",
    }
)  # fmt: skip
MACHINES_MAY = frozenset({"read", "send_telemetry", "report_incident"})
SYSTEM_MAY = frozenset({"suspend", "begin_exit", "supervise_conditions", "report_incident"})
_CHECKS: dict[str, Callable[[Person, Pilot | Offer], Refusal | None]] = {
    **dict.fromkeys(_FIRMS_ACTS, _firm),
    **dict.fromkeys(
        (
            "go_live", "suspend", "resume", "begin_exit", "judge_evidence",
            "supervise_conditions", "waive_milestone", "judge_exit_report", "answer_follow_up",
            "handle_incident", "judge_explanation",
        ),
        _lead,
    ),
    **dict.fromkeys(
        ("terminate", "decide_extension", "amend_plan", "waive_condition", "decide_suspension"),
        _decision_maker,
    ),
    "give_guidance": _any_sector,
    "revoke_token": _either_side,
    "report_incident": _either_side,
}  # fmt: skip
