"""What the pages share: what was typed, the page of one incident, and what a command answers."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request

from sandbox.foundation import files, i18n
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.foundation.work import work_of
from sandbox.framework import words
from sandbox.incidents import (
    comparisons,
    owing,
    public_queries,
    queries,
    rules,
    weaknesses,
    work_queries,
)
from sandbox.incidents.policy import READ_PUBLIC_REPORTS
from sandbox.people.person import Person
from sandbox.pilots.commands.common import open_pilot

Asked = Request[Person, Any, Any]


def several(values: dict[str, Any], name: str) -> list[str]:
    """What was ticked under ``name``."""
    held = values.get(name) or []
    return [item for item in (held if isinstance(held, list) else [held]) if item]


def moment(values: dict[str, Any], name: str, errors: dict[str, str]) -> datetime | None:
    """A time typed in the jurisdiction's zone."""
    typed = str(values.get(name) or "")
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=i18n.current_zone())
    except ValueError:
        errors[name] = _("Enter a date and a time")
        return None


def as_typed(at: datetime) -> str:
    """``at`` as a field for date and time holds it."""
    return at.astimezone(i18n.current_zone()).strftime("%Y-%m-%dT%H:%M")


def people_count(values: dict[str, Any], errors: dict[str, str]) -> int:
    """How many people are affected."""
    typed = str(values.get("people_affected") or "0").replace(",", "")
    if not typed.isdecimal():
        errors["people_affected"] = _("Enter a number")
        return 0
    return min(int(typed), 2_000_000_000)


async def stored(
    request: Asked, found: queries.Whole, upload: Any, action: str, field: str = "file"
) -> UUID | None:
    """Keep an upload with the case, for whoever may do ``action``; its id.

    :raises InvalidInput: on ``field``: it cannot be taken.
    """
    if upload is None:
        return None
    checked = await files.accept_upload(upload, field)
    async with work_of(request.user) as work:
        pilot = await open_pilot(work, request.user, found.pilot.id, action)
        kept = await files.store(
            work, checked, case=pilot.case, kind="upload", made_by=request.user.id
        )
    return kept.id


async def incident_page(
    request: Asked, incident_id: UUID, form: Form[Any], status: int = 422
) -> Any:
    """The page of one incident; with errors in ``form`` it is the page that refused."""
    found = await queries.one(request.user, incident_id)
    pack, standing = found.pilot.pack, found.standing
    severity = pack.incidents.severity(found.incident.severity)
    form.values.setdefault("severity", severity.key)
    form.values.setdefault("vulnerabilities", list(found.incident.vulnerabilities))
    derived = pack.incidents.severity(standing.derived) if standing else severity
    proposal = f"{found.incident.reference}: {severity.name}. {severity.action}"
    form.values.setdefault("suspension", proposal)
    form.values.setdefault("kind", "corrective")
    if found.incident.state != "resolved" and "handle_incident" in found.pilot.can:
        form.values.setdefault("root_cause", await work_queries.conclusion(incident_id))
    staff = READ_PUBLIC_REPORTS.allows(request.user) and not found.pilot.firm
    return page(
        request, "incidents/show.html", status=status if form.errors else 200, found=found,
        incident=found.incident, pilot=found.pilot, pack=pack, form=form, severity=severity,
        derived=derived, standing=standing, limit_of=owing.limit_of,
        say_limit=words.limit_in_words,
        public_reports=await public_queries.of_incident(request.user, incident_id) if staff else [],
        elsewhere=await weaknesses.elsewhere(request.user, found) if staff else None,
        suggested=await _suggested(found, staff=staff), kinds=rules.ACTION_KINDS,
        waiting=await work_queries.waiting(incident_id),
    )  # fmt: skip


async def _suggested(found: queries.Whole, *, staff: bool) -> comparisons.Suggested:
    """What is alike, for officials; the firm sees only incidents confirmed to be the same."""
    if staff:
        return await comparisons.of(found.pilot, found.incident.id)
    same = await comparisons.same_as(found.pilot.id, found.incident.id)
    return comparisons.Suggested(likely=[], same=[one for one in same if one.kind == "incident"])


async def done(
    request: Asked, incident_id: UUID, values: dict[str, Any], command: Awaitable[Any], words: str
) -> Any:
    """Run ``command``; back to the page, with its errors beside the fields."""
    try:
        await command
    except InvalidInput as error:
        return await incident_page(request, incident_id, Form(values, dict(error.errors)))
    except RuleBroken as error:
        return await incident_page(request, incident_id, Form(values, {"_": error.message}), 409)
    flash(request, "success", words)
    return redirect(request, f"/incidents/{incident_id}")
