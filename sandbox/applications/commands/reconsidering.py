"""The applicant asks that a decision is looked at again; another decision maker answers."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.applications import reconsideration, rules
from sandbox.applications.commands.telling import (
    applicant_language,
    keep_words,
    tell_applicant,
    tell_officers,
)
from sandbox.applications.tables import Application, Decision, Reconsideration
from sandbox.foundation import i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work, work_of
from sandbox.framework import library
from sandbox.people import queries as people
from sandbox.people.person import Person, Role


async def ask_reconsideration(
    person: Person, application_id: UUID, *, text: str
) -> Reconsideration:
    """Ask that another decision maker looks at the decision again.

    :raises InvalidInput: nothing says what is wrong with it.
    :raises RuleBroken: there is no decision, it was asked before, or it is too late.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "reconsider", application)
        rules.LIFE.step(application.state, "ask_again")
        pack = library.pack_of(application.pack_version)
        decision = await newest_decision(application.id)
        reconsideration.check_askable(
            reconsideration.last_moment(pack, decision.decided_at, application.authority),
            before=await Reconsideration.exists().where(Reconsideration.case == application.id),
            accepted=await _has_pilot(application.id), at=work.now,
        )  # fmt: skip
        words = _("Say which fact or reason you think is wrong")
        asked = Reconsideration(
            id=uuid4(), case=application.id, decision=decision.id,
            text=reconsideration.said(text, "text", words), asked_by=person.id,
            asked_name=person.name, asked_at=work.now,
        )  # fmt: skip
        rules.move(application, "ask_again", pack=pack, at=work.now)
        await work.save(application, asked)
        work.record("application.reconsideration_asked", application)
        await _tell_others(work, application, decision)
    return asked


async def newest_decision(case_id: UUID) -> Decision:
    """The decision that counts, of a case that has one."""
    found: Decision | None = await Decision.objects().where(Decision.case == case_id).order_by(
        Decision.decided_at, ascending=False
    ).first().output(load_json=True)  # fmt: skip
    if found is None:
        raise RuleBroken("reconsideration.ask.undecided", _("Nothing has been decided yet."))
    return found


async def _has_pilot(case_id: UUID) -> bool:
    """Pilots stand above, so by their table."""
    return bool(await fetch('SELECT 1 FROM pilot WHERE "case" = $1', case_id))


async def _tell_others(work: Work, application: Application, decision: Decision) -> None:
    """Every decision maker of the sector but the one who decided, and the officer."""
    makers = await people.staff(role=Role.DECISION_MAKER, sector=application.lead_sector)
    for maker in makers:
        if maker.id != decision.decided_by:
            await work.mail(
                maker.email, "applications/to_reconsider", maker.language, case=application.id,
                name=maker.name, application=application,
                pack=library.pack_of(application.pack_version),
            )  # fmt: skip
    await tell_officers(work, application, "to_reconsider")


async def uphold(person: Person, application_id: UUID, *, text: str) -> None:
    """Say that the decision stands, and why; the applicant is told.

    :raises InvalidInput: no reason is given.
    :raises RuleBroken: nobody asked, or this person made the decision.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "decide", application)
        rules.LIFE.step(application.state, "uphold")
        asked = await answer_within(work, application, "upheld")
        asked.answer = reconsideration.said(text, "answer", _("Say why the decision stands"))
        pack = library.pack_of(application.pack_version)
        rules.move(application, "uphold", pack=pack, at=work.now)
        await work.save(application, asked)
        work.record("application.upheld", application)
        await tell_applicant(work, application, "upheld", reconsideration=asked)
        with i18n.use(await applicant_language(application)):
            subject = _("The decision stands")
        await keep_words(work, application, "upheld", subject, asked.answer)


async def answer_within(work: Work, application: Application, verdict: str) -> Reconsideration:
    """What was asked, answered by the work's person: by uphold, or by deciding anew.

    :raises RuleBroken: this person made the decision that it is about.
    """
    rows = await fetch('SELECT id FROM reconsideration WHERE "case" = $1', application.id)
    asked = await work.lock(Reconsideration, rows[0]["id"])
    decision = await newest_decision(application.id)
    reconsideration.check_other(work.person.id, decision.decided_by)
    asked.verdict, asked.answered_by, asked.answered_at = verdict, work.person.id, work.now
    return asked
