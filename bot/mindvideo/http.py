"""HTTP to MindVideo and to the hosts of its files: httpx, carried by aiohttp, and what can break.

httpx alone takes seven times the processor time of httpx over aiohttp (docs/decisions.md).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

import aiohttp
import httpx
from aiohttp import AddrInfoType
from httpx_aiohttp import AiohttpTransport

TransportError: TypeAlias = (
    httpx.HTTPError | httpx.InvalidURL | aiohttp.ClientError | OSError | ValueError
)

# The transport translates most of aiohttp's exceptions, not all: a reply that is not HTTP comes
# as `aiohttp.ClientResponseError`, and an address that yarl cannot parse as `ValueError`.
TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)
"""All that a call can raise when the network or the other side fails."""

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_CONNECT_SECONDS = 10.0
_AGENT = "slack-video-bot"


def http_client(
    *,
    headers: dict[str, str],
    connections: int,
    seconds: float,
    socket_factory: SocketFactory | None = None,
) -> httpx.AsyncClient:
    """Return a client that follows no redirect, keeps no cookie and asks no proxy.

    At most `connections` at once; the other side may be silent for at most `seconds`.
    """
    context = _tls()

    def make_session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=connections, ssl=context, socket_factory=socket_factory
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    return httpx.AsyncClient(
        transport=AiohttpTransport(verify=context, client=make_session),
        headers={"User-Agent": _AGENT, **headers},
        timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


@cache
def _tls() -> ssl.SSLContext:
    """To read all certificates takes some 30 ms of the loop's time: once is enough."""
    return httpx.create_ssl_context()


def was_never_sent(error: TransportError) -> bool:
    """Tell whether certainly no byte of the request left.

    The transport calls a lost reply `httpx.ConnectTimeout` (its table maps
    `ServerDisconnectedError` so), so only aiohttp's own exception is to be believed.
    """
    return isinstance(error.__cause__, _NEVER_SENT) or isinstance(error, httpx.InvalidURL)


def is_not_public(error: TransportError) -> bool:
    """Tell whether the connection was refused by `addresses.guarded_sockets`."""
    cause = error.__cause__
    return isinstance(cause, aiohttp.ClientConnectorError) and isinstance(
        cause.os_error, NotPublicError
    )


def cause_of(error: TransportError) -> TransportError | None:
    """Return what to chain to our own exception; `None` where its text quotes what arrived.

    aiohttp puts the whole of a reply that is not HTTP into the exception: megabytes for a log.
    """
    return None if isinstance(error, aiohttp.ClientResponseError) else error


SocketFactory: TypeAlias = Callable[[AddrInfoType], socket.socket]

# RFC 6052: the last 32 bits are an IPv4 address that a gateway connects to.
_NAT64 = IPv6Network("64:ff9b::/96")


class NotPublicError(OSError):
    """The name leads to an address of this machine or its network; nothing was connected."""

    def __init__(self) -> None:
        # The same words for each address: aiohttp then raises this very error, not a summary.
        super().__init__("not a public address")


def is_public(address: str) -> bool:
    """Tell whether an IP address, and each that it may stand for, is reachable for everyone."""
    return all(one.is_global and not one.is_multicast for one in _meant(address))


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or IP address means this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def guarded_sockets(*, allow_loopback: bool) -> SocketFactory:
    """Return what makes a socket for a resolved address, unless that address is not public.

    aiohttp calls it with each address that it is about to connect to, so a name that resolves
    differently the next time is no way round. `allow_loopback` is for a simulated MindVideo.
    """

    def make_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        host = str(address[0])
        if not (is_public(host) or (allow_loopback and is_loopback(host))):
            raise NotPublicError
        return socket.socket(family, kind, protocol)

    return make_socket


def _meant(address: str) -> Iterator[IPv4Address | IPv6Address]:
    """Give the address, and the IPv4 addresses that it hides."""
    # A link-local address carries its interface: fe80::1%eth0.
    given = ip_address(address.partition("%")[0])
    if isinstance(given, IPv4Address):
        yield given
        return
    hidden = [given.ipv4_mapped, given.sixtofour, *(given.teredo or ())]
    if given in _NAT64:
        hidden.append(IPv4Address(int(given) & 0xFFFF_FFFF))
    found = [one for one in hidden if one is not None]
    # `is_global` of a mapped address differs between Python versions: the IPv4 address decides.
    yield from found if given.ipv4_mapped else [given, *found]
