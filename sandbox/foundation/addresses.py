"""Which addresses the site may call when somebody else says where to.

Whoever names an address could name one inside our own network: the database, another machine's
console, a cloud's metadata. So a name is resolved, every address that it has is judged, and the
connection goes to the very address that was judged (:mod:`sandbox.foundation.posting`): asked
twice, a name may answer differently.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from sandbox.settings import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LONGEST = 500
_SECONDS = 5.0
_LOW_PORTS = 1024
_MAPPED_NETWORKS = (
    # NAT64 (RFC 6052): the last four bytes are the address that is reached in the end.
    ipaddress.IPv6Network("64:ff9b::/96"),
)
_REFUSED_NETWORKS = (
    ipaddress.IPv6Network("::/96"),  # addresses that only look like IPv6 (RFC 4291)
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # NAT64 of one's own network (RFC 8215)
    ipaddress.IPv6Network("2001::/32"),  # Teredo hides the address that is reached
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays of 6to4
    ipaddress.IPv4Network("168.63.129.16/32"),  # a cloud's own services, on a public address
)


class AddressRefused(Exception):
    """An address that may not be called; ``why`` is one of :data:`REASONS`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


REASONS = ("form", "scheme", "port", "unknown", "inside")


def split(url: str) -> SplitResult:
    """``url`` in parts, if its form is one that may be called.

    ``https`` on port 443 or a high one, without a user or a fragment. Where loopback is allowed
    (``WEBHOOKS_TO_LOOPBACK``) plain ``http`` is too, and any port: :func:`resolve` sees to it
    that this then goes nowhere else.

    :raises AddressRefused: ``form``, ``scheme`` or ``port``.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("form")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise AddressRefused("form") from None
    if not host or "@" in parts.netloc or "\\" in url or parts.fragment:
        raise AddressRefused("form")
    loose = settings.webhooks_to_loopback
    if parts.scheme != "https" and not (loose and parts.scheme == "http"):
        raise AddressRefused("scheme")
    if port is not None and port != 443 and port < _LOW_PORTS and not loose:
        raise AddressRefused("port")
    return parts


def port_of(parts: SplitResult) -> int:
    """The port that an address names, or that goes without saying."""
    return parts.port or (443 if parts.scheme == "https" else 80)


async def resolve(host: str, port: int, *, plain: bool = False) -> list[str]:
    """The addresses of ``host``, all of them judged. ``plain``: without TLS, so loopback only.

    :raises AddressRefused: ``unknown``: the name has none; ``inside``: one of them is not for us.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except (OSError, UnicodeError, TimeoutError):
        raise AddressRefused("unknown") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        judged = _address(address)
        if not (_is_loopback(judged) if plain else is_public(judged) or _is_loopback(judged)):
            raise AddressRefused("inside")
    if not addresses:
        raise AddressRefused("unknown")
    return addresses


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _is_loopback(address: Address) -> bool:
    """Whether it is this machine itself, and that is allowed."""
    return settings.webhooks_to_loopback and address.is_loopback


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, in whatever dress it comes."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return is_public(inner)
    if any(address.version == net.version and address in net for net in _REFUSED_NETWORKS):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
        or address.is_link_local or address.is_loopback
    )  # fmt: skip


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _MAPPED_NETWORKS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
