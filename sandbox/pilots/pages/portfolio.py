"""Lists, the plan before there is a pilot, and a pilot's first page with its steps."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.applications.tables import Application
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.policy import allow, may
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect, wants_part
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word
from sandbox.framework import library
from sandbox.people.person import CASE_READERS
from sandbox.pilots import commands, looser_queries, offers, queries, reliefs, rules
from sandbox.pilots.pages.common import EVENTS, Asked, of_head, pilot_page
from sandbox.pilots.policy import KEEP_PILOTS, MOVE_PILOTS, READ_PILOTS, SUPERVISE_PILOTS
from sandbox.pilots.tables import Condition, FollowUp


@get("/pilots", permission=READ_PILOTS)
async def show_pilots(request: Asked) -> Any:
    """The pilots that one may read."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in queries.Filters.__struct_fields__}
    cursor = read_cursor(asked, length=2)
    return page(
        request, "pilots/list.html", block="results", filters=Form(chosen),
        pilots=await queries.portfolio(request.user, queries.Filters(**chosen), cursor),
        looser=await _looser(request),
        states=[(s, word(s)) for s in ("preparing", "live", "suspended", "exiting", "closed")],
        official=request.user.is_any(*CASE_READERS),
    )  # fmt: skip


async def _looser(request: Asked) -> int:
    """How many conditions to bring in line with the framework, for who watches over them."""
    part = wants_part(request)
    if part or not SUPERVISE_PILOTS.allows(request.user):
        return 0
    return len(await looser_queries.looser(request.user))


# The plan that waits to be accepted ----------------------------------------------------------


@get("/applications/{application:uuid}/plan", permission=KEEP_PILOTS)
async def show_offer(request: Asked, application: FromPath[UUID]) -> Any:
    """The sandbox plan as it was decided, to be read and accepted."""
    return await _offer_page(request, application, Form({}))


async def _offer_page(request: Asked, application_id: UUID, form: Form[Any]) -> Any:
    row = await Application.objects().get(Application.id == application_id).output(load_json=True)
    if row is None or not request.user.belongs_to(row.organisation):
        raise NotFound
    offer = await offers.offer_of(row)
    allow(request.user, "read", offer.subject)
    return page(
        request, "pilots/offer.html", status=409 if form.errors else 200, offer=offer,
        title=row.title, application=application_id, form=form,
        pack=library.pack_of(row.pack_version),
        may_accept=may(request.user, "accept_plan", offer.subject),
        when=terms.when, limit_sentence=terms.limit_sentence,
    )  # fmt: skip


@post("/applications/{application:uuid}/plan", permission=KEEP_PILOTS)
async def accept_offer(request: Asked, application: FromPath[UUID]) -> Any:
    """Accept the plan: the pilot begins to be prepared."""
    values, _files = await read_values(request)
    if values.get("agreed") != "yes":
        form: Form[Any] = Form(values, {"agreed": _("Tick the box to accept the plan")})
        return await _offer_page(request, application, form)
    try:
        pilot = await commands.accept_plan(request.user, application)
    except RuleBroken as error:
        return await _offer_page(request, application, Form(values, {"_": error.message}))
    flash(request, "success", _("You accepted the plan. Next: what must be met before going live."))
    return redirect(request, f"/pilots/{pilot.id}")


# One pilot -----------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}", permission=READ_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID]) -> Any:
    """How the pilot stands, and what comes next."""
    return await _overview_page(request, pilot, Form({}))


