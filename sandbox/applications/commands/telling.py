"""What a command tells people: mails to either side, letters on the case."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sandbox.applications import (
    policy,  # noqa: F401  (says who may: without it nobody may)
    queries,
)
from sandbox.applications.tables import Application, Letter
from sandbox.foundation import i18n
from sandbox.foundation.database import fetch
from sandbox.foundation.work import Work
from sandbox.framework import library
from sandbox.people import queries as people
from sandbox.people.person import Role


async def tell_applicant(
    work: Work, application: Application, template: str, **context: Any
) -> None:
    """Mail everybody of the organisation who edits, each in their own language."""
    for member in await people.members(application.organisation):
        if member.edits:
            await work.mail(
                member.email, f"applications/{template}", member.language, case=application.id,
                name=member.name, application=application,
                pack=library.pack_of(application.pack_version), **context,
            )  # fmt: skip


async def tell_officers(
    work: Work, application: Application, template: str, **context: Any
) -> None:
    """Mail the case officer, or every officer of the sector while nobody has the case."""
    everybody = await people.staff(role=Role.OFFICER, sector=application.lead_sector)
    officers = await queries.without_conflict(application.id, everybody)
    mine = [person for person in officers if person.id == application.case_officer]
    for person in mine or officers:
        await work.mail(
            person.email, f"applications/{template}", person.language, case=application.id,
            name=person.name, application=application,
            pack=library.pack_of(application.pack_version), **context,
        )  # fmt: skip


async def keep_words(
    work: Work, application: Application, kind: str, subject: str, text: str
) -> None:
    """Keep what the applicant was told as a letter on the case."""
    await work.save(
        Letter(
            id=uuid4(), case=application.id, kind=kind, subject=subject, text=text, file=None,
            at=work.now,
        )
    )  # fmt: skip


async def applicant_language(application: Application) -> str:
    """The language of whoever began the application."""
    rows = await fetch("SELECT language FROM account WHERE id = $1", application.made_by)
    return rows[0]["language"] if rows else i18n.LANGUAGES[0]
