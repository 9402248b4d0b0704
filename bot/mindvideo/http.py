"""HTTP to MindVideo and to the hosts of its files: httpx over a session of the one policy."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from aiohttp import ClientRequest, ClientResponse, ClientTimeout
from aiohttp.client_middlewares import ClientHandlerType
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from yarl import URL

from bot.base.addresses import InvalidAddressError, exact
from bot.base.network import AGENT, ALL_CONNECT_SECONDS, CONNECT_SECONDS, Reach, open_session
from bot.base.network_errors import TRANSPORT_ERRORS
from bot.base.traces import SpanName

CHUNK_BYTES = 256 * 1024
"""The most that one chunk of a body has; each costs the processor the same, whatever its size."""

_EXACT = "exact"
_LOCATION = "location"

_SENT_TO: ContextVar[URL] = ContextVar("_SENT_TO")
"""The address of the request that is being sent, as it was given."""


def http_client(
    *,
    headers: Mapping[str, str],
    span: SpanName = SpanName.MINDVIDEO,
    reach: Reach = Reach.ANYWHERE,
    connections: int = 100,
    silence_seconds: float | None = None,
) -> httpx.AsyncClient:
    """Return a client that follows no redirect and keeps no cookie; call this where a loop runs.

    It opens at most `connections` at once, and gives up where it receives nothing for
    `silence_seconds`. Calls of it belong into `network_errors`. Raises `ConfigurationError` for a
    proxy that cannot be used.
    """
    session = open_session(
        # httpx states the timeouts for each request.
        timeout=ClientTimeout(),
        span=span,
        reach=reach,
        connections=connections,
        middlewares=(_send_exactly,),
    )
    return httpx.AsyncClient(
        transport=_ExactTransport(session),
        # By itself httpx takes ASCII alone.
        headers=httpx.Headers({"User-Agent": AGENT, **headers}, encoding="utf-8"),
        # httpx_aiohttp makes these `sock_connect`, `sock_read` and aiohttp's `connect`.
        timeout=httpx.Timeout(
            None, connect=CONNECT_SECONDS, read=silence_seconds, pool=ALL_CONNECT_SECONDS
        ),
        # httpx has a jar of its own, and would put a user of the address in place of our key.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        auth=httpx.Auth(),
        follow_redirects=False,
        trust_env=False,
    )


def sent_exactly(url: URL) -> Mapping[str, URL]:
    """Return the extensions of a request that is to be sent to `url` byte for byte."""
    return {_EXACT: url}


def location_of(response: httpx.Response) -> str | None:
    """Return where an answer leads, as it was sent; bytes that are no UTF-8 are surrogates."""
    location = response.extensions.get(_LOCATION)
    return location if isinstance(location, str) else None


@contextmanager
def network_errors() -> Iterator[None]:
    """Raise one of `TRANSPORT_ERRORS` for httpx's exception: that of the session, where it has one.

    httpx_aiohttp raises `httpx.ConnectTimeout` for a reply that was lost and for a connection that
    never came about alike; a charge depends on which it was.
    """
    try:
        yield
    except httpx.InvalidURL:
        raise InvalidAddressError from None
    except httpx.RequestError as error:
        cause = error.__cause__
        if isinstance(cause, TRANSPORT_ERRORS):
            raise cause from cause.__cause__
        # Raised by httpx itself while it reads: a body that is not compressed as its head says.
        raise aiohttp.ClientPayloadError(str(error)) from error


class _ExactTransport(AiohttpTransport):
    """Sends a request to its exact address, and hands a redirect's address on as it was sent.

    httpx and aiohttp would each encode an address anew, which breaks a signature.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        # The context is never used, the session has its own; without one, httpx reads certificates.
        super().__init__(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), client=session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.extensions.get(_EXACT)
        token = _SENT_TO.set(url if isinstance(url, URL) else exact(str(request.url)))
        try:
            response = await super().handle_async_request(request)
        finally:
            _SENT_TO.reset(token)
        encoding = response.headers.get("content-encoding", "")
        # One that is compressed comes in the transport's own smaller chunks, as each may grow to a
        # thousand times its size.
        if not encoding and isinstance(response.stream, AiohttpResponseStream):
            response.stream.CHUNK_SIZE = CHUNK_BYTES
        if "," in encoding:
            # httpx would undo one encoding after the other: gigabytes out of a few bytes.
            await response.aclose()
            raise aiohttp.ClientPayloadError("the answer is compressed more than once")
        # httpx parses this header although it follows no redirect, and fails if it cannot.
        if _LOCATION in response.headers:
            response.extensions[_LOCATION] = _first(response, _LOCATION)
            del response.headers[_LOCATION]
        return response


def _first(response: httpx.Response, name: str) -> str:
    """Return the first value of a header; httpx guesses an encoding, which changes bytes."""
    values = (value for key, value in response.headers.raw if key.lower() == name.encode())
    return next(values).decode("utf-8", "surrogateescape")


async def _send_exactly(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Send a request of `_ExactTransport` to the address as it was given."""
    # aiohttp has made a header of the user, and what is behind "#" is not sent.
    request.url = _SENT_TO.get().with_user(None).with_fragment(None)
    return await handler(request)
