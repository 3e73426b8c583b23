"""What firms already run, unmodified, given only an address and a key: a real Prometheus."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.site import Site, free_port
from tests.system.test_api import plant

KEY = "rintis_" + "p" * 43
EXPOSED = """\
# HELP approval_ratio Share of applications that were approved.
# TYPE approval_ratio gauge
approval_ratio 0.61
# HELP decisions_total Decisions made.
# TYPE decisions_total counter
decisions_total 120
"""


class Exposed(BaseHTTPRequestHandler):
    """The firm's own service, as Prometheus scrapes it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(EXPOSED.encode())

    def log_message(self, *_about: object) -> None:
        """Say nothing."""


@contextmanager
def service() -> Iterator[str]:
    """The firm's service; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Exposed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def pilot(site: Site) -> UUID:
    """A live pilot whose key is :data:`KEY`."""
    return plant(site, KEY)


@pytest.fixture
def prometheus(site: Site, tmp_path: Path) -> Iterator[str]:
    """A Prometheus server that scrapes the service and writes to the site; its address."""
    with service() as target:
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: scores, static_configs: [{{targets: ['{target}']}}]}}\n"
            "remote_write:\n"
            f"- {{url: '{site.url}/api/v1/write', authorization: {{credentials: {KEY}}}}}\n"
        )
        address = f"127.0.0.1:{free_port()}"
        command = [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={address}",
        ]  # fmt: skip
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(timeout=30)
            print((tmp_path / "log").read_text()[-5_000:])  # noqa: T201 - shown on failure


def test_a_prometheus_server_needs_an_address_and_a_key(
    site: Site, pilot: UUID, prometheus: str
) -> None:
    points = f"{site.url}/api/v1/pilots/{pilot}/points"
    keyed = {"Authorization": f"Bearer {KEY}"}

    read: list[float] = []
    end = time.monotonic() + 90
    while len(read) < 5:
        assert time.monotonic() < end, read
        time.sleep(0.5)
        answer = httpx.get(points, headers=keyed, params={"metric": "approval_ratio"}, timeout=30)
        read = [one["value"] for one in answer.json()]

    assert set(read) == {0.61}
    told = _samples(httpx.get(f"{prometheus}/metrics").text)
    assert told["prometheus_remote_storage_samples_total"] >= 5
    for lost in ("failed", "dropped"):
        assert told[f"prometheus_remote_storage_samples_{lost}_total"] == 0
    aside = site.sql("SELECT DISTINCT metric FROM series WHERE pilot = %s AND aside", pilot)
    assert ("up",) in aside, "what the plan does not know is kept where it can be mapped"


def _samples(text: str) -> dict[str, float]:
    """Prometheus's own figures by name, over all their labels."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = name.partition("{")[0]
            found[name] = found.get(name, 0.0) + float(value)
    return found
