"""The public register: every pilot, names only with consent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sandbox.pilots.tables import Condition, Pilot, Relief
from tests import factories, harness

BEGUN = datetime(2026, 3, 2, 1, tzinfo=UTC)


async def _pilot(number: int, *, consent: bool = True, **changes: Any) -> Pilot:
    """A pilot as accepting a plan leaves it; the register reads nothing else."""
    firm = await factories.applicant(changes.pop("firm", f"Padi Pintar {number}"))
    at = BEGUN + timedelta(days=number)
    pilot = Pilot(
        case=uuid4(), organisation=firm.organisation, reference=f"NARS-2026-{number:04}",
        title=f"Rice disease detection {number}", pack_version="2025.1",
        lead_sector="agriculture", sectors=["agriculture"], authority="mafs",
        state="live", state_since=at, testing_months=12, accepted_at=at,
        starts_on=date(2026, 4, 1), ends_on=date(2027, 3, 31), register_consent=consent,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(pilot, name, value)
    await pilot.save()
    return pilot


async def test_an_empty_register_says_what_will_be_here(client: harness.Visitor) -> None:
    assert "No pilot yet" in await client.text("/register")


async def test_a_firm_is_named_only_where_it_agreed(client: harness.Visitor) -> None:
    await _pilot(1)
    await _pilot(2, consent=False, firm="Rahsia", title="A secret thing")

    listed = await client.text("/register")
    named = await client.text("/register/NARS-2026-0001")
    unnamed = await client.text("/register/NARS-2026-0002")

    assert "Rice disease detection 1" in listed
    assert "Padi Pintar 1" in named
    assert "NARS-2026-0002" in listed
    for words in (listed, unnamed):
        assert "Rahsia" not in words
        assert "A secret thing" not in words


async def test_names_without_consent_cannot_be_searched_for(client: harness.Visitor) -> None:
    await _pilot(2, consent=False, firm="Rahsia")

    assert "No pilot fits" in await client.text("/register?text=Rahsia")
    assert "NARS-2026-0002" in await client.text("/register?text=0002")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sector=agriculture", ["0001"]),
        ("sector=healthcare", ["0002"]),
        ("state=closed", ["0002"]),
        ("text=padi%20pintar", ["0001"]),
        ("text=%25", []),
        ("sector=nowhere", []),
    ],
)
async def test_the_register_is_narrowed_by_its_address(
    client: harness.Visitor, query: str, found: list[str]
) -> None:
    await _pilot(1)
    await _pilot(2, firm="Medivue", sectors=["healthcare"], lead_sector="healthcare",
                 title="Chest triage", state="closed", outcome="completed")  # fmt: skip

    words = await client.text(f"/register?{query}")

    assert [number for number in ("0001", "0002") if f"NARS-2026-{number}" in words] == found


async def test_pages_go_forth_and_back(client: harness.Visitor) -> None:
    for number in range(1, 28):
        await _pilot(number)

    first = await client.get("/register")
    second = await client.get(_link(first.text, "next"))

    assert "NARS-2026-0027" in first.text
    assert "NARS-2026-0002" not in first.text
    assert "NARS-2026-0002" in second.text
    assert (await client.get(_link(second.text, "prev"))).text.count("NARS-2026-") == (
        first.text.count("NARS-2026-")
    )


def _link(html: str, rel: str) -> str:
    before = html.split(f'rel="{rel}"', maxsplit=1)[0]
    return before.rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")


@pytest.mark.parametrize("consent", [True, False])
async def test_an_entry_tells_reliefs_and_promises(
    client: harness.Visitor, *, consent: bool
) -> None:
    pilot = await _pilot(1, consent=consent)
    common = {"case": pilot.case, "pilot": pilot.id}
    await Relief(
        **common, rule="Pesticides Act 1974, s. 14", relaxed="Padi Pintar may name a dose",
        scope="Kedah", until_on=date(2027, 3, 31), authority="mafs",
    ).save()  # fmt: skip
    for number, template in enumerate(("tell_users", "")):
        await Condition(
            **common, number=number + 1, template=template, kind="duty", state="in_force",
            title={"en": f"Promise {number}", "ms": "Janji"}, state_since=BEGUN,
        ).save()  # fmt: skip

    words = await client.text("/register/NARS-2026-0001")

    assert "Pesticides Act 1974" in words
    assert ("Padi Pintar may name a dose" in words) is consent
    assert "Promise 0" in words
    assert ("Promise 1" in words) is consent
    assert ("1 condition written for this pilot alone" in words) is not consent


async def test_an_unknown_reference_is_not_there(client: harness.Visitor) -> None:
    assert (await client.get("/register/NARS-2026-9999")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/about", "/accessibility", "/privacy"])
async def test_the_standing_pages_are_open_to_all(client: harness.Visitor, path: str) -> None:
    assert "Rintis" in await client.text(path)
