"""A threshold as a page holds it: fields filled in, and what was typed read again. Pure.

Fields: ``limit``, ``window`` (kind and unit, ``rolling.day``), ``length``, ``grace_hours``,
``min_samples``, ``on_breach``, ``explain`` (working days; empty: the pack's clock).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.typed import decimal, whole
from sandbox.framework.clocks import Limit, Unit
from sandbox.framework.thresholds import OnBreach, Threshold, Window

FIELDS = ("limit", "window", "length", "grace_hours", "min_samples", "on_breach", "explain")
WINDOWS = {
    "rolling.hour": N_("Any so many hours"),
    "rolling.day": N_("Any so many days"),
    "rolling.week": N_("Any so many weeks"),
    "calendar.day": N_("Each calendar day"),
    "calendar.week": N_("Each calendar week"),
    "calendar.month": N_("Each calendar month"),
    "cumulative.day": N_("All since going live"),
}
CONSEQUENCES = {
    OnBreach.NOTIFY: N_("Both sides are told"),
    OnBreach.WARN: N_("The firm explains it"),
    OnBreach.INCIDENT: N_("The firm explains it, and an incident is opened"),
    OnBreach.SUSPEND: N_("The firm explains it, and a suspension is put before a decision maker"),
}


def opened(threshold: Threshold) -> dict[str, str]:
    """The fields as they open."""
    window, explain = threshold.window, threshold.explain
    days = explain is not None and explain.unit is Unit.WORKING_DAYS
    return {
        "limit": f"{threshold.limit:.15g}", "window": f"{window.kind}.{window.unit}",
        "length": str(window.length), "grace_hours": str(threshold.grace_hours),
        "min_samples": str(threshold.min_samples), "on_breach": threshold.on_breach.value,
        "explain": str(explain.amount) if explain is not None and days else "",
    }  # fmt: skip


def changed(values: Mapping[str, Any], threshold: Threshold) -> Threshold:
    """``threshold`` with what was typed; a field that was not sent stays.

    :raises InvalidInput: naming every field that cannot be read.
    """
    typed = {name: str(values[name]).strip() for name in FIELDS if name in values}
    errors: dict[str, str] = {}
    parts = {
        **_limit(typed, errors), **_numbers(typed, errors), **_consequence(typed, errors),
        **_window(typed, errors), **_explain(typed, threshold, errors),
    }  # fmt: skip
    if errors:
        raise InvalidInput(errors)
    return msgspec.structs.replace(threshold, **parts)


def _limit(typed: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    if "limit" not in typed:
        return {}
    limit = decimal(typed["limit"].replace(",", ""))
    if limit is None:
        errors["limit"] = _("Enter a limit as a number, like 0.9")
    return {"limit": limit}


def _numbers(typed: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("grace_hours", "min_samples"):
        if name in typed:
            found[name] = whole(typed[name] or "0")
            if found[name] is None or found[name] > 1_000_000:
                errors[name] = _("Enter a whole number")
    return found


def _consequence(typed: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    if "on_breach" not in typed:
        return {}
    if typed["on_breach"] not in set(OnBreach):
        errors["on_breach"] = _("Choose what follows a breach")
        return {}
    return {"on_breach": OnBreach(typed["on_breach"])}


def _window(typed: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    if "window" not in typed:
        return {}
    if typed["window"] not in WINDOWS:
        errors["window"] = _("Choose the time that is looked at")
        return {}
    kind, _dot, unit = typed["window"].partition(".")
    length = whole(typed.get("length", "")) if kind == "rolling" else 1
    if not length or length > 366:
        errors["length"] = _("Enter a number from 1 to %(most)s") % {"most": 366}
        return {}
    return {"window": msgspec.convert({"kind": kind, "unit": unit, "length": length}, Window)}


def _explain(
    typed: Mapping[str, str], threshold: Threshold, errors: dict[str, str]
) -> dict[str, Any]:
    if "explain" not in typed or typed["explain"] == opened(threshold)["explain"]:
        return {}
    if not typed["explain"]:
        return {"explain": None}
    days = whole(typed["explain"])
    if not days or days > 60:
        errors["explain"] = _("Enter a number from 1 to %(most)s") % {"most": 60}
        return {}
    return {"explain": Limit(amount=days, unit=Unit.WORKING_DAYS)}


def parts_changed(before: Threshold, after: Threshold) -> dict[str, Any]:
    """What ``after`` changes of ``before``, as JSON."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return {name: value for name, value in new.items() if value != old[name]}
