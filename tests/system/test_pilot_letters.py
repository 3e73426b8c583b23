"""A suspension and a resumption each have a letter, which both sides can take away."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import page
import pikepdf
import pytest
from pdfminer.high_level import extract_text

from sandbox.foundation.database import fetch
from sandbox.framework import library
from sandbox.people.person import Person
from sandbox.pilots import commands, letter
from sandbox.pilots.tables import PilotStep
from tests import factories
from tests.harness import Visitor, run_jobs
from tests.system.test_documents import furnished
from tests.system.test_pilots import live, people

__all__ = ["furnished", "people"]  # the fixtures

PACK = library.current()


def text_of(pdf: bytes) -> str:
    return " ".join(extract_text(io.BytesIO(pdf)).split())


def sent(kind: str, **changes: Any) -> letter.Sent:
    sector = PACK.sectors[0].key
    facts: dict[str, Any] = {
        "kind": kind, "reference": "NARS-2026-0042", "title": "Reading X-rays", "sector": sector,
        "authority": PACK.lead_of(sector).key, "organisation": "Nadi Klinik Sdn. Bhd.",
        "addressee": "Aisyah binti Rahman", "reason": "Two scans were misread.",
        "signatory": "Lim Mei Ling", "at": datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    }  # fmt: skip
    return letter.Sent(**{**facts, **changes})


@pytest.mark.parametrize("language", ["en", "ms"])
@pytest.mark.parametrize("kind", ["suspended", "resumed"])
async def test_a_letter_says_why_and_what_next_in_the_firms_language(
    kind: str, language: str
) -> None:
    since = datetime(2026, 11, 2, 2, 0, tzinfo=UTC) if kind == "resumed" else None
    wanted = sent(kind, since=since, ends_on=date(2027, 3, 1))
    pdf = await letter.letter_of(wanted, PACK, language)
    for profile in ("ua1", "3a"):
        report = page.validate_pdf_bytes(pdf, profile=profile)
        assert report.is_compliant, [(f.rule_id, f.message) for f in report.failures]
    words, fixed = text_of(pdf), getattr(PACK.letters, kind)
    for part in (
        wanted.reason, wanted.organisation, wanted.addressee, wanted.signatory, wanted.reference,
        fixed.subject.in_(language), fixed.opening.in_(language), fixed.closing.in_(language),
        PACK.statements.not_an_approval.in_(language),
    ):  # fmt: skip
        assert " ".join(part.split()) in words
    assert ("2027" in words) == (kind == "resumed")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.Root.Lang) == language


async def test_what_was_typed_is_only_text_and_what_the_system_did_nobody_signs() -> None:
    hostile = '<img src="file:///etc/passwd"><script>x</script>'
    pdf = await letter.letter_of(sent("suspended", reason=hostile, signatory=""), PACK, "en")
    assert "<script>x</script>" in text_of(pdf)
    assert "Lim Mei Ling" not in text_of(pdf)


async def test_both_sides_find_the_letters_and_nobody_else_does(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    officer = people["officer"]
    await commands.suspend(officer, pilot.id, reason="Two scans were misread.")
    ran = await run_jobs()
    assert ran.count("build_pilot_letter") == 1
    await commands.resume(officer, pilot.id, reason="Each scan is read twice now.")
    await run_jobs()
    steps = {step.event: step for step in await PilotStep.objects()}
    suspended, resumed = steps["suspend"].letter, steps["resume"].letter
    assert suspended
    assert resumed
    await letter.build(steps["suspend"].id)
    assert len(await fetch("SELECT FROM stored_file WHERE kind = 'letter'")) == 3
    for who in ("founder", "officer"):
        visitor = await client.another().sign_in(people[who])
        text = (await visitor.get(f"/pilots/{pilot.id}")).text
        for key, words in ((suspended, "Two scans were misread."), (resumed, "read twice now")):
            assert f"/files/{key}" in text
            assert words in text_of((await visitor.get(f"/files/{key}")).content)
    assert "It had been suspended since" in text_of(
        (await visitor.get(f"/files/{resumed}")).content
    )
    for stranger in (await factories.applicant(), await factories.officer("finance")):
        visitor = await client.another().sign_in(stranger)
        assert (await visitor.get(f"/files/{suspended}")).status_code == 404
