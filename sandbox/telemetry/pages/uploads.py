"""Files of figures: chosen, looked at, taken or left."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from sandbox.foundation import files
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.web.forms import Form, Values, read_values
from sandbox.foundation.web.pages import flash, page, redirect
from sandbox.foundation.web.tables import csv_response
from sandbox.people.person import Person
from sandbox.pilots import queries as pilots
from sandbox.telemetry import commands, uploads
from sandbox.telemetry.pages.board import board_page
from sandbox.telemetry.policy import KEEP_PILOTS
from sandbox.telemetry.rules import columns
from sandbox.telemetry.rules.columns import FIGURES, PART, ROLES, TIMES, Known, Map
from sandbox.telemetry.tables import Upload
from sandbox.telemetry.wire.sheets import Sheet

Asked = Request[Person, Any, Any]
_SEEN = 3
"""Cells of a column that are shown beside it."""
_ROWS = 50
"""Cells that are not taken, as the page lists them; the file has all."""


@post("/pilots/{pilot:uuid}/telemetry", permission=KEEP_PILOTS)
async def upload(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Keep a file and show what its columns most likely are; nothing is taken yet."""
    values, given = await read_values(request)
    if "file" not in given:
        return await board_page(request, pilot, Form(values, {"file": _("Choose a file")}))
    try:
        checked = await files.accept_upload(given["file"], "file", endings=(".csv", ".xlsx"))
        brought = await commands.bring_file(request.user, pilot, checked)
    except InvalidInput as error:
        return await board_page(request, pilot, Form(values, {"file": error.errors["file"]}))
    except RuleBroken as error:
        return await board_page(request, pilot, Form(values, {"file": error.message}))
    return redirect(request, f"/pilots/{pilot}/uploads/{brought.id}")


@get("/pilots/{pilot:uuid}/uploads/{upload:uuid}", permission=KEEP_PILOTS)
async def show_upload(request: Asked, pilot: FromPath[UUID], upload: FromPath[UUID]) -> Any:
    """What the columns are and what would be taken; of a file that was taken, what became of it."""
    head = await pilots.head(request.user, pilot)
    row = await uploads.one(head, upload)
    if row.state != "open":
        return page(request, "telemetry/upload_done.html", pilot=head, pack=head.pack, upload=row,
                    rows=row.errors[:_ROWS])  # fmt: skip
    return await _look(request, head, row, msgspec.convert(row.map, Map), {})


async def _look(
    request: Asked, head: pilots.Head, row: Upload, of: Map, errors: Mapping[str, str]
) -> Any:
    sheet, known = await uploads.opened(row), await uploads.known_metrics(head.id)
    found = columns.problems(of, known)
    look = None
    try:
        look = None if found else await uploads.look(head, sheet, of, known)
    except InvalidInput as error:
        errors = {**errors, **error.errors}
    form: Form[Any] = Form(_values(of), dict(errors))
    return page(
        request, "telemetry/upload.html", status=422 if form.errors else 200, pilot=head,
        pack=head.pack, upload=row, sheet=sheet, form=form, look=look,
        wanting=sorted(set(found.values())) if not errors else [],
        roles=_roles(head, known), times=[(key, _(words)) for key, words in TIMES.items()],
        zones=_zones(head), percent=any(one.percent for one in known),
        samples=[[_said(cell) for cell in sheet.column(n, _SEEN)] for n in range(len(sheet.heads))],
        rows=[[e.row, e.column, e.cell, e.why] for e in look.errors[:_ROWS]] if look else [],
    )  # fmt: skip


def _values(of: Map) -> Values:
    roles = {f"role_{place}": role for place, role in enumerate(of.roles)}
    return {**roles, "times": of.times, "zone": of.zone, "decimal": of.decimal,
            "shares": "1" if of.shares else ""}  # fmt: skip


