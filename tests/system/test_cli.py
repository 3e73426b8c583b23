"""The ``sandbox`` command, as an operator meets it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import click
import psutil
import pytest

from sandbox.cli import main
from tests.site import ROOT, Site


def _commands(group: click.Group, *words: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *words, name)


def _sandbox(site: Site, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = site.run(*words, **variables)
    return done


@pytest.fixture
def idle() -> Iterator[Site]:
    """A place for a site in which nothing runs."""
    site = Site()
    try:
        yield site
    finally:
        if site.process is not None:
            site.stop()
        site.remove()


# Words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), *_commands(main)], ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], idle: Site) -> None:
    done = _sandbox(idle, *words, "--help")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 12, "says nothing but its name"
    assert all(word in done.stdout for word in words)
    assert not (idle.var / "run").exists(), "asking for help starts nothing"


def test_the_manual_lists_every_command() -> None:
    assert set(main.list_commands(click.Context(main))) == set(main.commands)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "http", "PORT is 'http': expected a whole number from 1 to 65535"),
        ("DATABASE_URL", "mysql://db", "DATABASE_URL is 'mysql://db': expected an address"),
        ("DEMO", "perhaps", "DEMO is 'perhaps': expected 1 or 0"),
        ("PORT", "9" * 5000, "PORT is '999"),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("SECRET_KEY", " " * 40, "SECRET_KEY is too short or too simple"),
        ("SECRET_KEY", "a" * 40, "SECRET_KEY is too short or too simple"),
        ("DATABASE_URL", "postgresql://u@h:abc/x", "DATABASE_URL is 'postgresql://…@h:abc/x': "),
        (
            "DATABASE_URL",
            "postgresql://u:s,@h:1,i:abc/x",
            "DATABASE_URL is 'postgresql://…@h:1,i:abc/x': Port could not be cast",
        ),
        (
            "BROKER_URL",
            "redis://a:1,b:2",
            "BROKER_URL is 'redis://a:1,b:2': Port could not be cast",
        ),
        ("BASE_URL", "http://", "BASE_URL is 'http://': expected the name of a host"),
        ("BASE_URL", "http://x:99999", "BASE_URL is 'http://x:99999': Port out of range"),
        ("BASE_URL", "http://[x", "BASE_URL is 'http://[x': Invalid IPv6 URL"),
        ("SMTP_URL", "smtp://h:abc", "SMTP_URL is 'smtp://h:abc': Port could not be cast"),
        ("BROKER_URL", "redis:///", "BROKER_URL is 'redis:///': expected the name of a host"),
        ("STORAGE_URL", "s3://", "STORAGE_URL is 's3://': expected the name of a host"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_a_sentence(
    variable: str, value: str, words: str, idle: Site
) -> None:
    done = _sandbox(idle, "doctor", **{variable: value})
    assert done.returncode == 1
    assert done.stderr.startswith(words)
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_named_in_a_sentence(idle: Site) -> None:
    done = _sandbox(idle, "doctor", VAR="/proc/nothing", SECRET_KEY="")
    assert done.returncode == 1
    assert done.stderr.startswith("VAR is '/proc/nothing': ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://root:hidden%2Fsecret@db/x?password=hidden"),
        ("SMTP_URL", "smtp://me:hidden@mail:port"),
        ("BROKER_URL", "redis://:hidden@"),
    ],
)
def test_a_password_in_a_setting_is_not_told(variable: str, value: str, idle: Site) -> None:
    done = _sandbox(idle, "doctor", **{variable: value})
    assert done.returncode == 1
    assert done.stderr.startswith(f"{variable} is ")
    assert "hidden" not in done.stderr + done.stdout


@pytest.mark.parametrize("command", ["up", "serve", "worker", "scheduler", "migrate", "demo"])
def test_a_pack_that_cannot_be_used_stops_the_start(
    command: str, idle: Site, tmp_path: Path
) -> None:
    done = _sandbox(idle, command, PACK="atlantis")
    assert done.returncode == 1
    assert done.stderr.startswith("PACK is 'atlantis': ")
    assert "malaysia" in done.stderr, "what there is"
    assert len(done.stderr.splitlines()) == 1
    assert not (idle.var / "run").exists(), "nothing was started"


def test_a_broken_pack_is_refused_with_file_and_field(idle: Site, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "packs" / "veridia", tmp_path / "veridia")
    assert _sandbox(idle, "migrate", PACK=str(tmp_path / "veridia")).stderr.startswith(
        "The database is not running"
    ), "it is sound"
    sectors = tmp_path / "veridia" / "sectors.yaml"
    sectors.write_text(sectors.read_text().replace("key:", "kez:", 1))
    done = _sandbox(idle, "up", PACK=str(tmp_path / "veridia"))
    assert done.returncode == 1
    assert "sectors.yaml" in done.stderr
    assert "kez" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [("migrate",), ("audit", "verify"), ("demo",)], ids=" ".join)
def test_what_needs_the_database_says_how_to_start_it(words: tuple[str, ...], idle: Site) -> None:
    done = _sandbox(idle, *words)
    assert done.returncode == 1
    assert "`sandbox up`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
def test_an_address_that_is_taken_is_said(idle: Site, shared: bool) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _sandbox(idle, "up", PORT=str(port))
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "PORT" in done.stderr


# Doctor ----------------------------------------------------------------------------------


def _found(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The state of each part that the doctor looked at."""
    return {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}


def test_the_doctor_finds_a_running_site_sound(site: Site) -> None:
    done = _sandbox(site, "doctor")
    found = _found(done)
    assert done.returncode == 0, done.stdout
    assert found == {
        "settings": "ok",
        "database": "ok",
        "schema": "ok",
        "broker": "ok",
        "storage": "ok",
        "mail": "note",
        "documents": "ok",
        "assets": "ok",
        "pack": "ok",
    }


