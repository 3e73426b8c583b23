"""A running site with live pilots and their keys, made by SQL for speed; senders beside it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg

from tests.site import Site

METRICS = 20
CADENCE = 40 * 86400
"""Seconds: so long that no metric falls silent while it is measured what figures cost."""


class Firm:
    """A pilot and the key that speaks for it."""

    def __init__(self, number: int) -> None:
        self.pilot, self.case, self.organisation = uuid4(), uuid4(), uuid4()
        self.person, self.number = uuid4(), number
        self.key = f"rintis_{number:043}"


async def settle(connection: asyncpg.Connection, firms: Iterable[Firm], *, days: int = 60) -> None:
    """Make organisations, people, live pilots with metrics ``metric_0`` …, and keys."""
    for firm in firms:
        await connection.execute(
            "INSERT INTO organisation (id, name, made_at) VALUES ($1, $2, now())",
            firm.organisation, f"Firm {firm.number}",
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO account (id, email, name, password_hash, language, made_at, confirmed_at)"
            " VALUES ($1, $2, 'Founder', 'x', 'en', now(), now())",
            firm.person, f"{firm.number}@example.test",
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO membership (id, account, organisation, level, made_at)"
            " VALUES ($1, $2, $3, 'owner', now())",
            uuid4(), firm.person, firm.organisation,
        )  # fmt: skip
        await connection.execute(
            'INSERT INTO pilot (id, "case", organisation, reference, title, pack_version,'
            " lead_sector, sectors, authority, state, state_since, testing_months, accepted_at,"
            " starts_on, ends_on) VALUES ($1, $2, $3, $4, $5, '2025.1', 'finance', '{finance}',"
            " 'bnm', 'live', now(), 12, now(), current_date - $6::integer, current_date + 300)",
            firm.pilot, firm.case, firm.organisation, f"B-{firm.number}", f"Pilot {firm.number}",
            days,
        )  # fmt: skip
        await connection.executemany(
            'INSERT INTO metric (id, "case", pilot, key, name, unit, cadence_seconds)'
            " VALUES ($1, $2, $3, $4, $4, 'ratio', $5)",
            [(uuid4(), firm.case, firm.pilot, f"metric_{m}", CADENCE) for m in range(METRICS)],
        )
        await connection.execute(
            'INSERT INTO api_token (id, "case", pilot, name, prefix, secret_hash, made_by,'
            " made_at) VALUES ($1, $2, $3, 'Bench', 'rintis_0', $4, $5, now())",
            uuid4(), firm.case, firm.pilot, hashlib.sha256(firm.key.encode()).hexdigest(),
            firm.person,
        )  # fmt: skip


async def connect(site: Site) -> asyncpg.Connection:
    """The site's own database."""
    return await asyncpg.connect(site.database_url())


class Sender:
    """One connection that posts bodies and waits for each answer: as little as HTTP takes."""

    def __init__(self, site: Site) -> None:
        self._host, self._port = urlsplit(site.url).hostname, urlsplit(site.url).port

    async def open(self) -> Sender:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def post(self, path: str, body: bytes, key: str, media_type: str, **more: str) -> int:
        """Post ``body``; the status of the answer."""
        headers = {
            "Host": "bench", "Authorization": f"Bearer {key}", "Content-Type": media_type,
            "Content-Length": str(len(body)), **more,
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lines = answer.decode().split("\r\n")
        for line in lines:
            if line.lower().startswith("content-length:"):
                self.last = await self._reader.readexactly(int(line.split(":")[1]))
        return int(lines[0].split()[1])

    def close(self) -> None:
        self._writer.close()


def parts(pilot: UUID) -> str:
    """Where a pilot's points are posted as JSON."""
    return f"/api/v1/pilots/{pilot}/points"
