"""Sign-up, passwords, tickets and tokens: the pure part."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _

PASSWORD_MIN = 12
TICKET_LIFE = {
    "confirm": timedelta(days=2),
    "invite": timedelta(days=14),
    "reset": timedelta(hours=2),
}
TOKEN_PREFIX = "rintis_"  # noqa: S105  (a mark that secret scanners can look for)


def secret() -> tuple[str, str]:
    """A new secret and the hash under which it is stored."""
    plain = secrets.token_urlsafe(32)
    return plain, hashed(plain)


def hashed(plain: str) -> str:
    """SHA-256: enough for secrets of 256 random bits, which nobody can guess from it."""
    return hashlib.sha256(plain.encode()).hexdigest()


def check_password(password: str, email: str) -> None:
    """Length over composition, as NIST SP 800-63B (5.1.1) asks.

    :raises InvalidInput: too short, one character over and over, or the address itself.
    """
    too_plain = len(set(password)) < 4 or password.lower() == email.lower()
    if len(password) < PASSWORD_MIN or too_plain:
        raise InvalidInput(
            {
                "password": _(
                    "Choose a password of at least %(n)s characters that is not easy to guess"
                )
                % {"n": PASSWORD_MIN}
            }
        )


def use_ticket(ticket: object, purpose: str, at: datetime) -> None:
    """Mark ``ticket`` as used at ``at``.

    :raises RuleBroken: it is for something else, was used, or is past its time.
    """
    wrong = getattr(ticket, "purpose", None) != purpose or ticket.used_at is not None  # type: ignore[attr-defined]
    if wrong or ticket.expires_at < at:  # type: ignore[attr-defined]
        raise spent()
    ticket.used_at = at  # type: ignore[attr-defined]


def spent() -> RuleBroken:
    """What is said of a link that opens nothing (any more)."""
    return RuleBroken(
        "ticket.spent", _("This link has been used or is too old. Ask for a new one.")
    )
