"""What every address of the API shares: its problem documents, and how they are described."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec

# Only here are keys looked at, and only here are there no sessions and no forms to protect.
PATHS = ("/api/", "/v1/")


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A problem document (RFC 9457). ``errors``: by field; ``rule``: the rule that refused."""

    type: str
    title: str = ""
    status: int = 0
    detail: str = ""
    errors: dict[str, str] = {}
    rule: str = ""


_WORDS = {
    400: "The request could not be read.",
    401: "No key, or one that does not work.",
    403: "The key does not allow this.",
    404: "There is no such thing for this key.",
    409: "A rule refuses this now.",
    413: "The body is too large.",
    415: "The body is of a kind that is not accepted.",
    422: "Some of the values cannot be used.",
    429: "Too many requests; Retry-After says when to go on.",
}
READING = (400, 401, 403, 404, 429)
WRITING = (*READING, 409, 413, 415, 422)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The problem documents that an address may answer with."""
    return {
        status: ResponseSpec(
            Problem, generate_examples=False, description=_WORDS[status],
            media_type="application/problem+json",
        )
        for status in statuses
    }  # fmt: skip


def described(*statuses: int) -> dict[str, Any]:
    """What a handler of the API hands its decorator: security and problem documents."""
    return {"responses": problems(*statuses), "security": [{"key": []}]}
