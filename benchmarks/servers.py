"""PostgreSQL servers on ports of their own, as on machines of their own: a primary, a standby.

They stand in :data:`benchmarks.ground.VAR`, run as the embedded server's user does, and write
their commits to the disk. All may come in with one password, which is nobody's secret here.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from bisect import bisect_left
from contextlib import suppress
from itertools import pairwise
from typing import Any

import asyncpg
import psycopg

from benchmarks.ground import VAR
from tests.site import free_port

PASSWORD = "benchmark"
SITE = "sandbox"
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '256MB'
timezone = 'UTC'
log_checkpoints = off
wal_keep_size = '2GB'
wal_receiver_timeout = '5s'
"""


class Server:
    """A PostgreSQL server that is made, started, followed, cut off, killed and promoted."""

    def __init__(self, name: str) -> None:
        self.name, self.port = name, free_port()
        self.data, self.log = VAR / name, VAR / f"{name}.log"

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def sql(
        self, statement: str, *values: Any, database: str = "postgres"
    ) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def make(self) -> None:
        """A new primary with the site's empty database, started."""
        from sandbox.foundation import postgres_machine as machine

        machine.open_passage(self.data)
        machine.own_folder(self.data)
        secret = VAR / "password"
        machine.write(secret, PASSWORD)
        machine.run(
            "initdb", "-D", str(self.data), "-U", "postgres", f"--pwfile={secret}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(_CONFIGURATION)
        self.start()
        self.sql(f"CREATE ROLE {SITE} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        self.sql(f"CREATE DATABASE {SITE} OWNER {SITE}")

    def follow(self, primary: Server) -> float:
        """Become a standby of ``primary`` from a fresh copy of it; the seconds of the copy."""
        from sandbox.foundation import postgres_machine as machine

        shutil.rmtree(self.data, ignore_errors=True)  # of a primary that died
        machine.open_passage(self.data)
        machine.own_folder(self.data)
        begun = time.perf_counter()
        machine.run(
            "pg_basebackup", "--pgdata", str(self.data), "--dbname", primary.url(),
            "--checkpoint=fast", "--write-recovery-conf",
        )  # fmt: skip
        took = time.perf_counter() - begun
        self.start()
        return took

    def start(self) -> None:
        from sandbox.foundation import postgres_machine as machine

        self.log.touch()
        os.chown(self.log, machine.server_user().pw_uid, -1)
        machine.run("pg_ctl", "start", "-w", "-s", "-D", str(self.data), "-l", str(self.log),
                    "-o", f"-p {self.port}")  # fmt: skip

    def runs(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def stop(self) -> None:
        from sandbox.foundation import postgres_machine as machine

        with suppress(SystemExit):
            machine.run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", str(self.data))

    def kill(self) -> None:
        """kill -9 of the postmaster."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def promote(self) -> None:
        from sandbox.foundation import postgres_machine as machine

        machine.run("pg_ctl", "promote", "-w", "-s", "-D", str(self.data))

    def cut_off(self) -> None:
        """Let a standby lose its primary, as when a cable is pulled."""
        self.sql("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
        self.sql("SELECT pg_reload_conf()")

    def insist(self, names: str) -> None:
        """Let commits wait for the standbys called ``names`` (``*``: any), or for none."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.sql("SELECT pg_reload_conf()")


class Lag:
    """How long what is on the primary's disk cannot be read from the standby yet.

    Both servers note their own position in the log every millisecond, by the clock of the
    machine that both run on: no client stands in between. (In a database of their own: a long
    query in the site's would hold up what the standby replays.)
    """

    _NOTED = (
        "SELECT extract(epoch FROM clock_timestamp())::float8, ({position} - '0/0')::bigint,"
        " pg_sleep(0.001) FROM generate_series(1, 100)"
    )

    def __init__(self, primary: Server, standby: Server) -> None:
        self._primary, self._standby = primary, standby
        self._running = True
        self.seconds: list[float] = []

    async def watch(self) -> None:
        written, read = await asyncio.gather(
            self._note(self._primary, "pg_current_wal_flush_lsn()"),
            self._note(self._standby, "pg_last_wal_replay_lsn()"),
        )
        positions = [position for _at, position in read]
        for (_before, last), (at, position) in pairwise(written):
            place = bisect_left(positions, position)
            if position > last and place < len(read):
                self.seconds.append(max(0.0, read[place][0] - at))

    def stop(self) -> None:
        self._running = False

    async def _note(self, server: Server, position: str) -> list[tuple[float, int]]:
        connection = await asyncpg.connect(server.url())
        noted: list[tuple[float, int]] = []
        while self._running:
            rows = await connection.fetch(self._NOTED.format(position=position))
            noted += [(row[0], row[1]) for row in rows]
        await connection.close()
        return noted
