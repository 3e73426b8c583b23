"""A pilot's figures as a PDF: for whom, of which days, with what lies behind the drawings."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pikepdf
import pytest
from pdfminer.high_level import extract_text

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.people.person import Person
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Pilot
from tests.harness import Visitor, run_jobs
from tests.system.test_pilots import live, people
from tests.system.test_telemetry import points, send

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


async def test_both_sides_get_the_drawings_and_what_lies_behind_them(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    await send(client, pilot, key, [*points(0.95), *points(0.5)])
    await run_jobs()
    officer = await client.another().sign_in(people["officer"])
    today = clock.now().date() + timedelta(days=1)  # the jurisdiction lies ahead of UTC
    path = f"/pilots/{pilot.id}/figures"
    assert "None yet" in await officer.text(path)
    asked = {
        "from": (today - timedelta(days=8)).isoformat(),
        "to": _today((await officer.get(path)).text),
    }
    for _time in range(2):  # asked twice while it is being made, it is one
        assert (await officer.submit(path, asked)).status_code == 303
    assert "Being made" in await officer.text(path)
    await run_jobs()

    (row,) = await fetch("SELECT id FROM figures_document")
    firm = await client.another().sign_in(people["founder"])
    for reader in (officer, firm):
        assert "Download the PDF" in await reader.text(path)
        answer = await reader.get(f"{path}/{row['id']}")
        assert answer.headers["content-type"] == "application/pdf"
    text = extract_text(io.BytesIO(answer.content))
    assert pilot.title in text
    assert "In short" in text
    assert "1 breach in this time" in text
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        (name,) = pdf.attachments
        figures = pdf.attachments[name].get_file().read_bytes().decode()
    assert figures.startswith("metric,slice,level,at,")
    assert "sensitivity,,point," in figures


def _today(page: str) -> str:
    """The last day that the form opens with."""
    found = re.search(r'<input[^>]*name="to"[^>]*>', page)
    assert found
    value = re.search(r'value="([^"]+)"', found[0])
    assert value
    return value[1]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (("", "2026-01-01"), "Enter a date"),
        (("2026-01-02", "2026-01-01"), "before the first"),
        (("2000-01-01", "2026-01-01"), "three years"),
        (("2026-01-01", "2999-01-01"), "lies ahead"),
    ],
)
async def test_days_that_cannot_be_drawn_come_back(
    client: Visitor, people: dict[str, Person], pilot: Pilot, days: tuple[str, str], words: str
) -> None:
    firm = await client.sign_in(people["founder"])
    path = f"/pilots/{pilot.id}/figures"
    await firm.get(path)
    answer = await firm.submit(path, dict(zip(("from", "to"), days, strict=True)))
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{days[1]}"' in answer.text
    assert await fetch("SELECT id FROM figures_document") == []
