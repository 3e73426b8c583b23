"""What the sector's officer does: take a case, screen it, ask, note; the centre routes it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from sandbox.applications import rules
from sandbox.applications.commands.opening import open_case
from sandbox.applications.commands.telling import (
    applicant_language,
    keep_words,
    tell_applicant,
    tell_officers,
)
from sandbox.applications.tables import Clarification, Note, Screening
from sandbox.foundation import i18n
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.people.person import Person


async def take_case(person: Person, application_id: UUID) -> None:
    """Become the officer in charge of a case."""
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "take")
        if application.case_officer == person.id:
            return
        application.case_officer = person.id
        await work.save(application)
        work.record("application.taken", application)


async def begin_screening(person: Person, application_id: UUID) -> None:
    """Open a submitted case for screening; whoever begins is in charge unless somebody is."""
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "screen")
        pack = library.pack_of(application.pack_version)
        rules.move(application, "screen", pack=pack, at=work.now)
        application.case_officer = application.case_officer or person.id
        await work.save(application)
        work.record("application.screening_started", application)


async def screen(
    person: Person, application_id: UUID, *, outcome: str, checks: Mapping[str, str],
    reasons: Mapping[str, str],
) -> None:  # fmt: skip
    """Settle the screening: ``accepted`` for review, or ``returned`` with its reasons.

    :raises InvalidInput: a check has no answer, or fails without a reason.
    :raises RuleBroken: the outcome does not follow from the checks.
    """
    async with work_of(person) as work:
        event = "accept" if outcome == "accepted" else "return"
        application = await open_case(work, person, application_id, event)
        pack = library.pack_of(application.pack_version)
        rules.LIFE.step(application.state, event)
        rules.check_screening(pack, checks, reasons, outcome=outcome, sectors=application.sectors)
        failed = {c.key: reasons[c.key].strip() for c in pack.screening if c.key in reasons
                  and checks.get(c.key) == "no"}  # fmt: skip
        rules.move(application, event, pack=pack, at=work.now)
        application.case_officer = application.case_officer or person.id
        await work.save(
            application,
            Screening(
                id=uuid4(), case=application.id, version=application.version,
                checks=dict(checks), outcome=outcome, reasons=failed, by=person.id, at=work.now,
            ),
        )  # fmt: skip
        facts = {"failed": sorted(failed)} if failed else {}
        kept = "accepted_for_review" if outcome == "accepted" else "returned"
        work.record(f"application.{kept}", application, **facts)
        await tell_applicant(work, application, kept, reasons=list(failed.values()))
        if outcome == "returned":
            language = await applicant_language(application)
            letter = pack.letters.returned
            words = [letter.opening.in_(language), *(f"• {one}" for one in failed.values())]
            await keep_words(
                work, application, "returned", letter.subject.in_(language), "\n\n".join(words)
            )


async def ask_clarification(
    person: Person, application_id: UUID, *, text: str, question: str = ""
) -> Clarification:
    """Ask the applicant something; the decision clock stands until all is answered.

    ``question``: the form's question that it is about; empty for the whole application.

    :raises InvalidInput: nothing was asked.
    """
    if not text.strip():
        raise InvalidInput({"text": _("Write your question")})
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "ask")
        pack = library.pack_of(application.pack_version)
        if application.state != "awaiting_clarification":
            rules.move(application, "ask", pack=pack, at=work.now)
        clarification = Clarification(
            id=uuid4(), case=application.id, question=question, text=text.strip(),
            asked_by=person.id, asked_at=work.now,
            due_at=rules.due(
                ClockName.CLARIFICATION, work.now, (), authority=application.authority, pack=pack,
                at=work.now,
            ),
        )  # fmt: skip
        await work.save(application, clarification)
        work.record("clarification.asked", clarification, question=question)
        await tell_applicant(work, application, "asked", clarification=clarification)
        language = await applicant_language(application)
        with i18n.use(language):
            subject = _("A question about your application")
        await keep_words(work, application, "clarification", subject, clarification.text)
    return clarification


async def add_note(person: Person, application_id: UUID, text: str) -> None:
    """Leave a note for colleagues. No applicant ever reads it.

    :raises InvalidInput: nothing was written.
    """
    if not text.strip():
        raise InvalidInput({"note": _("Write a note")})
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "note")
        note = Note(
            id=uuid4(), case=application.id, author=person.id, author_name=person.name,
            text=text.strip(), at=work.now,
        )  # fmt: skip
        await work.save(note)
        work.record("note.added", note)


async def route(person: Person, application_id: UUID, *, lead_sector: str, reason: str) -> None:
    """The centre puts a case into the hands of another lead sector, before its review.

    :raises InvalidInput: no such sector, or no reason.
    :raises RuleBroken: the case is past its screening.
    """
    pack = library.current()
    errors = {} if reason.strip() else {"reason": _("Say why")}
    if lead_sector not in {sector.key for sector in pack.sectors}:
        errors["lead_sector"] = _("Choose a sector")
    if errors:
        raise InvalidInput(errors)
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "route")
        if application.state not in {"submitted", "screening"}:
            raise RuleBroken(
                "application.route.too_late",
                _("A case is routed before its review begins, not after."),
            )
        was = application.lead_sector
        others = [sector for sector in application.sectors if sector != lead_sector]
        application.lead_sector, application.sectors = lead_sector, [lead_sector, *others]
        application.authority = pack.lead_of(lead_sector).key
        application.case_officer = None
        await work.save(application)
        work.record("application.routed", application, was=was, now=lead_sector)
        note = Note(
            id=uuid4(), case=application.id, author=person.id, author_name=person.name,
            text=reason.strip(), at=work.now,
        )  # fmt: skip
        await work.save(note)
        await tell_officers(work, application, "to_screen")
