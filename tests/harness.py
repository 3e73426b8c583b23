"""Databases, browsers without JavaScript, and the worker in the test's own process."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
from argon2 import PasswordHasher
from litestar import Litestar

from sandbox.foundation import clock, postgres
from sandbox.foundation.database import DB, fetch, pool
from sandbox.foundation.web import sessions
from sandbox.people import passwords
from sandbox.people.person import Person

_clones = count(1)


# Databases -------------------------------------------------------------------------------


async def build_template(*, durable: bool = False) -> str:
    """Start the server and build the schema once; return the template's name."""
    from sandbox.migrations.schema import migrate

    passwords.use(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    postgres.start(durable=durable)
    await administer("CREATE DATABASE template_for_tests")
    DB.config["database"] = "template_for_tests"
    await migrate()
    return "template_for_tests"


@asynccontextmanager
async def cloned(template: str) -> AsyncIterator[str]:
    """A copy of ``template`` that the engine points at, with its pool open."""
    name = f"test_{next(_clones)}"
    await administer(f"CREATE DATABASE {name} TEMPLATE {template}")
    DB.config["database"] = name
    try:
        async with pool():
            yield name
    finally:
        await drop(name)


async def drop(name: str) -> None:
    """Drop a database, whoever is still in it.

    FORCE may not end PostgreSQL's own autovacuum, which a superuser owns; it ends by itself.
    """
    for _attempt in range(100):
        try:
            return await administer(f"DROP DATABASE {name} WITH (FORCE)")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await asyncio.sleep(0.1)
    return await administer(f"DROP DATABASE {name} WITH (FORCE)")


async def administer(statement: str, *, database: str = "sandbox", superuser: bool = False) -> None:
    """Run ``statement`` beside the test's own database."""
    connection = await connect(database, superuser=superuser)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def connect(database: str = "", *, superuser: bool = False) -> Any:
    """A connection of one's own to the test's (or another) database.

    A superuser is what someone is who can switch triggers off.
    """
    if superuser:
        await _make_superuser()
    config = {**DB.config, **({"database": database} if database else {})}
    if superuser:
        config |= {"user": "tamperer", "password": "tamperer"}
    return await asyncpg.connect(**config)


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database within, statement by statement, by whatever connection."""
    asked: list[str] = []
    plain = asyncpg.Connection._execute

    def noting(self: Any, query: str, *args: Any, **options: Any) -> Any:
        asked.append(query)
        return plain(self, query, *args, **options)

    asyncpg.Connection._execute = noting
    try:
        yield asked
    finally:
        asyncpg.Connection._execute = plain


async def _make_superuser() -> None:
    """By the server's own operating system user, whom alone it lets in as ``postgres``."""
    from sandbox.foundation import postgres_machine

    statement = (
        "DO $$ BEGIN CREATE ROLE tamperer SUPERUSER LOGIN PASSWORD 'tamperer'; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    where = ["-h", DB.config["host"], "-p", str(DB.config["port"]), "-U", "postgres", "-d"]
    postgres_machine.run("psql", *where, "postgres", "-q", "-c", statement)


# Browsers --------------------------------------------------------------------------------


class Visitor(httpx.AsyncClient):
    """A browser without JavaScript, over the application in this process."""

    def __init__(self, app: Litestar) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app=app, client=("127.0.0.1", 50000)),
            base_url="http://127.0.0.1:8000",
        )
        self.app = app

    def another(self) -> Visitor:
        """A second browser, with cookies of its own."""
        return Visitor(self.app)

    async def sign_in(self, person: Person) -> Visitor:
        """Be ``person`` from now on."""
        backend = sessions.Backend(sessions.session_config())
        key = backend.generate_session_id()
        data = backend.serialize_data({"person": str(person.id)})
        await sessions.PostgresStore().set(key, data)
        self.cookies.set("session", key)
        return self

    async def submit(
        self, path: str, fields: dict[str, Any] | None = None, **options: Any
    ) -> httpx.Response:
        """POST a form, as its button does: with the token that every form carries.

        A list is a field sent several times. ``files`` makes it multipart. Redirects are
        not followed unless asked (``follow_redirects=True``).
        """
        return await self.post(
            path, data={"_csrf_token": await self.csrf_token(), **(fields or {})}, **options
        )

    async def csrf_token(self) -> str:
        """The token that a form of this browser would carry."""
        if "csrf" not in self.cookies:
            await self.get("/health/live")
        return self.cookies["csrf"]

    async def text(self, path: str) -> str:
        """The words of a page, without its marks; the page must be there."""
        answer = await self.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, words(answer.text)[:500])
        return words(answer.text)


def words(html: str) -> str:
    """The words a person reads in ``html``, single-spaced."""
    inner = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", inner))).strip()


# Jobs ------------------------------------------------------------------------------------


async def run_jobs() -> list[str]:
    """Do what the worker would, in order, until nothing is left; the actors that ran.

    Runs the real actors; what they raise, the test sees. Jobs that jobs ask for are run too,
    and figures that came are judged, as the scheduler would ask.
    """
    from dramatiq import get_broker

    import workers  # noqa: F401  (declares the actors)
    from sandbox.telemetry import commands as telemetry

    ran = ["watch_telemetry"] if await telemetry.watch() else []
    while rows := await fetch("SELECT * FROM outbox WHERE done_at IS NULL ORDER BY position"):
        for row in rows:
            actor = get_broker().get_actor(row["actor"])
            await inspect.unwrap(actor.fn)(*json.loads(row["args"]))
            await fetch("UPDATE outbox SET done_at = $2 WHERE id = $1", row["id"], clock.now())
            ran.append(row["actor"])
    return ran


async def mails(to: str = "") -> list[dict[str, Any]]:
    """The mails that were written (to one address), oldest first."""
    query = "SELECT * FROM mail WHERE $1 = '' OR \"to\" = $1 ORDER BY made_at, id"
    return await fetch(query, to)


def link_in(mail: dict[str, Any]) -> str:
    """The path of the first link in a mail to this site."""
    found = re.search(r"https?://[^/\s]+(/\S+)", mail["text"])
    assert found, mail["text"]
    return found[1]


def database_url() -> str:
    """The test's own database as an address."""
    config = DB.config
    host = quote(config["host"], safe="")
    who = f"{config['user']}:{quote(config['password'], safe='')}"
    return f"postgresql://{who}@/{config['database']}?host={host}&port={config['port']}"
