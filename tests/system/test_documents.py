"""Documents: read back from the file, judged by an independent validator, and kept in bounds."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import page
import pikepdf
import pytest
from pdfminer.high_level import extract_text

from sandbox.applications.letter import Sent, letter_of
from sandbox.foundation import documents, i18n
from sandbox.foundation.web import templating
from sandbox.framework import library
from sandbox.reports import charts, commands, dataset
from sandbox.reports.dataset import Dataset, DecisionTime, NeverBound, Taken
from sandbox.reports.disclosure import Cell, Control, Table, controlled
from sandbox.reports.document import pdf_of
from tests import factories, harness
from tests.harness import Visitor, run_jobs

PACK = library.current()
DECIDED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def furnished() -> None:
    """What the application gives templates, without the application."""
    templating.set_global("pack", PACK)
    i18n.set_region(zone="Asia/Kuala_Lumpur", territory="MY", currency="MYR")


def _text(pdf: bytes) -> str:
    return " ".join(extract_text(io.BytesIO(pdf)).split())


def _check_valid(pdf: bytes) -> None:
    """Accessible and archival, says a validator that is not ours."""
    for profile in ("ua1", "3a"):
        report = page.validate_pdf_bytes(pdf, profile=profile)
        assert report.is_compliant, [(f.rule_id, f.message) for f in report.failures]


def _tags(pdf: pikepdf.Pdf) -> list[str]:
    """The kinds of all structure elements in reading order."""
    found: list[str] = []

    def visit(element: Any) -> None:
        if not isinstance(element, pikepdf.Dictionary):
            return
        if "/S" in element:
            found.append(str(element.S).removeprefix("/"))
        kids = element.get("/K", [])
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            visit(kid)

    visit(pdf.Root.StructTreeRoot)
    return found


def _bookmarks(pdf: pikepdf.Pdf) -> list[str]:
    with pdf.open_outline() as outline:
        return [item.title for item in outline.root for item in [item, *item.children]]


def _attached(pdf: bytes) -> dict[str, bytes]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return {name: each.get_file().read_bytes() for name, each in opened.attachments.items()}


# The letter --------------------------------------------------------------------------------


def _condition(key: str) -> dict[str, Any]:
    template = PACK.condition(key)
    return {
        "template": template.key, "kind": template.kind, "title": dict(template.title),
        "text": dict(template.text), "source": dict(template.source),
        "precedent": template.precedent, "due_on": None, "every": template.every,
        "threshold": msgspec.to_builtins(template.threshold) if template.threshold else None,
    }  # fmt: skip


def _sent(outcome: str = "admitted_with_conditions", **changes: Any) -> Sent:
    sector = PACK.sectors[0].key
    facts: dict[str, Any] = {
        "reference": "RTS-2026-0042", "title": "Reading X-rays in rural clinics",
        "sector": sector, "authority": PACK.lead_of(sector).key,
        "organisation": "Nadi Klinik Sdn. Bhd.", "addressee": "Aisyah binti Rahman",
        "outcome": outcome, "decided_at": DECIDED, "signatory": "Lim Mei Ling",
        "reasons": [reason.key for reason in PACK.reasons_for(outcome)][:2],
        "text": "The panel found the plan sound.",
    }  # fmt: skip
    if outcome.startswith("admitted"):
        facts |= {
            "conditions": [_condition(t.key) for t in PACK.conditions_for(sector)[:8]],
            "milestones": [
                {"title": dict(m.title), "evidence": dict(m.evidence), "month": m.month}
                for m in PACK.milestones_for(sector)[:2]
            ],
            "reliefs": [{"rule": "Section 40", "relaxed": "A later signature", "scope": "Two"}],
            "months": 9,
        }
    return Sent(**{**facts, **changes})


@pytest.mark.parametrize("language", ["en", "ms"])
async def test_the_letter_says_all_that_was_decided(language: str) -> None:
    sent = _sent()
    pdf = await letter_of(sent, PACK, language)
    _check_valid(pdf)
    text = _text(pdf)
    threshold = next(c for c in sent.conditions if c["threshold"])
    wanted = [
        sent.reference, sent.organisation, sent.addressee, sent.signatory, sent.text,
        PACK.authority(sent.authority).name.in_(language),
        PACK.letters.admitted_with_conditions.opening.in_(language),
        PACK.statements.reconsideration.in_(language),
        PACK.reason(sent.reasons[0]).text.in_(language),
        threshold["title"][language], sent.milestones[0]["title"][language], "Section 40",
    ]  # fmt: skip
    for words in wanted:
        assert " ".join(words.split()) in text
    opened = pikepdf.open(io.BytesIO(pdf))
    assert str(opened.Root.Lang) == language
    assert sent.reference in str(opened.docinfo["/Title"])


@pytest.mark.parametrize("outcome", ["admitted", "refused", "redirected"])
async def test_every_outcome_has_its_letter(outcome: str) -> None:
    pdf = await letter_of(_sent(outcome), PACK, "en")
    _check_valid(pdf)
    assert str(getattr(PACK.letters, outcome).subject) in _text(pdf)


async def test_what_people_typed_is_only_text() -> None:
    hostile = '<img src="file:///etc/passwd"><script>x</script><link rel="attachment" href="/x">'
    pdf = await letter_of(_sent(text=hostile, organisation=hostile), PACK, "en")
    assert "<script>x</script>" in _text(pdf)
    assert not _attached(pdf)


# The report --------------------------------------------------------------------------------

SECTORS = tuple(sector.key for sector in PACK.sectors)
SEVERITIES = tuple(degree.key for degree in PACK.severities)


def _table(rows: tuple[str, ...], columns: tuple[str, ...], *, small: int = 2) -> Table:
    """A table with one cell of ``small`` firms, which must not show; others have 7 or more."""
    cells = {
        (row, column): Cell(n, frozenset(f"{row} {column} {k}" for k in range(n)))
        for r, row in enumerate(rows)
        for c, column in enumerate(columns)
        if (n := small if (r, c) == (1, 1) else 7 + r + c)
    }
    return controlled(rows, columns, cells, Control())


def _dataset() -> Dataset:
    kinds = ("document", "duty", "cap", "threshold", "periodic_report", "disclosure")
    weaknesses = tuple(v.key for v in PACK.vulnerabilities)
    words = {"title": "Ask first", "happened": "Nobody had asked.", "differently": "Ask."}
    return Dataset(
        first=date(2026, 1, 1), last=date(2026, 6, 30), gathered_at=DECIDED, sectors=SECTORS,
        threshold=5, framework_versions=["2026.1"], figures={"breaches": 17.0},
        tables={
            "applications": _table(SECTORS, dataset.APPLICATION_OUTCOMES),
            "pilots": _table(SECTORS, dataset.PILOT_STATES),
            "outcomes": _table(SECTORS, dataset.PILOT_OUTCOMES),
            "conditions": _table(kinds, dataset.CONDITION_FATES),
            "incidents": _table(SECTORS, SEVERITIES),
            "vulnerabilities": _table(weaknesses, SECTORS),
        },
        decision_times=[
            DecisionTime(sector=sector, decided=9, median_days=52.5, within_limit=8)
            for sector in ("", *SECTORS)
        ],
        never_bound=[NeverBound(template=PACK.conditions[0].key, pilots=7)],
        lessons=[
            Taken(
                number="L-2026-001", sector=SECTORS[0], texts={"en": words, "ms": words},
                kind="k", theme=PACK.themes[0].key, principle="", strength="one_pilot",
                vulnerabilities=[], adoptions={SECTORS[1]: "adopted"},
            )
        ],
    )  # fmt: skip


REPORT: Any = SimpleNamespace(
    title={"en": "What the sandbox learned", "ms": "Pengajaran kotak pasir"},
    period_from=date(2026, 1, 1),
    period_to=date(2026, 6, 30),
    narrative={"en": {"summary": "Six sectors tested."}, "ms": {"summary": "Enam sektor menguji."}},
)


@pytest.mark.parametrize("language", ["en", "ms"])
async def test_the_report_can_be_handed_over(language: str) -> None:
    data = _dataset()
    pdf = await pdf_of(REPORT, data, language)
    _check_valid(pdf)
    opened = pikepdf.open(io.BytesIO(pdf))
    assert str(opened.Root.Lang) == language
    assert str(opened.docinfo["/Title"]) == REPORT.title[language]
    text, bookmarks = _text(pdf), _bookmarks(opened)
    assert REPORT.narrative[language]["summary"] in text
    for section in PACK.reports.sections:
        if section.key != "recommendations":  # nobody wrote it
            assert any(section.title.in_(language) in mark for mark in bookmarks)
    tags = _tags(opened)
    assert tags.count("Figure") >= len(charts.of(data))
    assert {"H1", "H2", "Table", "TH", "TD", "Link", "LI"} <= set(tags)


async def test_the_contents_name_the_page_of_each_chapter() -> None:
    pdf = await pdf_of(REPORT, _dataset(), "en")
    whole = extract_text(io.BytesIO(pdf)).removesuffix("\f")
    pages = [" ".join(words.split()) for words in whole.split("\f")]
    contents, last = pages[1], len(pages)
    for number, title in ((1, "Summary"), (2, "The sandbox in numbers"), (6, "Lessons and who")):
        found = next(n for n, words in enumerate(pages, 1) if f"{number}. {title}" in words)
        assert title in contents
        assert str(found) in contents.split()
    assert f"Page 2 of {last}" in contents
    assert "Page" not in pages[0]


async def test_the_report_carries_its_data() -> None:
    pdf = await pdf_of(REPORT, _dataset(), "en")
    attached = _attached(pdf)
    assert {"data.json", "applications.csv", "vulnerabilities.csv"} <= set(attached)
    held = msgspec.json.decode(attached["data.json"], type=Dataset)
    assert held == _dataset()


def test_no_chart_shows_a_hidden_figure() -> None:
    data = _dataset()
    drawn = charts.of(data)
    for name in ("applications", "conditions", "incidents"):
        hidden = sum(value is None for row in data.tables[name].cells for value in row)
        assert hidden >= 4  # the small one, and those that would give it back
        assert sum(value == "·" for row in drawn[name].rows for value in row) == hidden
        assert drawn[name].note


def test_no_title_claims_the_most_while_a_total_is_hidden() -> None:
    whole = _dataset()
    table = whole.tables["applications"]
    assert "sent the most" in charts.of(whole)["applications"].title
    totals = (None, None, *table.row_totals[2:])
    hiding = msgspec.structs.replace(table, row_totals=totals)
    data = msgspec.structs.replace(whole, tables={**whole.tables, "applications": hiding})
    assert "the most" not in charts.of(data)["applications"].title


# Bounds ------------------------------------------------------------------------------------


def _page(body: str) -> str:
    return f'<!DOCTYPE html><html lang="en"><head><title>T</title></head><body>{body}</body></html>'


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:1/x.svg",
        "data:image/svg+xml,<svg/>",
        "../settings.py",
    ],
)
async def test_a_document_reads_nothing_but_our_assets(address: str) -> None:
    body = f'<p>Text</p><link rel="attachment" href="{address}"><img alt="x" src="{address}">'
    pdf = await documents.set_html(_page(body))
    assert not _attached(pdf)
    assert b"root:" not in pdf


async def test_a_document_that_takes_too_long_is_stopped() -> None:
    rows = "<tr><td>x</td><td>y</td></tr>" * 50_000
    with pytest.raises(documents.DocumentFailed, match="stopped"):
        await documents.set_html(
            _page(f"<table>{rows}</table>"), limits=documents.Limits(seconds=3)
        )


async def test_a_document_that_takes_too_much_memory_is_stopped() -> None:
    rows = "<tr><td>x</td><td>y</td></tr>" * 20_000
    few = documents.Limits(seconds=60, memory=180_000_000)
    with pytest.raises(documents.DocumentFailed, match="memory"):
        await documents.set_html(_page(f"<table>{rows}</table>"), limits=few)


async def test_a_document_of_absurd_size_is_refused() -> None:
    with pytest.raises(documents.DocumentFailed, match="characters"):
        await documents.set_html("x" * (documents.LARGEST + 1))


# The whole way ------------------------------------------------------------------------------


async def test_a_report_goes_from_request_to_download(client: Visitor) -> None:
    writer, second = await factories.central(), await factories.central()
    asked = await commands.request_report(
        writer, title=REPORT.title, first=date(2026, 1, 1), last=date(2026, 6, 30), sectors=[]
    )
    await run_jobs()
    words = {language: {"summary": f"Summary in {language}."} for language in PACK.languages}
    await commands.write_narrative(writer, asked.id, words, title=REPORT.title)
    await commands.approve_report(second, asked.id)
    await run_jobs()
    await commands.publish_report(second, asked.id)
    assert REPORT.title["en"] in await client.text(f"/reports/{asked.id}")
    for language in PACK.languages:
        answer = await client.get(f"/reports/{asked.id}/pdf/{language}")
        assert answer.headers["content-type"] == "application/pdf"
        _check_valid(answer.content)
        assert f"Summary in {language}." in _text(answer.content)


async def test_a_draft_says_what_is_missing_and_offers_only_what_can_be_done(
    client: Visitor,
) -> None:
    writer, second = await factories.central(), await factories.central()
    asked = await commands.request_report(
        writer, title=REPORT.title, first=date(2026, 1, 1), last=date(2026, 6, 30), sectors=[]
    )
    await run_jobs()
    path = f"/reports/{asked.id}"
    await commands.write_narrative(writer, asked.id, {"en": {"summary": "Told."}})
    await client.sign_in(second)
    page = (await client.get(path)).text
    assert f'href="{path}/write#summary_ms"' in page
    assert f'action="{path}/approve"' not in page
    refused = await client.submit(f"{path}/approve")
    assert refused.status_code == 409
    assert "Missing: Bahasa Melayu." in harness.words(refused.text)
    await commands.write_narrative(writer, asked.id, {"ms": {"summary": "Diceritakan."}})
    assert f'action="{path}/approve"' in (await client.get(path)).text
    await client.sign_in(writer)
    page = (await client.get(path)).text
    assert f'action="{path}/approve"' not in page
    assert "a colleague of the central office approves it" in harness.words(page)
