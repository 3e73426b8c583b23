"""Conditions and milestones: what is asked, evidence handed in and judged."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, redirect
from sandbox.pilots import (
    commands,
    evidence_queries,
    nearest,
    promises,
    queries,
    reporting,
    rules,
    versions,
)
from sandbox.pilots.pages.common import EVENTS, Asked, change_rows, of_head
from sandbox.pilots.pages.conditions import open_steps
from sandbox.pilots.policy import KEEP_PILOTS, READ_PILOTS, SUPERVISE_PILOTS
from sandbox.pilots.tables import Condition, Evidence, Milestone, PilotStep


@get("/pilots/{pilot:uuid}/conditions", permission=READ_PILOTS)
async def show_conditions(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Every condition with its state."""
    head = await queries.head(request.user, pilot)
    return of_head(
        request, head, "conditions", conditions=await queries.parts(Condition, head.id),
        waiting=await evidence_queries.waiting_evidence(head.id), is_late=queries.is_late,
        is_owed=promises.is_owed,
        when=terms.when, limit_sentence=terms.limit_sentence,
    )  # fmt: skip


@get("/pilots/{pilot:uuid}/conditions/{condition:uuid}", permission=READ_PILOTS)
async def show_condition(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """One condition: what it asks, what was handed in, what may be done."""
    return await _condition_page(request, pilot, condition, Form({}))


async def _condition_page(
    request: Asked, pilot_id: UUID, condition_id: UUID, form: Form[Any]
) -> Any:
    head = await queries.head(request.user, pilot_id)
    condition = await queries.part(Condition, head, condition_id)
    plans = await queries.plans(head.id)
    amendable = "amend_plan" in head.can and head.state in {"preparing", *rules.RUNNING}
    is_open = condition.state not in rules.FINAL
    return of_head(
        request, head, "condition", form, condition=condition,
        evidence=await evidence_queries.evidence_of(condition_id), is_late=queries.is_late,
        is_open=is_open, reported=reporting.is_reported(condition, head.starts_on),
        when=terms.when, limit_sentence=terms.limit_sentence,
        steps=open_steps(head, condition), may_change=amendable and is_open,
        history=versions.of_condition(plans, condition.number), change_rows=change_rows,
        waiting=[
            one for one in await queries.changes_of(head, plans) if one.number == condition.number
        ],
        told=[
            one for one in await queries.parts(PilotStep, head.id) if one.subject == condition_id
        ],
        events=EVENTS,
        nearest=(await nearest.of_conditions(head, [condition.id])).get(condition.id),
    )  # fmt: skip


@get("/pilots/{pilot:uuid}/milestones", permission=READ_PILOTS)
async def show_milestones(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Every milestone by its day."""
    head = await queries.head(request.user, pilot)
    return of_head(
        request, head, "milestones", milestones=await queries.parts(Milestone, head.id),
        is_overdue=queries.is_overdue,
    )  # fmt: skip


@get("/pilots/{pilot:uuid}/milestones/{milestone:uuid}", permission=READ_PILOTS)
async def show_milestone(request: Asked, pilot: FromPath[UUID], milestone: FromPath[UUID]) -> Any:
    """One milestone and its evidence."""
    return await _milestone_page(request, pilot, milestone, Form({}))


async def _milestone_page(
    request: Asked, pilot_id: UUID, milestone_id: UUID, form: Form[Any]
) -> Any:
    head = await queries.head(request.user, pilot_id)
    return of_head(
        request, head, "milestone", form,
        milestone=await queries.part(Milestone, head, milestone_id),
        evidence=await evidence_queries.evidence_of(milestone_id), is_overdue=queries.is_overdue,
    )  # fmt: skip


_SUBJECTS = {
    "conditions": (_condition_page, commands.submit_evidence),
    "milestones": (_milestone_page, commands.submit_milestone),
}


@post("/pilots/{pilot:uuid}/conditions/{subject:uuid}/evidence", permission=KEEP_PILOTS)
async def hand_in(request: Asked, pilot: FromPath[UUID], subject: FromPath[UUID]) -> Any:
    """Hand in words, a file, or both for a condition."""
    return await _hand_in(request, pilot, "conditions", subject)


@post("/pilots/{pilot:uuid}/milestones/{subject:uuid}/evidence", permission=KEEP_PILOTS)
async def hand_in_milestone(request: Asked, pilot: FromPath[UUID], subject: FromPath[UUID]) -> Any:
    """Hand in words, a file, or both for a milestone."""
    return await _hand_in(request, pilot, "milestones", subject)


async def _hand_in(request: Asked, pilot_id: UUID, kind: str, subject: UUID) -> Any:
    show, submit = _SUBJECTS[kind]
    values, uploads = await read_values(request)
    head = await queries.head(request.user, pilot_id)
    try:
        file = await commands.keep_file(request.user, head.id, uploads.get("file"))
        await submit(request.user, subject, text=str(values.get("text") or ""), file=file)
    except InvalidInput as error:
        return await show(request, pilot_id, subject, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await show(request, pilot_id, subject, Form(values, {"_": error.message}))
    flash(request, "success", _("Your evidence has been sent. The authority decides on it."))
    return redirect(request, f"/pilots/{pilot_id}/{kind}/{subject}")


@post("/pilots/{pilot:uuid}/evidence/{evidence:uuid}", permission=SUPERVISE_PILOTS)
async def judge(request: Asked, pilot: FromPath[UUID], evidence: FromPath[UUID]) -> Any:
    """Accept evidence, or return it with a reason."""
    values, _files = await read_values(request)
    kind, subject = await _subject_of(evidence)
    accepted = values.get("verdict") == "accepted"
    try:
        await commands.judge_evidence(
            request.user, evidence, accepted=accepted, reason=str(values.get("reason") or "")
        )
    except InvalidInput as error:
        show = _SUBJECTS[kind][0]
        return await show(request, pilot, subject, Form(values, dict(error.errors)))
    words = _("Accepted. The firm has been told.") if accepted else _("Returned to the firm.")
    flash(request, "success", words)
    return redirect(request, f"/pilots/{pilot}/{kind}/{subject}")


async def _subject_of(evidence_id: UUID) -> tuple[str, UUID]:
    found = await Evidence.objects().get(Evidence.id == evidence_id)
    if found is None:
        raise NotFound
    return f"{found.subject_kind}s", found.subject


@post("/pilots/{pilot:uuid}/milestones/{milestone:uuid}/waive", permission=SUPERVISE_PILOTS)
async def waive_milestone(request: Asked, pilot: FromPath[UUID], milestone: FromPath[UUID]) -> Any:
    """Do without a milestone, for a reason."""
    values, _files = await read_values(request)
    try:
        await commands.waive_milestone(
            request.user, milestone, reason=str(values.get("reason") or "")
        )
    except InvalidInput as error:
        return await _milestone_page(request, pilot, milestone, Form(values, dict(error.errors)))
    flash(request, "success", _("Waived. The firm has been told."))
    return redirect(request, f"/pilots/{pilot}/milestones/{milestone}")


ROUTES = [
    show_conditions, show_condition, show_milestones, show_milestone, hand_in,
    hand_in_milestone, judge,
    waive_milestone,
]  # fmt: skip
