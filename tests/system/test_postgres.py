"""The embedded PostgreSQL, driven in processes of its own over throw-away folders."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest

ROOT = Path(__file__).parents[2]


class Server:
    """``sandbox.foundation.postgres`` over one folder, called in fresh processes."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.data = var / "postgres" / "data"
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment = kept | {"VAR": str(var), "PYTHONPATH": str(ROOT)}

    def call(self, code: str, **variables: str) -> str:
        """What the code prints; the module is ``postgres`` in it."""
        done = subprocess.run(
            [sys.executable, "-c", f"from sandbox.foundation import postgres\n{dedent(code)}"],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        self.call("postgres.start(durable=False)")

    def stop(self) -> None:
        self.call("postgres.stop()")

    def running(self) -> bool:
        return self.call("print(postgres.running())") == "True"

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.call("print(postgres.url())")) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        process = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(process, signal.SIGKILL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "var")
    yield server
    server.stop()


def test_starts_stops_and_finds_its_data_again(server: Server) -> None:
    assert not server.running()
    server.start()
    server.start()  # no harm where it runs already
    assert server.running()
    server.sql("CREATE TABLE kept AS SELECT 'mine' AS word")
    server.stop()
    server.stop()
    assert not server.running()
    server.start()
    assert server.sql("SELECT word FROM kept") == [("mine",)]


def test_keeps_what_was_committed_through_kill_9(server: Server) -> None:
    server.start()
    server.sql("CREATE TABLE kept AS SELECT 'mine' AS word")
    server.kill()
    server.start()
    assert server.sql("SELECT word FROM kept") == [("mine",)]


def test_starts_when_another_process_has_the_dead_servers_number(server: Server) -> None:
    server.start()
    lock = (server.data / "postmaster.pid").read_text().split("\n", 1)
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{lock[1]}")
    server.start()
    assert server.running()


def test_finishes_an_interrupted_initialisation(server: Server) -> None:
    half_made = server.data.with_name("data.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server.start()
    assert server.running()


def test_asks_for_the_password_and_keeps_it_to_itself(server: Server) -> None:
    server.start()
    wrong = server.call("print(postgres.url().replace(postgres.PASSWORD.read_text(), 'guess'))")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    password = server.var / "postgres" / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_the_system_is_no_superuser_and_nothing_listens_on_tcp(server: Server) -> None:
    server.start()
    assert server.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
    assert server.sql("SHOW listen_addresses") == [("",)]


def test_is_durable_unless_told_otherwise(server: Server) -> None:
    server.call("postgres.start()")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert server.sql(f"SHOW {setting}") == [("on",)]
    server.stop()
    server.start()
    assert server.sql("SHOW fsync") == [("off",)]


def test_works_below_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    server = Server(tmp_path / ("long" * 30) / "var")
    server.start()
    try:
        assert server.sql("SELECT 1") == [(1,)]
    finally:
        server.stop()
        Path(server.call("print(postgres.connection_config()['host'])")).rmdir()


def test_runs_in_the_foreground_and_takes_over_what_was_left(server: Server) -> None:
    server.start()
    left = (server.data / "postmaster.pid").read_text()
    command = server.call("print('\\n'.join(postgres.command()))").split("\n")
    with subprocess.Popen(command, env=server.environment, stderr=subprocess.DEVNULL) as process:
        assert server.call("print(postgres.wait(30))") == "True"
        now = (server.data / "postmaster.pid").read_text()
        assert now.split()[0] == str(process.pid)
        assert now != left
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


def test_needs_no_server_to_know_where_it_will_be(server: Server) -> None:
    assert server.call("print(postgres.connection_config()['database'])") == "sandbox"
    assert not server.data.exists()


def test_leaves_a_database_elsewhere_alone(server: Server) -> None:
    there = "postgresql://someone@127.0.0.1:1/their"
    printed = server.call(
        """
        postgres.ensure_initialised()
        postgres.start()
        postgres.stop()
        print(postgres.connection_config(), postgres.url(), postgres.running())
        """,
        DATABASE_URL=there,
    )
    assert printed == f"{{'dsn': '{there}'}} {there} False"
    assert not server.data.exists()


def test_two_processes_that_start_it_at_once_agree(server: Server) -> None:
    code = "from sandbox.foundation import postgres; postgres.start(durable=False)"
    begun = time.monotonic()
    starters = [
        subprocess.Popen([sys.executable, "-c", code], env=server.environment) for _ in range(3)
    ]
    assert [starter.wait(timeout=60) for starter in starters] == [0, 0, 0]
    assert server.running()
    assert time.monotonic() - begun < 60
