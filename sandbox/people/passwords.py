"""Passwords: kept as argon2id hashes, made and compared in a thread.

One hash is some 50 ms of work and 64 MiB, by design. On the event loop it would hold up
everybody's requests; argon2 lets other threads run meanwhile.
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_hasher = PasswordHasher()
# Compared where the address is unknown, so that the answer takes as long as a wrong password.
_NO_ONE = _hasher.hash("nobody has this password")


def use(hasher: PasswordHasher) -> None:
    """Hash with ``hasher`` from now on: tests take one that costs less."""
    global _hasher, _NO_ONE  # noqa: PLW0603  (the one setting of this module)
    _hasher = hasher
    _NO_ONE = hasher.hash("nobody has this password")


async def hashed(password: str) -> str:
    """``password`` as it is stored."""
    return await asyncio.to_thread(_hasher.hash, password)


async def fits(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; takes as long where there is none."""
    try:
        await asyncio.to_thread(_hasher.verify, stored or _NO_ONE, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None