def test_the_doctor_sees_a_schema_of_another_version(site: Site) -> None:
    site.sql("INSERT INTO migration (name, app_name) VALUES ('of-tomorrow', 'sandbox')")
    later = _sandbox(site, "doctor")
    site.sql("DELETE FROM migration WHERE name = 'of-tomorrow'")
    site.sql("UPDATE migration SET name = 'x' || name")
    earlier = _sandbox(site, "doctor")
    site.sql("UPDATE migration SET name = substr(name, 2)")
    assert "belongs to a later version" in later.stdout
    assert "run `sandbox migrate`" in earlier.stdout
    assert later.returncode == earlier.returncode == 1


def test_the_doctor_of_a_site_that_does_not_run_says_so(idle: Site) -> None:
    done = _sandbox(idle, "doctor")
    assert _found(done)["database"] == "note"
    assert "`sandbox up` starts it" in done.stdout


@pytest.mark.parametrize(
    ("part", "variables", "words"),
    [
        ("database", {"DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}, "does not answer"),
        ("database", {"DATABASE_URL": "postgresql://x@127.0.0.1:9,127.0.0.1:8/x"}, "not answer"),
        ("broker", {"BROKER_URL": "redis://127.0.0.1:9"}, "check the address"),
        ("storage", {"STORAGE_URL": "file:///proc/nothing"}, "check STORAGE_URL"),
        ("mail", {"SMTP_URL": "smtp://127.0.0.1:9"}, "check SMTP_URL"),
        ("pack", {"PACK": "atlantis"}, "PACK"),
    ],
)
def test_the_doctor_says_what_to_do(
    part: str, variables: dict[str, str], words: str, idle: Site
) -> None:
    done = _sandbox(idle, "doctor", **variables)
    assert done.returncode == 1, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1] == part]
    assert line.startswith("MEND")
    assert words in line
    assert "Traceback" not in done.stderr


# A running site --------------------------------------------------------------------------


def test_an_administrator_is_made_once(site: Site) -> None:
    words = ("person", "Ada@Example.org", "--name", "Ada", "--role", "administrator")
    done = site.run(*words, "--password-stdin", text="a long enough password\n")
    assert done.returncode == 0, done.stderr
    assert site.sql("SELECT name FROM account WHERE email = 'ada@example.org'") == [("Ada",)]

    again = site.run(*words, "--password-stdin", text="a long enough password\n")
    assert again.returncode == 1
    assert "Traceback" not in again.stderr


def test_the_audit_trail_is_verified_and_its_seals_listed(site: Site) -> None:
    done = _sandbox(site, "audit", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Sound: ")
    assert _sandbox(site, "audit", "seals").returncode == 0


def test_a_seal_that_was_kept_is_looked_for(site: Site) -> None:
    words = ("person", "seal@example.org", "--name", "Seal", "--role", "auditor")
    site.run(*words, "--password-stdin", text="a long enough password\n")
    site.sql(
        "INSERT INTO outbox (id, actor, queue, args, made_at) "
        "VALUES (gen_random_uuid(), 'seal_audit', 'default', '[]', now())"
    )
    deadline = time.monotonic() + 120
    while not (listed := _sandbox(site, "audit", "seals", "--last", "1").stdout.split()):
        assert time.monotonic() < deadline, site.sql("SELECT * FROM outbox")
        time.sleep(0.2)
    kept = listed[-1]
    done = _sandbox(site, "audit", "verify", "--seal", kept)
    assert (done.returncode, done.stderr) == (0, "")

    other = kept[::-1]
    done = _sandbox(site, "audit", "verify", "--seal", other)
    assert done.returncode == 1
    assert f"the kept one is not there: {other}" in done.stderr

    for words, said in (
        (("--seal", "abc"), "64 hexadecimal digits"),
        (("--seal", kept, "--case", str(uuid4())), "either --case or --seal"),
    ):
        done = _sandbox(site, "audit", "verify", *words)
        assert done.returncode == 1
        assert said in done.stderr


def test_migrating_again_is_harmless(site: Site) -> None:
    done = _sandbox(site, "migrate")
    assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")


def test_a_second_site_over_the_same_data_is_refused(site: Site) -> None:
    done = _sandbox(site, "up")
    assert done.returncode == 1
    assert "already running" in done.stderr
    assert site.ready()


# Starting and stopping -------------------------------------------------------------------


def test_it_stops_cleanly_and_starts_again(idle: Site) -> None:
    """How long the second start takes is measured by ``make bench-start``."""
    idle.start()
    parts = psutil.Process(idle.process.pid).children(recursive=True)  # type: ignore[union-attr]
    assert len(parts) >= 5
    assert idle.stop() == 0
    assert not psutil.wait_procs(parts, timeout=5)[1]
    assert not list((idle.var / "run").glob("*.pid"))

    idle.start()
    assert "All data is kept" in idle.log.read_text()


def test_a_killed_supervisor_leaves_nothing_in_the_way(idle: Site) -> None:
    idle.start()
    assert idle.process is not None
    parts = psutil.Process(idle.process.pid).children(recursive=True)
    idle.process.kill()
    idle.process.wait()
    assert not psutil.wait_procs(parts, timeout=20)[1], "they are told of its death"
    idle.start()
    assert idle.stop() == 0


def test_it_runs_as_a_module_from_anywhere() -> None:
    command = [sys.executable, "-m", "sandbox", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert "Usage" in done.stdout
