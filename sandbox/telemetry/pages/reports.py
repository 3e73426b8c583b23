"""What is owed of a period: a report with its figures, to which the firm adds words and which it
attests; or the attestation that a duty was kept."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import terms
from sandbox.foundation import i18n
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.people.person import Person
from sandbox.pilots import commands as pilot_commands
from sandbox.pilots import evidence_queries
from sandbox.pilots import queries as pilots
from sandbox.pilots.reporting import Said
from sandbox.pilots.tables import Condition
from sandbox.telemetry import commands, report_queries
from sandbox.telemetry.policy import KEEP_PILOTS, READ_PILOTS

Asked = Request[Person, Any, Any]


@get("/pilots/{pilot:uuid}/conditions/{condition:uuid}/report", permission=READ_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """What is owed next: its period, what is known of it, and the form."""
    return await _report_page(request, pilot, condition, Form({}))


async def _report_page(request: Asked, pilot_id: UUID, condition_id: UUID, form: Form[Any]) -> Any:
    head = await pilots.head(request.user, pilot_id)
    condition = await pilots.part(Condition, head, condition_id)
    period = await report_queries.owed(head, condition)
    earlier = await evidence_queries.evidence_of(condition_id)
    return page(
        request, "telemetry/report.html", status=422 if form.errors else 200, pilot=head,
        pack=head.pack, condition=condition, when=terms.when, period=period, form=form,
        facts=await report_queries.known(head, condition), over=period.is_over(i18n.today()),
        waits=next((one for one in earlier if not one.verdict), None),
        returned=next((one for one in earlier[:1] if one.verdict == "returned"), None),
    )  # fmt: skip


@post("/pilots/{pilot:uuid}/conditions/{condition:uuid}/report", permission=KEEP_PILOTS)
async def hand_in(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """Hand it in, attested."""
    values, uploads = await read_values(request)
    try:
        said = Said(
            text=str(values.get("text") or ""), attested=values.get("attested") == "yes",
            kept={"yes": True, "no": False}.get(str(values.get("kept"))),
            file=await pilot_commands.keep_file(request.user, pilot, uploads.get("file")),
        )  # fmt: skip
        handed = await commands.hand_in_report(
            request.user, pilot, condition, said, seen=str(values.get("seen") or "")
        )
    except InvalidInput as error:
        return await _report_page(request, pilot, condition, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await _report_page(request, pilot, condition, Form(values, {"_": error.message}))
    words = _("Your report has been sent. The authority decides on it.")
    if handed.kept is not None:
        words = _("Attested.") if handed.verdict else _("Sent. The authority looks at it.")
    flash(request, "success", words)
    return redirect(request, f"/pilots/{pilot}/conditions/{condition}")


ROUTES = [show, hand_in]
