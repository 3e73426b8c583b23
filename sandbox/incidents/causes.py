"""Why it happened, as structured text: five whys, or a fishbone. Pure.

Five whys (Toyota Production System): each answer is asked "why?" again, at most five times. A
fishbone (Ishikawa 1968) sorts causes by branch; ours are those that a system with a model has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import N_, _

METHODS = {"five_whys": N_("Five whys"), "fishbone": N_("Fishbone")}
WHYS = ("why_1", "why_2", "why_3", "why_4", "why_5")
BRANCHES = {
    "people": N_("People and training"),
    "procedure": N_("Procedure and oversight"),
    "data": N_("Data"),
    "model": N_("Model"),
    "technology": N_("Other technology"),
    "surroundings": N_("Surroundings and use"),
}

NEWEST_FISHBONE = """
SELECT DISTINCT ON (incident) incident, content FROM cause_analysis
WHERE method = 'fishbone' ORDER BY incident, number DESC
"""
"""The newest fishbone of each incident, for reads."""


def read(values: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The method and its answers out of what was typed, without empty ones.

    :raises InvalidInput: no such method, nothing written, or a why is left out between two.
    """
    method = str(values.get("method") or "")
    if method not in METHODS:
        raise InvalidInput({"method": _("Choose an answer")})
    names = WHYS if method == "five_whys" else tuple(f"branch_{key}" for key in BRANCHES)
    typed = {name: str(values.get(name) or "").strip() for name in names}
    content = {name: words for name, words in typed.items() if words}
    if not content:
        raise InvalidInput({names[0]: _("Write at least one cause")})
    if method == "five_whys" and tuple(content) != WHYS[: len(content)]:
        gap = next(name for name in WHYS if name not in content)
        raise InvalidInput({gap: _("Answer this first: the next one asks why it is so")})
    return method, content


def in_words(method: str, content: Mapping[str, str]) -> list[tuple[str, str]]:
    """(label, words) of an analysis, in its order."""
    if method == "five_whys":
        return [
            (_("Why? (%(n)s)") % {"n": number}, content[name])
            for number, name in enumerate(WHYS, start=1)
            if name in content
        ]
    return [
        (_(label), content[f"branch_{key}"])
        for key, label in BRANCHES.items()
        if f"branch_{key}" in content
    ]
