"""What applicant and authority say to each other: messages, and asking for reconsideration."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import applicant_queries, commands, exchange, queries
from sandbox.applications.policy import APPLY, DECIDE, READ_CASES, WRITE_MESSAGES
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.framework import library
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]


# Messages ------------------------------------------------------------------------------------


@get("/applications/{application:uuid}/messages", permission=APPLY)
async def show_own(request: Asked, application: FromPath[UUID]) -> Any:
    """The firm's side of the messages."""
    return await _own_page(request, application, Form({}))


async def _own_page(request: Asked, application_id: UUID, form: Form[Any]) -> Any:
    found = await applicant_queries.one(request.user, application_id)
    return page(
        request, "applications/messages.html", status=422 if form.errors else 200,
        application=found, pack=library.pack_of(found.pack_version), form=form,
        messages=await exchange.messages(found.id, official=False),
    )  # fmt: skip


@post("/applications/{application:uuid}/messages", permission=APPLY)
async def write_own(request: Asked, application: FromPath[UUID]) -> Any:
    """Write to the case officer."""
    values, _files = await read_values(request)
    try:
        await commands.write_message(request.user, application, str(values.get("message") or ""))
    except InvalidInput as error:
        return await _own_page(request, application, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _own_page(request, application, Form(values, {"_": error.message}))
    flash(request, "success", _("Sent. The case officer has been told."))
    return redirect(request, f"/applications/{application}/messages")


@get("/cases/{case:uuid}/messages", permission=READ_CASES)
async def show_of_case(request: Asked, case: FromPath[UUID]) -> Any:
    """The authority's side of the messages."""
    return await _case_page(request, case, Form({}))


async def _case_page(request: Asked, case_id: UUID, form: Form[Any]) -> Any:
    case = await queries.case(request.user, case_id)
    return page(
        request, "cases/messages.html", status=422 if form.errors else 200, case=case,
        pack=library.pack_of(case.pack_version), form=form,
        messages=await exchange.messages(case.id, official=True),
    )  # fmt: skip


@post("/cases/{case:uuid}/messages", permission=WRITE_MESSAGES)
async def write_to_applicant(request: Asked, case: FromPath[UUID]) -> Any:
    """Write to the applicant."""
    values, _files = await read_values(request)
    try:
        await commands.write_message(request.user, case, str(values.get("message") or ""))
    except InvalidInput as error:
        return await _case_page(request, case, Form(values, dict(error.errors)))
    flash(request, "success", _("Sent. The applicant has been told."))
    return redirect(request, f"/cases/{case}/messages")


# Reconsideration -----------------------------------------------------------------------------


@get("/applications/{application:uuid}/reconsideration", permission=APPLY)
async def reconsideration_form(request: Asked, application: FromPath[UUID]) -> Any:
    """Say what is wrong with the decision; or read what came of it."""
    return await _ask_page(request, application, Form({}))


async def _ask_page(request: Asked, application_id: UUID, form: Form[Any]) -> Any:
    found = await applicant_queries.one(request.user, application_id)
    return page(
        request, "applications/reconsideration.html", status=422 if form.errors else 200,
        application=found, pack=library.pack_of(found.pack_version), form=form,
        until=await exchange.may_ask_until(found.id), asked=await exchange.asked(found.id),
    )  # fmt: skip


@post("/applications/{application:uuid}/reconsideration", permission=APPLY)
async def ask_again(request: Asked, application: FromPath[UUID]) -> Any:
    """Ask that another decision maker looks at the decision."""
    values, _files = await read_values(request)
    try:
        await commands.ask_reconsideration(
            request.user, application, text=str(values.get("text") or "")
        )
    except InvalidInput as error:
        return await _ask_page(request, application, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _ask_page(request, application, Form(values, {"_": error.message}))
    flash(request, "success", _("You have asked. Another decision maker looks at it again."))
    return redirect(request, f"/applications/{application}")


@post("/cases/{case:uuid}/uphold", permission=DECIDE)
async def uphold(request: Asked, case: FromPath[UUID]) -> Any:
    """Say that the decision stands."""
    from sandbox.applications.pages.staff import decision_page

    values, _files = await read_values(request)
    try:
        await commands.uphold(request.user, case, text=str(values.get("answer") or ""))
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await decision_page(request, case, form, 422)
    except RuleBroken as error:
        return await decision_page(request, case, Form(values, {"_": error.message}), 409)
    flash(request, "success", _("The decision stands. The applicant has been told."))
    return redirect(request, f"/cases/{case}/decision")


ROUTES = [
    show_own, write_own, show_of_case, write_to_applicant, reconsideration_form, ask_again, uphold,
]  # fmt: skip
