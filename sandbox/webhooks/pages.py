"""Webhooks: the addresses of one's own, one of them, and what may be done with it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.foundation.web.security import limit
from sandbox.people.person import Person
from sandbox.webhooks import commands, queries, rules
from sandbox.webhooks.policy import KEEP_WEBHOOKS, owns_for_authority

Asked = Request[Person, Any, Any]


@get("/webhooks", permission=KEEP_WEBHOOKS)
async def show_list(request: Asked) -> Any:
    """The addresses, and a new one."""
    return await _list_page(request, Form({"topics": list(rules.TOPICS)}))


async def _list_page(request: Asked, form: Form[Any], status: int = 422) -> Any:
    person = request.user
    owners = [
        *([("firm", person.organisation_name)] if person.organisation and person.edits else []),
        *([("authority", person.authority)] if owns_for_authority(person) else []),
    ]
    form.values.setdefault("owner", owners[0][0] if owners else "")
    return page(
        request, "webhooks/list.html", status=status if form.errors else 200, form=form,
        webhooks=await queries.listed(person), owners=owners, topics=rules.TOPICS,
    )  # fmt: skip


@post("/webhooks", permission=KEEP_WEBHOOKS)
async def register(request: Asked) -> Any:
    """Register an address; its secret is shown this once."""
    await limit(request, "webhooks", times=20, seconds=300, of=str(request.user.id))
    values, _files = await read_values(request)
    held = values.get("topics") or []
    topics = [str(one) for one in (held if isinstance(held, list) else [held])]
    default = "firm" if request.user.organisation else "authority"
    try:
        webhook, secret = await commands.register(
            request.user, url=str(values.get("url") or ""), topics=topics,
            for_firm=str(values.get("owner") or default) == "firm",
        )  # fmt: skip
    except InvalidInput as error:
        return await _list_page(request, Form({**values, "topics": topics}, dict(error.errors)))
    except RuleBroken as error:
        form: Form[Any] = Form({**values, "topics": topics}, {"_": error.message})
        return await _list_page(request, form, 409)
    return await _page(request, webhook.id, secret=secret)


@get("/webhooks/{webhook:uuid}", permission=KEEP_WEBHOOKS)
async def show(request: Asked, webhook: FromPath[UUID]) -> Any:
    """One address with its last deliveries."""
    return await _page(request, webhook)


async def _page(request: Asked, webhook_id: UUID, *, secret: str = "", error: str = "") -> Any:
    form: Form[Any] = Form({}, {"_": error} if error else {})
    return page(
        request, "webhooks/show.html", block="deliveries", status=409 if error else 200,
        found=await queries.one(request.user, webhook_id), secret=secret, topics=rules.TOPICS,
        most=rules.MOST, form=form,
    )  # fmt: skip


_STEPS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "test": (commands.send_test, N_("A test is on its way."), ""),
    "pause": (commands.pause, N_("Paused. Nothing is sent to this address."), ""),
    "resume": (commands.resume, N_("Events are sent to this address again."), ""),
    "remove": (commands.remove, N_("The address is removed."), "/webhooks"),
}


@post("/webhooks/{webhook:uuid}/steps/{step:str}", permission=KEEP_WEBHOOKS)
async def take_step(request: Asked, webhook: FromPath[UUID], step: FromPath[str]) -> Any:
    """Send a test, pause, let it go on, or remove it."""
    if step not in _STEPS:
        raise NotFound
    command, words, path = _STEPS[step]
    await limit(request, "webhooks", times=20, seconds=300, of=str(request.user.id))
    try:
        await command(request.user, webhook)
    except RuleBroken as error:
        return await _page(request, webhook, error=error.message)
    flash(request, "success", _(words))
    return redirect(request, path or f"/webhooks/{webhook}")


ROUTES = [show_list, register, show, take_step]
