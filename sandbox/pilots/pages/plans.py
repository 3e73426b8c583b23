"""The plan and its changes, more time, and the exit."""

from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _, current_language
from sandbox.foundation.typed import decimal, whole
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, redirect, saved
from sandbox.pilots import amendments, closing, commands, plan, queries, rules, versions
from sandbox.pilots.pages.common import Asked, change_rows, of_head
from sandbox.pilots.policy import (
    DECIDE_PILOTS,
    KEEP_PILOTS,
    READ_PILOTS,
    SUPERVISE_PILOTS,
)
from sandbox.pilots.tables import ExitReport, Extension

# The plan ------------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/plan", permission=READ_PILOTS)
async def show_plan(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The plan in force, every version before it, and a change that waits."""
    return await _plan_page(request, pilot, Form({}))


async def _plan_page(request: Asked, pilot_id: UUID, form: Form[Any]) -> Any:
    head = await queries.head(request.user, pilot_id)
    every = await queries.plans(pilot_id)
    extensions = await queries.parts(Extension, pilot_id)
    accepted = [one for one in every if one.version == head.plan_version]
    waiting = next((v for v in every if versions.is_offered(v) or versions.is_announced(v)), None)
    return of_head(
        request, head, "plan", form, versions=every, extensions=extensions,
        content=plan.read(accepted[0].content) if accepted else None, change_rows=change_rows,
        offered=waiting, offered_content=plan.read(waiting.content) if waiting else None,
        announced=waiting is not None and versions.is_announced(waiting),
        changes=await queries.changes_of(head, every),
        asked=next((e for e in extensions if e.state == "asked"), None),
        when=terms.when, limit_sentence=terms.limit_sentence,
    )  # fmt: skip


def _changes(values: dict[str, Any]) -> amendments.Changes:
    """An amendment out of posted fields: ``text.<n>``, ``limit.<n>``, ``due.<n>``, ``end`` and
    ``milestone_due.<n>`` by number, and one new condition and milestone.

    :raises InvalidInput: a number or a day cannot be read.
    """
    errors: dict[str, str] = {}
    changes = amendments.Changes()
    for name, value in values.items():
        kind, _dot, rest = name.partition(".")
        number = whole(rest)
        if not value or number is None:
            continue
        try:
            _change(changes, kind, number, str(value))
        except ValueError:
            errors[name] = _("This cannot be read")
    ends = values.get("end") or []
    several = ends if isinstance(ends, list) else [ends]
    changes.ends = {number for one in several if (number := whole(one)) is not None}
    if values.get("new_text"):
        changes.new_conditions = [
            amendments.NewCondition(
                text=str(values["new_text"]), due_on=_day(values, "new_due", errors)
            )
        ]
    due = _day(values, "new_milestone_due", errors)
    if values.get("new_milestone") and due is None:
        errors["new_milestone_due"] = _("Enter a date")
    elif values.get("new_milestone") and due is not None:
        changes.new_milestones = [
            amendments.NewMilestone(title=str(values["new_milestone"]), due_on=due)
        ]
    if errors:
        raise InvalidInput(errors)
    return changes


def _change(changes: amendments.Changes, kind: str, number: int, value: str) -> None:
    if kind == "text":
        changes.texts[number] = value
    elif kind == "limit":
        limit = decimal(value.replace(",", ""))
        if limit is None:
            raise ValueError(value)
        changes.limits[number] = limit
    elif kind == "due":
        changes.dues[number] = date.fromisoformat(value)
    elif kind == "milestone_due":
        changes.milestone_dues[number] = date.fromisoformat(value)


def _day(values: dict[str, Any], name: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(str(values[name])) if values.get(name) else None
    except ValueError:
        errors[name] = _("Enter a date")
        return None


@post("/pilots/{pilot:uuid}/plan", permission=DECIDE_PILOTS)
async def amend(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Offer a change of the plan; the firm accepts or declines it."""
    values, _files = await read_values(request)
    try:
        await commands.amend_plan(
            request.user, pilot, changes=_changes(values),
            reason=str(values.get("reason") or ""), language=current_language(),
        )  # fmt: skip
    except InvalidInput as error:
        return await _plan_page(request, pilot, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _plan_page(request, pilot, Form(values, {"_": error.message}))
    flash(request, "success", _("The change is offered to the firm."))
    return redirect(request, f"/pilots/{pilot}/plan")


@post("/pilots/{pilot:uuid}/plan/accept", permission=KEEP_PILOTS)
async def accept(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The firm agrees to the change."""
    await commands.accept_amendment(request.user, pilot)
    flash(request, "success", _("The changed plan is in force."))
    return redirect(request, f"/pilots/{pilot}/plan")


@post("/pilots/{pilot:uuid}/plan/decline", permission=KEEP_PILOTS)
async def decline(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The firm does not agree, and says why."""
    values, _files = await read_values(request)
    try:
        await commands.decline_amendment(
            request.user, pilot, reason=str(values.get("reason") or "")
        )
    except InvalidInput as error:
        return await _plan_page(request, pilot, Form(values, dict(error.errors)))
    flash(request, "success", _("Declined. The plan stays as it is."))
    return redirect(request, f"/pilots/{pilot}/plan")


@post("/pilots/{pilot:uuid}/plan/withdraw", permission=DECIDE_PILOTS)
async def take_back(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Take an offered change back."""
    await commands.withdraw_amendment(request.user, pilot)
    flash(request, "success", _("The offer is taken back."))
    return redirect(request, f"/pilots/{pilot}/plan")


# More time -----------------------------------------------------------------------------------


def _months(values: dict[str, Any]) -> int:
    typed = str(values.get("months") or "")
    return int(typed) if typed.isdecimal() and len(typed) < 4 else 0


@post("/pilots/{pilot:uuid}/extension", permission=KEEP_PILOTS)
async def ask_extension(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The firm asks for more time."""
    values, _files = await read_values(request)
    try:
        await commands.ask_extension(
            request.user, pilot, months=_months(values), why=str(values.get("why") or "")
        )
    except InvalidInput as error:
        return await _plan_page(request, pilot, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _plan_page(request, pilot, Form(values, {"_": error.message}))
    flash(request, "success", _("You asked for more time. A decision maker decides."))
    return redirect(request, f"/pilots/{pilot}/plan#extension")


@post("/pilots/{pilot:uuid}/extension/decision", permission=DECIDE_PILOTS)
async def decide_extension(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Grant or refuse more time."""
    values, _files = await read_values(request)
    reason = str(values.get("reason") or "")
    try:
        if values.get("verdict") == "granted":
            await commands.extend(request.user, pilot, months=_months(values), reason=reason)
        else:
            await commands.refuse_extension(request.user, pilot, reason=reason)
    except InvalidInput as error:
        return await _plan_page(request, pilot, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _plan_page(request, pilot, Form(values, {"_": error.message}))
    flash(request, "success", _("Decided. The firm has been told."))
    return redirect(request, f"/pilots/{pilot}/plan#extension")


# Exit ----------------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/exit", permission=READ_PILOTS)
async def show_exit(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The exit report: written by the firm, judged by the authority."""
    return await _exit_page(request, pilot, None)


async def _exit_page(request: Asked, pilot_id: UUID, form: Form[Any] | None) -> Any:
    head = await queries.head(request.user, pilot_id)
    reports = await queries.parts(ExitReport, pilot_id)
    report = reports[0] if reports else None
    if form is None:
        form = Form(dict(report.answers) if report else {})
    closes = report is not None and report.state == "submitted" and "judge_exit_report" in head.can
    return of_head(
        request, head, "exit", form, report=report, sections=head.pack.reports.exit_sections,
        outcomes=[rules.Outcome.COMPLETED, rules.Outcome.MOVING_TO_MARKET],
        loose_ends=await queries.loose_ends(head) if closes else [], why=closing.WHY,
        incidents=await queries.open_incidents(head.id) if closes else [],
    )  # fmt: skip


def _exit_answers(values: dict[str, Any], sections: Any) -> dict[str, str]:
    return {s.key: str(values.get(s.key) or "") for s in sections if s.key in values}


@post("/pilots/{pilot:uuid}/exit/autosave", permission=KEEP_PILOTS)
async def autosave_exit(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Keep the exit report as it stands."""
    values, _files = await read_values(request)
    head = await queries.head(request.user, pilot)
    answers = _exit_answers(values, head.pack.reports.exit_sections)
    await commands.save_exit_report(request.user, pilot, answers)
    return saved()


@post("/pilots/{pilot:uuid}/exit", permission=KEEP_PILOTS)
async def submit_exit(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Submit the exit report, or keep it for later."""
    values, _files = await read_values(request)
    head = await queries.head(request.user, pilot)
    answers = _exit_answers(values, head.pack.reports.exit_sections)
    await commands.save_exit_report(request.user, pilot, answers)
    if values.get("step") == "later":
        flash(request, "success", _("Your exit report is kept."))
        return redirect(request, f"/pilots/{pilot}")
    try:
        await commands.submit_exit_report(request.user, pilot)
    except InvalidInput as error:
        return await _exit_page(request, pilot, Form(values, dict(error.errors)))
    flash(request, "success", _("Your exit report is submitted."))
    return redirect(request, f"/pilots/{pilot}/exit")


@post("/pilots/{pilot:uuid}/exit/verdict", permission=SUPERVISE_PILOTS)
async def judge_exit(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Accept the exit report and close the pilot, or return it with a reason."""
    values, _files = await read_values(request)
    reason = str(values.get("reason") or "")
    try:
        if values.get("verdict") == "accepted":
            typed = str(values.get("outcome") or "")
            outcome = rules.Outcome(typed) if typed in set(rules.Outcome) else None
            await commands.accept_exit_report(
                request.user, pilot, outcome=outcome, words=reason, left=_left(values)
            )
        else:
            await commands.return_exit_report(request.user, pilot, reason=reason)
    except InvalidInput as error:
        return await _exit_page(request, pilot, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _exit_page(request, pilot, Form(values, {"_": error.message}))
    flash(request, "success", _("Decided. The firm has been told."))
    return redirect(request, f"/pilots/{pilot}/exit")


def _left(values: dict[str, Any]) -> dict[UUID, str]:
    """Why the pilot may close over what is still open: the fields ``left.<id>``."""
    found: dict[UUID, str] = {}
    for name, words in values.items():
        kind, _dot, number = name.partition(".")
        if kind == "left":
            with suppress(ValueError):
                found[UUID(number)] = str(words)
    return found


ROUTES = [
    show_plan, amend, accept, decline, take_back, ask_extension, decide_extension, show_exit,
    autosave_exit, submit_exit, judge_exit,
]  # fmt: skip
