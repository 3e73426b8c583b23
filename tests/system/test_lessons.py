"""The library of lessons, over its pages."""

from __future__ import annotations

from uuid import uuid4

from sandbox.foundation import clock
from sandbox.framework import library
from sandbox.lessons.tables import Lesson
from tests import factories
from tests.harness import Visitor


async def published(title: str, number: str) -> Lesson:
    """A lesson of the library."""
    pack = library.current()
    lesson = Lesson(
        id=uuid4(), number=number, source_case=uuid4(), sector=pack.sectors[0].key,
        author=uuid4(), texts={"en": {"title": title, "context": "Once."}}, kind="process",
        principle=pack.principles[0].key, theme=pack.themes[0].key, state="published",
        state_since=clock.now(), published_at=clock.now(), made_at=clock.now(),
    )  # fmt: skip
    await lesson.save()
    return lesson


async def test_a_newer_lesson_takes_the_place_of_an_older(client: Visitor) -> None:
    old, new = await published("Ask twice", "L-2026-001"), await published("Ask", "L-2026-002")
    path = f"/lessons/{old.id}"
    central = await client.sign_in(await factories.central())
    assert "A newer lesson says it better" in await central.text(path)
    assert (await central.submit(f"{path}/supersede", {"newer": ""})).status_code == 422
    itself = await central.submit(f"{path}/supersede", {"newer": str(old.id)})
    assert itself.status_code == 422

    done = await central.submit(f"{path}/supersede", {"newer": str(new.id)})

    assert done.status_code == 303, done.text
    async with client.another() as officer:
        await officer.sign_in(await factories.officer())
        shown = await officer.text(path)
        assert "A newer lesson stands in its place" in shown
        assert "Superseded" in shown
        assert "Ask twice" not in await officer.text("/lessons")
        back = {"newer": str(old.id)}
        refused = await officer.submit(f"/lessons/{new.id}/supersede", back)
        assert refused.status_code == 403
