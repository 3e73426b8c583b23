"""`sandbox doctor`: every part is tried, and each line says `ok` or what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import click

from sandbox.foundation import postgres
from sandbox.settings import redacted, settings

OLDEST = 160000  # PostgreSQL 16, as the server itself numbers it


class State(StrEnum):
    """How a part was found."""

    OK = "ok"
    NOTE = "note"
    WRONG = "MEND"


Found = tuple[State, str]


class Wrong(Exception):
    """A part must be mended; the words say how."""


def examine() -> int:
    """Try everything, print a line for each, return the exit status."""
    wrong = False
    for name, check in _checks():
        state, words = _try(check)
        wrong = wrong or state is State.WRONG
        colour = {State.OK: "green", State.NOTE: "yellow", State.WRONG: "red"}[state]
        line = " ".join(words.split())  # some errors write several
        click.echo(f"{click.style(f'{state:<5}', fg=colour)} {name:<10} {line}")
    return int(wrong)


def _try(check: Callable[[], Found]) -> Found:
    try:
        return check()
    except Wrong as error:
        return State.WRONG, str(error)
    except Exception as error:  # noqa: BLE001  (whatever is wrong is to be told)
        return State.WRONG, f"{type(error).__name__}: {error}"


def _checks() -> Iterator[tuple[str, Callable[[], Found]]]:
    yield "settings", _settings
    yield "database", _database
    yield "schema", _schema
    yield "broker", _broker
    yield "storage", _storage
    yield "mail", _mail
    yield "documents", _documents
    yield "assets", _assets
    yield "pack", _pack


def _settings() -> Found:
    public = settings.host not in {"127.0.0.1", "localhost", "::1"}
    if public and not settings.https:
        return State.NOTE, (
            f"the site listens on {settings.host}, but BASE_URL is {settings.base_url}:"
            " serve it over https and set BASE_URL, so that cookies are secure"
        )
    if public and settings.demo:
        return State.NOTE, "DEMO=1 lets anybody sign in as anybody: never on a public address"
    return State.OK, f"data in {settings.var}; with these settings, site at {settings.base_url}"


def _database() -> Found:
    if not postgres.running():
        return _no_database()
    version = _ask("SELECT current_setting('server_version_num')::int, version()")
    if version[0] < OLDEST:
        raise Wrong(f"it is {version[1]}: use PostgreSQL 16 or later")
    kind = "its own" if postgres.embedded() else "at DATABASE_URL"
    return State.OK, f"{kind}, {str(version[1]).partition(' on ')[0]}"


def _no_database() -> Found:
    if not postgres.embedded():
        raise Wrong("the one at DATABASE_URL does not answer: check the address and the server")
    found = postgres.program("postgres")  # says what to install where there is none
    return State.NOTE, f"not running: `sandbox up` starts it ({found})"


def _schema() -> Found:
    if not postgres.running():
        return State.NOTE, "cannot be seen while the database is not running"
    from sandbox.migrations import schema

    if _ask("SELECT to_regclass('migration')") == (None,):
        raise Wrong("the database is empty: run `sandbox migrate`")
    (there,) = _ask("SELECT array_agg(name) FROM migration")
    waiting, unknown = schema.known() - set(there or ()), set(there or ()) - schema.known()
    if waiting:
        raise Wrong(f"{len(waiting)} migrations have not been run: run `sandbox migrate`")
    if unknown:
        raise Wrong("the database belongs to a later version: install that one")
    (tables,) = _ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    return State.OK, f"{tables} tables, as this version has them"


def _ask(query: str) -> tuple[Any, ...]:
    import psycopg

    with psycopg.connect(postgres.url(), connect_timeout=3) as connection:
        row = connection.execute(query).fetchone()
        return row or ()


def _broker() -> Found:
    kind = urlsplit(settings.broker_url).scheme
    if not kind:
        return _queue()
    from dramatiq import Message

    from sandbox.foundation import broker

    # A message to nobody, put into a queue that no worker reads, goes where all others go.
    carrier = broker.make()
    carrier.declare_queue("doctor")
    try:
        carrier.enqueue(Message("doctor", "nobody", (), {}, {}))
        carrier.flush("doctor")
    except Exception as error:
        raise Wrong(f"BROKER_URL cannot be used ({error}): check the address and server") from error
    finally:
        carrier.close()
    return State.OK, f"{kind} at {urlsplit(settings.broker_url).hostname}"


def _queue() -> Found:
    if not postgres.running():
        return State.NOTE, "in the database, which is not running"
    if _ask("SELECT to_regclass('dramatiq.queue')") == (None,):
        raise Wrong("the queue is missing from the database: run `sandbox migrate`")
    (dead,) = _ask("SELECT count(*) FROM dead_job WHERE resent_at IS NULL")
    if dead:
        return State.NOTE, f"{dead} jobs died: an administrator can send them again at /jobs"
    return State.OK, "in the database"


def _storage() -> Found:
    from sandbox.foundation import storage

    where = settings.storage_url or str(settings.var / "files")
    try:
        asyncio.run(storage.check())
    except Exception as error:
        where = redacted(where)
        raise Wrong(f"{where} cannot be written ({error}): check STORAGE_URL and rights") from error
    return State.OK, f"written and read back at {where}"


def _mail() -> Found:
    if not settings.smtp_url and not (settings.local or settings.demo):
        raise Wrong("no SMTP_URL: people cannot get the links that open their accounts")
    if not settings.smtp_url:
        return State.NOTE, "no SMTP_URL: mail is kept, and shown at /mailbox"
    import aiosmtplib

    address = urlsplit(settings.smtp_url)
    server = aiosmtplib.SMTP(
        hostname=address.hostname,
        port=address.port,
        use_tls=address.scheme == "smtps",
        timeout=10,
    )

    async def greet() -> None:
        async with server:
            await server.noop()

    try:
        asyncio.run(greet())
    except (OSError, aiosmtplib.SMTPException) as error:
        raise Wrong(f"{address.hostname} does not answer ({error}): check SMTP_URL") from error
    return State.OK, f"by {address.hostname}"


def _documents() -> Found:
    try:
        import weasyprint
    except OSError as error:
        raise Wrong(
            f"PDFs cannot be made ({error}): install Pango (libpango-1.0-0 and "
            "libpangoft2-1.0-0 on Debian)"
        ) from error
    return State.OK, f"WeasyPrint {weasyprint.__version__}"


def _assets() -> Found:
    from sandbox.foundation.web.assets import BUILD

    if not (BUILD / "manifest.json").exists():
        raise Wrong("styles and scripts are not built: run `make build`")
    return State.OK, f"built in {BUILD}"


def _pack() -> Found:
    from sandbox.framework import library
    from sandbox.framework.errors import PackError

    try:
        pack = library.current()
    except PackError as error:
        raise Wrong(f"{error}: mend the file, or choose another with PACK") from error
    return State.OK, f"{pack.name} {pack.version}, in force since {pack.in_force}"