def _roles(head: pilots.Head, known: list[Known]) -> list[tuple[str, str]]:
    """What a column can be: figures of each metric first, as most columns are that."""
    figures = [
        (FIGURES + one.key, _("Figures: %(metric)s") % {"metric": head.pack.metric_name(one.key)
         if any(m.key == one.key for m in head.pack.metrics) else one.names[0]})
        for one in known
    ]  # fmt: skip
    dimensions = sorted({dimension for one in known for dimension in one.slices})
    parts = [
        (PART + key, _("Part: %(dimension)s") % {"dimension": _(key.replace("_", " "))})
        for key in dimensions
    ]
    plain = [(key, _(words)) for key, words in ROLES.items()]
    return [plain[0], plain[1], *figures, *plain[2:5], *parts, plain[5]]


def _zones(head: pilots.Head) -> list[tuple[str, str]]:
    own = head.pack.jurisdiction.timezone
    names = [(own, own.rpartition("/")[2].replace("_", " "))]
    return names if own == "UTC" else [*names, ("UTC", "UTC")]


def _said(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:g}"
    return str(cell)[:60]


@post("/pilots/{pilot:uuid}/uploads/{upload:uuid}", permission=KEEP_PILOTS)
async def settle_upload(request: Asked, pilot: FromPath[UUID], upload: FromPath[UUID]) -> Any:
    """Say what the columns are and look again; take the figures; or leave the file."""
    head = await pilots.head(request.user, pilot)
    row = await uploads.one(head, upload)
    values, _given = await read_values(request)
    path = f"/pilots/{pilot}/uploads/{upload}"
    try:
        if values.get("do") == "leave":
            await commands.leave_file(request.user, upload)
            flash(request, "success", _("The file was discarded. Nothing of it was taken."))
            path = f"/pilots/{pilot}/telemetry"
        elif row.state == "open":
            path += await _go_on(request, head, row, values)
    except InvalidInput as error:
        again = await uploads.one(head, upload)
        return await _look(request, head, again, msgspec.convert(again.map, Map), error.errors)
    except RuleBroken as error:
        flash(request, "error", error.message)
    return redirect(request, path)


async def _go_on(request: Asked, head: pilots.Head, row: Upload, values: Values) -> str:
    """Keep the map, and take the figures where just that was looked at; where the page goes on.

    :raises InvalidInput: the map is not sound; it is kept all the same.
    """
    before = msgspec.convert(row.map, Map)
    of = _typed(head, values, before)
    await commands.map_file(request.user, row.id, of)
    if found := columns.problems(of, await uploads.known_metrics(head.id)):
        raise InvalidInput(found)
    if values.get("do") != "take":
        return "#look"
    if of != before:
        words = _("You changed what the columns are: look at what will be taken, then take it.")
        flash(request, "information", words)
        return "#look"
    await commands.take_file(request.user, row)
    return ""


def _typed(head: pilots.Head, values: Values, before: Map) -> Map:
    """The map as typed; without its fields (a bare confirmation) the one before."""
    if "role_0" not in values:
        return before
    typed = columns.from_form(values, len(before.roles))
    zones = {key for key, _name in _zones(head)}
    return typed if typed.zone in zones else msgspec.structs.replace(typed, zone=before.zone)


@get("/pilots/{pilot:uuid}/uploads/{upload:uuid}/errors.csv", permission=KEEP_PILOTS)
async def errors(request: Asked, pilot: FromPath[UUID], upload: FromPath[UUID]) -> Response[str]:
    """What is not taken, line by line, for whoever mends the file."""
    head = await pilots.head(request.user, pilot)
    row = await uploads.one(head, upload)
    told: list[list[Any]] = row.errors
    if row.state == "open":
        sheet: Sheet = await uploads.opened(row)
        of, known = msgspec.convert(row.map, Map), await uploads.known_metrics(head.id)
        if columns.problems(of, known):
            raise NotFound
        found = await uploads.judged(head.id, sheet, of, known)
        told = [[e.row, e.column, e.cell, e.why] for e in found.errors]
    heads = (_("Line"), _("Column"), _("Cell"), _("Why"))
    return csv_response(f"{head.reference}-{_('not-taken')}", heads, told)


ROUTES = [upload, show_upload, settle_upload, errors]
