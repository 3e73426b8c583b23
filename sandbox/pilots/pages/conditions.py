"""What is done about one condition: recorded, waived, discharged, changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation.errors import Forbidden, InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _, current_language
from sandbox.foundation.typed import whole
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, redirect
from sandbox.framework import threshold_form
from sandbox.framework.thresholds import threshold_of
from sandbox.pilots import amendments, commands, plan, queries
from sandbox.pilots.commands.changes import tightened_from
from sandbox.pilots.pages.common import Asked, of_head
from sandbox.pilots.plan import PlannedCondition
from sandbox.pilots.policy import DECIDE_PILOTS, SUPERVISE_PILOTS
from sandbox.pilots.tables import Condition, Pilot

# Steps -------------------------------------------------------------------------------------


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something done about a condition by hand. ``states``: from which; ``until``: may end."""

    command: Callable[..., Any]
    action: str
    states: frozenset[str]
    title: str
    explained: str
    done: str
    until: bool = False


STEPS = {
    "breach": Step(
        command=commands.breach_condition, action="supervise_conditions",
        states=frozenset({"in_force", "met", "cured"}), title=N_("Record that it is not kept"),
        explained=N_("For what no machine sees. The firm is told, and asked to put it right."),
        done=N_("Recorded as not kept. The firm has been told."),
    ),
    "cure": Step(
        command=commands.cure_condition, action="supervise_conditions",
        states=frozenset({"breached", "escalated"}), title=N_("Record that it is kept again"),
        explained=N_("The breach stays on record; the condition counts as kept again."),
        done=N_("Recorded as kept again."),
    ),
    "escalate": Step(
        command=commands.escalate_condition, action="supervise_conditions",
        states=frozenset({"breached"}), title=N_("Escalate the breach"),
        explained=N_("It then weighs heavily enough to be looked at above. The firm is told."),
        done=N_("Escalated. The firm has been told."),
    ),
    "waive": Step(
        command=commands.waive_condition, action="waive_condition", until=True,
        states=frozenset({"pending", "in_force", "breached", "cured", "escalated"}),
        title=N_("Waive it"),
        explained=N_("The firm need not keep it: for good, or until the end of a day, after "
                     "which it binds again by itself."),
        done=N_("Waived. The firm has been told."),
    ),
    "reinstate": Step(
        command=commands.reinstate_condition, action="waive_condition",
        states=frozenset({"waived"}), title=N_("Bring it back into force"),
        explained=N_("The waiver ends now, before its last day."),
        done=N_("In force again. The firm has been told."),
    ),
    "discharge": Step(
        command=commands.discharge_condition, action="waive_condition",
        states=frozenset({"in_force", "met", "cured"}), title=N_("Discharge it"),
        explained=N_("It has done its work and is no longer needed. It counts as kept, and "
                     "nothing is asked for it any more."),
        done=N_("Discharged. The firm has been told."),
    ),
}  # fmt: skip


def open_steps(pilot: queries.Head, condition: Condition) -> list[tuple[str, str]]:
    """What the viewer may do about it now: the step and its title."""
    if pilot.state == "closed":
        return []
    return [
        (name, _(step.title))
        for name, step in STEPS.items()
        if step.action in pilot.can
        and condition.state in step.states
        and (name != "reinstate" or condition.waived_until)
    ]


@get("/pilots/{pilot:uuid}/conditions/{condition:uuid}/{step:str}", permission=SUPERVISE_PILOTS)
async def step_form(
    request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID], step: FromPath[str]
) -> Any:
    """Say what the step does, and ask for its reason."""
    return await _step_page(request, pilot, condition, step, Form({}))


async def _step_page(
    request: Asked, pilot_id: UUID, condition_id: UUID, step: str, form: Form[Any]
) -> Any:
    if step not in STEPS:
        raise NotFound
    head = await queries.head(request.user, pilot_id)
    condition = await queries.part(Condition, head, condition_id)
    if STEPS[step].action not in head.can:
        raise Forbidden(_("A decision maker of the lead authority does this."))
    return of_head(
        request, head, "condition_step", form, condition=condition, step=STEPS[step],
        name=step, is_standing=condition.kind != "document",
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/conditions/{condition:uuid}/{step:str}", permission=SUPERVISE_PILOTS)
async def take_step(
    request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID], step: FromPath[str]
) -> Any:
    """Breach, cure, escalate, waive, reinstate or discharge by hand."""
    if step not in STEPS:
        raise NotFound
    values, _files = await read_values(request)
    try:
        given: dict[str, Any] = {"reason": str(values.get("reason") or "")}
        if STEPS[step].until:
            given["until"] = _day(values, "until")
        await STEPS[step].command(request.user, condition, **given)
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await _step_page(request, pilot, condition, step, form)
    except RuleBroken as error:
        form = Form(values, {"_": error.message})
        return await _step_page(request, pilot, condition, step, form)
    flash(request, "success", _(STEPS[step].done))
    return redirect(request, f"/pilots/{pilot}/conditions/{condition}")


