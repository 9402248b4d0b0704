"""`POST /slack/events`: takes Slack's requests, and refuses all others before anything is decoded.

Everybody can send here. So a request costs little until its signature is checked, over its bytes;
what is refused has no traceback, and is logged once a minute for each reason.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from types import MappingProxyType

from aiohttp import hdrs, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response

from bot.app.http.refusals import Reason, Refusals
from bot.listeners.dispatch import Dispatch
from bot.listeners.request_body import parse_body
from bot.listeners.slack_object import UnreadableRequestError
from bot.slack.signature import WINDOW_SECONDS, Signature, SignatureVerdict
from storage.job import Instant

MOST_BYTES = 2**20
"""The largest body. Slack's largest payloads, views of 100 blocks, are a third of it."""
SMALL_BYTES = 2**16
"""A body up to this size is always read; a command has a few thousand bytes."""
MOST_LARGE = 8
"""How many larger bodies are read at once; a thousand connections could bring a gigabyte."""
BODY_SECONDS = 5.0
"""The time for a body to arrive. Slack itself waits three seconds for the answer."""

_STATUS: Mapping[Reason, HTTPStatus] = MappingProxyType(
    {
        Reason.HTTP: HTTPStatus.BAD_REQUEST,
        Reason.ENCODING: HTTPStatus.BAD_REQUEST,
        Reason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        Reason.UNSIGNED: HTTPStatus.UNAUTHORIZED,
        Reason.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
        Reason.SLOW: HTTPStatus.REQUEST_TIMEOUT,
        Reason.SIGNATURE: HTTPStatus.UNAUTHORIZED,
        Reason.CLOCK: HTTPStatus.UNAUTHORIZED,
        Reason.UNREADABLE: HTTPStatus.BAD_REQUEST,
    }
)


OTHER_SIGNATURE = (
    "requests came with a signature that is not Slack's for this app, and none with the right one"
    " since: check SLACK_SIGNING_SECRET"
)


class RefusedRequestError(Exception):
    """A request is not served; the text, which may be empty, is for the log."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class SlackRequests:
    """Checks and reads requests, and remembers what is wrong with the secret or the clock."""

    def __init__(
        self,
        secret: str,
        dispatch: Dispatch,
        refusals: Refusals,
        *,
        prove: Callable[[web.BaseRequest], None],
        now: Callable[[], Instant] = time.time,
    ) -> None:
        """`prove` is called with each signed request; `now` is the wall clock, which Slack's is."""
        self._secret = secret
        self._dispatch = dispatch
        self._refusals = refusals
        self._prove = prove
        self._now = now
        self._large = asyncio.Semaphore(MOST_LARGE)
        self.obstacle: str | None = None
        """Why Slack's requests seem to be refused; `None` once one is accepted."""

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request."""
        try:
            body = await self._signed_body(request)
            response = await self._dispatch(parse_body(body, request.content_type))
        except RefusedRequestError as error:
            return self._refuse(error.reason, str(error))
        except UnreadableRequestError as error:
            return self._refuse(Reason.UNREADABLE, str(error))
        return await to_aiohttp_response(response)

    def _refuse(self, reason: Reason, detail: str) -> web.Response:
        self._refusals.add(reason, detail or None)
        return web.Response(status=_STATUS[reason])

    async def _signed_body(self, request: web.Request) -> bytes:
        _check_encoding(request)
        if (request.content_length or 0) > MOST_BYTES:
            raise RefusedRequestError(Reason.TOO_LARGE)
        signature = Signature.of_headers(request.headers)
        if signature is None:
            raise RefusedRequestError(Reason.UNSIGNED)
        body = await self._read(request)
        now = self._now()
        match signature.verdict(self._secret, body, now):
            case SignatureVerdict.SIGNED:
                self.obstacle = None
                self._prove(request)
                return body
            case SignatureVerdict.WRONG_TIME:
                ahead = signature.seconds_ahead(now)
                self.obstacle = _clock_obstacle(ahead)
                raise RefusedRequestError(Reason.CLOCK, self.obstacle)
            case SignatureVerdict.WRONG_SIGNATURE:
                self.obstacle = OTHER_SIGNATURE
                raise RefusedRequestError(Reason.SIGNATURE, OTHER_SIGNATURE)

    async def _read(self, request: web.Request) -> bytes:
        """Return the body, which is read in the time and up to the size that are allowed."""
        length = request.content_length or 0
        try:
            if 0 < length <= SMALL_BYTES and request.content.is_eof():
                # It came together with its headers, as most do, so nothing is waited for.
                return await request.content.read()
            async with asyncio.timeout(BODY_SECONDS), AsyncExitStack() as stack:
                body = bytearray()
                async for chunk in request.content.iter_any():
                    is_first_beyond = len(body) <= SMALL_BYTES < len(body) + len(chunk)
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise RefusedRequestError(Reason.TOO_LARGE)
                    if is_first_beyond:
                        await self._take_slot(stack)
                return bytes(body)
        except TimeoutError:
            raise RefusedRequestError(Reason.SLOW) from None
        except web.RequestPayloadError:
            raise RefusedRequestError(Reason.HTTP) from None

    async def _take_slot(self, stack: AsyncExitStack) -> None:
        if self._large.locked():
            raise RefusedRequestError(Reason.BUSY)
        await stack.enter_async_context(self._large)


def _clock_obstacle(ahead: float) -> str:
    side = "ahead of" if ahead > 0 else "behind"
    return (
        f"requests of Slack's were refused because this machine's clock is {abs(ahead):.0f} s"
        f" {side} Slack's, and {WINDOW_SECONDS:.0f} s are allowed: set the clock"
    )


def _check_encoding(request: web.Request) -> None:
    """Refuse what would have to be unpacked, or decoded by whatever codec its sender names."""
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise RefusedRequestError(Reason.ENCODING)
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise RefusedRequestError(Reason.ENCODING)
