"""The letters that a pilot is suspended, and that it may resume. Made by the worker."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from sandbox.applications.tables import Application
from sandbox.foundation import documents, i18n
from sandbox.framework import clocks, library
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.people import queries as people
from sandbox.people.person import SYSTEM
from sandbox.pilots.tables import Pilot, PilotStep

KINDS = {"suspend": "suspended", "resume": "resumed"}
"""Steps that have a letter -> its fixed words in the pack."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """All that a letter says beside the fixed words of the pack.

    ``kind``: suspended or resumed. ``since``: when the suspension began that a resumption ends.
    ``signatory``: empty where no person decided.
    """

    kind: str
    reference: str
    title: str
    authority: str
    sector: str
    organisation: str
    addressee: str
    reason: str
    signatory: str
    at: datetime
    since: datetime | None = None
    ends_on: date | None = None

    def review_by(self, pack: Pack) -> datetime:
        """By when the authority has looked again, by its own calendar."""
        found = pack.clock(ClockName.SUSPENSION_REVIEW)
        return clocks.due(found.limit, self.at, pack.calendar_of(self.authority), roll=found.roll)


async def letter_of(sent: Sent, pack: Pack, language: str) -> bytes:
    """The letter as a PDF in ``language``.

    :raises DocumentFailed: it could not be set.
    """
    context: dict[str, Any] = {
        "pack": pack, "sent": sent, "letter": getattr(pack.letters, sent.kind),
        "authority": pack.authority(sent.authority), "sector": pack.sector(sent.sector),
        "review_by": sent.review_by(pack) if sent.kind == "suspended" else None,
    }  # fmt: skip
    return await documents.pdf("documents/pilot_letter.html", language, **context)


async def build(step_id: UUID) -> None:
    """Make the letter of a step and hang it on the case. Run twice, the second does nothing."""
    from sandbox.pilots.commands.letters import keep_letter

    step = await PilotStep.objects().get(PilotStep.id == step_id)
    if step is None or step.letter is not None or step.event not in KINDS:
        return
    pilot = await Pilot.objects().get(Pilot.id == step.pilot)
    assert pilot is not None
    sent, language = await _sent(pilot, step)
    pdf = await letter_of(sent, library.pack_of(pilot.pack_version), language)
    await keep_letter(SYSTEM, step_id, pdf)


async def _sent(pilot: Pilot, step: PilotStep) -> tuple[Sent, str]:
    """What the letter says, and the language of the person it goes to."""
    application = await Application.objects().get(Application.id == pilot.case)
    addressee = await people.person(application.made_by) if application else None
    earlier: PilotStep | None = await PilotStep.objects().where(
        (PilotStep.pilot == pilot.id) & (PilotStep.event == "suspend") & (PilotStep.at < step.at)
    ).order_by(PilotStep.at, ascending=False).first()  # fmt: skip
    sent = Sent(
        kind=KINDS[step.event], reference=pilot.reference, title=pilot.title,
        authority=pilot.authority, sector=pilot.lead_sector,
        organisation=await people.organisation_name(pilot.organisation),
        addressee=addressee.name if addressee else "", reason=step.reason,
        signatory=step.by_name if step.by else "", at=step.at,
        since=earlier.at if earlier and step.event == "resume" else None, ends_on=pilot.ends_on,
    )  # fmt: skip
    return sent, addressee.language if addressee else i18n.LANGUAGES[0]
