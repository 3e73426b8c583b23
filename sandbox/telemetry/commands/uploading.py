"""Files of figures: brought, mapped, taken or left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation import clock, storage
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.files import CheckedFile
from sandbox.foundation.i18n import _
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common
from sandbox.telemetry import uploads
from sandbox.telemetry.commands.parcels import Receipt
from sandbox.telemetry.commands.receiving import receive
from sandbox.telemetry.rules import columns, guessing
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.columns import Map
from sandbox.telemetry.tables import Upload

_KEPT = timedelta(days=14)
"""How long a file waits for whoever brought it."""
_WAITING = 10
"""Files of a pilot that may wait at once."""


async def bring_file(person: Person, pilot_id: UUID, file: CheckedFile) -> Upload:
    """Keep a file of figures with what its columns most likely are; nothing of it is taken yet.

    :raises InvalidInput: it cannot be read, holds nothing, or is larger than may be.
    :raises RuleBroken: the pilot takes no figures now, or too many files wait already.
    """
    sheet = await uploads.read(file.name, file.content)
    known = await uploads.known_metrics(pilot_id)
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, pilot_id, "send_telemetry")
        rules.check_open(pilot.state)
        await _check_room(pilot.id)
        zone = common.pack_of(pilot).jurisdiction.timezone
        guessed = guessing.guess(sheet.heads, sheet.column, known, zone)
        key = uuid4()
        upload = Upload(
            id=key, case=pilot.case, pilot=pilot.id, name=file.name,
            path=f"figures/{work.now:%Y/%m}/{key}", map=msgspec.to_builtins(guessed),
            made_at=work.now, made_by=person.id,
        )  # fmt: skip
        await storage.put(upload.path, file.content)
        await work.save(upload)
        work.record("upload.brought", upload, rows=len(sheet.rows))
    return upload


async def map_file(person: Person, upload_id: UUID, of: Map) -> None:
    """Say what the columns are.

    :raises RuleBroken: the file was taken or discarded before.
    """
    async with work_of(person) as work:
        _pilot, upload = await common.open_part(work, person, Upload, upload_id, "send_telemetry")
        _check_waits(upload)
        upload.map = msgspec.to_builtins(of)
        await work.save(upload)


async def take_file(person: Person, upload: Upload) -> None:
    """Take the figures of a file in, by its map, and forget the file.

    They are delivered in parts, each of which is written or not; taken again after something
    went wrong, what is there already counts as known. What is not taken is kept with its reason.

    :raises InvalidInput: the map is not sound, or nothing can be read by it.
    :raises RuleBroken: the file was taken or discarded before, or the pilot takes no figures now.
    """
    _check_waits(upload)
    of = msgspec.convert(upload.map, Map)
    known = await uploads.known_metrics(upload.pilot)
    if found := columns.problems(of, known):
        raise InvalidInput(found)
    sheet = await uploads.opened(upload)
    judged = await uploads.judged(upload.pilot, sheet, of, known)
    if not len(judged.sound):
        raise InvalidInput({"role": _("No figure can be taken so: look at the columns again")})
    source = "xlsx" if upload.name.lower().endswith(".xlsx") else "csv"
    receipts: list[Receipt] = []
    for part in columns.parts(judged.sound):
        unread = 0 if receipts else judged.wrong
        receipts.append(await receive(person, upload.pilot, part, source=source, unread=unread))
    late = [one for receipt in receipts for one in receipt.refused]
    errors = judged.errors + uploads.errors(
        sheet, [(columns.row_of(r.line), columns.place_of(r.line), r.reason) for r in late]
    )
    async with work_of(person) as work:
        _pilot, row = await common.open_part(work, person, Upload, upload.id, "send_telemetry")
        if row.state != "open":
            return
        row.state, row.taken_at = "taken", work.now
        _count(row, receipts, judged)
        row.errors = [[one.row, one.column, one.cell, one.why] for one in errors]
        await work.save(row)
        work.record("upload.taken", row, points=row.points, refused=row.refused)
    await storage.delete(upload.path)


async def leave_file(person: Person, upload_id: UUID) -> None:
    """Take nothing of a file, and forget it.

    :raises RuleBroken: it was taken or discarded before.
    """
    async with work_of(person) as work:
        _pilot, upload = await common.open_part(work, person, Upload, upload_id, "send_telemetry")
        _check_waits(upload)
        upload.state = "left"
        await work.save(upload)
        work.record("upload.left", upload)
    await storage.delete(upload.path)


async def forget_files() -> int:
    """Discard the files for which nobody came back; how many. Run twice it acts once."""
    rows = await fetch(
        "SELECT id FROM figure_upload WHERE state = 'open' AND made_at < $1", clock.now() - _KEPT
    )
    for row in rows:
        async with work_of(SYSTEM) as work:
            upload = await work.lock(Upload, row["id"])
            if upload.state == "open":
                upload.state = "left"
                await work.save(upload)
                work.record("upload.left", upload)
        await storage.delete(upload.path)
    return len(rows)


def _check_waits(upload: Upload) -> None:
    if upload.state != "open":
        raise RuleBroken("upload.closed", _("This file was taken or discarded before."))


async def _check_room(pilot_id: UUID) -> None:
    if len(await uploads.waiting(pilot_id)) >= _WAITING:
        words = _("%(most)s files wait already. Take or discard one of them first.")
        raise RuleBroken("upload.room", words % {"most": _WAITING})


def _count(row: Upload, receipts: Sequence[Receipt], judged: uploads.Judged) -> None:
    row.points = sum(one.taken for one in receipts)
    row.duplicates = sum(one.duplicates for one in receipts)
    row.corrected = sum(one.corrected for one in receipts)
    row.aside = sum(one.aside for one in receipts)
    known = row.points + row.duplicates + row.corrected
    row.refused = len(judged.sound) - known + judged.wrong
    row.duplicates += judged.again
