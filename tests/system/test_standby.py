"""Another server that takes the database's place."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.foundation import clock, takeover
from sandbox.foundation.database import DB, fetch
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import store
from tests.harness import Visitor, database_url
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    return await live(people)


async def send(client: Visitor, pilot: Pilot, key: str, value: float) -> Any:
    """What the API answers to a point of now."""
    at = clock.now().isoformat()
    return await client.post(
        f"/api/v1/pilots/{pilot.id}/points",
        json={"points": [{"metric": "sensitivity", "at": at, "value": value, "n": 50}]},
        headers={"authorization": f"Bearer {key}"},
    )


# Another server --------------------------------------------------------------------------


async def test_the_server_that_writes_is_found_among_several(database: str, tmp_path: Path) -> None:
    """By both libraries, whichever of the addresses is dead."""
    import asyncpg
    import psycopg

    url = database_url()
    folder = url.partition("host=")[2].partition("&")[0]
    several = url.replace(folder, f"{tmp_path},{folder}").replace("port=5432", "port=5432,5432")
    several += "&target_session_attrs=primary"
    connection = await asyncpg.connect(several)
    assert await connection.fetchval("SELECT current_database()") == database
    await connection.close()

    def ask() -> Any:
        with psycopg.connect(several) as other:
            return other.execute("SELECT current_database()").fetchone()

    assert await asyncio.to_thread(ask) == (database,)


async def test_nothing_that_the_new_server_lacks_is_remembered(
    client: Visitor, people: dict[str, Person], pilot: Pilot, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    assert (await send(client, pilot, key, 0.95)).json()["taken"] == 1
    (before,) = await fetch("SELECT id FROM series")
    ahead = clock.now() + timedelta(days=400)
    await store.make_room(ahead, ahead)
    month = "point_{}_{:02}".format(*store.month_of(ahead))

    # The standby did not get the series, its points and the month.
    for statement in ("DELETE FROM point", "DELETE FROM series", f"DROP TABLE {month}"):
        await fetch(statement)
    monkeypatch.setattr(takeover, "_seen", {"an earlier timeline"})
    assert DB.pool is not None
    await DB.pool.expire_connections()

    assert (await send(client, pilot, key, 0.94)).json()["taken"] == 1
    rows = await fetch("SELECT s.id, p.value FROM point p JOIN series s ON s.id = p.series")
    assert [row["value"] for row in rows] == [0.94], "a point of a series that there is"
    assert rows[0]["id"] != before["id"]
    await store.make_room(ahead, ahead)
    assert await fetch("SELECT to_regclass($1) AS there", month) != [{"there": None}]


async def test_the_same_server_is_not_taken_for_another(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(takeover, "_forgetting", [lambda: forgotten.append("all")])
    assert DB.pool is not None
    for _again in range(2):
        await DB.pool.expire_connections()
        await fetch("SELECT 1")
    assert not forgotten
