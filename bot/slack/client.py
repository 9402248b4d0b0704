"""A client of Slack's SDK that does not retry; its failures become the bot's exceptions."""

import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.base.addresses import InvalidAddressError, exact
from bot.base.errors import BotError
from bot.base.hosts import is_loopback, is_slack_host
from bot.base.network import open_session
from bot.base.network_errors import reason, was_never_sent
from bot.base.retry_after import read_seconds
from bot.base.traces import SpanName
from bot.slack.errors import (
    error_of_code,
    error_of_status,
    lost_answer,
    not_connected,
)

CALL_SECONDS = 15.0
"""Total time of one call. After a slower post, `find_posts` searches for the message."""

CONNECT_SECONDS = 5.0
"""Time in which one address of a host must accept a connection."""

ALL_CONNECT_SECONDS = 8.0
"""The same for all addresses of a host, and for a proxy's word that it has connected.

Less than the time of any call: what was not connected is then known not to be sent.
"""

MOST_BYTES = 16 * 2**20
"""Largest answer, decompressed. The largest expected one, a page of messages, is far smaller."""

OK = 200

_TLS_PORT = 443

_LOG = logging.getLogger(f"{AsyncWebClient.__module__}.quiet")
# The SDK composes two lines of each call, with all of its answer, unless the logger itself has a
# level: what the root's level drops costs a fifth of the call.
_LOG.setLevel(logging.WARNING)

Answer = TypeVar("Answer", bound=BaseModel)


class _BoundedResponse(aiohttp.ClientResponse):
    """Reads at most `MOST_BYTES`; the SDK reads every body by this method, without a limit."""

    async def read(self) -> bytes:
        if self._body is None:
            body = bytearray()
            async for chunk in self.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    self.close()
                    raise aiohttp.ClientPayloadError("The answer is too long.")
            self._body = bytes(body)
        return await super().read()


@asynccontextmanager
async def slack_client(
    *, token: str, base_url: str, call_seconds: float = CALL_SECONDS
) -> AsyncIterator[AsyncWebClient]:
    """Open a client of the Web API at `base_url`, with a session of its own that closes with it.

    An answer of more than `MOST_BYTES` closes its connection and counts as a lost answer.
    """
    timeout = aiohttp.ClientTimeout(
        total=call_seconds, connect=ALL_CONNECT_SECONDS, sock_connect=CONNECT_SECONDS
    )
    async with open_session(
        timeout=timeout, span=SpanName.SLACK, response_class=_BoundedResponse
    ) as session:
        # The SDK's own retry handlers would post again after a lost connection.
        client = AsyncWebClient(
            token=token, base_url=base_url, session=session, retry_handlers=[], logger=_LOG
        )
        # The session knows the proxies; the SDK takes HTTPS_PROXY and does not read NO_PROXY.
        client.proxy = None
        yield client


async def ask(
    call: Awaitable[AsyncSlackResponse], shape: type[Answer], *, doubtful: bool
) -> Answer:
    """Await a call of the SDK and parse its answer as `shape`.

    `doubtful`: the call is not safe to repeat. A failure after the request was sent then raises
    `OutcomeUnknownError`, else `RetryLaterError`. Slack's error codes raise the exceptions of
    `bot.slack.errors`.
    """
    return read(await answer_of(call, doubtful=doubtful), shape, doubtful=doubtful)


def read(response: AsyncSlackResponse, shape: type[Answer], *, doubtful: bool) -> Answer:
    """Parse an answer as `shape`; one of another shape counts as a lost answer."""
    try:
        return shape.model_validate(response.data)
    except ValidationError:
        # Raised without its cause, which shows the answer.
        raise lost_answer(doubtful=doubtful) from None


async def answer_of(call: Awaitable[AsyncSlackResponse], *, doubtful: bool) -> AsyncSlackResponse:
    """Await a call of the SDK and return its answer unparsed; raises the same errors as `ask`."""
    try:
        return await call
    except SlackApiError as error:
        # Raised without its cause: the SDK's message holds the URL and the whole answer.
        raise _error_of_answer(error, doubtful=doubtful) from None
    except (aiohttp.ClientError, OSError) as error:
        raise failed(error, doubtful=doubtful) from error
    except (AttributeError, LookupError, RecursionError, ValueError) as error:
        # The SDK calls `.get("ok")` on any JSON value, also on a text or a list, which lack it. A
        # charset that Python does not know, or lists nested too deeply, cannot be parsed at all.
        raise lost_answer(doubtful=doubtful) from error


def failed(error: aiohttp.ClientError | OSError, *, doubtful: bool) -> BotError:
    """Return the exception for a request that the network failed, and why it did.

    `doubtful`: it is not safe to repeat, so after it was sent its outcome is unknown.
    """
    if was_never_sent(error):
        return not_connected(reason(error))
    return lost_answer(reason(error), doubtful=doubtful)


def slack_address(address: str, api: str, *, has_secret: bool = True) -> URL | None:
    """Return an address of Slack's as a URL that is sent byte for byte; `None`: it is another's.

    Slack's are those on its hosts by TLS, and those on the host of the API. Of a sandbox, whose API
    is on this machine, other ports count as well if `has_secret` is false.
    """
    try:
        url, base = exact(address), URL(api)
    except InvalidAddressError:
        return None
    if url.raw_user is not None:
        return None
    if url.origin() == base.origin():
        return url
    if is_loopback(base.host or ""):
        return url if not has_secret and is_loopback(url.host or "") else None
    is_at_slack = url.scheme == "https" and url.port == _TLS_PORT and is_slack_host(url.host or "")
    return url if is_at_slack else None


def _error_of_answer(error: SlackApiError, *, doubtful: bool) -> BotError:
    answer = error.response
    status = answer.status if isinstance(answer, aiohttp.ClientResponse) else answer.status_code
    retry_after = read_seconds(answer.headers.get("Retry-After"))
    data = None if isinstance(answer, aiohttp.ClientResponse) else answer.data
    code = data.get("error") if isinstance(data, dict) else None
    if isinstance(code, str):
        return error_of_code(code, doubtful=doubtful, retry_after=retry_after)
    return error_of_status(status, doubtful=doubtful, retry_after=retry_after)