def _day(values: dict[str, Any], name: str) -> date | None:
    """A day that may be left out.

    :raises InvalidInput: it cannot be read.
    """
    try:
        return date.fromisoformat(str(values[name])) if values.get(name) else None
    except ValueError:
        raise InvalidInput({name: _("Enter a date")}) from None


# Changing it -------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/conditions/{condition:uuid}/change", permission=DECIDE_PILOTS)
async def change_form(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """Everything of a condition that can be changed; a limit that was tried comes in the query."""
    return await _change_page(request, pilot, condition, None)


async def _change_page(
    request: Asked, pilot_id: UUID, condition_id: UUID, form: Form[Any] | None
) -> Any:
    head = await queries.head(request.user, pilot_id)
    condition = await queries.part(Condition, head, condition_id)
    if "amend_plan" not in head.can:
        raise Forbidden(_("A decision maker of the lead authority does this."))
    planned = await _planned(head, condition)
    tried = {k: v for k, v in request.query_params.items() if k in threshold_form.FIELDS}
    if version := request.query_params.get("framework", "")[:40]:
        words = _("The framework asks for this since its version %(version)s.")
        tried["reason"] = words % {"version": version}
    row = await Pilot.objects().get(Pilot.id == head.id)
    assert row is not None
    return of_head(
        request, head, "condition_change", form or Form({**_opened(planned), **tried}),
        condition=condition, planned=planned, threshold=_watched(planned), when=terms.when,
        limit_sentence=terms.limit_sentence, windows=_words(threshold_form.WINDOWS),
        consequences=_words(threshold_form.CONSEQUENCES), tightened_from=tightened_from(row),
    )  # fmt: skip


def _words(names: Any) -> list[tuple[str, str]]:
    return [(str(key), _(words)) for key, words in names.items()]


async def _planned(pilot: queries.Head, condition: Condition) -> PlannedCondition:
    """The condition as the plan in force has it.

    :raises NotFound: the plan has it no more.
    """
    held = next(v for v in await queries.plans(pilot.id) if v.version == pilot.plan_version)
    found = plan.read(held.content).condition(condition.number)
    if found is None:
        raise NotFound
    return found


def _watched(planned: PlannedCondition) -> Any:
    """Its own threshold; that of a cap follows its limit."""
    return threshold_of(planned.threshold) if planned.cap is None else None


def _opened(planned: PlannedCondition) -> dict[str, Any]:
    language = current_language()
    threshold = _watched(planned)
    fields: dict[str, Any] = threshold_form.opened(threshold) if threshold else {}
    if planned.cap is not None:
        fields["limit"] = str(planned.cap["limit"])
    return {
        "title": planned.title.get(language, ""), "text": planned.text.get(language, ""),
        "due_on": planned.due_on.isoformat() if planned.due_on else "", "how": "offer", **fields,
    }  # fmt: skip


def _changes(values: dict[str, Any], planned: PlannedCondition) -> amendments.Changes:
    """What was typed that differs from what is in force.

    :raises InvalidInput: a field cannot be read.
    """
    number, opened = planned.number, _opened(planned)
    changes = amendments.Changes()
    typed = {name: str(values.get(name) or "").strip() for name in opened}
    if typed["title"] and typed["title"] != opened["title"].strip():
        changes.titles[number] = typed["title"][:300]
    if typed["text"] and typed["text"] != opened["text"].strip():
        changes.texts[number] = typed["text"]
    due_on = _day(values, "due_on")
    if due_on is not None and due_on != planned.due_on:
        changes.dues[number] = due_on
    threshold = _watched(planned)
    if threshold is not None:
        after = threshold_form.changed(values, threshold)
        if parts := threshold_form.parts_changed(threshold, after):
            changes.thresholds[number] = parts
    if planned.cap is not None and (limit := _cap_limit(typed["limit"])) != planned.cap["limit"]:
        changes.limits[number] = limit
    return changes


def _cap_limit(typed: str) -> int:
    limit = whole(typed.replace(",", ""))
    if not limit:
        raise InvalidInput({"limit": _("Enter a whole number")})
    return limit


@post("/pilots/{pilot:uuid}/conditions/{condition:uuid}/change", permission=DECIDE_PILOTS)
async def change(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """Offer the change to the firm; or, where it only tightens, announce from when it binds."""
    values, _files = await read_values(request)
    head = await queries.head(request.user, pilot)
    row = await queries.part(Condition, head, condition)
    given = {"reason": str(values.get("reason") or ""), "language": current_language()}
    try:
        changes = _changes(values, await _planned(head, row))
        if values.get("how") == "alone":
            from_on = _day(values, "from_on")
            await commands.tighten(request.user, pilot, changes=changes, from_on=from_on, **given)
            words = _("Announced. The firm has been told from when it binds.")
        else:
            await commands.amend_plan(request.user, pilot, changes=changes, **given)
            words = _("The change is offered to the firm.")
    except InvalidInput as error:
        return await _change_page(request, pilot, condition, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _change_page(request, pilot, condition, Form(values, {"_": error.message}))
    flash(request, "success", words)
    return redirect(request, f"/pilots/{pilot}/conditions/{condition}")


ROUTES = [step_form, take_step, change_form, change]
