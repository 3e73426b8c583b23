"""The library of lessons is everybody's, and tells nobody whose case taught them."""

from __future__ import annotations

import pytest

from sandbox.foundation import database
from sandbox.lessons import commands, queries
from sandbox.lessons.tables import Lesson
from sandbox.people.person import NOBODY, Person
from tests import factories
from tests.harness import Visitor
from tests.system.test_pilots import live, people
from tests.system.test_strangers import written

__all__ = ["people"]  # the fixture


async def _published(people: dict[str, Person], title: str) -> Lesson:
    words = written()
    words["texts"]["en"]["title"] = title
    pilot = await live(people)
    lesson = await commands.draft_lesson(people["officer"], pilot.id, **words)
    central = await factories.central()
    reasons = {mark.key: "Words of the field." for mark in await queries.marks(lesson.id)}
    await commands.clear_lesson(central, lesson.id, reasons=reasons)
    await commands.publish_lesson(central, lesson.id)
    return lesson


async def test_everybody_reads_what_is_published_and_only_that(
    client: Visitor, people: dict[str, Person]
) -> None:
    lesson = await _published(people, "Two readers see more")
    words = written()
    words["texts"]["en"]["title"] = "Not yet told"
    pilot = await Lesson.objects().get(Lesson.id == lesson.id)
    assert pilot is not None
    (row,) = await database.fetch('SELECT id FROM pilot WHERE "case" = $1', pilot.source_case)
    draft = await commands.draft_lesson(people["officer"], row["id"], **words)

    home = (await client.get("/")).text
    assert 'href="/lessons"' in home.split("app-tiles")[1]
    listed = await client.text("/lessons")
    assert "Two readers see more" in listed
    assert "Not yet told" not in listed
    assert "Two readers see more" in await client.text(f"/lessons/{lesson.id}")
    assert (await client.get(f"/lessons/{draft.id}")).status_code == 404
    assert 'href="/lessons"' in (await client.get("/about")).text


async def test_what_a_sector_wrote_about_a_lesson_stays_among_officials(
    client: Visitor, people: dict[str, Person]
) -> None:
    lesson = await _published(people, "Two readers see more")
    elsewhere = await factories.officer("finance")
    await commands.adopt_lesson(
        elsewhere, lesson.id, sector="finance", verdict="adapted", how="With Bank Ria only"
    )
    shown = await client.text(f"/lessons/{lesson.id}")
    assert "Adapted" in shown
    assert "Bank Ria" not in shown
    official = await client.another().sign_in(elsewhere)
    assert "Bank Ria" in await official.text(f"/lessons/{lesson.id}")


async def test_the_source_is_never_read(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = await _published(people, "Two readers see more")
    asked: list[str] = []
    connection = database.DB.pool
    assert connection is not None
    original = database.DB._run_in_pool

    async def listening(query: str, args: object = None) -> object:
        asked.append(query)
        return await original(query, args or [])

    monkeypatch.setattr(database.DB, "_run_in_pool", listening)
    await queries.lesson(NOBODY, lesson.id)
    assert asked
    assert not [query for query in asked if "source_case" in query]
