"""Streams a finished file from a URL that MindVideo sent, which is untrusted input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus

import aiohttp
import httpx
from yarl import URL

from bot.base.addresses import InvalidAddressError, exact, redirected
from bot.base.errors import BotError, NotFoundError, RefusedError, RetryLaterError
from bot.base.network import Reach
from bot.base.network_errors import (
    TRANSPORT_ERRORS,
    TransportError,
    cause_of,
    is_not_public,
    reason,
)
from bot.base.ports import Download
from bot.base.retry_after import read_retry_after
from bot.base.traces import SpanName
from bot.mindvideo.http import http_client, location_of, network_errors, sent_exactly
from storage.job import Instant

_MOST_REDIRECTS = 5
_MOST_CONNECTIONS = 20

_SILENCE_SECONDS = 30.0
"""A download that receives nothing for so long is given up."""

# Some hosts answer an expired URL with status 200 and a page or an error text, not with the file.
_NOT_A_FILE = ("text/html", "application/json", "application/xml", "text/xml")

_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    },
)

_TEMPORARY = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS},
)


class Downloader:
    """Opens URLs at public addresses only, and sends no credential.

    `allow_loopback` permits a simulated MindVideo on this machine. `max_bytes` bounds the size of
    one file, `max_seconds` the time of its download.
    """

    def __init__(
        self,
        *,
        now: Callable[[], Instant],
        allow_loopback: bool,
        max_bytes: int,
        max_seconds: float,
    ) -> None:
        self._now = now
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._http = http_client(
            span=SpanName.FILE_HOST,
            reach=Reach.PUBLIC_AND_LOOPBACK if allow_loopback else Reach.PUBLIC,
            headers={
                "Accept": "video/*, image/*, */*;q=0.5",
                # The length of a compressed answer would not be the length of the file.
                "Accept-Encoding": "identity",
            },
            connections=_MOST_CONNECTIONS,
            silence_seconds=_SILENCE_SECONDS,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Download]:
        """Open a file, with the promises and errors of `VideoService.download`."""
        async with aclosing(await self._follow(url)) as response:
            length = _length(response)
            if length is not None and length > self._max_bytes:
                raise _too_large(self._max_bytes)
            chunks = counted(_received(response), length, self._max_bytes)
            yield Download(
                length=length,
                content_type=response.headers.get("content-type"),
                chunks=_in_time(chunks, self._max_seconds),
            )

    async def _follow(self, address: str) -> httpx.Response:
        """Return the first answer that is no redirect; the address of each redirect is checked.

        Each address is sent as it was given, also the one of a redirect: it may be signed.
        """
        try:
            url = exact(address)
            for _ in range(_MOST_REDIRECTS + 1):
                response = await self._get(url)
                location = location_of(response)
                if response.status_code not in _REDIRECTS or location is None:
                    return await self._checked(response)
                await response.aclose()
                url = redirected(url, location)
        except InvalidAddressError as error:
            raise RefusedError("The video's address is not a web address.") from error
        raise RefusedError("The video's address leads from one address to the next without end.")

    async def _checked(self, response: httpx.Response) -> httpx.Response:
        try:
            _check(response, self._now())
        except BotError:
            await response.aclose()
            raise
        return response

    async def _get(self, url: URL) -> httpx.Response:
        if url.scheme not in {"http", "https"}:
            raise RefusedError("The video's address is not a web address.")
        try:
            with network_errors():
                request = self._http.build_request("GET", str(url), extensions=sent_exactly(url))
                return await self._http.send(request, stream=True)
        except TRANSPORT_ERRORS as error:
            raise _broken(error) from cause_of(error)


async def counted(
    chunks: AsyncIterator[bytes], length: int | None, max_bytes: int
) -> AsyncIterator[bytes]:
    """Yield the chunks, and check how many bytes they have in all.

    Raises `RetryLaterError` for an empty file and for fewer bytes than `length`, `RefusedError`
    for more than `length` or than `max_bytes`.
    """
    count = 0
    async for chunk in chunks:
        count += len(chunk)
        if length is not None and count > length:
            raise RefusedError("The video's file is longer than its sender said.")
        if count > max_bytes:
            raise _too_large(max_bytes)
        yield chunk
    if count == 0:
        raise RetryLaterError("The video's file is still empty.")
    if length is not None and count < length:
        raise RetryLaterError("The video's file arrived incomplete.")


async def _received(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        with network_errors():
            async for chunk in response.aiter_bytes():
                yield chunk
    except TRANSPORT_ERRORS as error:
        raise _broken(error) from cause_of(error)


async def _in_time(chunks: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """Yield the chunks until the time is up, so that a slow sender cannot occupy a worker."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    async for chunk in chunks:
        if clock() > deadline:
            raise RetryLaterError("The video's file came too slowly.")
        yield chunk


def _length(response: httpx.Response) -> int | None:
    """Return the file's length, or `None`; a compressed answer's length is not the file's."""
    length = response.headers.get("content-length", "")
    encoded = response.headers.get("content-encoding", "identity") != "identity"
    return int(length) if length.isdecimal() and not encoded else None


def _check(response: httpx.Response, now: Instant) -> None:
    """Raise a `BotError` unless the answer holds the file."""
    status = response.status_code
    if status == HTTPStatus.OK:
        if response.headers.get("content-type", "").lower().startswith(_NOT_A_FILE):
            raise NotFoundError("The video's address holds a page instead of a file.")
        if response.headers.get("content-length") == "0":
            raise RetryLaterError("The video's file is still empty.")
        return
    if (
        HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status not in _TEMPORARY
    ):
        raise NotFoundError(f"The video's address is no longer valid (status {status}).")
    raise RetryLaterError(
        f"The video's file cannot be had just now (status {status}).",
        retry_after=read_retry_after(response.headers.get("retry-after"), now),
    )


def _broken(error: TransportError) -> BotError:
    if is_not_public(error):
        return RefusedError("The video's address is not a public one.")
    if isinstance(error, aiohttp.InvalidURL):
        return RefusedError("The video's address is not a web address.")
    return RetryLaterError("The connection to the video's file broke.", why=reason(error))


def _too_large(max_bytes: int) -> RefusedError:
    return RefusedError(f"The video's file is larger than {max_bytes / 2**20:.0f} MiB.")
