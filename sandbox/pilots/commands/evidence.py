"""Evidence for conditions and milestones: handed in, accepted, returned, or done without."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sandbox.foundation import files
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.work import Work, work_of
from sandbox.framework.clocks import ClockName
from sandbox.framework.conditions import ConditionKind
from sandbox.people.person import Person
from sandbox.pilots import promises, reporting, rules
from sandbox.pilots.commands.common import (
    due,
    note,
    open_part,
    open_pilot,
    pack_of,
    rhythm_of,
    tell_authority,
    tell_firm,
)
from sandbox.pilots.tables import Condition, Evidence, Milestone, Pilot


async def submit_evidence(
    person: Person, condition_id: UUID, *, text: str, file: UUID | None = None
) -> Evidence:
    """Hand in evidence for a condition. ``file``: a stored upload of the same case.

    :raises InvalidInput: neither words nor a file.
    :raises RuleBroken: earlier evidence still waits, or nothing is owed any more.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(work, person, Condition, condition_id, "submit_evidence")
        report = condition.kind == ConditionKind.PERIODIC_REPORT
        if report and reporting.is_reported(condition, pilot.starts_on):
            raise RuleBroken(
                "evidence.submit.report", _("Hand in the report of the period instead.")
            )
        return await submit_within(work, pilot, condition, text, file)


async def submit_milestone(
    person: Person, milestone_id: UUID, *, text: str, file: UUID | None = None
) -> Evidence:
    """Hand in the evidence that a milestone is reached; as :func:`submit_evidence`."""
    async with work_of(person) as work:
        pilot, milestone = await open_part(work, person, Milestone, milestone_id, "submit_evidence")
        return await submit_within(work, pilot, milestone, text, file)


async def submit_within(
    work: Work, pilot: Pilot, subject: Condition | Milestone, text: str, file: UUID | None,
    **reported: Any,
) -> Evidence:  # fmt: skip
    """Hand evidence in inside another's work. ``reported``: what a report has beside it.

    An attestation that needs no look is done with; of all else the authority is told.
    """
    rules.check_open(pilot)
    earlier = await Evidence.objects().where(Evidence.subject == subject.id)
    attested = "kept" in reported
    promises.submit(subject, earlier, text=text, file=file, at=work.now, attested=attested)
    await _check_file(pilot, file)
    evidence = Evidence(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        subject_kind=subject._meta.tablename,
        subject=subject.id,
        text=text.strip(),
        file=file,
        submitted_by=work.person.id,
        submitted_name=work.person.name,
        submitted_at=work.now,
        owed_on=subject.due_on,
        due_at=due(pack_of(pilot), ClockName.EVIDENCE_DECISION, work.now, pilot.authority),
        **reported,
    )
    if isinstance(subject, Condition) and evidence.kept is not None:
        settled = promises.attest(evidence, subject, rhythm_of(pilot), at=work.now)
        await work.save(evidence, subject)
        if settled:
            work.record("condition.attested", subject, number=subject.number)
            return evidence
    await work.save(evidence, subject)
    work.record(f"{subject._meta.tablename}.evidence_submitted", subject, number=subject.number)
    await tell_authority(work, pilot, "evidence_submitted", subject=subject, evidence=evidence)
    return evidence


async def keep_file(person: Person, pilot_id: UUID, upload: Any) -> UUID | None:
    """Keep an upload (``None``: there is none) with the case; its id.

    :raises InvalidInput: it is no file that may be sent.
    """
    if upload is None:
        return None
    checked = await files.accept_upload(upload, "file")
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "submit_evidence")
        stored = await files.store(work, checked, case=pilot.case, kind="upload", made_by=person.id)
    return stored.id


async def _check_file(pilot: Pilot, file: UUID | None) -> None:
    """A file of another case is none that this person could know of.

    :raises InvalidInput: there is no such file in this case.
    """
    if file is None:
        return
    own = (StoredFile.id == file) & (StoredFile.case == pilot.case)
    if not await StoredFile.exists().where(own):
        raise InvalidInput({"file": _("Choose the file again")})


async def judge_evidence(
    person: Person, evidence_id: UUID, *, accepted: bool, reason: str = ""
) -> Evidence:
    """Accept evidence, or return it with the reason; the firm is told.

    :raises InvalidInput: returned without a reason.
    :raises RuleBroken: it was decided before.
    """
    async with work_of(person) as work:
        pilot, evidence = await open_part(work, person, Evidence, evidence_id, "judge_evidence")
        rules.check_open(pilot)
        table = Condition if evidence.subject_kind == "condition" else Milestone
        subject: Condition | Milestone = await work.lock(table, evidence.subject)
        promises.judge(
            evidence, subject, accepted=accepted, reason=reason, by=person.id, at=work.now,
            rhythm=rhythm_of(pilot) if pilot.starts_on else None,
        )  # fmt: skip
        await work.save(evidence, subject)
        verdict = "accepted" if accepted else "returned"
        kind = evidence.subject_kind
        work.record(f"{kind}.evidence_{verdict}", subject, number=subject.number)
        await tell_firm(work, pilot, "evidence_judged", subject=subject, evidence=evidence)
    return evidence


async def waive_milestone(person: Person, milestone_id: UUID, *, reason: str) -> Milestone:
    """Do without a milestone.

    :raises InvalidInput: no reason is given.
    """
    async with work_of(person) as work:
        pilot, milestone = await open_part(work, person, Milestone, milestone_id, "waive_milestone")
        rules.check_open(pilot)
        promises.waive_milestone(milestone, reason=reason, at=work.now)
        await work.save(milestone)
        await close_waiting(work, milestone.id)
        await note(work, pilot, "waived", milestone.reason, milestone.id)
        work.record("milestone.waived", milestone, number=milestone.number)
        await tell_firm(work, pilot, "waived", subject=milestone)
    return milestone


async def close_waiting(work: Work, subject: UUID) -> None:
    """Evidence that waited for what is no longer wanted waits no more."""
    waiting = (Evidence.subject == subject) & (Evidence.verdict == "")
    for evidence in await Evidence.objects().where(waiting):
        evidence.verdict, evidence.verdict_at = "waived", work.now
        evidence.verdict_by = work.person.id
        await work.save(evidence)
