"""The decision letter: what was decided, why, on what terms, and how to have it looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications import rules
from sandbox.applications.tables import Application, Decision
from sandbox.foundation import documents, i18n
from sandbox.foundation.i18n import N_, _, format_date, local, local_date, ngettext
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import threshold_of
from sandbox.framework.words import CADENCE_NAMES, CONDITION_KIND_NAMES

Item = Mapping[str, Any]
"""A condition, milestone or relief in the shape that a decision stores."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """All that the letter says beside the fixed words of the pack.

    ``authority`` and ``reasons`` are keys of the pack; ``addressee`` is the person it is
    written to, ``signatory`` the one who decided.
    """

    reference: str
    title: str
    sector: str
    authority: str
    organisation: str
    addressee: str
    outcome: str
    decided_at: datetime
    signatory: str
    reasons: Sequence[str] = ()
    text: str = ""
    conditions: Sequence[Item] = ()
    milestones: Sequence[Item] = ()
    reliefs: Sequence[Item] = ()
    months: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A condition or milestone in words."""

    title: str
    text: str = ""
    more: str = ""
    source: str = ""
    due: str = ""


async def letter_of(sent: Sent, pack: Pack, language: str) -> bytes:
    """The letter as a PDF in ``language``.

    :raises DocumentFailed: it could not be set.
    """
    with i18n.use(language):
        context = _context(sent, pack)
    return await documents.pdf("documents/decision_letter.html", language, **context)


def _context(sent: Sent, pack: Pack) -> dict[str, Any]:
    admitted = sent.outcome in rules.ADMITTED
    conditions = [(bool(item.get("precedent")), _condition(item, pack)) for item in sent.conditions]
    return {
        "pack": pack,
        "sent": sent,
        "admitted": admitted,
        "letter": getattr(pack.letters, sent.outcome),
        "authority": pack.authority(sent.authority),
        "sector": pack.sector(sent.sector),
        "reasons": [str(pack.reason(key).text) for key in sent.reasons],
        "before": [line for precedent, line in conditions if precedent],
        "during": [line for precedent, line in conditions if not precedent],
        "milestones": [_milestone(item) for item in sent.milestones],
        "reliefs": [_relief(item) for item in sent.reliefs],
        "months": _months(sent.months),
        "accept_by": _accept_by(sent, pack) if admitted else None,
    }


def _accept_by(sent: Sent, pack: Pack) -> date:
    """The last day on which the plan can be accepted."""
    return local_date(
        rules.due(
            ClockName.PLAN_ACCEPTANCE, sent.decided_at, (), authority=sent.authority, pack=pack,
            at=sent.decided_at,
        )
    )  # fmt: skip


def _months(number: int) -> str:
    return ngettext("%(n)d month", "%(n)d months", number) % {"n": number} if number else ""


def _condition(item: Item, pack: Pack) -> Line:
    template = next((t for t in pack.conditions if t.key == (item.get("template") or "")), None)
    threshold = threshold_of(item.get("threshold"))
    source = local(item.get("source")) or (str(template.source) if template else "")
    return Line(
        title=local(item.get("title")) or (str(template.title) if template else _kind(item)),
        text=local(item["text"]),
        more=pack.say(threshold) if threshold else "",
        source=source,
        due=_due(item),
    )


def _kind(item: Item) -> str:
    return _(CONDITION_KIND_NAMES.get(item["kind"], N_("Condition")))


def _due(item: Item) -> str:
    if item.get("due_on"):
        return format_date(_day(item["due_on"]))
    if item.get("every"):
        return _(str(CADENCE_NAMES.get(item["every"], item["every"])))
    return _("Before going live") if item.get("precedent") else _("All the time")


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _milestone(item: Item) -> Line:
    month = item.get("month")
    due = _("Month %(n)s of testing") % {"n": month} if month else ""
    if item.get("due_on"):
        due = format_date(_day(item["due_on"]))
    return Line(title=local(item["title"]), text=local(item.get("evidence")), due=due)


def _relief(item: Item) -> Line:
    return Line(
        title=str(item.get("rule") or ""),
        text=str(item.get("relaxed") or ""),
        more=str(item.get("scope") or ""),
        source=str(item.get("replacement") or ""),
    )


# From the case -----------------------------------------------------------------------------


async def build(decision_id: UUID) -> None:
    """Make the letter of a decision and hang it on the case. Run twice, the second does nothing."""
    from sandbox.applications import commands
    from sandbox.people.person import SYSTEM

    decision = await Decision.objects().where(Decision.id == decision_id).first().output(
        load_json=True
    )  # fmt: skip
    if decision is None or decision.letter is not None:
        return
    application = await Application.objects().get(Application.id == decision.case)
    assert application is not None
    sent, language = await _sent(application, decision)
    pdf = await letter_of(sent, library.pack_of(application.pack_version), language)
    await commands.keep_letter(SYSTEM, decision_id, pdf)


async def _sent(application: Application, decision: Decision) -> tuple[Sent, str]:
    """What the letter says of this case, and the language of the person it goes to."""
    from sandbox.people import queries as people

    addressee = await people.person(application.made_by)
    signatory = await people.person(decision.decided_by)
    sent = Sent(
        reference=application.reference,
        title=application.title,
        sector=application.lead_sector,
        authority=application.authority,
        organisation=await people.organisation_name(application.organisation),
        addressee=addressee.name if addressee else "",
        outcome=decision.outcome,
        decided_at=decision.decided_at,
        signatory=signatory.name if signatory else "",
        reasons=decision.reasons,
        text=decision.text,
        conditions=decision.conditions,
        milestones=decision.milestones,
        reliefs=decision.reliefs,
        months=decision.months,
    )
    return sent, addressee.language if addressee else i18n.LANGUAGES[0]
