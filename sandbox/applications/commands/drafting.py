"""What the applicant does: draft, submit, answer, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sandbox.applications import answers as forms
from sandbox.applications import rules
from sandbox.applications.commands.telling import keep_words, tell_applicant, tell_officers
from sandbox.applications.tables import Application, ApplicationVersion, Attachment, Clarification
from sandbox.foundation import files
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.files import CheckedFile
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.framework.questions import Feed
from sandbox.people.person import Person


async def start_application(person: Person, *, title: str, lead_sector: str) -> Application:
    """Begin a draft under the pack in force; the answers it already has are filled in.

    :raises InvalidInput: no title, or no such sector.
    :raises NotFound: the person belongs to no organisation.
    """
    pack = library.current()
    errors = {} if title.strip() else {"title": _("Enter a title")}
    if lead_sector not in {sector.key for sector in pack.sectors}:
        errors["lead_sector"] = _("Choose a sector")
    if errors:
        raise InvalidInput(errors)
    if person.organisation is None or not person.edits:
        raise NotFound
    async with work_of(person) as work:
        (row,) = await fetch("SELECT nextval('application_numbering') AS n")
        application = Application(
            id=uuid4(), reference=f"{pack.front.reference}-{work.now.year}-{row['n']:04}",
            organisation=person.organisation, pack_version=pack.version, title=title.strip(),
            lead_sector=lead_sector, sectors=[lead_sector],
            authority=pack.lead_of(lead_sector).key, state=rules.LIFE.initial,
            state_since=work.now, made_at=work.now, made_by=person.id,
            answers=await _known_answers(person, title.strip(), lead_sector), stops=[],
        )  # fmt: skip
        rules.start_clock(application, pack=pack, at=work.now)
        await work.save(application)
        work.record("application.started", application, pack=pack.version)
    return application


async def _known_answers(person: Person, title: str, lead_sector: str) -> dict[str, Any]:
    """What the person has told us before, as answers: nobody types twice."""
    (firm,) = await fetch("SELECT * FROM organisation WHERE id = $1", person.organisation)
    form = library.current().form
    known = {
        Feed.TITLE: title,
        Feed.LEAD_SECTOR: lead_sector,
        Feed.ORGANISATION_NAME: firm["name"],
        Feed.REGISTRATION_NUMBER: firm["registration_number"],
    }
    asked = ((form.feeding(feed), value) for feed, value in known.items() if value)
    return {question.key: value for question, value in asked if question}


async def save_answers(person: Person, application_id: UUID, answers: Mapping[str, Any]) -> None:
    """Keep answers of a draft, in the stored form (see ``framework.questions``).

    Autosave comes through here: one lock, one update, no audit event; what is submitted is
    kept word for word as a version.

    :raises RuleBroken: the application is not open for editing.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "edit", application)
        rules.check_editable(application)
        application.answers = {
            **application.answers,
            **{key: value for key, value in answers.items() if value is not None},
        }
        for key in [key for key, value in answers.items() if value is None]:
            application.answers.pop(key, None)
        application.saved_at = work.now
        _follow_answers(application)
        if application.state == "draft":
            pack = library.pack_of(application.pack_version)
            rules.start_clock(application, pack=pack, at=work.now)
        await work.save(application)


def _follow_answers(application: Application) -> None:
    """Keep title, sectors and consent as the answers have them."""
    pack = library.pack_of(application.pack_version)
    form, answers = pack.form, application.answers
    known = {sector.key for sector in pack.sectors}
    sectors = [sector for sector in form.sectors(answers) if sector in known]
    if sectors:
        application.sectors, application.lead_sector = sectors, sectors[0]
        application.authority = pack.lead_of(sectors[0]).key
    title = form.answer(Feed.TITLE, answers)
    application.title = str(title or application.title)[:300]
    application.register_consent = form.answer(Feed.REGISTER_CONSENT, answers) in {True, "yes"}


