"""The keys by which a firm's machines send figures, what they are to send, and what has come."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation.errors import Forbidden, InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.people.person import Person
from sandbox.pilots import commands
from sandbox.pilots import queries as pilots
from sandbox.pilots.rules import TESTING
from sandbox.settings import settings
from sandbox.telemetry import arrival_queries, metric_queries
from sandbox.telemetry.pages import living
from sandbox.telemetry.policy import KEEP_KEYS, KEEP_PILOTS

Asked = Request[Person, Any, Any]


@get("/pilots/{pilot:uuid}/tokens", permission=KEEP_KEYS)
async def show(request: Asked, pilot: FromPath[UUID]) -> Any:
    """The keys of the API: the firm makes them, either side revokes them.

    Asked again (``seen``), only what has come, and nothing while that is the same.
    """
    if (same := await living.unchanged(request, pilot)) is not None:
        return same
    return await _page(request, pilot, Form({}), block="arrivals")


async def _page(
    request: Asked, pilot_id: UUID, form: Form[Any], plain: str = "", block: str | None = None
) -> Any:
    head = await pilots.head(request.user, pilot_id)
    if not head.firm and "revoke_token" not in head.can:
        raise Forbidden(_("The authority that leads this case does this."))
    stamp = await metric_queries.stamp(pilot_id)  # first: what comes meanwhile is told next time
    comes = head.state in TESTING
    return page(
        request, "telemetry/keys.html", status=422 if form.errors else 200, block=block,
        pilot=head, pack=head.pack, form=form, tokens=await pilots.tokens(pilot_id), plain=plain,
        base_url=settings.base_url, arrivals=await arrival_queries.arrivals(head), stamp=stamp,
        comes=comes, live=comes and not living.paused(request),
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/tokens", permission=KEEP_PILOTS)
async def issue(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Make a key; its secret is on the answer's page and nowhere else."""
    values, _files = await read_values(request)
    try:
        plain = await commands.issue_token(request.user, pilot, str(values.get("name") or ""))
    except InvalidInput as error:
        return await _page(request, pilot, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _page(request, pilot, Form(values, {"_": error.message}))
    return await _page(request, pilot, Form({}), plain)


@post("/pilots/{pilot:uuid}/tokens/{token:uuid}/revoke", permission=KEEP_KEYS)
async def revoke(request: Asked, pilot: FromPath[UUID], token: FromPath[UUID]) -> Any:
    """Take a key out of use."""
    await commands.revoke_token(request.user, token)
    flash(request, "success", _("The key no longer works."))
    return redirect(request, f"/pilots/{pilot}/tokens")


ROUTES = [show, issue, revoke]
