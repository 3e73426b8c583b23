"""Sends a body to somebody else's address: to the very address that was judged, no further.

No redirect is followed, no proxy asked, no cookie kept, little of the answer read, and it is all
over after some seconds.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore
import msgspec

from sandbox.foundation import addresses

SECONDS = 15.0
"""The longest that one attempt takes."""

_CONNECT, _READ = 5.0, 10.0
_KEPT = 300  # characters of an answer that are kept
_TAKEN = 4096  # bytes of an answer that are read
_DELIVERED = range(200, 300)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt. ``status`` is empty where there was no answer.

    ``words``: the beginning of the answer, or the name of what went wrong.
    """

    status: int | None
    words: str
    milliseconds: int

    @property
    def delivered(self) -> bool:
        """Whether it was taken."""
        return self.status in _DELIVERED


async def post(
    url: str, body: bytes, headers: Mapping[str, str], *, trust: ssl.SSLContext | None = None
) -> Answer:
    """POST ``body`` to ``url``; whatever goes wrong is told in the answer, nothing is raised.

    ``trust``: whose certificates are believed, by default those that the machine trusts.
    """
    began = time.monotonic()
    status, words = None, ""
    try:
        async with asyncio.timeout(SECONDS):
            status, words = await _post(url, body, headers, trust)
    except addresses.AddressRefused as error:
        words = f"refused:{error.why}"
    except ssl.SSLError:
        words = "failed:tls"
    except (TimeoutError, httpcore.TimeoutException):
        words = "failed:timeout"
    except httpcore.ConnectError as error:
        words = "failed:tls" if _is_tls(error) else "failed:connect"
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        words = "failed:protocol"
    spent = round((time.monotonic() - began) * 1000)
    return Answer(status=status, words=words, milliseconds=spent)


def _is_tls(error: BaseException | None) -> bool:
    """Whether a failure to connect is one of certificates, however deep it lies."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


async def _post(
    url: str, body: bytes, headers: Mapping[str, str], trust: ssl.SSLContext | None
) -> tuple[int, str]:
    parts = addresses.split(url)
    plain, port = parts.scheme == "http", addresses.port_of(parts)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname or ""
    where = httpcore.URL(scheme=parts.scheme, host=host, port=port, target=target)
    given = [("Host", parts.netloc), *headers.items(), ("Content-Length", str(len(body)))]
    timeouts = {"connect": _CONNECT, "read": _READ, "write": _READ, "pool": _CONNECT}
    async with httpcore.AsyncConnectionPool(
        ssl_context=trust or ssl.create_default_context(), network_backend=_Judged(plain=plain),
        max_connections=1, retries=0,
    ) as pool, pool.stream(
        "POST", where, headers=given, content=body, extensions={"timeout": timeouts}
    ) as response:  # fmt: skip
        return response.status, await _beginning(response)


async def _beginning(response: httpcore.Response) -> str:
    taken = b""
    async for part in response.aiter_stream():
        taken += part
        if len(taken) >= _TAKEN:
            break
    text = " ".join(taken[:_TAKEN].decode("utf-8", "replace").split())
    return "".join(char for char in text if char.isprintable())[:_KEPT]


class _Judged(httpcore.AsyncNetworkBackend):
    """Connects to no address that was not judged; TLS still asks for the host's own name."""

    def __init__(self, *, plain: bool) -> None:
        self._plain = plain
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's own shape)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await addresses.resolve(host, port, plain=self._plain)
        for address in found[:-1]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(
            found[-1], port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(self, *_words: Any, **_more: Any) -> httpcore.AsyncNetworkStream:
        raise addresses.AddressRefused("inside")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
