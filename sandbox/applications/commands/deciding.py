"""The officer's recommendation and the decision maker's decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec

from sandbox.applications import queries, rules
from sandbox.applications.commands.opening import open_case
from sandbox.applications.commands.reconsidering import answer_within
from sandbox.applications.commands.telling import (
    applicant_language,
    keep_words,
    tell_applicant,
    tell_officers,
)
from sandbox.applications.tables import (
    Application,
    Clarification,
    Decision,
    Letter,
    Note,
    Recommendation,
    Review,
)
from sandbox.applications.terms import completed
from sandbox.foundation import files
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework import library
from sandbox.people import queries as people
from sandbox.people.person import Person, Role


async def recommend(person: Person, application_id: UUID, *, outcome: str, text: str) -> None:
    """Put the case before the decision makers with a recommendation.

    :raises InvalidInput: no outcome or no reasons.
    :raises RuleBroken: a review or an answer is still out.
    """
    errors = {} if text.strip() else {"text": _("Say why you recommend this")}
    if outcome not in rules.OUTCOMES:
        errors["outcome"] = _("Choose an outcome")
    if errors:
        raise InvalidInput(errors)
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "recommend")
        waiting = (Clarification.case == application.id) & Clarification.answered_at.is_null()
        rules.check_recommendable(
            await _reviews(application), await Clarification.count().where(waiting)
        )
        pack = library.pack_of(application.pack_version)
        rules.move(application, "recommend", pack=pack, at=work.now)
        recommendation = Recommendation(
            id=uuid4(), case=application.id, outcome=outcome, text=text.strip(), by=person.id,
            by_name=person.name, at=work.now,
        )  # fmt: skip
        await work.save(application, recommendation)
        work.record("application.recommended", application, outcome=outcome)
        makers = await people.staff(role=Role.DECISION_MAKER, sector=application.lead_sector)
        for maker in await queries.without_conflict(application.id, makers):
            await work.mail(
                maker.email, "applications/to_decide", maker.language, case=application.id,
                name=maker.name, application=application, pack=pack,
            )  # fmt: skip


async def _reviews(application: Application) -> list[Review]:
    return await Review.objects().where(Review.case == application.id)


async def send_back(person: Person, application_id: UUID, *, reason: str) -> None:
    """The decision maker asks the officer for more before deciding.

    :raises InvalidInput: nothing says what is wanted.
    """
    if not reason.strip():
        raise InvalidInput({"reason": _("Say what you need before you can decide")})
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "send_back")
        pack = library.pack_of(application.pack_version)
        rules.move(application, "send_back", pack=pack, at=work.now)
        note = Note(
            id=uuid4(), case=application.id, author=person.id, author_name=person.name,
            text=reason.strip(), at=work.now,
        )  # fmt: skip
        await work.save(application, note)
        work.record("application.sent_back", application)
        await tell_officers(work, application, "sent_back", reason=reason.strip())


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision says beside its outcome.

    Items have the shapes that ``pilots.plan`` reads: conditions ``{template, kind, title, text,
    source, precedent, due_on, every, threshold, cap}`` (:func:`terms.completed` adds ``number`` and
    ``within``), milestones ``{title, evidence, month,
    due_on}``, reliefs ``{rule, relaxed, scope, replacement, authority}``; texts are language →
    words.
    """

    reasons: Sequence[str] = ()
    text: str = ""
    conditions: Sequence[Mapping[str, Any]] = ()
    milestones: Sequence[Mapping[str, Any]] = ()
    reliefs: Sequence[Mapping[str, Any]] = ()
    months: int = 0


async def decide(person: Person, application_id: UUID, *, outcome: str, terms: Terms) -> Decision:
    """Decide, or decide anew where the applicant asked for it.

    The letter is made by the worker; the applicant is told at once.

    :raises InvalidInput: reasons, conditions or months are missing.
    :raises RuleBroken: not recommended yet, the person is the only reviewer, or made the decision
        that is looked at again.
    """
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "decide")
        pack = library.pack_of(application.pack_version)
        rules.LIFE.step(application.state, "decide")
        rules.check_decider(person.id, await _reviews(application))
        if application.state == "reconsidering":
            await work.save(await answer_within(work, application, "decided_anew"))
        rules.check_decision(
            outcome, reasons=terms.reasons, conditions=terms.conditions, months=terms.months,
            pack=pack,
        )  # fmt: skip
        application.outcome = outcome
        application.decided_at = application.decided_at or work.now
        rules.move(application, "decide", pack=pack, at=work.now)
        decision = _decided(work, application, outcome, terms)
        await work.save(application, decision)
        work.record(
            "application.decided", application, outcome=outcome,
            conditions=len(decision.conditions),
        )  # fmt: skip
        work.later("build_decision_letter", decision.id, queue="documents")
        await tell_applicant(work, application, "decided", outcome=outcome)
        letter = getattr(pack.letters, outcome)
        language = await applicant_language(application)
        words = [letter.opening.in_(language)]
        words += [pack.reason(key).text.in_(language) for key in decision.reasons]
        words += [terms.text.strip()] if terms.text.strip() else []
        await keep_words(
            work, application, "decision", letter.subject.in_(language), "\n\n".join(words)
        )
    return decision


def _decided(work: Work, application: Application, outcome: str, terms: Terms) -> Decision:
    """The decision as it is kept; terms only where it admits, reasons only that fit."""
    pack = library.pack_of(application.pack_version)
    admitted = outcome in rules.ADMITTED
    fitting = {reason.key for reason in pack.reasons_for(outcome)}  # type: ignore[arg-type]
    conditions = completed(terms.conditions, pack, application.answers)
    return Decision(
        id=uuid4(), case=application.id, outcome=outcome,
        reasons=[key for key in terms.reasons if key in fitting],
        text=terms.text.strip(),
        conditions=_stored(conditions) if admitted else [],
        milestones=_stored(terms.milestones) if admitted else [],
        reliefs=_stored(terms.reliefs) if admitted else [],
        months=terms.months if admitted else 0,
        decided_by=work.person.id, decided_at=work.now,
    )  # fmt: skip


def _stored(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return msgspec.to_builtins([dict(item) for item in items])  # type: ignore[no-any-return]


async def keep_letter(person: Person, decision_id: UUID, pdf: bytes) -> None:
    """The worker hangs the letter's PDF on decision and case. Twice is harmless."""
    async with work_of(person) as work:
        decision = await work.lock(Decision, decision_id)
        if decision.letter is not None:
            return
        application = await Application.objects().get(Application.id == decision.case)
        assert application is not None
        stored = await files.keep(
            work, name=f"decision-{application.reference}.pdf", content=pdf,
            media_type="application/pdf", kind="letter", case=decision.case,
        )  # fmt: skip
        decision.letter = stored.id
        await work.save(decision)
        await Letter.update({Letter.file: stored.id}).where(
            (Letter.case == decision.case)
            & (Letter.kind == "decision")
            & (Letter.at == decision.decided_at)
        )
        work.record("decision.letter_made", decision, sha256=stored.sha256)
