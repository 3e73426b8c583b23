"""The unit of work: the only way to write to a case.

One transaction, one person. State, audit events, outbox rows and mails commit together or
not at all.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

from piccolo.table import Table

from sandbox.foundation import audit, clock, mail
from sandbox.foundation.database import fetch, transaction
from sandbox.foundation.errors import NotFound
from sandbox.foundation.tables import Mail

Row = TypeVar("Row", bound=Table)


class Worker(Protocol):
    """Whoever a change is made by."""

    @property
    def id(self) -> UUID | None: ...

    @property
    def name(self) -> str: ...


class Work:
    """What a command does inside :func:`work_of`."""

    def __init__(self, person: Worker, now: datetime) -> None:
        self.person = person
        self.now = now
        self._events: list[audit.Event] = []
        self._jobs: list[tuple[Any, ...]] = []

    async def lock(self, table: type[Row], key: UUID) -> Row:
        """The row ``key`` of ``table``, locked until the work ends.

        :raises NotFound: when there is none.
        """
        query = table.objects().where(table._meta.primary_key == key)
        row = await query.lock_rows("UPDATE").first().output(load_json=True)
        if row is None:
            raise NotFound
        return row  # type: ignore[no-any-return]

    async def save(self, *rows: Table) -> None:
        """Insert or update ``rows``."""
        for row in rows:
            await row.save()

    async def once(self, key: str) -> bool:
        """Whether ``key`` is new. A job asks this first, so that run twice it acts once."""
        query = (
            "INSERT INTO job_effect (key, at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key"
        )
        return bool(await fetch(query, key, self.now))

    def record(self, event: str, subject: Table, **facts: object) -> None:
        """Put ``event`` about ``subject`` into the audit trail of its case.

        The case is the subject's ``case`` column, or the subject itself where it has none.
        ``facts`` hold no secrets and no free text that could name a person.
        """
        identity: UUID = getattr(subject, subject._meta.primary_key._meta.name)
        self._events.append(
            audit.Event(
                case=getattr(subject, "case", None) or identity,
                at=self.now,
                person=self.person.id,
                person_name=self.person.name,
                event=event,
                subject_kind=subject._meta.tablename,
                subject=identity,
                facts=audit.canonical(facts),
            )
        )

    def later(self, actor: str, *args: object, queue: str = "default") -> None:
        """Have the worker run ``actor`` with ``args`` (JSON-able or UUID) after the commit."""
        body = json.dumps(args, default=str)
        self._jobs.append((uuid4(), actor, queue, body, self.now))

    async def mail(
        self, to: str, template: str, language: str, *, case: UUID | None = None, **context: Any
    ) -> Mail:
        """Write a mail from ``templates/mail/<template>.txt``; the worker sends it.

        The template's first line is the subject.
        """
        letter = await mail.compose(to, template, language, case=case, at=self.now, **context)
        self.later("send_mail", letter.id, queue="mail")
        return letter

    async def _settle(self) -> None:
        if self._events:
            await audit.append(self._events)
        for job in self._jobs:
            await fetch(
                "INSERT INTO outbox (id, actor, queue, args, made_at) VALUES ($1, $2, $3, $4, $5)",
                *job,
            )
        if self._jobs:
            await fetch("SELECT pg_notify('outbox', '')")


@asynccontextmanager
async def work_of(person: Worker) -> AsyncIterator[Work]:
    """One transaction in which ``person`` changes a case.

    Whatever is raised inside rolls everything back. Works do not nest: a command that
    needs another's change calls the rules and tables, not the other command.

    :raises RuntimeError: inside another work.
    """
    async with transaction() as current:
        if getattr(current, "_work", False):
            raise RuntimeError("a work inside a work would commit or fail with the outer one")
        current._work = True  # type: ignore[attr-defined]
        work = Work(person, clock.now())
        yield work
        await work._settle()
