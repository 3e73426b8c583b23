"""Which PostgreSQL the system talks to: its own, in ``var/postgres``, or one elsewhere.

This is the only module that knows the difference. With ``DATABASE_URL`` set, starting and
stopping do nothing. Without it, the embedded server listens on a Unix socket alone and asks
every client for a generated password (scram); its superuser can be reached by the server's
own operating system user only, and the system itself works as an ordinary role.

:func:`command` runs the server in the foreground, for a supervisor. It keeps out of the
terminal's process group, so that Ctrl-C ends its clients first, and wants SIGINT (or
:func:`stop`) for a quick, clean end; SIGTERM waits until every client has gone.

An operator's own server settings go below the last line of ``data/postgresql.conf``.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.foundation import postgres_machine as machine
from sandbox.foundation.postgres_machine import DATA, HOME, LOG, PostgresError
from sandbox.settings import settings

ROLE = "sandbox"
DATABASE = "sandbox"
PORT = 5432  # only names the socket file; nothing listens on TCP
PASSWORD = HOME / "password"

_SOCKET_LIMIT = 107 if sys.platform == "linux" else 103  # bytes in sockaddr_un.sun_path, less NUL
_START_SECONDS = 300  # recovery after a crash may take long
_HAS_PROC = Path("/proc/self/cwd").exists()

_CONFIGURATION = """\
# Written at every start: put your own settings into postgresql.conf.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
max_connections = 200
shared_buffers = '256MB'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
idle_in_transaction_session_timeout = '5min'
fsync = {durable}
synchronous_commit = on
full_page_writes = {durable}
"""
_ACCESS = """\
local all postgres peer map=server
local all all scram-sha-256
"""


# What every caller uses ------------------------------------------------------------------


def embedded() -> bool:
    """Whether the database is our own server rather than the one at ``DATABASE_URL``."""
    return not settings.database_url


def connection_config() -> dict[str, Any]:
    """asyncpg's (and so Piccolo's) connection arguments; the server need not be running."""
    if not embedded():
        return {"dsn": settings.database_url}
    return {
        "host": str(_sockets()),
        "port": PORT,
        "user": ROLE,
        "password": _password(),
        "database": DATABASE,
    }


def url() -> str:
    """The same database as a libpq URL, for psycopg and the broker in the database."""
    if not embedded():
        return settings.database_url
    host = quote(str(_sockets()), safe="")
    return f"postgresql://{ROLE}:{quote(_password(), safe='')}@/{DATABASE}?host={host}&port={PORT}"


def running() -> bool:
    """Whether the database answers, wherever it is (waits at most three seconds)."""
    import psycopg  # here, because most importers of this module never ask

    try:
        with psycopg.connect(url(), connect_timeout=3) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def wait(seconds: float = 60) -> bool:
    """Wait until the database answers; ``False`` when it has not after ``seconds``."""
    end = time.monotonic() + seconds
    while not running():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def start(*, durable: bool = True) -> None:
    """Start the embedded server in the background, unless it runs already.

    :param durable: ``False`` gives up safety against power cuts for speed: tests only. What
        was committed still survives the death of every process.
    :raises PostgresError: when it does not start, with the end of its log.
    """
    if not embedded() or running():
        return
    with _exclusive():
        if running():  # another process was quicker
            return
        _prepare(durable=durable)
        limit = str(_START_SECONDS)
        machine.run("pg_ctl", "start", "-w", "-s", "-t", limit, "-D", str(DATA), "-l", str(LOG))


def stop() -> None:
    """Stop the embedded server: clients are cut off, their transactions rolled back."""
    alive = _server_processes() or not _HAS_PROC
    if embedded() and alive and (DATA / "postmaster.pid").exists():
        machine.run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-t", "60", "-D", str(DATA))


def command() -> list[str]:
    """The command that runs the embedded server in the foreground, for a supervisor.

    A server that a killed supervisor left behind is stopped and taken over.
    """
    return [sys.executable, "-m", "sandbox.foundation.postgres"]


def ensure_initialised() -> None:
    """Make the cluster, its role and its database where there are none. The server is not
    started for it, and a half-made cluster of an interrupted attempt is made anew."""
    if not embedded() or (DATA / "PG_VERSION").exists():
        return
    with _exclusive():
        if not (DATA / "PG_VERSION").exists():
            _initialise()


def program(name: str) -> Path:
    """Where PostgreSQL's ``name`` (``psql``, ``pg_dump`` …) of the server's version lies."""
    return machine.programs() / name


# The foreground server -------------------------------------------------------------------


def run_in_foreground() -> None:
    """Become the server: this process is replaced and does not return. What the server says
    goes to its log, as it does after :func:`start`."""
    if not embedded():
        raise PostgresError("DATABASE_URL is set: there is no embedded server to run")
    with _exclusive():
        stop()
        _prepare(durable=True)
        server = str(program("postgres"))
    log = os.open(LOG, os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with suppress(PermissionError):  # we lead a session already
        os.setsid()
    machine.become_server_user()
    os.execve(server, [server, "-D", str(DATA)], machine.environment())  # noqa: S606


# Preparing -------------------------------------------------------------------------------


def _prepare(*, durable: bool) -> None:
    """All that must be true before the server starts; the caller holds the lock."""
    if not (DATA / "PG_VERSION").exists():
        _initialise()
    _clear_what_a_crash_left()
    machine.open_passage(DATA)
    machine.own_folder(_sockets())
    machine.ensure_log()
    configuration = _CONFIGURATION.format(
        sockets=str(_sockets()).replace("'", "''"),
        port=PORT,
        durable="on" if durable else "off",
    )
    machine.write(DATA / "sandbox.conf", configuration)
    machine.write(DATA / "pg_hba.conf", _ACCESS)
    machine.write(DATA / "pg_ident.conf", f'server "{machine.server_user().pw_name}" postgres\n')


def _initialise() -> None:
    making = HOME / "data.new"
    shutil.rmtree(making, ignore_errors=True)
    machine.open_passage(making)
    machine.own_folder(making)
    options = ["-U", "postgres", "--auth=reject", "--encoding=UTF8", "--locale=C"]
    if machine.version(machine.programs()) >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    machine.run("initdb", "-D", str(making), *options)
    # Single-user mode needs no running server; -j ends a statement at an empty line.
    statements = (
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{_password()}';\n\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n\n"
    )
    machine.run("postgres", "--single", "-j", "-D", str(making), "postgres", text=statements)
    with (making / "postgresql.conf").open("a") as configuration:  # initdb measured the machine
        configuration.write("include 'sandbox.conf'\n")
    making.rename(DATA)


def _clear_what_a_crash_left() -> None:
    """After kill -9 of the server its backends may live on for a while, and its lock files
    name a process that no longer exists or, worse, another one under the same number."""
    for attempt in range(100):
        left = _server_processes()
        if not left:
            break
        if attempt == 50:  # five seconds: a backend deep in a query
            _quit(left)
        time.sleep(0.1)
    else:
        raise PostgresError(f"a PostgreSQL server already works on {DATA} and does not answer")
    if _HAS_PROC:  # elsewhere leave the judgement to PostgreSQL
        (DATA / "postmaster.pid").unlink(missing_ok=True)
        (_sockets() / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _quit(processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)


def _server_processes() -> list[int]:
    """The processes that work in the data folder, as all of PostgreSQL's do."""
    if not _HAS_PROC:
        return []
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and (process / "cwd").readlink() == DATA:
                found.append(int(process.name))
    return found


# Where things are ------------------------------------------------------------------------


def _sockets() -> Path:
    """The folder of the socket: beside the data, or a short one where the path is too long."""
    folder = HOME / "run"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= _SOCKET_LIMIT:
        return folder
    # Not tempfile.gettempdir(): every process must find the same one, whatever its TMPDIR.
    return Path("/tmp") / f"sandbox-{sha256(os.fsencode(HOME)).hexdigest()[:16]}"  # noqa: S108


def _password() -> str:
    """The password of the system's role, made once."""
    if not PASSWORD.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        made = PASSWORD.with_name(f"password.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(32))
        with suppress(FileExistsError):  # the first of several starting processes wins
            os.link(made, PASSWORD)
        made.unlink()
    try:
        return PASSWORD.read_text()
    except PermissionError:
        raise PostgresError(
            f"{HOME} belongs to another user: start as that user or as root"
        ) from None


@contextmanager
def _exclusive() -> Iterator[None]:
    """One process at a time initialises, starts or takes over."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    run_in_foreground()