async def attach(
    person: Person, application_id: UUID, question: str, file: CheckedFile
) -> Attachment:
    """Attach a checked file to a question.

    :raises InvalidInput: the question has as many files as it takes.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "edit", application)
        rules.check_editable(application)
        asked = library.pack_of(application.pack_version).form.question(question)
        held = application.answers.get(question) or []
        if asked is None:
            raise NotFound
        if len(held) >= asked.max_files:
            raise InvalidInput({question: _("Remove a file first: this question is full")})
        stored = await files.store(
            work, file, case=application.id, kind="upload", made_by=person.id
        )
        attachment = Attachment(
            id=uuid4(), case=application.id, question=question, file=stored.id, made_at=work.now
        )
        application.answers = {**application.answers, question: [*held, str(attachment.id)]}
        application.saved_at = work.now
        await work.save(attachment, application)
        work.record("application.file_attached", application, sha256=stored.sha256)
    return attachment


async def detach(person: Person, application_id: UUID, attachment_id: UUID) -> None:
    """Take an attached file off its question; the stored file stays with earlier versions."""
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "edit", application)
        rules.check_editable(application)
        attachment = await work.lock(Attachment, attachment_id)
        if attachment.case != application.id:
            raise NotFound
        held = application.answers.get(attachment.question) or []
        application.answers = {
            **application.answers,
            attachment.question: [one for one in held if one != str(attachment_id)],
        }
        await work.save(application)
        work.record("application.file_removed", application)


async def submit(person: Person, application_id: UUID) -> Application:
    """Submit: a version is kept, the clock runs, and everybody is told.

    :raises RuleBroken: questions are open, or the state does not allow it.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "submit", application)
        pack = library.pack_of(application.pack_version)
        missing = forms.problems(pack, application.answers)
        rules.submit(application, missing=missing, pack=pack, at=work.now)
        await work.save(
            application,
            ApplicationVersion(
                id=uuid4(), case=application.id, number=application.version,
                answers=application.answers, at=work.now, by=person.id, by_name=person.name,
            ),
        )  # fmt: skip
        work.record("application.submitted", application, version=application.version)
        await tell_applicant(work, application, "acknowledged")
        work.record("application.acknowledged", application)
        await tell_officers(work, application, "to_screen")
        letter = pack.letters.acknowledged
        await keep_words(
            work, application, "acknowledged",
            letter.subject.in_(person.language), letter.opening.in_(person.language),
        )  # fmt: skip
    return application


async def answer_clarification(person: Person, clarification_id: UUID, text: str) -> None:
    """Answer a question; with the last one answered the clock runs again.

    :raises InvalidInput: nothing was written.
    :raises RuleBroken: it was answered before.
    """
    if not text.strip():
        raise InvalidInput({"answer": _("Write your answer")})
    async with work_of(person) as work:
        clarification = await work.lock(Clarification, clarification_id)
        application = await work.lock(Application, clarification.case)
        allow(person, "answer", application)
        if clarification.answered_at is not None:
            raise RuleBroken("clarification.answer.twice", _("This has been answered already."))
        clarification.answer = text.strip()
        clarification.answered_by, clarification.answered_name = person.id, person.name
        clarification.answered_at = work.now
        await work.save(clarification)
        work.record("clarification.answered", clarification)
        if not await _is_waiting(application):
            rules.move(
                application, "answer",
                pack=library.pack_of(application.pack_version), at=work.now,
            )  # fmt: skip
            await work.save(application)
            work.record("application.answered", application)
        await tell_officers(work, application, "answered")


async def _is_waiting(application: Application) -> bool:
    open_ = (Clarification.case == application.id) & Clarification.answered_at.is_null()
    return await Clarification.exists().where(open_)


async def withdraw(person: Person, application_id: UUID) -> None:
    """Take the application back, at any time before its decision."""
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "withdraw", application)
        was_draft = application.state == "draft"
        rules.move(
            application, "withdraw", pack=library.pack_of(application.pack_version), at=work.now
        )
        await work.save(application)
        work.record("application.withdrawn", application)
        if not was_draft:
            await tell_officers(work, application, "withdrawn")


async def reopen(person: Person, application_id: UUID) -> None:
    """Open a lapsed draft again.

    :raises RuleBroken: it has not lapsed, or it had been submitted.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "edit", application)
        pack = library.pack_of(application.pack_version)
        rules.reopen(application, pack=pack, at=work.now)
        await work.save(application)
        work.record("application.reopened", application)
