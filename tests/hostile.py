"""Bodies made to take much more room than they have, and how much room reading them takes.

Run as a program it reads each in turn and prints the most memory that its process ever had
above what it began with, in bytes.
"""

from __future__ import annotations

import gzip
import resource
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

from sandbox.foundation.errors import DomainError
from sandbox.telemetry.wire import bodies

FULL = bodies.AT_MOST - 512
PROTOBUF, JSON, CSV = "application/x-protobuf", "application/json", "text/csv"
Body = tuple[str, str, str, bytes]
"""A route (otlp, write-1, write-2, points), a type, an encoding, and what is sent."""


def field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message that holds ``content``, by its length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def repeated(piece: bytes, size: int = FULL) -> bytes:
    """``piece`` as often as there is room for it."""
    return piece * (size // len(piece))


def nested(*numbers: int, content: bytes) -> bytes:
    """``content`` in a field of a field of …, the outermost first."""
    for number in reversed(numbers):
        content = field(number, content)
    return content


def snappy(content: bytes) -> bytes:
    """Sound snappy of any content, as one literal piece."""
    head = b"\xfc" + struct.pack("<I", len(content) - 1) if content else b""
    return varint(len(content)) + head + content


def bomb(byte: bytes) -> bytes:
    """20 MB of one byte, as gzip, made without having them."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join([packer.compress(byte * 1_000_000) for _ in range(20)]) + packer.flush()


def hostile() -> Iterator[Body]:
    """Each of them."""
    empty = b"\x0a\x00"
    for kind in (5, 7, 9, 10, 11):  # gauge, sum, histogram, exponential histogram, summary
        yield "otlp", PROTOBUF, "", nested(1, 2, 2, kind, content=repeated(empty))
    for depth in ((), (1,), (1, 2)):  # resources, scopes, metrics
        yield "otlp", PROTOBUF, "", nested(*depth, content=repeated(field(2 if depth else 1, b"")))
    point = field(6, repeated(b"\1" * 8))  # bucket_counts of one histogram
    yield "otlp", PROTOBUF, "", nested(1, 2, 2, 9, 1, content=point)
    yield "otlp", PROTOBUF, "", nested(1, 2, 2, 5, 1, content=repeated(field(7, b"")))
    deep = b""
    for _ in range(20_000):
        deep = field(5, field(1, deep))  # an array of an array of …
    yield "otlp", PROTOBUF, "", nested(1, 2, 2, 5, 1, 7, 2, content=deep)
    yield "otlp", PROTOBUF, "", b"\x0a" + b"\xff" * 9 + b"\x01"
    yield "otlp", PROTOBUF, "gzip", bomb(b"\0")
    yield "otlp", PROTOBUF, "gzip", gzip.compress(repeated(empty), mtime=0)
    for number in (1, 2, 4):  # labels, samples, histograms
        content = nested(1, content=repeated(field(number, b"")))
        yield "write-1", PROTOBUF, "snappy", snappy(content)
    yield "write-1", PROTOBUF, "snappy", snappy(repeated(empty))
    deltas = nested(
        1, 4, content=field(12, repeated(b"\1")) + field(11, b"\x10\xff\xff\xff\xff\x0f")
    )
    yield "write-1", PROTOBUF, "snappy", snappy(deltas)
    yield "write-2", PROTOBUF, "snappy", snappy(repeated(field(4, b"")))
    yield "write-2", PROTOBUF, "snappy", snappy(repeated(field(5, b"")))
    yield "write-2", PROTOBUF, "snappy", snappy(field(5, field(1, repeated(b"\0"))))
    for told in (2**32 - 1, 2**31, bodies.AT_MOST):  # a length that is not there
        yield "write-1", PROTOBUF, "snappy", varint(told) + b"\0a"
    # A copy of what came before, again and again: 64 bytes for every three.
    yield "write-1", PROTOBUF, "snappy", varint(bodies.AT_MOST) + b"\0a" + b"\xfe\1\0" * 65_535
    yield from _texts()


def _texts() -> Iterator[Body]:
    for opened in (b"[", b'{"a":', b'{"resourceMetrics":[{"scopeMetrics":['):
        yield "otlp", JSON, "", repeated(opened)
    head = b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","%s":{"dataPoints":['
    for kind in (b"gauge", b"histogram", b"exponentialHistogram", b"summary"):
        yield "otlp", JSON, "", head % kind + repeated(b"{},") + b"{}]}}]}]}]}"
    pairs = b'{"attributes":[' + repeated(b"{},") + b"{}]}]}}]}]}]}"
    yield "otlp", JSON, "", head % b"gauge" + pairs
    counts = b'{"bucketCounts":[' + repeated(b"9999999,") + b"1]}]}}]}]}]}"
    yield "otlp", JSON, "", head % b"histogram" + counts
    yield "otlp", JSON, "", b'{"resourceMetrics":[' + repeated(b"{},") + b"{}]}"
    yield "otlp", JSON, "", b'{"x":"' + repeated(rb"\u0041") + b'"}'
    yield "otlp", JSON, "", b'{"x":' + repeated(b"9") + b"}"
    one = b'{"metric":"","at":"2026-01-01T00:00:00Z","value":1,"slice":{}},'
    yield "points", JSON, "", b'{"points":[' + repeated(one) + one[:-1] + b"]}"
    wide = b'{"points":[{"metric":"x","at":"2026-01-01T00:00:00Z","value":1,"slice":{'
    parts = b",".join(b'"%d":""' % number for number in range(FULL // 12))
    yield "points", JSON, "", wide + parts + b"}}]}"
    yield "points", JSON, "gzip", bomb(b"[")
    names = b"metric,at,value\n"
    yield "points", CSV, "", names + repeated(b"\n")
    yield "points", CSV, "", names + repeated(b",")
    yield "points", CSV, "", names + repeated(b",,\n")
    yield "points", CSV, "", names + repeated(b"x,2026-01-01T00:00:00Z,1\n")
    yield "points", CSV, "", names + b'"' + repeated(b"x")


def read(body: Body) -> None:
    """Read it as its route does."""
    from sandbox.telemetry.api import points
    from sandbox.telemetry.wire import otlp, remote_write

    route, kind, encoding, sent = body
    readers: dict[tuple[str, str], Callable[[bytes], object]] = {
        ("otlp", PROTOBUF): otlp.read_protobuf,
        ("otlp", JSON): otlp.read_json,
        ("write-1", PROTOBUF): lambda plain: remote_write.read(plain, remote_write.ONE),
        ("write-2", PROTOBUF): lambda plain: remote_write.read(plain, remote_write.TWO),
        ("points", JSON): lambda plain: points._read(JSON, plain),
        ("points", CSV): lambda plain: points._read(CSV, plain),
    }
    readers[route, kind](bodies.decompressed(sent, encoding))


def _most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Read all, each answered or refused as a body may be."""
    from litestar.exceptions import HTTPException

    refused = (bodies.TooLarge, bodies.Unreadable, DomainError, HTTPException)
    read(("otlp", PROTOBUF, "", b""))  # imports what is needed
    before = last = _most()
    for body in hostile():
        with suppress(*refused):
            read(body)
        if (now := _most()) > last:
            said = (*body[:3], body[3][:24], f"{(now - before) // 1_000_000} MB")
            print(*said)  # noqa: T201
            last = now
    print(last - before)  # noqa: T201


if __name__ == "__main__":
    main()
