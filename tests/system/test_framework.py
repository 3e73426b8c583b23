"""The framework that anyone may read, and the self-check, over HTTP."""

from __future__ import annotations

import json

import pytest

from tests import harness

PAGES = ("", "/criteria", "/clocks", "/conditions", "/metrics", "/incidents")
READY = {
    "uses_ai": "yes_ai", "in_malaysia": "here", "sector": "finance", "new": "is_new",
    "benefit": "clear", "rule": "named", "ready": "works",
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_anyone_reads_the_framework_in_both_languages(
    client: harness.Visitor, path: str
) -> None:
    english = await client.text(f"/framework{path}")
    await client.submit("/language/ms", {"back": "/"})
    malay = await client.text(f"/framework{path}")

    assert english != malay
    assert "National AI Regulatory Sandbox" in english
    assert "Kotak Pasir Kawal Selia AI Kebangsaan" in malay


async def test_conditions_are_found_by_sector_kind_and_words(client: harness.Visitor) -> None:
    everything = await client.text("/framework/conditions")
    found = await client.text(
        "/framework/conditions?sector=healthcare&kind=threshold&text=hospital"
    )

    assert "Exposure of at most RM 500,000" in everything
    assert "No hospital left behind" in found
    assert "for each site" in found
    assert "Exposure of at most" not in found


async def test_a_filter_answers_only_the_results(client: harness.Visitor) -> None:
    answer = await client.get("/framework/conditions?kind=cap", headers={"HX-Request": "true"})

    assert answer.text.strip().startswith('<div id="results">')


async def test_an_unknown_version_is_not_there(client: harness.Visitor) -> None:
    assert (await client.get("/framework?version=1900")).status_code == 404


async def test_the_pack_is_there_for_machines(client: harness.Visitor) -> None:
    answer = await client.get("/framework/pack.json")
    pack = json.loads(answer.text)

    assert pack["sectors"][0]["name"] == {"en": "Healthcare", "ms": "Penjagaan kesihatan"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Create an account and apply"),
        ({"ready": "idea"}, "bnm@rintis.example"),
        ({"rule": "none"}, "Because no rule stands in your way"),
    ],
)
async def test_the_self_check_advises(
    client: harness.Visitor, changes: dict[str, str], words: str
) -> None:
    answer = await client.submit("/check", READY | changes)

    assert answer.status_code == 200
    assert words in harness.words(answer.text)


async def test_the_self_check_keeps_what_was_answered_when_something_is_missing(
    client: harness.Visitor,
) -> None:
    answers = {key: value for key, value in READY.items() if key != "rule"}
    answer = await client.submit("/check", answers)

    assert answer.status_code == 422
    assert "Choose an answer" in answer.text
    assert answer.text.count("checked") == len(answers)


async def test_answers_can_be_changed(client: harness.Visitor) -> None:
    answer = await client.submit("/check", READY | {"change": "yes"})

    assert answer.status_code == 200
    assert answer.text.count("checked") == len(READY)


async def test_an_answer_that_no_question_offers_is_none(client: harness.Visitor) -> None:
    answer = await client.submit("/check", READY | {"rule": "<script>"})

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
