"""What the pages of a pilot share: its head, and a form that came back."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from litestar import Request

from sandbox.foundation.i18n import N_, _, format_date, local
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import page
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import threshold_of
from sandbox.people.person import Person
from sandbox.pilots import queries, versions
from sandbox.pilots.versions import Difference

Asked = Request[Person, Any, Any]
EVENTS = {
    "accept_plan": N_("Plan accepted"), "declare_ready": N_("Ready to go live"),
    "go_live": N_("Live"), "suspend": N_("Suspended"), "resume": N_("Resumed"),
    "stop": N_("Stopped by the firm"), "terminate": N_("Terminated"),
    "begin_exit": N_("Testing ended"), "close": N_("Closed"), "extend": N_("Extended"),
    "breached": N_("Condition breached"), "cured": N_("Condition kept again"),
    "escalated": N_("Breach escalated"), "waived": N_("Waived"),
    "reinstated": N_("In force again"), "discharged": N_("Discharged"),
    "escalated_unexplained": N_("Escalated: nobody explained the breach in time"),
    "incident_reopened": N_("Incident opened again"),
    "not_kept": N_("Closed over a condition that was not kept"),
    "not_reached": N_("Closed over a milestone that was not reached"),
}  # fmt: skip
"""What happened to a pilot and its parts, as people read it (``PilotStep.event``)."""


def change_rows(changes: Iterable[Difference], pack: Pack) -> list[list[str]]:
    """What a version of the plan changes: of what, which part, before, after."""
    of = {"condition": _("Condition %(n)s"), "milestone": _("Milestone %(n)s")}
    return [
        [
            of[one.what] % {"n": one.number},
            _(versions.PARTS[one.part]),
            _said(one, one.before, pack),
            _said(one, one.after, pack),
        ]
        for one in changes
    ]


def _said(change: Difference, value: Any, pack: Pack) -> str:
    if not value:
        return "–"
    if change.part == "limit":
        threshold = threshold_of(value) if "metric" in value else None
        return pack.say(threshold) if threshold else pack.amount(value["limit"], value["unit"])
    if change.part == "due":
        return format_date(value)
    return local(value.title if change.part in {"added", "ended"} else value) or "–"


async def pilot_page(
    request: Asked, pilot_id: UUID, template: str, form: Form[Any] | None = None, **context: Any
) -> Any:
    """A page of one pilot; with errors in ``form`` it is the page that refused (422)."""
    pilot = await queries.head(request.user, pilot_id)
    return of_head(request, pilot, template, form, **context)


def of_head(
    request: Asked, pilot: queries.Head, template: str, form: Form[Any] | None = None,
    **context: Any,
) -> Any:  # fmt: skip
    """:func:`pilot_page` for a head that was read already."""
    form = form or Form({})
    return page(
        request, f"pilots/{template}.html", status=422 if form.errors else 200, pilot=pilot,
        pack=pilot.pack, form=form, **context,
    )  # fmt: skip
