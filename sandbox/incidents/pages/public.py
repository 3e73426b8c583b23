"""What anybody can do: report a problem with a pilot, and follow the report by its number."""

from datetime import date
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation.errors import InvalidInput, RuleBroken, TooMany
from sandbox.foundation.i18n import N_, _, today
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import page, redirect
from sandbox.foundation.web.security import limit
from sandbox.incidents import commands, public_queries, public_rules
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]
REPORTS, REPORT_SECONDS = 5, 3600  # of one address; a family behind one may have several
LOOKS, LOOK_SECONDS = 20, 300
STATES = {
    "received": N_("Received"),
    "looked_into": N_("Being looked at"),
    "answered": N_("Answered"),
    "closed": N_("Closed"),
}


@get("/problems", permission=PUBLIC)
async def begin(request: Asked) -> Any:
    """Which pilot is it about? Or: how does my report stand?"""
    return page(
        request, "incidents/public/begin.html", subjects=await public_queries.subjects(),
        form=Form(),
    )  # fmt: skip


@get("/problems/about", permission=PUBLIC)
async def choose(request: Asked) -> Any:
    """On to the form of the pilot that was chosen."""
    chosen = request.query_params.get("pilot", "")
    known = await public_queries.subjects()
    if chosen in {one.reference for one in known}:
        return redirect(request, f"/register/{chosen}/problem")
    form: Form[Any] = Form({}, {"pilot": _("Choose a pilot from the list")})
    return page(request, "incidents/public/begin.html", status=422, subjects=known, form=form)


@get("/register/{reference:str}/problem", permission=PUBLIC)
async def new(request: Asked, reference: FromPath[str]) -> Any:
    """An empty report about one pilot."""
    return await _form_page(request, reference, Form())


async def _form_page(request: Asked, reference: str, form: Form[Any], status: int = 422) -> Any:
    return page(
        request, "incidents/public/new.html", status=status if form.errors else 200, form=form,
        subject=await public_queries.subject(reference), harms=public_rules.HARMS,
        most=public_rules.MOST_WORDS,
    )  # fmt: skip


@post("/register/{reference:str}/problem", permission=PUBLIC)
async def send(request: Asked, reference: FromPath[str]) -> Any:
    """Take the report; its number is shown on the next page, this once."""
    values, _files = await read_values(request)
    errors: dict[str, str] = {}
    told = _told(values, errors)
    try:
        public_rules.check(told, today=today())
    except InvalidInput as error:
        errors = {**error.errors, **errors}
    if errors:
        return await _form_page(request, reference, Form(values, errors))
    try:
        await limit(request, "public-report", times=REPORTS, seconds=REPORT_SECONDS)
        number = await commands.send_public_report(reference, told)
    except InvalidInput as error:
        return await _form_page(request, reference, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _form_page(request, reference, Form(values, {"_": error.message}), 409)
    except TooMany as error:
        words = _("Many reports came from your connection. Please wait an hour and send it again.")
        answer = await _form_page(request, reference, Form(values, {"_": words}), 429)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    request.session["problem"] = {"number": number, "mailed": bool(told.email)}
    return redirect(request, "/problems/received")


def _told(values: dict[str, Any], errors: dict[str, str]) -> public_rules.Told:
    typed = {name: str(values.get(name) or "") for name in public_rules.Told.__struct_fields__}
    happened_on = None
    try:
        happened_on = date.fromisoformat(typed["happened_on"]) if typed["happened_on"] else None
    except ValueError:
        errors["happened_on"] = _("Enter a date")
    words = {name: typed[name] for name in typed if name != "happened_on"}
    return public_rules.Told(**words, happened_on=happened_on)


@get("/problems/received", permission=PUBLIC, sync_to_thread=False)
def received(request: Asked) -> Any:
    """The number, and what happens next. Only the browser that sent the report sees it."""
    known = request.session.get("problem")
    if not isinstance(known, dict):
        return redirect(request, "/problems")
    return page(request, "incidents/public/received.html", **known)


@get("/problems/status", permission=PUBLIC, sync_to_thread=False)
def ask_status(request: Asked) -> Any:
    """Ask for a tracking number; it is posted, so that no history or log keeps it."""
    return page(request, "incidents/public/status.html", form=Form(), found=None, states=STATES)


@post("/problems/status", permission=PUBLIC)
async def show_status(request: Asked) -> Any:
    """How the report with this number stands, in plain words."""
    await limit(request, "public-status", times=LOOKS, seconds=LOOK_SECONDS)
    values, _files = await read_values(request)
    found = await public_queries.standing(str(values.get("number") or ""))
    errors = (
        {} if found else {"number": _("We know no report with this number. Check its letters.")}
    )
    return page(
        request, "incidents/public/status.html", status=422 if errors else 200,
        form=Form(values, errors), found=found, states=STATES,
    )  # fmt: skip


ROUTES = [begin, choose, new, send, received, ask_status, show_status]
