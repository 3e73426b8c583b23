"""Whether two tellings are of the same thing: an officer says so."""

from typing import Any
from uuid import UUID

from litestar import post
from litestar.params import FromPath

from sandbox.foundation.errors import NotFound
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import identity
from sandbox.foundation.web.forms import read_values
from sandbox.foundation.web.pages import flash, redirect
from sandbox.incidents import commands
from sandbox.incidents.pages.common import Asked, done
from sandbox.incidents.policy import HANDLE_INCIDENTS


@post("/incidents/{incident:uuid}/alike", permission=HANDLE_INCIDENTS)
async def compare_incident(request: Asked, incident: FromPath[UUID]) -> Any:
    """The same as another incident or report of the public, or not."""
    return await _compare(request, incident, f"/incidents/{incident}")


@post("/incidents/{incident:uuid}/weakness", permission=HANDLE_INCIDENTS)
async def compare_weakness(request: Asked, incident: FromPath[UUID]) -> Any:
    """The same weakness as in an incident of another pilot, or not."""
    values, other, same = await _answer(request)
    command = commands.compare_weakness(request.user, incident, other, same=same)
    words = (
        _("Noted. The other authority has been told that you see the same weakness.") if same
        else _("It will not be suggested again.")
    )  # fmt: skip
    return await done(request, incident, values, command, words)


@post("/public-reports/{public_report:uuid}/alike", permission=HANDLE_INCIDENTS)
async def compare_report(request: Asked, public_report: FromPath[UUID]) -> Any:
    """The same as another report of the public, or not the same as an incident."""
    return await _compare(request, public_report, f"/public-reports/{public_report}")


async def _answer(request: Asked) -> tuple[dict[str, Any], UUID, bool]:
    """What was typed: with which other, and whether it is the same.

    :raises NotFound: that is the name of nothing.
    """
    values, _files = await read_values(request)
    other = identity(values.get("other"))
    if other is None:
        raise NotFound
    return values, other, values.get("same") == "yes"


async def _compare(request: Asked, subject: UUID, path: str) -> Any:
    _values, other, same = await _answer(request)
    await commands.compare(request.user, subject, other, same=same)
    words = (
        _("Both pages say now that they are the same.") if same
        else _("It will not be suggested again.")
    )  # fmt: skip
    flash(request, "success", words)
    return redirect(request, path)


ROUTES = [compare_incident, compare_weakness, compare_report]
