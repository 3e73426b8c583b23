"""An incident to take away: in the OECD's framework, and as a PDF for each side."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import page
import pikepdf
import pytest
from pdfminer.high_level import extract_text

from sandbox.foundation import clock, documents
from sandbox.foundation.database import fetch
from sandbox.framework import oecd
from sandbox.incidents import commands, document
from sandbox.incidents.tables import Incident, IncidentDocument
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.harness import Visitor, run_jobs
from tests.system.test_incidents import told
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


async def exported(visitor: Visitor, path: str) -> dict[str, dict[str, Any]]:
    """What the export says, by the key of a criterion."""
    answer = await visitor.get(f"{path}/oecd.json")
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return {one["key"]: one for one in answer.json()["criteria"]}


# The OECD's framework ----------------------------------------------------------------------------


async def test_all_criteria_are_named_and_the_mandatory_ones_hold_something(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot)
    found = await exported(firm, path)
    assert [one["number"] for one in found.values()] == list(range(1, 30))
    assert list(found) == list(oecd.KEYS)
    mandatory = {key for key, one in found.items() if one["mandatory"]}
    assert mandatory == {"title", "description", "ai_relation", "submitter",
                         "supporting_material", "severity", "harm_type"}  # fmt: skip
    assert all(found[key]["value"] for key in mandatory)
    assert found["title"]["value"] == incident.title
    assert found["harm_type"]["value"] == [
        {"key": "physical", "name": "Physical", "harm": "actual"}
    ]
    assert found["severity"]["value"]["oecd"] == "incident"
    assert found["industry"]["value"][0]["isic"] == "Q"
    assert found["countries"]["value"][0]["code"] == "MY"
    assert found["rights_impact"]["answers"][0]["answer"] is False


async def test_each_report_is_supporting_material_and_a_confidential_answer_is_withheld(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    await firm.submit(f"{path}/reports", {"report": "All that is known."})
    open_ = (await exported(firm, path))["task"]
    assert open_["answers"][0]["answer"]
    await fetch(
        "UPDATE application SET marks = $2 WHERE id = $1",
        pilot.case, json.dumps({"intended_purpose": True}),
    )  # fmt: skip
    found = await exported(firm, path)
    kinds = [one["kind"] for one in found["supporting_material"]["value"]]
    assert kinds == ["record", "report"]
    assert "answers" not in found["task"]
    assert found["task"]["withheld"]


async def test_it_is_there_for_those_who_may_read_the_incident_and_nobody_else(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    path, _incident = await told(await client.sign_in(people["founder"]), pilot)
    for person, status in (
        (people["officer"], 200), (await factories.central(), 200),
        (await factories.officer("finance"), 404), (await factories.applicant(), 404),
    ):  # fmt: skip
        visitor = await client.another().sign_in(person)
        assert (await visitor.get(f"{path}/oecd.json")).status_code == status
        assert (await visitor.submit(f"{path}/documents")).status_code == {200: 303}.get(
            status, status
        )


# The PDF -----------------------------------------------------------------------------------------


async def worked_on(people: dict[str, Person], incident: Incident) -> None:
    """What each side wrote, some of it between officials only."""
    officer, founder = people["officer"], people["founder"]
    ahead = clock.now().date() + timedelta(days=3)
    await commands.add_task(
        officer, incident.id, text="Ring the clinic, between us", owner="Aina", due_on=ahead
    )
    await commands.add_entry(
        officer, incident.id, text="Heard at the desk, between us", happened_at=clock.now(),
        internal=True,
    )  # fmt: skip
    inquiry = await commands.ask_firm(officer, incident.id, question="Since when?", due_on=ahead)
    await commands.answer_inquiry(founder, incident.id, inquiry.id, text="Since Monday.", files=[])
    await commands.submit_report(founder, incident.id, text="All <b>that</b> is known.")
    await commands.explain_cause(
        founder, incident.id, {"method": "five_whys", "why_1": "A dark lens"},
        conclusion="Nobody cleaned it",
    )  # fmt: skip


def text_of(pdf: bytes) -> str:
    return " ".join(extract_text(io.BytesIO(pdf)).split())


async def test_each_side_gets_its_own_and_the_firms_holds_nothing_internal(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot)
    await worked_on(people, incident)
    desk = await client.another().sign_in(people["officer"])
    texts = {}
    for side, visitor in (("firm", firm), ("desk", desk)):
        asked = await visitor.submit(f"{path}/documents")
        assert asked.headers["location"] == f"{path}/record#documents"
        assert "being made" in await visitor.text(f"{path}/record")
        assert (await visitor.submit(f"{path}/documents")).status_code == 303
        assert (await run_jobs()).count("build_incident_document") == 1
        row = await IncidentDocument.objects().get(IncidentDocument.by_firm == (side == "firm"))
        assert row is not None
        link = f"{path}/documents/{row.id}"
        assert link in (await visitor.get(f"{path}/record")).text
        pdf = (await visitor.get(link)).content
        for profile in ("ua1", "3a"):
            report = page.validate_pdf_bytes(pdf, profile=profile)
            assert report.is_compliant, [(f.rule_id, f.message) for f in report.failures]
        texts[side] = text_of(pdf)
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            (attached,) = opened.attachments.values()
            data = json.loads(attached.get_file().read_bytes())
        assert data["reference"] == incident.reference
        assert "between us" not in json.dumps(data)
        other = desk if side == "firm" else firm
        assert (await other.get(link)).status_code == 404
        assert (await other.get(f"/files/{row.file}")).status_code == 404
    for words in ("Since when?", "Since Monday.", "All <b>that</b> is known.", "A dark lens",
                  incident.reference, pilot.title):  # fmt: skip
        assert words in texts["firm"]
        assert words in texts["desk"]
    assert "between us" not in texts["firm"]
    assert texts["desk"].count("between us") == 2
    assert "For the authorities only" in texts["desk"]


async def test_it_speaks_the_language_of_the_page_and_says_when_it_failed(
    client: Visitor, people: dict[str, Person], pilot: Pilot, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    await firm.submit("/language/ms")
    await firm.submit(f"{path}/documents")
    row = await IncidentDocument.objects().first()
    assert row is not None
    assert row.language == "ms"

    async def fails(*_words: Any, **_more: Any) -> bytes:
        raise documents.DocumentFailed("it took too long")

    with monkeypatch.context() as patched:
        patched.setattr(documents, "pdf", fails)
        await document.build(row.id)
    assert "tidak dapat dibuat" in await firm.text(f"{path}/record")
    await firm.submit(f"{path}/documents")
    await run_jobs()
    made = await IncidentDocument.objects().get(IncidentDocument.state == "made")
    assert made is not None
    pdf = (await firm.get(f"{path}/documents/{made.id}")).content
    assert "Apa yang berlaku" in text_of(pdf)
