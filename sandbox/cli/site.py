"""The whole site on one machine: everything `sandbox up` starts, watches and stops."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from types import FrameType

import click

from sandbox.cli import ground
from sandbox.foundation import postgres
from sandbox.foundation.supervisor import Part, Supervisor
from sandbox.settings import settings

_WATCH = 0.1  # seconds
_READY_SECONDS = 90


def up() -> None:
    """Run everything until Ctrl-C or SIGTERM."""
    supervisor = Supervisor(settings.var, _say)
    supervisor.claim(
        f"Rintis is already running from {settings.var} (process %s):"
        " stop that one first, or choose another folder with VAR."
    )
    listening = _listen(settings.web_workers)
    site = _Site(supervisor, listening)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, site.ask_to_stop)
    try:
        site.start()
        site.watch()
    finally:
        site.stop()


def migrate() -> None:
    """Bring schema and queue to this version, in a database that answers."""
    from sandbox.foundation import broker
    from sandbox.migrations import schema

    ground.run(schema.migrate())
    broker.prepare()


def _listen(processes: int) -> list[socket.socket]:
    """Listen before anything is started, on a socket for each web process.

    Requests wait there while their process restarts. The kernel deals connections out to all
    sockets: of one that is shared, an idle process would take every connection, and senders of
    figures keep theirs.
    """
    _bind(shared=False).close()  # which fails where another program listens, also as we do
    listening = [_bind(shared=True) for _process in range(processes)]
    for one in listening:
        one.listen(2048)
    return listening


def _bind(*, shared: bool) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        ground.refuse(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}):"
            " stop the program that does, or choose another with PORT."
        )
    return bound


def _say(sentence: str) -> None:
    click.echo(sentence)


class _Site:
    """The parts of the site, in the order in which they start."""

    def __init__(self, supervisor: Supervisor, listening: list[socket.socket]) -> None:
        self.supervisor = supervisor
        self.listening = listening
        self.webs = ["web", *(f"web-{n}" for n in range(2, len(listening) + 1))]
        self.asked = threading.Event()
        self.gate = -1
        self.playing = False

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked.set()

    def start(self) -> None:
        """Start all parts; those that need the schema wait at a gate until it is there."""
        first = not (settings.var / "run" / "began").exists()
        if first:
            _say(f"Setting up in {settings.var}: the first start takes a little longer.")
        self.gate, opener = os.pipe()
        if postgres.embedded():
            postgres.ensure_initialised()
            database = Part("database", postgres.command(), signal.SIGINT, patience=60)
            self.supervisor.begin(database)
        for part in self._web(self.gate):
            self.supervisor.begin(part)
        self._await_database()
        migrate()
        os.close(opener)
        (settings.var / "run" / "began").touch()
        if self._await_site():
            self._tell()
        if not self.playing:
            self._begin_rest()

    def _web(self, gate: int) -> list[Part]:
        return [
            _part(name, "serve", "--socket", str(one.fileno()), files=(gate, one.fileno()))
            for name, one in zip(self.webs, self.listening, strict=True)
        ]

    def _begin_rest(self) -> None:
        """Start what acts by itself: only now, so that all processors serve the site's start,
        and that nothing acts at today's time on a year which is not told to its end."""
        gate = (self.gate,)
        self.supervisor.begin(_part("worker", "worker", "--but", "documents", files=gate))
        self.supervisor.begin(_part("documents", "worker", "--only", "documents", files=gate))
        self.supervisor.begin(_part("scheduler", "scheduler", files=gate))

    def _await_database(self) -> None:
        end = time.monotonic() + _READY_SECONDS
        while not postgres.running():
            if self.asked.is_set():
                raise SystemExit(0)
            if time.monotonic() > end:
                ground.refuse(f"The database does not answer: see {settings.var}/postgres/log.")
            self.supervisor.watch()
            self.asked.wait(0.05)

    def _await_site(self) -> bool:
        """Whether the site answered, before anybody asked to stop."""
        end = time.monotonic() + _READY_SECONDS
        while not self.asked.is_set():
            if _answers():
                return True
            if time.monotonic() > end:
                _say(f"The site does not answer yet: see {settings.var}/log/web.log.")
                return True
            self.supervisor.watch()
            self.asked.wait(_WATCH)
        return False

    def _tell(self) -> None:
        from sandbox.cli import playing

        _say(f"\nRintis is running at {settings.base_url}\n")
        if settings.demo and not ground.run(playing.played()):
            _say("The demo year is being played; you can look around while it fills.")
            command = [sys.executable, "-m", "sandbox", "demo"]
            self.supervisor.begin(Part("demo", command, kept=False))
            self.playing = True
        else:
            _say(ground.run(playing.welcome()))
        _say(f"\nData and logs are in {settings.var}. Ctrl-C stops everything.")

    def watch(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while not self.asked.wait(_WATCH):
            self.supervisor.watch()
            if self.playing and not self.supervisor.runs("demo"):
                self._end_playing()

    def _end_playing(self) -> None:
        from sandbox.cli import playing

        self.playing = False
        if not ground.run(playing.played()):
            _say("The demo year is not there: the next start plays it from its beginning.")
        self._begin_rest()

    def stop(self) -> None:
        """No new requests, then no new jobs, then nothing left to write, then the database."""
        _say("\nStopping …")
        begun = time.monotonic()
        for one in self.listening:
            one.close()
        self.supervisor.stop(["demo", *reversed(self.webs)])
        self.supervisor.stop(["scheduler"])
        self.supervisor.stop(["worker", "documents"])
        self.supervisor.stop_all()
        _say(f"Stopped in {time.monotonic() - begun:.1f} seconds. All data is kept.")


def _part(name: str, *words: str, files: tuple[int, ...]) -> Part:
    """A part that waits at the gate, the first of ``files``."""
    command = [sys.executable, "-m", "sandbox", *words, "--gate", str(files[0])]
    return Part(name, command, files=files)


def _answers() -> bool:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104
    at = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/health/ready"
    try:
        with urllib.request.urlopen(at, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
