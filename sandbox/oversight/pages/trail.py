"""The audit trail and its verification; mail that was written; jobs that died."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation import audit, mail, outbox
from sandbox.foundation.errors import NotFound
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.typed import identity, whole
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect
from sandbox.oversight import queries
from sandbox.oversight.policy import MEND_JOBS, READ_MAIL, READ_TRAIL
from sandbox.people.person import Person
from sandbox.settings import settings

Asked = Request[Person, Any, Any]


@get("/audit", permission=READ_TRAIL)
async def trail(request: Asked) -> Any:
    """The trail, newest first, filtered by case and kind of event."""
    asked = request.query_params
    events = await queries.trail(
        case=identity(asked.get("case", "")),
        event=asked.get("event", ""),
        before=whole(asked.get("before", "")),
    )
    return page(
        request,
        "oversight/trail.html",
        events=events[: queries.PAGE],
        more=len(events) > queries.PAGE,
        seals=await queries.seals(),
        case=asked.get("case", ""),
        event=asked.get("event", ""),
        verdict=None,
    )


@post("/audit/verify", permission=READ_TRAIL)
async def verify(request: Asked) -> Any:
    """Check every link of every chain, or of one case."""
    case = identity((await request.form()).get("case", ""))
    verdict = await audit.verify(case)
    return page(request, "oversight/verdict.html", verdict=verdict, case=case)


@get("/mailbox", permission=PUBLIC)
async def mailbox(request: Asked) -> Any:
    """Mail that was written; open to all where the demo runs without a mail server."""
    if not mail.open_to_all() and not READ_MAIL.allows(request.user):
        raise NotFound
    to, readable = request.query_params.get("to", ""), mail.readable()
    mails = await queries.mails(words=readable, to=to)
    sending = bool(settings.smtp_url)
    return page(
        request, "oversight/mailbox.html", mails=mails, to=to, readable=readable, sending=sending
    )


@get("/jobs", permission=MEND_JOBS)
async def jobs(request: Asked) -> Any:
    """Jobs whose retries are used up."""
    return page(request, "oversight/jobs.html", jobs=await queries.dead_jobs())


@post("/jobs/{job:uuid}/send", permission=MEND_JOBS)
async def send_again(request: Asked, job: FromPath[UUID]) -> Any:
    """Give a dead job to the worker once more."""
    await outbox.send_again(request.user, job)
    flash(request, "success", _("The job is on its way again."))
    return redirect(request, "/jobs")


NAVIGATION = [
    NavigationLink("/audit", N_("Audit trail"), READ_TRAIL),
    NavigationLink("/jobs", N_("Jobs"), MEND_JOBS),
    NavigationLink("/mailbox", N_("Mail"), READ_MAIL),
]

ROUTES = [trail, verify, mailbox, jobs, send_again]
