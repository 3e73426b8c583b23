"""Files of people and of ours: judged by content, kept in storage, given only to who may.

An upload is hostile until proven otherwise: its type is read from its bytes, its name is only
ever shown, and it is sent back as a download that no browser runs.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import PurePath
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
import puremagic
from litestar.datastructures import UploadFile
from litestar.response import Stream
from litestar.response.base import ASGIResponse

from sandbox.foundation import storage
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _, format_size
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.work import Work

LARGEST = 20_000_000
"""Bytes of one upload."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIPPED = {
    ".docx": ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ".xlsx": ("xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
    ".pptx": ("ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
}
_SIGNED = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
_TEXT = {".csv": "text/csv", ".txt": "text/plain", ".md": "text/plain"}
ACCEPTED = (*_SIGNED, *_ZIPPED, *_TEXT)
"""Endings that a form may offer to pick."""


class CheckedFile(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that was found to be what it says."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The digest of its content."""
        return hashlib.sha256(self.content).hexdigest()


async def accept_upload(
    upload: UploadFile, field: str = "file", *, endings: tuple[str, ...] = ACCEPTED
) -> CheckedFile:
    """Read and judge an upload.

    :raises InvalidInput: on ``field``: too large, empty, of a kind not taken, or not what its
        ending says.
    """
    content = await upload.read(LARGEST + 1)
    return checked(upload.filename, content, field, endings=endings)


def checked(
    filename: str, content: bytes, field: str = "file", *, endings: tuple[str, ...] = ACCEPTED
) -> CheckedFile:
    """Judge ``content``; see :func:`accept_upload`."""
    name = _safe_name(filename)
    ending = PurePath(name).suffix.lower()
    if not content:
        raise InvalidInput({field: _("This file is empty")})
    if len(content) > LARGEST:
        raise InvalidInput(
            {field: _("This file is larger than %(most)s") % {"most": format_size(LARGEST)}}
        )
    if ending not in endings:
        kinds = ", ".join(one.lstrip(".").upper() for one in endings)
        raise InvalidInput({field: _("Choose a file of one of these kinds: %(kinds)s")
                            % {"kinds": kinds}})  # fmt: skip
    media_type = _media_type(ending, content)
    if not media_type:
        raise InvalidInput(
            {field: _("The content is not what the name says. Save the file anew as %(kind)s")
             % {"kind": ending.lstrip(".").upper()}}
        )  # fmt: skip
    return CheckedFile(name=name, media_type=media_type, content=content)


def _safe_name(filename: str) -> str:
    """The last part of the name, without control characters, at most 200 long."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(char for char in last if char.isprintable()).strip(" .") or "file"
    path = PurePath(plain)
    return path.stem[: 200 - len(path.suffix)] + path.suffix


def _media_type(ending: str, content: bytes) -> str:
    """The type by content, empty where it does not fit ``ending``."""
    if ending in _TEXT:
        return _TEXT[ending] if _is_text(content) else ""
    if ending in _ZIPPED:
        member, media_type = _ZIPPED[ending]
        return media_type if _holds(content, member) else ""
    try:
        found = {match.mime_type for match in puremagic.magic_string(content[:4096])}
    except (puremagic.PureError, ValueError):
        return ""
    return _SIGNED[ending] if _SIGNED[ending] in found else ""


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False


def _holds(content: bytes, member: str) -> bool:
    """Whether it is an Office file of the kind that holds ``member``, without macros."""
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError):
        return False
    return member in names and not any(name.endswith("vbaProject.bin") for name in names)


# Keeping and giving ------------------------------------------------------------------------


async def store(
    work: Work, file: CheckedFile, *, case: UUID | None, kind: str, made_by: UUID | None
) -> StoredFile:
    """Keep a checked upload within ``work``."""
    return await _kept(work, file, case=case, kind=kind, made_by=made_by)


async def keep(
    work: Work, *, name: str, content: bytes, media_type: str, kind: str, case: UUID | None = None
) -> StoredFile:
    """Keep a document that we made within ``work``."""
    file = CheckedFile(name=_safe_name(name), media_type=media_type, content=content)
    return await _kept(work, file, case=case, kind=kind, made_by=work.person.id)


async def _kept(
    work: Work, file: CheckedFile, *, case: UUID | None, kind: str, made_by: UUID | None
) -> StoredFile:
    key = uuid4()
    path = f"{kind}/{work.now:%Y/%m}/{key}"
    await storage.put(path, file.content)
    stored = StoredFile(
        id=key, case=case, kind=kind, name=file.name, media_type=file.media_type,
        size=len(file.content), sha256=file.sha256, path=path, made_at=work.now, made_by=made_by,
    )  # fmt: skip
    await work.save(stored)
    return stored


class Download(Stream):
    """A stream that keeps its own type: Litestar's would take the handler's, which is JSON."""

    def to_asgi_response(self, *args: Any, **options: Any) -> ASGIResponse:
        """The answer, typed as the file is."""
        return super().to_asgi_response(*args, **{**options, "media_type": self.media_type})


async def response_for(stored: StoredFile) -> Download:
    """``stored`` as a download under its own name; our own PDFs may open in the browser.

    Whoever calls has seen to it that the person may have it.
    """
    ours = stored.kind != "upload" and stored.media_type == "application/pdf"
    name = quote(stored.name)
    return Download(
        storage.stream(stored.path),
        media_type=stored.media_type,
        headers={
            "Content-Disposition": f"{'inline' if ours else 'attachment'}; filename*=UTF-8''{name}",
            "Content-Length": str(stored.size),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'" + ("" if ours else "; sandbox"),
            "Cache-Control": "private, no-store",
        },
    )
