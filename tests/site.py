"""The whole site in processes of its own, as ``sandbox up`` runs it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import psycopg

ROOT = Path(__file__).parents[1]


class Site:
    """``with Site() as site: httpx.get(site.url)``; its data is thrown away afterwards."""

    def __init__(self, **variables: str) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="rintis-site-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "BROKER_URL", "STORAGE_URL", "SMTP_URL", "BASE_URL"}
        }
        self.environment = kept | {
            "VAR": str(self.var),
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "DEMO": "0",
            "LOG_LEVEL": "warning",
            "WEB_WORKERS": "1",  # as many as there are processors take longer to start
            "PYTHONPATH": str(ROOT),
            **variables,
        }
        self.log = self.var / "up.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self.remove()

    def remove(self) -> None:
        """Throw its data away."""
        shutil.rmtree(self.var, ignore_errors=True)

    def start(self, seconds: float = 120) -> float:
        """Start and wait until it is ready; return how many seconds that took."""
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("up"), env=self.environment, stdout=log, stderr=log, cwd=ROOT
            )
        self.wait_ready(seconds)
        return time.monotonic() - begun

    def stop(self) -> int:
        """Stop as Ctrl-C does; return the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "sandbox", *arguments]

    def run(self, *arguments: str, text: str = "", **variables: str) -> Any:
        """Run the ``sandbox`` command over the same data."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment | variables,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=ROOT,
        )

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until the site says that it and its database are ready."""
        end = time.monotonic() + seconds
        while not self.ready():
            running = self.process is not None and self.process.poll() is None
            assert running, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def process_of(self, part: str) -> psutil.Process:
        """The main process of ``web``, ``worker``, ``scheduler`` or ``database``."""
        pid = int((self.var / "run" / f"{part}.pid").read_text().split()[0])
        return psutil.Process(pid)

    def web_processes(self) -> list[psutil.Process]:
        """All processes that answer requests."""
        pids = (self.var / "run").glob("web*.pid")
        return [self.process_of(path.stem) for path in pids]

    def kill(self, part: str) -> None:
        """kill -9, as a machine that runs out of memory would."""
        self.process_of(part).kill()

    @cache  # noqa: B019  (a site lives as long as its test)
    def database_url(self) -> str:
        """Where the site's own database is, for psycopg."""
        done = subprocess.run(
            [sys.executable, "-c", "from sandbox.foundation import postgres as p; print(p.url())"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        return done.stdout.strip()

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the site's own database; psycopg's ``%s`` parameters."""
        with psycopg.connect(self.database_url()) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
