"""Hanging letters that the worker made on what they are about."""

from __future__ import annotations

from uuid import UUID

from sandbox.foundation import files
from sandbox.foundation.work import work_of
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot, PilotStep


async def keep_letter(person: Person, step_id: UUID, pdf: bytes) -> None:
    """Hang the letter's PDF on its step, where both sides find it. Twice is harmless."""
    async with work_of(person) as work:
        step = await work.lock(PilotStep, step_id)
        if step.letter is not None:
            return
        pilot = await Pilot.objects().get(Pilot.id == step.pilot)
        assert pilot is not None
        stored = await files.keep(
            work, name=f"{step.event}-{pilot.reference}-{step.at:%Y-%m-%d}.pdf", content=pdf,
            media_type="application/pdf", kind="letter", case=pilot.case,
        )  # fmt: skip
        step.letter = stored.id
        await work.save(step)
        work.record("pilot.letter_made", step, sha256=stored.sha256, about=step.event)
