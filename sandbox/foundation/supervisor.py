"""Keeps processes running: starts them, starts them again when they die, stops them in order.

Each part runs in a process group of its own, so that Ctrl-C reaches the supervisor alone and
a dead part's own children can be cleared away. When the supervisor itself is killed, Linux
tells its parts to stop; what is left over elsewhere the next supervisor finds by its pid file.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SETTLED = 30.0  # seconds: a part that lived so long starts over without delay
LONGEST_DELAY = 10.0  # seconds
LOG_LIMIT = 20_000_000  # bytes

_PR_SET_PDEATHSIG = 1


class AlreadyRunning(SystemExit):
    """Another supervisor works over the same folder; its text is what the operator reads."""


@dataclass(frozen=True)
class Part:
    """One process to keep running.

    ``stop_signal`` asks it to end; after ``patience`` seconds its whole group is killed. A
    part that is not to be ``kept`` runs once and writes to the terminal.
    """

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    kept: bool = True
    files: tuple[int, ...] = ()


class _Running:
    """A part at work."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.process: subprocess.Popen[bytes] | None = None
        self.begun = 0.0
        self.delay = 0.0
        self.due = 0.0


class Supervisor:
    """Parts over one folder: pid files and the lock in ``run/``, what they say in ``log/``."""

    def __init__(self, var: Path, say: Callable[[str], None]) -> None:
        self.folder = var / "run"
        self.logs = var / "log"
        self.bytecode = var / "cache" / "python"
        self.say = say
        self._parts: dict[str, _Running] = {}
        self._lock: IO[str] | None = None
        self._stopping = False

    def claim(self, words: str) -> None:
        """Be the only supervisor here, and clear away what a killed one left.

        :raises AlreadyRunning: with ``words`` in which ``%s`` is the other's process id.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "up.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            raise AlreadyRunning(words % self._lock.read().strip()) from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
        _clear_away(self.folder.glob("*.pid"))

    def begin(self, part: Part) -> None:
        """Start ``part`` and keep it running from now on."""
        self._parts[part.name] = running = _Running(part)
        self._start(running)

    def watch(self) -> None:
        """Start again what has died and is due; call this several times a second."""
        for running in list(self._parts.values()):
            if self._stopping:
                return
            if running.process is None:
                if time.monotonic() >= running.due:
                    self._start(running)
            elif running.process.poll() is not None:
                self._died(running, running.process)

    def runs(self, name: str) -> bool:
        """Whether the part called ``name`` is alive."""
        running = self._parts.get(name)
        return bool(running and running.process and running.process.poll() is None)

    def stop(self, names: Iterable[str]) -> None:
        """End the parts called ``names`` together, and wait for them."""
        self._stopping = True
        several = [self._parts[name] for name in names if name in self._parts]
        for running in several:
            if running.process is not None:
                _signal(running.process.pid, running.part.stop_signal)
        for running in several:
            self._wait(running)
        self._stopping = False

    def stop_all(self) -> None:
        """End everything, the last begun first."""
        for name in reversed(list(self._parts)):
            self.stop([name])

    def _start(self, running: _Running) -> None:
        part = running.part
        log = self._log(part.name) if part.kept else None
        running.process = subprocess.Popen(  # noqa: S603
            list(part.command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=self._environment(),
            start_new_session=True,
            pass_fds=part.files,
            preexec_fn=_die_with(os.getpid(), part.stop_signal),  # noqa: PLW1509  (one thread)
        )
        if log is not None:
            log.close()
        running.begun = time.monotonic()
        pid = running.process.pid
        named = f"{pid} {int(part.stop_signal)} {_born(pid)}"
        (self.folder / f"{part.name}.pid").write_text(named)

    def _environment(self) -> dict[str, str]:
        """Where nothing may be written beside the sources, bytecode is kept among the data:
        without any, every start takes twice as long."""
        kept = dict(os.environ)
        if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
            kept["PYTHONPYCACHEPREFIX"] = str(self.bytecode)
        return kept

    def _log(self, name: str) -> IO[bytes]:
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _died(self, running: _Running, process: subprocess.Popen[bytes]) -> None:
        part, lived = running.part, time.monotonic() - running.begun
        _signal(process.pid, signal.SIGKILL)  # whatever the dead part had begun itself
        if not part.kept:
            del self._parts[part.name]
            self._forget(part)
            return
        running.process = None
        running.delay = 0.0 if lived > SETTLED else min(max(running.delay * 2, 0.2), LONGEST_DELAY)
        running.due = time.monotonic() + running.delay
        self.say(
            f"The {part.name} process {_how(process.returncode)} and is started again"
            f" (its log: {self.logs / part.name}.log)"
        )

    def _wait(self, running: _Running) -> None:
        part, process = running.part, running.process
        del self._parts[part.name]
        if process is not None:
            try:
                process.wait(part.patience)
            except subprocess.TimeoutExpired:
                self.say(f"The {part.name} process did not stop in time and is killed")
            _signal(process.pid, signal.SIGKILL)
            process.wait()
        self._forget(part)

    def _forget(self, part: Part) -> None:
        (self.folder / f"{part.name}.pid").unlink(missing_ok=True)


def _how(status: int) -> str:
    if status < 0:
        return f"was killed (signal {-status})"
    return f"ended with status {status}"


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """What a new process does so that it is told when its supervisor has been killed."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return prepare


# What a killed supervisor left -----------------------------------------------------------


def _clear_away(pid_files: Iterable[Path]) -> None:
    """End the processes that the files name, each as its part is ended, then with force."""
    paths = list(pid_files)
    for path in paths:
        pid, number = _named_in(path)
        if pid:
            _signal(pid, number)
    end = time.monotonic() + 10
    while any(_named_in(path)[0] for path in paths) and time.monotonic() < end:
        time.sleep(0.05)
    for path in paths:
        pid, _number = _named_in(path)
        if pid:
            _signal(pid, signal.SIGKILL)
        path.unlink(missing_ok=True)


def _named_in(path: Path) -> tuple[int, signal.Signals]:
    """The living process that a pid file names and the signal that ends it; 0 when the
    process is gone or its number another's by now."""
    words = path.read_text().split(maxsplit=2)
    if len(words) == 3 and _born(int(words[0])) == words[2]:
        return int(words[0]), signal.Signals(int(words[1]))
    return 0, signal.SIGTERM


def _born(pid: int) -> str:
    """When a process was started, in words of the machine's own; empty when it is gone."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            return "" if fields[0] == "Z" else fields[19]
        return ""
    asked = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(  # noqa: S603
        asked, capture_output=True, text=True, check=False
    ).stdout.strip()
