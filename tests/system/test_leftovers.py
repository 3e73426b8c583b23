"""What a test process leaves behind when it is told to end: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.site import ROOT

ENDLESS = """
import time
from tests import conftest

def test_endless(template):
    print("VAR", conftest.VAR, flush=True)
    time.sleep(600)
"""


def test_a_test_run_that_is_told_to_end_takes_its_database_along(tmp_path: Path) -> None:
    (tmp_path / "test_endless.py").write_text(ENDLESS)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.conftest", "-c",
               str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as run:
        assert run.stdout is not None
        line = next(line for line in iter(run.stdout.readline, "") if "VAR" in line)
        var = line.split()[-1]
        assert _servers(var), "its server runs"
        run.send_signal(signal.SIGTERM)
        run.stdout.read()
    assert not _servers(var)
    assert not Path(var).exists()


def _servers(var: str) -> list[int]:
    """The processes whose command names ``var``."""
    assert var.startswith("/")
    return [one.pid for one in psutil.process_iter(["cmdline"]) if _names(one, var)]


def _names(process: psutil.Process, var: str) -> bool:
    return any(var in word for word in process.info["cmdline"] or [])
