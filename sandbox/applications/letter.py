"""The decision letter: what was decided, why, on what terms, and how to have it looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications import rules, terms
from sandbox.applications.tables import Application, Decision, Review
from sandbox.foundation import documents, i18n
from sandbox.foundation.i18n import N_, _, format_date, local, local_date, ngettext
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.framework.words import CONDITION_KIND_NAMES

Item = Mapping[str, Any]
"""A condition, milestone or relief in the shape that a decision stores."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """All that the letter says beside the fixed words of the pack.

    ``authority`` and ``reasons`` are keys of the pack; ``addressee`` is the person it is
    written to, ``signatory`` the one who decided. ``findings``: by criterion of the rubric what
    reviewers gave as their reasons, without scores or names. ``anew``: it was decided a second
    time because the applicant asked, so it cannot be asked again.
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
    findings: Mapping[str, Sequence[str]] = {}
    anew: bool = False
    conditions: Sequence[Item] = ()
    milestones: Sequence[Item] = ()
    reliefs: Sequence[Item] = ()
    months: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A condition or milestone in words."""

    number: int = 0
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
    conditions = [
        (bool(item.get("precedent")), _condition(number, item, pack))
        for number, item in terms.numbered(sent.conditions)
    ]
    return {
        "pack": pack,
        "sent": sent,
        "admitted": admitted,
        "letter": getattr(pack.letters, sent.outcome),
        "authority": pack.authority(sent.authority),
        "sector": pack.sector(sent.sector),
        "reasons": [str(pack.reason(key).text) for key in sent.reasons],
        "findings": [
            (str(criterion.name), sent.findings[criterion.key])
            for criterion in pack.rubric.criteria
            if sent.findings.get(criterion.key)
        ],
        "ask_again_by": _last_day(ClockName.RECONSIDERATION, sent, pack),
        "before": [line for precedent, line in conditions if precedent],
        "during": [line for precedent, line in conditions if not precedent],
        "milestones": [_milestone(item) for item in sent.milestones],
        "reliefs": [_relief(item) for item in sent.reliefs],
        "months": _months(sent.months),
        "accept_by": _last_day(ClockName.PLAN_ACCEPTANCE, sent, pack) if admitted else None,
    }


def _last_day(clock: ClockName, sent: Sent, pack: Pack) -> date:
    """The last day of a clock that the decision starts."""
    return local_date(
        rules.due(
            clock, sent.decided_at, (), authority=sent.authority, pack=pack, at=sent.decided_at
        )
    )


def _months(number: int) -> str:
    return ngettext("%(n)d month", "%(n)d months", number) % {"n": number} if number else ""


def _condition(number: int, item: Item, pack: Pack) -> Line:
    template = terms.template_of(item, pack)
    source = local(item.get("source")) or (str(template.source) if template else "")
    return Line(
        number=number,
        title=local(item.get("title")) or (str(template.title) if template else _kind(item)),
        text=local(item["text"]),
        more=terms.limit_sentence(item, pack),
        source=source,
        due=terms.when(item),
    )


def _kind(item: Item) -> str:
    return _(CONDITION_KIND_NAMES.get(item["kind"], N_("Condition")))


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
        findings=await _findings(application.id),
        anew=await _is_anew(decision),
        conditions=decision.conditions,
        milestones=decision.milestones,
        reliefs=decision.reliefs,
        months=decision.months,
    )
    return sent, addressee.language if addressee else i18n.LANGUAGES[0]


async def _findings(case_id: UUID) -> dict[str, list[str]]:
    """What the reviewers gave as reasons, by criterion: nothing else of a review is told."""
    found: dict[str, list[str]] = {}
    submitted = (Review.case == case_id) & (Review.state == "submitted")
    for row in await Review.select(Review.comments).where(submitted).order_by(
        Review.submitted_at
    ).output(load_json=True):  # fmt: skip
        for criterion, words in row["comments"].items():
            found.setdefault(criterion, []).append(words)
    return found


async def _is_anew(decision: Decision) -> bool:
    """Whether the case had been decided before."""
    earlier = (Decision.case == decision.case) & (Decision.decided_at < decision.decided_at)
    return bool(await Decision.exists().where(earlier))
