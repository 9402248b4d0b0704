"""HTTP to MindVideo and to the hosts of its files: httpx, carried by aiohttp, and what can break.

httpx alone takes seven times the processor time of httpx over aiohttp (docs/decisions.md).
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import TypeAlias

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.mindvideo.addresses import NotPublicError, SocketFactory

Trouble: TypeAlias = httpx.HTTPError | httpx.InvalidURL | aiohttp.ClientError | OSError | ValueError

# The transport translates most of aiohttp's exceptions, not all: a reply that is not HTTP comes
# as `aiohttp.ClientResponseError`, and an address that yarl cannot parse as `ValueError`.
TROUBLE = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)
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


def was_never_sent(trouble: Trouble) -> bool:
    """Tell whether certainly no byte of the request left.

    The transport calls a lost reply `httpx.ConnectTimeout` (its table maps
    `ServerDisconnectedError` so), so only aiohttp's own exception is to be believed.
    """
    return isinstance(trouble.__cause__, _NEVER_SENT) or isinstance(trouble, httpx.InvalidURL)


def is_not_public(trouble: Trouble) -> bool:
    """Tell whether the connection was refused by `addresses.guarded_sockets`."""
    cause = trouble.__cause__
    return isinstance(cause, aiohttp.ClientConnectorError) and isinstance(
        cause.os_error, NotPublicError
    )


def cause_of(trouble: Trouble) -> Trouble | None:
    """Return what to chain to our own exception; `None` where its text quotes what arrived.

    aiohttp puts the whole of a reply that is not HTTP into the exception: megabytes for a log.
    """
    return None if isinstance(trouble, aiohttp.ClientResponseError) else trouble
