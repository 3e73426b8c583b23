"""The life of a report by a member of the public, its tracking number, what may be sent. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import date, datetime

import msgspec

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.incidents.public_tables import PublicReport
from sandbox.people.person import Role

_OFFICER = {Role.OFFICER, Role.DECISION_MAKER}

LIFE = LifeCycle(
    "public_report",
    "received",
    (
        transition("take_up", "received", "looked_into", _OFFICER, label=N_("Look into it")),
        transition("make_incident", ("received", "looked_into", "answered"), "looked_into",
                   _OFFICER, label=N_("Make an incident of it"),
                   precondition="it belongs to no incident yet"),
        transition("join", ("received", "looked_into", "answered"), "looked_into", _OFFICER,
                   label=N_("Join it to an incident"),
                   precondition="it belongs to no incident yet, and that one is of the same pilot"),
        transition("answer", ("received", "looked_into", "answered"), "answered", _OFFICER,
                   label=N_("Answer"), precondition="an answer"),
        transition("dismiss", ("received", "looked_into", "answered"), "closed", _OFFICER,
                   label=N_("Dismiss"),
                   precondition="a reason, and it belongs to no incident"),
        transition("settle", ("received", "looked_into", "answered"), "closed",
                   {*_OFFICER, Role.SYSTEM}, label=N_("Close"),
                   precondition="it belongs to an incident"),
    ),
)  # fmt: skip

HARMS = {
    "harmed": N_("Yes, somebody was harmed"),
    "nearly": N_("No, but it came close"),
    "no": N_("No"),
    "unsure": N_("I do not know"),
}
MOST_WORDS = 5000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


# The tracking number ---------------------------------------------------------------------------

LETTERS = "ACEFHJKLMNPRTWXY"
"""Letters that are told apart by eye (no I, O or Q) and mostly by ear (no B, D, G, S, U, V, Z)."""
_GROUPS, _LENGTH = 4, 4  # 16 letters of 16: 64 bits, which nobody guesses


def new_number() -> str:
    """An unguessable number in groups: ``KMRT-AXWF-HJNP-LCEY``."""
    groups = ("".join(secrets.choice(LETTERS) for _one in range(_LENGTH)) for _n in range(_GROUPS))
    return "-".join(groups)


def hashed(number: str) -> str:
    """What is stored of a number, however it was typed: small letters, blanks, no hyphens."""
    plain = "".join(char for char in number.upper() if char.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


# What is sent ----------------------------------------------------------------------------------


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a member of the public tells. Name, address and phone are optional."""

    what: str
    harm: str
    happened_on: date | None = None
    harm_words: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""

    @property
    def has_contact(self) -> bool:
        """Whether they may be asked."""
        return bool(self.name or self.email or self.phone)


def check(told: Told, *, today: date) -> None:
    """Whether it can be taken.

    :raises InvalidInput: naming every field that is missing or wrong.
    """
    ahead = told.happened_on is not None and told.happened_on > today
    long = _("Use at most %(most)s characters") % {"most": MOST_WORDS}
    checks = (
        ("what", not told.what.strip(), _("Tell us what happened")),
        ("what", len(told.what) > MOST_WORDS, long),
        ("happened_on", ahead, _("This day lies ahead")),
        ("harm", told.harm not in HARMS, _("Choose an answer")),
        ("harm_words", len(told.harm_words) > MOST_WORDS, long),
        ("name", len(told.name) > 200, _("This is too long")),
        ("email", bool(told.email) and not _is_email(told.email),
         _("Enter an email address, such as name@example.com")),
        ("phone", len(told.phone) > 60, _("This is too long")),
    )  # fmt: skip
    errors = {field: words for field, wrong, words in checks if wrong}
    if errors:
        raise InvalidInput(errors)


def _is_email(typed: str) -> bool:
    return len(typed) <= 320 and _EMAIL.fullmatch(typed) is not None


# What an officer does --------------------------------------------------------------------------


def belong(report: PublicReport, event: str, incident: object, *, at: datetime) -> None:
    """Let the report belong to an incident: a new one (``make_incident``) or another (``join``).

    :raises InvalidInput: it belongs to one already.
    """
    LIFE.step(report.state, event)
    if report.incident is not None:
        raise InvalidInput({"_": _("This report belongs to an incident already.")})
    LIFE.move(report, event, at=at)
    report.incident = incident


def answer(report: PublicReport, words: str, *, by: str, at: datetime) -> None:
    """Say something to whoever reported; a new answer takes the place of the old.

    :raises InvalidInput: nothing was written.
    """
    LIFE.step(report.state, "answer")
    if not words.strip():
        raise InvalidInput({"answer": _("Write the answer")})
    LIFE.move(report, "answer", at=at)
    report.answer, report.answered_at, report.answered_by = words.strip(), at, by


def dismiss(report: PublicReport, reason: str, words: str, *, by: str, at: datetime) -> None:
    """Close a report of which nothing follows; ``words``, if any, are its answer.

    :raises InvalidInput: no reason is given, or it belongs to an incident.
    """
    LIFE.step(report.state, "dismiss")
    if report.incident is not None:
        raise InvalidInput({"_": _("This report belongs to an incident: it closes with that.")})
    if not reason.strip():
        raise InvalidInput({"reason": _("Say why; only the authority reads it")})
    if words.strip():
        report.answer, report.answered_at, report.answered_by = words.strip(), at, by
    LIFE.move(report, "dismiss", at=at)
    report.reason, report.closed_at = reason.strip(), at


def settle(report: PublicReport, *, at: datetime) -> None:
    """Close a report together with its incident.

    :raises InvalidInput: it belongs to none.
    """
    LIFE.step(report.state, "settle")
    if report.incident is None:
        raise InvalidInput({"_": _("This report belongs to no incident.")})
    LIFE.move(report, "settle", at=at)
    report.closed_at = at
