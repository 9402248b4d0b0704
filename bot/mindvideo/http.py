"""HTTP to MindVideo and to the hosts of its files: httpx over aiohttp, and its errors.

httpx alone takes seven times the processor time of httpx over aiohttp (docs/decisions.md).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import aiohttp
import httpx
from aiohttp import AddrInfoType
from httpx_aiohttp import AiohttpTransport

from bot.base.hosts import is_loopback, is_public

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
    """Return a client that follows no redirect, keeps no cookie and uses no proxy.

    It opens at most `connections` at once; a read or write times out after `seconds`.
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
    """Return a TLS context, built once: reading all certificates blocks the loop for some 30 ms."""
    return httpx.create_ssl_context()


def was_never_sent(error: TransportError) -> bool:
    """Return whether it is certain that no byte of the request was sent.

    The transport raises `httpx.ConnectTimeout` for a lost reply too (its table maps
    `ServerDisconnectedError` so), so only the aiohttp exception that caused it is checked.
    """
    return isinstance(error.__cause__, _NEVER_SENT) or isinstance(error, httpx.InvalidURL)


def is_not_public(error: TransportError) -> bool:
    """Return whether a socket factory of `guarded_sockets` refused the connection."""
    cause = error.__cause__
    return isinstance(cause, aiohttp.ClientConnectorError) and isinstance(
        cause.os_error, NotPublicError
    )


def cause_of(error: TransportError) -> TransportError | None:
    """Return the cause to chain to the bot's exception; `None` where its text quotes the reply.

    aiohttp puts the whole of a reply that is not HTTP into its exception: megabytes in a log.
    """
    return None if isinstance(error, aiohttp.ClientResponseError) else error


SocketFactory: TypeAlias = Callable[[AddrInfoType], socket.socket]


class NotPublicError(OSError):
    """The host has an address of this machine or its network; no connection was made."""

    def __init__(self) -> None:
        # With equal texts for all addresses aiohttp raises this error itself, not a summary.
        super().__init__("not a public address")


def guarded_sockets(*, allow_loopback: bool) -> SocketFactory:
    """Return a socket factory that raises `NotPublicError` for an address that is not public.

    aiohttp calls it with each resolved address before it connects, so a name that resolves
    differently the next time cannot bypass the check. `allow_loopback` is for a simulated
    MindVideo.
    """

    def make_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        host = str(address[0])
        if not (is_public(host) or (allow_loopback and is_loopback(host))):
            raise NotPublicError
        return socket.socket(family, kind, protocol)

    return make_socket
