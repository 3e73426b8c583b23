"""PDFs that a person asks for and the worker makes: asked, then made or failed.

A slice has a table of its own for them, with the columns ``state``, ``file`` and ``made_at``, and
says who may have them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from piccolo.table import Table

from sandbox.foundation import files
from sandbox.foundation.errors import NotFound
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.work import Work


async def keep(
    work: Work, table: type[Table], paper_id: UUID, pdf: bytes, *, name: str, kind: str,
    case: UUID | None,
) -> None:  # fmt: skip
    """Hang up the PDF that was made, as the file ``name``. Twice is harmless."""
    row: Any = await work.lock(table, paper_id)
    if row.state != "asked":
        return
    stored = await files.keep(
        work, name=name, content=pdf, media_type="application/pdf", kind=kind, case=case
    )
    row.state, row.file, row.made_at = "made", stored.id, work.now
    await work.save(row)
    work.record(f"{table._meta.tablename}.made", row, sha256=stored.sha256)


async def give_up(work: Work, table: type[Table], paper_id: UUID) -> None:
    """It could not be made: whoever asked sees that, and can ask again."""
    row: Any = await work.lock(table, paper_id)
    if row.state == "asked":
        row.state = "failed"
        await work.save(row)
        work.record(f"{table._meta.tablename}.failed", row)


async def file_of(paper: Any) -> StoredFile:
    """The file of a PDF that the reader may have.

    :raises NotFound: it is not made yet.
    """
    stored: StoredFile | None = await StoredFile.objects().get(StoredFile.id == paper.file)
    if stored is None:
        raise NotFound
    return stored
