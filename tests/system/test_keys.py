"""Keys of machines: good on the API for one pilot, and for nothing else anywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import Forbidden, NotFound
from sandbox.foundation.policy import SIGNED_IN, allow, may
from sandbox.people.authentication import Delegate
from sandbox.people.tables import Organisation
from sandbox.pilots import commands, queries
from sandbox.pilots.tables import Pilot
from tests.system.test_permissions import routes
from tests.system.test_pilots import live, people

__all__ = ["people"]


@pytest.fixture
async def pilot(people) -> Pilot:
    """A live pilot."""
    return await live(people)


@pytest.fixture
async def headers(people, pilot) -> dict[str, str]:
    """What a machine of the pilot sends."""
    key = await commands.issue_token(people["founder"], pilot.id, "Server")
    return {"authorization": f"Bearer {key}"}


def _address(path: str, pilot: Pilot) -> str:
    """``path`` of things that are there: the pilot, its case."""
    known = {"pilot": pilot.id, "application": pilot.case, "case": pilot.case}
    filled = re.sub(r"\{(\w+):uuid\}", lambda found: str(known.get(found[1], uuid4())), path)
    return re.sub(r"\{\w+:\w+\}", "close", filled)


async def test_on_every_page_a_machine_is_any_visitor(client, app, pilot, headers) -> None:
    """The key of an organisation's owner opens none of the owner's pages."""
    visitor, machine = client, client.another()
    different = []
    pages = [one for one in routes(app) if not one[1].startswith(("/api/", "/v1/", "/metrics"))]
    assert len(pages) > 100
    tokens = {one: {"x-csrftoken": await one.csrf_token()} for one in (visitor, machine)}
    for method, path, _permission in pages:
        where = _address(path, pilot)
        fields = {"email": "evil@example.test", "level": "owner"} if method == "POST" else None
        answers = [
            await one.request(method, where, headers={**tokens[one], **more}, data=fields)
            for one, more in ((visitor, {}), (machine, headers))
        ]
        plain, keyed = ((one.status_code, one.headers.get("location")) for one in answers)
        if plain != keyed:
            different.append((method, path, plain, keyed))
    assert different == []
    assert await fetch("SELECT FROM ticket WHERE email = 'evil@example.test'") == []
    assert len(await fetch("SELECT FROM api_token")) == 1


async def test_another_pilot_is_not_there_for_a_key(client, app, people, pilot, headers) -> None:
    second = await live(people)  # of the same firm, and by the same person
    assert (await client.get(f"/api/v1/pilots/{pilot.id}", headers=headers)).status_code == 200
    seen = set()
    for method, path, _permission in routes(app):
        if path.startswith("/api/") and "{pilot" in path:
            where = _address(path, second)
            body = {"json": {"title": "x", "what": "x", "aware_at": "2026-01-01T00:00:00Z"}}
            answer = await client.request(
                method, where, headers=headers, **(body if method == "POST" else {})
            )
            seen.add((method, path, answer.status_code))
    assert len(seen) > 5
    assert {status for _method, _path, status in seen} == {404}


async def test_a_key_is_needed_and_sessions_do_not_count(client, people, pilot, headers) -> None:
    await client.sign_in(people["founder"])
    answer = await client.get(f"/api/v1/pilots/{pilot.id}")
    assert answer.status_code == 401
    assert "Bearer" in answer.json()["detail"]
    await fetch("UPDATE api_token SET revoked_at = now()")
    answer = await client.get(f"/api/v1/pilots/{pilot.id}", headers=headers)
    assert answer.status_code == 401


async def test_commands_are_handed_no_more_than_the_pilot(people, pilot) -> None:
    """Even where a handler forgot to look at the key's pilot, the policy does."""
    second = await live(people)
    founder = people["founder"]
    delegate = Delegate(
        id=founder.id, name=founder.name, organisation=founder.organisation, level=founder.level,
        speaks_for=pilot.id,
    )  # fmt: skip
    assert may(delegate, "send_telemetry", pilot)
    assert not SIGNED_IN.allows(delegate)
    with pytest.raises(NotFound):
        await queries.head(delegate, second.id)
    with pytest.raises(Forbidden):
        await commands.issue_token(delegate, pilot.id, "Another")
    firm = await Organisation.objects().get(Organisation.id == pilot.organisation)
    with pytest.raises(NotFound):
        allow(delegate, "invite", firm)


async def test_the_use_of_a_key_is_written_once_a_minute(client, pilot, headers) -> None:
    async def used() -> list[object]:
        path = f"/api/v1/pilots/{pilot.id}"
        assert (await client.get(path, headers=headers)).status_code == 200
        return list((await fetch("SELECT last_used_at, xmin::text FROM api_token"))[0].values())

    now = clock.now()
    with clock.at(now):
        first = await used()
    with clock.at(now + timedelta(seconds=59)):
        assert await used() == first
    with clock.at(now + timedelta(seconds=61)):
        assert (await used())[0] == now + timedelta(seconds=61)


async def test_a_colleague_who_left_takes_the_key_along(client, people, pilot, headers) -> None:
    await fetch("UPDATE membership SET ended_at = now() WHERE account = $1", people["founder"].id)
    assert (await client.get(f"/api/v1/pilots/{pilot.id}", headers=headers)).status_code == 404
