"""Bodies made readable: decompressed, and never larger than what is taken."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import cramjam

AT_MOST = 4 * 1024 * 1024
"""Bytes of a delivery, before and after it is decompressed: 10,000 points of 400 bytes."""


class TooLarge(Exception):
    """A body is, or would become, larger than :data:`AT_MOST`."""


class Unreadable(Exception):
    """A body is not what it says it is."""


async def gathered(chunks: AsyncIterator[bytes]) -> bytes:
    """A body, in one piece or chunked.

    :raises TooLarge: it is; what comes after is not read.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > AT_MOST:
            raise TooLarge
    return bytes(body)


def decompressed(body: bytes, encoding: str) -> bytes:
    """``body`` as it was before ``encoding`` (``gzip``, ``snappy`` or none).

    :raises TooLarge: it would be too large; nothing is decompressed past the limit.
    :raises Unreadable: it is not compressed so, or in a way that we do not know.
    """
    if encoding in {"", "identity"}:
        if len(body) > AT_MOST:
            raise TooLarge
        return body
    if encoding == "gzip":
        return _gunzipped(body)
    if encoding == "snappy":
        return _unsnapped(body)
    raise Unreadable(f"Content-Encoding {encoding[:20]!r} is not known here")


def _gunzipped(body: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(body, AT_MOST + 1)
    except zlib.error as error:
        raise Unreadable("the body is not gzip") from error
    if len(plain) > AT_MOST:
        raise TooLarge
    if not stream.eof:
        raise Unreadable("the gzip body is cut off")
    return plain


def _unsnapped(body: bytes) -> bytes:
    """Snappy's block format, which says at its head how long the content is."""
    try:
        if cramjam.snappy.decompress_raw_len(body) > AT_MOST:
            raise TooLarge
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise Unreadable("the body is not snappy") from error