async def _overview_page(request: Asked, pilot_id: UUID, form: Form[Any]) -> Any:
    head = await queries.head(request.user, pilot_id)
    return of_head(
        request, head, "overview", form, overview=await queries.overview(head),
        steps=[(event, _(step.title)) for event, step in STEPS.items() if _open(head, event)],
        events=EVENTS, standing=reliefs.standing,
    )  # fmt: skip


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something done to the pilot as a whole. ``states``: from which it may be done.

    ``shows_open``: nobody does it without seeing which breaches and incidents are open.
    """

    command: Callable[..., Any]
    action: str
    states: tuple[str, ...]
    title: str
    explained: str
    done: str
    reason: bool = True
    danger: bool = False
    shows_open: bool = False


_RUNNING = ("live", "suspended")
STEPS = {
    "declare-ready": Step(
        command=commands.declare_ready, action="declare_ready", states=("preparing",),
        title=N_("Say that you are ready"), reason=False,
        explained=N_("Every condition that comes before is met. The authority then starts the "
                     "testing period."),
        done=N_("The authority has been told that you are ready."),
    ),
    "go-live": Step(
        command=commands.go_live, action="go_live", states=("preparing",),
        title=N_("Start the testing period"), reason=False,
        explained=N_("It starts today. Standing conditions come into force and milestones get "
                     "their days."),
        done=N_("The pilot is live."),
    ),
    "suspend": Step(
        command=commands.suspend, action="suspend", states=("live",),
        title=N_("Suspend the pilot"), danger=True,
        explained=N_("The tested service stops, and rules that are relaxed rest, until it "
                     "resumes. The testing period runs on. Both sides are told at once."),
        done=N_("The pilot is suspended."),
    ),
    "resume": Step(
        command=commands.resume, action="resume", states=("suspended",),
        title=N_("Let the pilot resume"), shows_open=True,
        explained=N_("It goes on under the same plan, and rules that are relaxed are relaxed "
                     "again."),
        done=N_("The pilot is live again."),
    ),
    "begin-exit": Step(
        command=commands.begin_exit, action="begin_exit", states=_RUNNING,
        title=N_("End the testing period"),
        explained=N_("The firm then writes its exit report. Before the last day it needs a "
                     "reason."),
        done=N_("Testing has ended. The exit report is due."),
    ),
    "stop": Step(
        command=commands.stop, action="stop", states=("preparing", *_RUNNING),
        title=N_("Stop the pilot"), danger=True,
        explained=N_("This cannot be undone. A pilot that ran still owes its exit report."),
        done=N_("The pilot is stopped."),
    ),
    "terminate": Step(
        command=commands.terminate, action="terminate", states=("preparing", *_RUNNING),
        title=N_("Terminate the pilot"), danger=True,
        explained=N_("This cannot be undone. The firm is told the reason."),
        done=N_("The pilot is terminated."),
    ),
}  # fmt: skip


def _open(pilot: queries.Head, event: str) -> bool:
    step = STEPS[event]
    if event == "go-live" and pilot.ready_at is None:
        return False
    if event == "declare-ready" and pilot.ready_at is not None:
        return False
    return step.action in pilot.can and pilot.state in step.states


@get("/pilots/{pilot:uuid}/steps/{event:str}", permission=MOVE_PILOTS)
async def step_form(request: Asked, pilot: FromPath[UUID], event: FromPath[str]) -> Any:
    """Say what the step does, ask for its reason, and whether it is meant."""
    return await _step_page(request, pilot, event, Form({}))


async def _step_page(request: Asked, pilot_id: UUID, event: str, form: Form[Any]) -> Any:
    if event not in STEPS:
        raise NotFound
    breached: list[Condition] = []
    incidents: list[queries.OpenIncident] = []
    if STEPS[event].shows_open:
        head = await queries.head(request.user, pilot_id)
        breached = [c for c in await queries.parts(Condition, head.id) if rules.is_broken(c)]
        incidents = await queries.open_incidents(head.id)
    return await pilot_page(
        request, pilot_id, "step", form, step=STEPS[event], event=event, breached=breached,
        incidents=incidents,
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/steps/{event:str}", permission=MOVE_PILOTS)
async def take_step(request: Asked, pilot: FromPath[UUID], event: FromPath[str]) -> Any:
    """Take the step."""
    if event not in STEPS:
        raise NotFound
    step = STEPS[event]
    values, _files = await read_values(request)
    given = {"reason": str(values.get("reason") or "")} if step.reason else {}
    try:
        await step.command(request.user, pilot, **given)
    except InvalidInput as error:
        return await _step_page(request, pilot, event, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _step_page(request, pilot, event, Form(values, {"_": error.message}))
    flash(request, "success", _(step.done))
    return redirect(request, f"/pilots/{pilot}")


# Guidance ------------------------------------------------------------------------------------


@post("/pilots/{pilot:uuid}/guidance", permission=SUPERVISE_PILOTS)
async def give_guidance(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Write a line of the guidance register."""
    values, _files = await read_values(request)
    try:
        await commands.give_guidance(
            request.user, pilot, subject=str(values.get("subject") or ""),
            text=str(values.get("text") or ""),
        )  # fmt: skip
    except InvalidInput as error:
        return await _overview_page(request, pilot, Form(values, dict(error.errors)))
    flash(request, "success", _("The guidance is in the register. The firm has been told."))
    return redirect(request, f"/pilots/{pilot}#guidance")


@post("/pilots/{pilot:uuid}/guidance/{guidance:uuid}/acknowledge", permission=KEEP_PILOTS)
async def acknowledge(request: Asked, pilot: FromPath[UUID], guidance: FromPath[UUID]) -> Any:
    """The firm has read it."""
    await commands.acknowledge_guidance(request.user, guidance)
    flash(request, "success", _("Thank you. Keeping to it counts as good faith."))
    return redirect(request, f"/pilots/{pilot}#guidance")


@post("/pilots/{pilot:uuid}/follow-ups/{follow_up:uuid}", permission=SUPERVISE_PILOTS)
async def answer_follow_up(request: Asked, pilot: FromPath[UUID], follow_up: FromPath[UUID]) -> Any:
    """Record how things went after the exit."""
    values, _files = await read_values(request)
    head = await queries.head(request.user, pilot)
    await queries.part(FollowUp, head, follow_up)
    try:
        await commands.answer_follow_up(
            request.user, follow_up, answer=str(values.get("answer") or "")
        )
    except InvalidInput as error:
        return await _overview_page(request, pilot, Form(values, dict(error.errors)))
    flash(request, "success", _("Recorded."))
    return redirect(request, f"/pilots/{pilot}")


NAVIGATION = [NavigationLink("/pilots", N_("Pilots"), READ_PILOTS, place=30)]

ROUTES = [
    show_pilots, show_offer, accept_offer, show, step_form, take_step, give_guidance,
    acknowledge, answer_follow_up,
]  # fmt: skip
