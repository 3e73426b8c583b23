"""What every test stands on: a PostgreSQL of its own, a clean database, people, jobs.

Each test process starts one embedded server in a throw-away folder, builds the schema once
in a template database, and gives every test that asks for ``database`` a fast clone of it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

VAR = Path(tempfile.mkdtemp(prefix="rintis-test-"))
for _name in ("DATABASE_URL", "BROKER_URL", "STORAGE_URL", "SMTP_URL", "BASE_URL", "HOST", "PACK"):
    os.environ.pop(_name, None)
os.environ.update(
    VAR=str(VAR),
    DEMO="0",
    LOG_LEVEL="error",
    PORT="8000",
    SECRET_KEY="a key for tests that is long enough",
)

import msgspec  # noqa: E402
import pytest  # noqa: E402
from litestar import Litestar  # noqa: E402

from tests import harness  # noqa: E402
from tests.harness import Visitor  # noqa: E402
from tests.site import Site  # noqa: E402

# Ended by SIGTERM (a job that takes too long, say), a test process clears up as after Ctrl-C.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@atexit.register
def _remove_var() -> None:
    from sandbox.foundation import postgres

    if (VAR / "postgres").exists():
        postgres.stop()
    shutil.rmtree(VAR, ignore_errors=True)


@pytest.fixture(scope="session")
async def template() -> str:
    """The name of the database that is cloned for each test."""
    return await harness.build_template()


@pytest.fixture
async def database(template: str) -> AsyncIterator[str]:
    """A clean database with its pool open; its name."""
    async with harness.cloned(template) as name:
        yield name


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``configure(demo=True)`` runs the rest of the test under other settings."""
    from sandbox.settings import Settings, settings

    def change(**values: object) -> None:
        changed = msgspec.structs.replace(settings, **values)
        for name, module in list(sys.modules.items()):
            held = vars(module).get("settings") if name.startswith("sandbox") else None
            if isinstance(held, Settings):
                monkeypatch.setattr(module, "settings", changed)

    return change


@pytest.fixture(scope="session")
def app() -> Litestar:
    """The whole application, composed once."""
    from sandbox.app import create_app

    return create_app()


@pytest.fixture
async def client(app: Litestar, database: str) -> AsyncIterator[Visitor]:
    """A browser without JavaScript in which nobody has signed in."""
    async with Visitor(app) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The site as ``sandbox up`` runs it, in processes of its own on a port of its own."""
    with Site() as running:
        yield running
        print(running.log.read_text()[-20_000:])  # noqa: T201 - shown where a test failed
