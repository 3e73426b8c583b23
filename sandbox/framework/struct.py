"""What every part of a pack is made of: frozen structs that refuse unknown keys."""

from __future__ import annotations

from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""The stable name of a thing in a pack: small letters, digits and ``_``."""

Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a pack."""


class Named(Part, frozen=True, kw_only=True):
    """A part with a key that others refer to."""

    key: Key
