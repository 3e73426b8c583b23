"""Applicant and authority write to each other on the case."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.applications.commands.telling import tell_applicant, tell_officers
from sandbox.applications.tables import Application, Message
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.work import work_of
from sandbox.people.person import Person


async def write_message(person: Person, application_id: UUID, text: str) -> Message:
    """Write to the other side; it is told by mail. No clock stops for it.

    :raises InvalidInput: nothing was written.
    :raises RuleBroken: the application is a draft, of which no authority knows yet.
    """
    if not text.strip():
        raise InvalidInput({"message": _("Write your message")})
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        allow(person, "message", application)
        if application.submitted_at is None:
            raise RuleBroken(
                "message.write.draft", _("Submit the application first. Then somebody reads it.")
            )
        ours = person.belongs_to(application.organisation)
        message = Message(
            id=uuid4(), case=application.id, side="applicant" if ours else "authority",
            author=person.id, author_name=person.name, text=text.strip(), at=work.now,
        )  # fmt: skip
        await work.save(message)
        work.record("message.written", message, side=message.side)
        if ours:
            await tell_officers(work, application, "message_for_authority", message=message)
        else:
            await tell_applicant(work, application, "message", message=message)
    return message
