"""Slices of a metric: how one is stored, read by people, and held to a threshold. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.framework.thresholds import Threshold


def slice_key(attributes: Iterable[tuple[str, str]]) -> str:
    """A slice as it is stored: ``site:Tawau``, several joined by ``|``, or nothing."""
    return "|".join(f"{key}:{value}" for key, value in attributes)


def part_name(key: str) -> str:
    """A slice as people read it: ``Tawau`` for ``site:Tawau``."""
    return ", ".join(one.partition(":")[2] for one in key.split("|") if one)


def held_to(threshold: Threshold, key: str) -> bool:
    """Whether a slice is what ``threshold`` is held to: the whole, a value, or each value."""
    wanted = threshold.slice
    if wanted is None:
        return key == ""
    dimension, _colon, value = key.partition(":")
    return "|" not in key and dimension == wanted.dimension and wanted.value in {"", value}
