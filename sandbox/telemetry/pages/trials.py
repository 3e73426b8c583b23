"""A limit tried before it is set: on the pilot's own figures and on those of pilots alike."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import queries as applications
from sandbox.foundation import charts
from sandbox.foundation.errors import Forbidden, InvalidInput, NotFound
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import decimal
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import page, wants_part
from sandbox.framework import library, threshold_form
from sandbox.framework.pack import Pack
from sandbox.framework.thresholds import Threshold, threshold_of
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.pilots.tables import Condition
from sandbox.telemetry import trial_queries
from sandbox.telemetry.policy import DECIDE, SUPERVISE_PILOTS
from sandbox.telemetry.trial_queries import Tried

Asked = Request[Person, Any, Any]
_COLOURS = ("blue", "green", "purple", "amber", "teal", "grey")


# A condition of a pilot ----------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/conditions/{condition:uuid}/trial", permission=SUPERVISE_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """The limit in force, and a form to try another."""
    return await _of_condition(request, pilot, condition, request.query_params)


@post("/pilots/{pilot:uuid}/conditions/{condition:uuid}/trial", permission=SUPERVISE_PILOTS)
async def try_change(request: Asked, pilot: FromPath[UUID], condition: FromPath[UUID]) -> Any:
    """What the form of a change holds, tried; nothing is changed."""
    values, _files = await read_values(request)
    return await _of_condition(request, pilot, condition, values)


async def _of_condition(
    request: Asked, pilot_id: UUID, condition_id: UUID, values: Mapping[str, Any]
) -> Any:
    head = await pilots.head(request.user, pilot_id)
    if head.firm:
        raise Forbidden(_("The authority does this."))
    condition = await pilots.part(Condition, head, condition_id)
    now = threshold_of(condition.threshold)
    if now is None:
        raise NotFound
    form: Form[Any] = Form({**threshold_form.opened(now), **values})
    tried = None
    try:
        threshold = threshold_form.changed(values, now)
        tried = await trial_queries.tried(request.user, threshold, pilot=head.id, now=now)
    except InvalidInput as error:
        form.refuse(error)
    return _page(
        request, form, tried, head.pack, title=condition.title, name="limit",
        path=f"/pilots/{head.id}/conditions/{condition.id}", now=now,
        change="amend_plan" in head.can, reference=head.reference,
    )  # fmt: skip


# A condition of the library, while a case is decided -----------------------------------------


@post("/cases/{case:uuid}/conditions/{template:str}/trial", permission=DECIDE)
async def try_template(request: Asked, case: FromPath[UUID], template: FromPath[str]) -> Any:
    """A limit that a decision would set, on the pilots that have the same metric already."""
    values, _files = await read_values(request)
    found = await applications.case(request.user, case)
    pack = library.pack_of(found.pack_version)
    known = next((one for one in pack.conditions_for(*found.sectors) if one.key == template), None)
    if known is None or known.threshold is None:
        raise NotFound
    name = f"limit.{known.key}"
    limit, form = known.threshold.limit, Form[Any](dict(values))
    if typed := str(values.get(name) or "").strip():
        read = decimal(typed.replace(",", ""))
        limit = limit if read is None else read
        if read is None:
            form.errors[name] = _("Enter a limit as a number, like 0.9")
    tried = None
    if not form.errors:
        threshold = msgspec.structs.replace(known.threshold, limit=limit)
        tried = await trial_queries.tried(request.user, threshold)
    return _page(
        request, form, tried, pack, title=known.title, name=name, path=f"/cases/{case}/decision",
        now=known.threshold, change=False, reference=found.reference,
    )  # fmt: skip


def _page(
    request: Asked, form: Form[Any], tried: Tried | None, pack: Pack, *, now: Threshold,
    **context: Any,
) -> Any:  # fmt: skip
    """The trial; to a form that tries while one types, its result alone, with what is wrong."""
    status = 422 if form.errors and not wants_part(request) else 200
    return page(
        request, "telemetry/trial.html", status=status, block="result", form=form, tried=tried,
        pack=pack, now=now, chart=_chart(pack, tried) if tried else None,
        windows=[(key, _(words)) for key, words in threshold_form.WINDOWS.items()],
        typed={name: form.values[name] for name in threshold_form.FIELDS if name in form.values},
        **context,
    )  # fmt: skip


def _chart(pack: Pack, tried: Tried) -> charts.Chart | None:
    """The values that were held to the limit, and the limit."""
    threshold, drawn = tried.threshold, list(tried.drawn.items())[: len(_COLOURS)]
    if not drawn:
        return None
    return charts.series(
        pack.metric_name(threshold.metric),
        [
            charts.Line(
                name or _("Value that is held to the limit"),
                [(one.at, one.value) for one in moments if one.value is not None],
                colour=_COLOURS[number],
            )
            for number, (name, moments) in enumerate(drawn)
        ],
        unit=pack.unit_symbol(threshold.unit) if threshold.unit else "",
        limit=charts.Limit(threshold.limit, at_most=threshold.at_most),
    )


ROUTES = [show, try_change, try_template]
