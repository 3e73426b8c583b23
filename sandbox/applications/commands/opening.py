"""Opening a case to act on it from the authority's side."""

from __future__ import annotations

from uuid import UUID

from sandbox.applications import queries
from sandbox.applications.tables import Application
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work
from sandbox.people.person import Person


async def open_case(work: Work, person: Person, application_id: UUID, action: str) -> Application:
    """The application, locked: whoever changes anything of it waits here.

    :raises NotFound: there is none, or its inside is not for this person.
    :raises Forbidden: they may read it but not do ``action``.
    """
    application = await work.lock(Application, application_id)
    await queries.check_visible(person, application.id)
    allow(person, action, application)
    return application
