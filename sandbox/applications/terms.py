"""The terms of a decision: one numbering, one day and one wording for letter, plan and pages. Pure.

A condition comes in several shapes on its way (as decided, as planned, as a row); each has the
same parts by the same names, so that what is told of it here is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from sandbox.foundation import i18n
from sandbox.foundation.i18n import _, format_date
from sandbox.framework.clocks import Limit
from sandbox.framework.conditions import Cadence, ConditionKind, ConditionTemplate
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Feed
from sandbox.framework.thresholds import threshold_of
from sandbox.framework.words import CADENCE_NAMES, limit_in_words

Item = Mapping[str, Any]
"""A condition in the shape that a decision stores."""


# As a decision stores them -------------------------------------------------------------------


def completed(
    items: Iterable[Item], pack: Pack, answers: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The conditions as a decision keeps them: those before going live first, numbered for good.

    What a template knows and nobody changed is filled in: how long a document may take
    (``within``), the most that a cap allows, by the application's ``answers``, and how often a
    duty is attested (``every``).
    """
    whole = [_filled(dict(item), pack, answers) for item in items]
    whole.sort(key=lambda item: not item.get("precedent"))
    return [{**item, "number": number} for number, item in enumerate(whole, 1)]


def _filled(item: dict[str, Any], pack: Pack, answers: Mapping[str, Any]) -> dict[str, Any]:
    item["every"] = item.get("every") or attested_every(item["kind"], pack)
    template = template_of(item, pack)
    if template is None:
        return item
    if template.due is not None and not item.get("due_on"):
        item["within"] = msgspec.to_builtins(template.due)
    if template.cap is not None and not item.get("cap"):
        item |= capped(template, suggested_cap(template, pack, answers), pack)
    return item


def attested_every(kind: str, pack: Pack) -> str:
    """How often a condition of this kind is attested: a standing duty, by the pack's terms."""
    return (pack.terms.attest_every or "") if kind == ConditionKind.DUTY else ""


def template_of(item: Item, pack: Pack) -> ConditionTemplate | None:
    """The template that a condition was picked from; ``None`` where it was written."""
    key = item.get("template") or ""
    return next((template for template in pack.conditions if template.key == key), None)


def suggested_cap(template: ConditionTemplate, pack: Pack, answers: Mapping[str, Any]) -> int:
    """The most that a cap would allow: what the application asks for, at most the template's."""
    assert template.cap is not None
    asked = pack.form.answer(Feed.PEOPLE_LIMIT, answers) if template.cap.of == "people" else None
    return min(int(asked), template.cap.limit) if asked else template.cap.limit


def capped(template: ConditionTemplate, limit: int, pack: Pack) -> dict[str, Any]:
    """The cap with its ``limit`` and what checks it, and the title and text that say so in every
    language."""
    cap = template.cap
    assert cap is not None
    threshold = cap.threshold(limit)
    return {
        "cap": {"of": cap.of, "limit": limit, "unit": cap.unit},
        "threshold": msgspec.to_builtins(threshold) if threshold else None,
        "title": _with_limit(cap.title or template.title, limit, pack),
        "text": _with_limit(cap.text or template.text, limit, pack),
    }


def _with_limit(words: Mapping[str, str], limit: int, pack: Pack) -> dict[str, str]:
    filled = {}
    for code in pack.languages:
        with i18n.use(code):
            filled[code] = i18n.local(words).replace("{limit}", i18n.format_number(limit))
    return filled


def numbered(items: Sequence[Item]) -> list[tuple[int, Item]]:
    """Each condition with its number, which is its own from the decision on."""
    return [(item.get("number") or place, item) for place, item in enumerate(items, 1)]


def people_limit(conditions: Sequence[Item], asked: Any) -> int | None:
    """How many people may take part: what was asked for, and no more than a cap allows."""
    caps = [item["cap"] for item in conditions if item.get("cap")]
    limits = [cap["limit"] for cap in caps if cap["of"] == "people"]
    return min([*limits, *([int(asked)] if asked else [])], default=None)


# In words ------------------------------------------------------------------------------------


def when(one: Any) -> str:
    """By when a condition is owed, or while what it is kept.

    ``one``: a condition in any of its shapes; its day, once it has one, is a plain date.
    """
    parts = [_("Before going live")] if _part(one, "precedent") else []
    if due_on := _part(one, "due_on"):
        parts.append(_("by %(day)s") % {"day": format_date(_day(due_on))})
    elif within := _part(one, "within"):
        limit = limit_in_words(msgspec.convert(within, Limit))
        parts.append(_("within %(time)s of accepting the plan") % {"time": limit})
    if every := _part(one, "every"):
        often = _(CADENCE_NAMES[Cadence(every)])
        duty = _part(one, "kind") == ConditionKind.DUTY
        parts.append(_("attested %(every)s while live") % {"every": often} if duty else often)
    words = ", ".join(parts) or _while(one)
    return words[:1].upper() + words[1:]


def _while(one: Any) -> str:
    if _part(one, "kind") == ConditionKind.DOCUMENT:
        return _("before testing ends")
    return _("while live")


def limit_sentence(one: Any, pack: Pack) -> str:
    """The threshold as a sentence, where the condition has one and its text does not say it; a
    cap's own words say its limit."""
    threshold = threshold_of(_part(one, "threshold"))
    if threshold is None or _part(one, "kind") == ConditionKind.CAP:
        return ""
    sentence = pack.say(threshold)
    return "" if sentence == i18n.local(_part(one, "text")) else sentence


def _part(one: Any, name: str) -> Any:
    return one.get(name) if isinstance(one, Mapping) else getattr(one, name, None)


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
