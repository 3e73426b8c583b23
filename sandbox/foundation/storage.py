"""Object storage: a folder under ``VAR`` by default, S3, GCS or Azure by ``STORAGE_URL``.

Content is written before the row that names it and never changed, so a file that a
rolled-back work left behind is merely unused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from sandbox.foundation.errors import NotFound
from sandbox.settings import settings

CHUNK = 1024 * 1024


@cache
def _store() -> ObjectStore:
    if settings.storage_url:
        return from_url(settings.storage_url)
    folder = settings.var / "files"
    folder.mkdir(parents=True, exist_ok=True)
    return LocalStore(str(folder))


async def put(path: str, content: bytes) -> None:
    """Keep ``content`` under ``path``."""
    await obstore.put_async(_store(), path, content)


async def get(path: str) -> bytes:
    """The content under ``path``.

    :raises NotFound: there is none.
    """
    try:
        found = await obstore.get_async(_store(), path)
    except (NotFoundError, FileNotFoundError):
        raise NotFound from None
    return bytes(await found.bytes_async())


async def stream(path: str) -> AsyncIterator[bytes]:
    """The content under ``path`` in pieces.

    :raises NotFound: there is none.
    """
    try:
        found = await obstore.get_async(_store(), path)
    except (NotFoundError, FileNotFoundError):
        raise NotFound from None
    async for piece in found.stream(min_chunk_size=CHUNK):
        yield bytes(piece)


async def delete(path: str) -> None:
    """Forget what is under ``path``, if anything is."""
    with suppress(NotFoundError, FileNotFoundError):
        await obstore.delete_async(_store(), path)


async def check() -> None:
    """Write, read and remove a small object: for readiness and ``doctor``.

    :raises Exception: whatever the storage says when it does not work.
    """
    path = "check/written"
    await put(path, b"rintis")
    await get(path)
    await obstore.delete_async(_store(), path)
