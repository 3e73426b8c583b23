"""The framework becomes stricter: who watches over running pilots sees which are looser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from sandbox.framework import library
from sandbox.people.person import Person
from tests import factories
from tests.browsing import Browser
from tests.harness import Visitor
from tests.system.test_conditions import fields, threshold
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


async def test_what_became_stricter_is_listed_with_one_step_to_the_change(
    client: Visitor, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = await live(people)
    agreed = await threshold(pilot)
    maker = await client.sign_in(people["maker"])
    assert "Nothing to bring in line" in await maker.text("/pilots/looser")
    assert "looser" not in await maker.text("/pilots")
    pack = library.current()
    template = pack.condition("sensitivity_floor")
    stricter = msgspec.convert({**agreed.threshold, "limit": 0.95}, type(template.threshold))
    changed = msgspec.structs.replace(template, threshold=stricter)
    conditions = tuple(changed if one is template else one for one in pack.conditions)
    new = msgspec.structs.replace(pack, conditions=conditions)
    monkeypatch.setattr(library, "current", lambda: new)
    assert "1 condition is looser than the framework" in await maker.text("/pilots")
    at = Browser(maker)
    await at.go("/pilots/looser")
    at.sees("must be at least 0.9", "must be at least 0.95")
    path = next(link for link in at.links(".*/change.*"))
    assert parse_qs(urlsplit(path).query)["limit"] == ["0.95"]
    form = (await maker.get(path)).text
    assert 'value="0.95"' in form
    assert "The framework asks for this since" in form
    sent = await maker.submit(urlsplit(path).path, fields(limit="0.95"))
    assert sent.status_code == 303
    assert "A change of the plan waits" in await maker.text("/pilots/looser")
    desk = await client.another().sign_in(people["officer"])
    assert "0.95" in await desk.text("/pilots/looser")
    elsewhere = await client.another().sign_in(await factories.officer("finance"))
    assert "Nothing to bring in line" in await elsewhere.text("/pilots/looser")
