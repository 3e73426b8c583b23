"""What nobody types: values that no form sends are refused, never a fault of ours."""

from __future__ import annotations

from uuid import uuid4

import pytest

from sandbox.applications import commands
from tests import factories
from tests.system.test_pilots import live, people

__all__ = ["people"]

DIGITS = "9" * 5000  # more than Python reads as a number


@pytest.fixture
async def draft(client) -> str:
    """The address of an application that the browser's owner is writing."""
    founder = await factories.applicant()
    await client.sign_in(founder)
    application = await commands.start_application(founder, title="T", lead_sector="education")
    return f"/applications/{application.id}"


@pytest.mark.parametrize(
    ("section", "fields", "status"),
    [
        ("ai_system", {"remove_file": "x"}, 404),
        ("ai_system", {"remove_file": str(uuid4())}, 404),
        ("risks", {f"risks.{DIGITS}.risk": "x"}, 422),
        ("risks", {"risks.².risk": "x"}, 422),
        ("risks", {"remove_row": f"risks.{DIGITS}"}, 200),
        ("risks", {"remove_row": ["risks.0", "risks.1"]}, 200),
        ("test_plan", {"people_limit": DIGITS, "months": f"{DIGITS}.5"}, 422),
    ],
)
async def test_a_form_takes_what_it_can(client, draft, section, fields, status) -> None:
    answer = await client.submit(f"{draft}/sections/{section}", fields)
    assert answer.status_code < 500
    assert answer.status_code in {status, 303}
    assert (await client.get(f"{draft}/sections/{section}")).status_code == 200
    assert (await client.get(f"{draft}/check")).status_code == 200


@pytest.mark.parametrize(
    "query", [f"before={DIGITS}", f"before={'9' * 30}", "before=x", "case=x", "event=%00"]
)
async def test_the_trail_shows_what_it_can(client, query) -> None:
    await client.sign_in(await factories.auditor())
    assert (await client.get(f"/audit?{query}")).status_code in {200, 422}


@pytest.mark.parametrize(
    "fields", [{f"limit.{DIGITS}": "1"}, {"end": "x"}, {"end": DIGITS}, {"limit.1": "nan"}]
)
async def test_a_change_of_plan_takes_what_it_can(client, people, fields) -> None:
    pilot = await live(people)
    await client.sign_in(people["maker"])
    answer = await client.submit(f"/pilots/{pilot.id}/plan", {**fields, "reason": "x"})
    assert answer.status_code < 500
