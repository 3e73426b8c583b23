"""Signs what we send, as Standard Webhooks says (https://www.standardwebhooks.com, version 1).

The secret of a receiver is not stored: it follows from the site's own key and a salt, by HMAC.
Whoever reads the database can sign nothing. A new ``SECRET_KEY`` gives every receiver a new
secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from sandbox.settings import settings

PREFIX = "whsec_"


def new_salt() -> str:
    """What makes one secret differ from another; no secret itself."""
    return secrets.token_hex(16)


def secret_of(salt: str) -> str:
    """The secret as its receiver is shown it, once."""
    return PREFIX + base64.b64encode(_key(salt)).decode()


def _key(salt: str) -> bytes:
    return hmac.digest(settings.secret_key.encode(), f"webhook:{salt}".encode(), hashlib.sha256)


def headers(salt: str, message: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers that sign ``body``: HMAC-SHA256 over ``message.seconds.body``.

    ``message``: the same for every attempt, so that its receiver can tell that it has it already.
    ``at``: of this attempt, so that an old one cannot be played again.
    """
    seconds = str(int(at.timestamp()))
    signed = b".".join((message.encode(), seconds.encode(), body))
    signature = base64.b64encode(hmac.digest(_key(salt), signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message, "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }  # fmt: skip
