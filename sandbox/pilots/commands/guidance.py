"""The guidance register: what the authority advised, and that the firm read it."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.work import work_of
from sandbox.people.person import Person
from sandbox.pilots import promises, rules
from sandbox.pilots.commands.common import (
    open_part,
    open_pilot,
    parts,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.tables import Guidance


async def give_guidance(person: Person, pilot_id: UUID, *, subject: str, text: str) -> Guidance:
    """Advise the firm; it is told and asked to acknowledge.

    :raises InvalidInput: no subject or no words.
    """
    missing = {"subject": subject, "text": text}
    errors = {name: _("Fill this in") for name, words in missing.items() if not words.strip()}
    if errors:
        raise InvalidInput(errors)
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "give_guidance")
        rules.check_open(pilot)
        guidance = Guidance(
            id=uuid4(),
            case=pilot.case,
            pilot=pilot.id,
            number=len(await parts(Guidance, pilot.id)) + 1,
            subject=subject.strip()[:200],
            text=text.strip(),
            given_by=person.id,
            given_name=person.name,
            authority=person.authority,
            given_at=work.now,
        )
        await work.save(guidance)
        work.record("guidance.given", guidance, number=guidance.number)
        await tell_firm(work, pilot, "guidance_given", guidance=guidance)
    return guidance


async def acknowledge_guidance(person: Person, guidance_id: UUID) -> Guidance:
    """The firm has read the guidance.

    :raises RuleBroken: that was said before.
    """
    async with work_of(person) as work:
        pilot, guidance = await open_part(
            work, person, Guidance, guidance_id, "acknowledge_guidance"
        )
        promises.acknowledge(guidance, person, at=work.now)
        await work.save(guidance)
        work.record("guidance.acknowledged", guidance, number=guidance.number)
        await tell_authority(work, pilot, "guidance_acknowledged", guidance=guidance)
    return guidance
