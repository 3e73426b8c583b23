"""Forms with files: read in pieces, and of each file no more than may be kept.

A body that is too large is refused by Litestar before any handler runs, with a bare 413: the
form and all that was typed would be lost. So pages read bodies far larger than a file may be,
drop what is past the limit as it comes, and let the handler say so beside the field.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from litestar.types import Empty
from multipart import (  # type: ignore[import-untyped]
    MultipartSegment,
    ParserError,
    PushMultipartParser,
)

from sandbox.foundation.files import LARGEST

MOST_READ = 256 * 1024 * 1024
"""Bytes of a page's whole body; what is past the limit of a file is read and dropped."""
MOST_TYPED = 4 * 1024 * 1024
MOST_PARTS = 1000


class FormRequest(Request[Any, Any, Any]):
    """A request whose files are cut one byte past the limit, which tells that they are over."""

    async def form(self) -> FormMultiDict:
        """The fields of a posted form."""
        kind, options = self.content_type
        state = self._connection_state
        unread = self._form is Empty and state.form is Empty
        if unread and kind == RequestEncodingType.MULTI_PART and options.get("boundary"):
            state.form = await _read(self.stream(), options["boundary"].encode())
        return await super().form()


async def _read(stream: AsyncIterator[bytes], boundary: bytes) -> dict[str, Any]:
    reader = _Reader()
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
            async for chunk in stream:
                for piece in parser.parse(chunk):
                    await reader.take(piece)
                if parser.closed:
                    break
    except ParserError as error:
        raise ClientException("Invalid multipart/form-data") from error
    return {name: many if len(many) > 1 else many[0] for name, many in reader.fields.items()}


class _Reader:
    """Puts the pieces of one body together."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str | UploadFile]] = {}
        self._segment: MultipartSegment | None = None
        self._held: UploadFile | bytearray = bytearray()
        self._kept = self._typed = 0

    async def take(self, piece: MultipartSegment | bytearray | None) -> None:
        """A head, some content, or (nothing) the end of a part."""
        if isinstance(piece, MultipartSegment):
            self._begin(piece)
        elif piece:
            await self._keep(piece)
        else:
            await self._end()

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment, self._kept = segment, 0
        self._held = bytearray()
        if segment.filename:
            self._held = UploadFile(
                content_type=segment.content_type or "text/plain",
                filename=segment.filename,
                headers=dict(segment.headerlist),
            )

    async def _keep(self, piece: bytearray) -> None:
        if isinstance(self._held, UploadFile):
            some = piece[: LARGEST + 1 - self._kept]
            self._kept += len(some)
            if some:
                await self._held.write(bytes(some))
            return
        self._typed += len(piece)
        if self._typed > MOST_TYPED:
            raise ClientException(status_code=HTTP_413_REQUEST_ENTITY_TOO_LARGE)
        self._held.extend(piece)

    async def _end(self) -> None:
        if self._segment is None:
            return
        held = self._held
        if isinstance(held, UploadFile):
            await held.seek(0)
        value = held if isinstance(held, UploadFile) else held.decode(errors="replace")
        self.fields.setdefault(self._segment.name, []).append(value)
        self._segment = None
