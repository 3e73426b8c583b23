"""The firm explains a breach; the authority takes that or asks again; who is silent is reminded."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework import clocks
from sandbox.framework.clocks import ClockName
from sandbox.framework.thresholds import OnBreach, Threshold, threshold_of
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common, conditions
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry.commands import telling
from sandbox.telemetry.tables import Breach, Explanation

_AHEAD = timedelta(days=14)
"""No reminder comes earlier than so long before."""


def explain_by(pilot: Pilot, threshold: Threshold | None, asked_at: datetime) -> datetime | None:
    """By when a breach is explained that is asked about at ``asked_at``; ``None``: it need not be.

    By the threshold's own limit, else by the pack's clock.
    """
    if threshold is not None and threshold.on_breach is OnBreach.NOTIFY:
        return None
    pack = common.pack_of(pilot)
    if threshold is None or threshold.explain is None:
        return common.due(pack, ClockName.BREACH_EXPLANATION, asked_at, pilot.authority)
    return clocks.due(threshold.explain, asked_at, pack.calendar_of(pilot.authority))


async def explain_breach(person: Person, breach_id: UUID, text: str) -> None:
    """The firm says why a threshold was passed and what it does about it.

    :raises InvalidInput: nothing was written.
    :raises RuleBroken: it was explained before, or asks for no explanation any more.
    """
    if not text.strip():
        raise InvalidInput({"explanation": _("Say what happened and what you do about it")})
    async with work_of(person) as work:
        pilot, breach = await common.open_part(work, person, Breach, breach_id, "explain_breach")
        if breach.explained_at is not None:
            raise RuleBroken("breach.explain.again", _("This breach was explained before."))
        if breach.state in {"withdrawn", "closed"}:
            raise RuleBroken("breach.explain.over", _("This breach needs no explanation any more."))
        said = Explanation(
            id=uuid4(), case=pilot.case, pilot=pilot.id, breach=breach.id, text=text.strip(),
            by=person.id, by_name=person.name, at=work.now,
        )  # fmt: skip
        breach.explanation, breach.explained_at = said.text, work.now
        breach.explained_by = person.name
        breach.state = "explained" if breach.cured_at is None else breach.state
        await work.save(said, breach)
        work.record("breach.explained", breach)
        await telling.tell_authority(work, pilot, "breach_explained", breach=breach)


async def accept_explanation(person: Person, breach_id: UUID) -> None:
    """The authority takes what the firm said of a breach.

    :raises RuleBroken: nothing waits to be looked at.
    """
    async with work_of(person) as work:
        pilot, breach, said = await _waiting(work, person, breach_id)
        said.verdict, said.verdict_by, said.verdict_at = "accepted", person.id, work.now
        breach.accepted_at = work.now
        await work.save(said, breach)
        work.record("breach.explanation_accepted", breach)
        condition = await work.lock(Condition, breach.condition)
        await telling.tell_firm(
            work, pilot, "breach_explanation_accepted", breach=breach, condition=condition
        )


async def ask_again(person: Person, breach_id: UUID, words: str) -> None:
    """The authority asks once more, and says what is missing; the clock starts anew.

    :raises InvalidInput: it does not say what is missing.
    :raises RuleBroken: nothing waits to be looked at.
    """
    async with work_of(person) as work:
        pilot, breach, said = await _waiting(work, person, breach_id)
        if not words.strip():
            raise InvalidInput({"words": _("Say what is still missing")})
        condition = await work.lock(Condition, breach.condition)
        said.verdict, said.verdict_by, said.verdict_at = "asked_again", person.id, work.now
        said.verdict_words = words.strip()
        breach.explanation, breach.explained_by, breach.explained_at = "", "", None
        breach.explain_asked_at = work.now
        breach.explain_by = explain_by(pilot, None, work.now)
        if threshold := threshold_of(condition.threshold):
            breach.explain_by = explain_by(pilot, threshold, work.now) or breach.explain_by
        breach.state = "open" if breach.state == "explained" else breach.state
        await work.save(said, breach)
        work.record("breach.explanation_asked_again", breach)
        await telling.tell_firm(
            work, pilot, "breach_asked_again", breach=breach, condition=condition,
            words=said.verdict_words,
        )  # fmt: skip


async def _waiting(
    work: Work, person: Person, breach_id: UUID
) -> tuple[Pilot, Breach, Explanation]:
    """The newest explanation of a breach, which nobody has looked at yet."""
    pilot, breach = await common.open_part(work, person, Breach, breach_id, "judge_explanation")
    said = (
        await Explanation.objects()
        .where((Explanation.breach == breach.id) & (Explanation.verdict == ""))
        .first()
    )
    if said is None:
        raise RuleBroken("breach.judge.nothing", _("No explanation waits to be looked at."))
    return pilot, breach, said


# Who is silent -----------------------------------------------------------------------------

_UNEXPLAINED = """
SELECT b.id FROM breach b JOIN pilot p ON p.id = b.pilot JOIN condition c ON c.id = b.condition
WHERE b.explained_at IS NULL AND b.explain_by < $1 AND b.escalated_at IS NULL
AND b.state IN ('open', 'cured') AND p.state <> 'closed'
AND c.state NOT IN ('waived', 'discharged', 'not_kept', 'lapsed')
"""


async def sweep_explanations() -> int:
    """Remind of explanations before they are due, tell of those overdue, escalate those ignored.

    How many were told now; each is told once, so a second run tells nothing.
    """
    rows = await fetch(_UNEXPLAINED, clock.now() + _AHEAD)
    return sum([await _remind(row["id"]) for row in rows])


async def _remind(breach_id: UUID) -> bool:
    async with work_of(SYSTEM) as work:
        pilot, breach = await common.open_part(work, SYSTEM, Breach, breach_id, "read")
        due = breach.explain_by
        if breach.explained_at is not None or due is None:
            return False
        stage = _stage(pilot, breach, due, work.now)
        if not stage or not await work.once(f"breach:{breach.id}:{due.isoformat()}:{stage}"):
            return False
        work.record("breach.reminded", breach, stage=stage)
        condition = await work.lock(Condition, breach.condition)
        context = {"breach": breach, "condition": condition}
        await telling.tell_firm(work, pilot, f"explanation_{stage}", **context)
        if stage == "overdue":
            await telling.tell_authority(work, pilot, "explanation_overdue_officer", **context)
        if stage == "ignored":
            await _escalate(work, pilot, breach, condition)
            await telling.tell_decision_makers(work, pilot, "breach_ignored", **context)
    return True


def _stage(pilot: Pilot, breach: Breach, due: datetime, now: datetime) -> str:
    """Whether an explanation is near, overdue or ignored; empty: there is time."""
    pack = common.pack_of(pilot)
    found, calendar = pack.clock(ClockName.BREACH_EXPLANATION), pack.calendar_of(pilot.authority)
    if now > due:
        ignored = clocks.due(found.grace, due, calendar) if found.grace else due
        return "ignored" if now > ignored else "overdue"
    near = due - (due - (breach.explain_asked_at or breach.opened_at)) / 3
    return "near" if now >= near else ""


async def _escalate(work: Work, pilot: Pilot, breach: Breach, condition: Condition) -> None:
    breach.escalated_at = work.now
    await work.save(breach)
    work.record("breach.escalated", breach, condition=condition.number)
    if await conditions.escalate_within(work, condition):
        await common.note(work, pilot, "escalated_unexplained", subject=condition.id)
