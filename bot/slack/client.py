"""Slack's Web API through its SDK: a client that never repeats by itself, and one way to ask."""

import ipaddress
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.base.errors import BotError
from bot.base.retry_after import read_seconds
from bot.slack.errors import (
    error_of_code,
    error_of_status,
    lost_answer,
    not_connected,
)

CALL_SECONDS = 15.0
"""How long one call may take in all. A post that takes longer is looked for, not awaited."""

CONNECT_SECONDS = 5.0
"""How long one connection may take to come about."""

MOST_BYTES = 16 * 2**20
"""How long an answer may be, unpacked. The longest, a page of messages, is far below."""

OK = 200

Answer = TypeVar("Answer", bound=BaseModel)


class _BoundedResponse(aiohttp.ClientResponse):
    """Reads at most `MOST_BYTES`: the SDK would read without end, through this one method."""

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

    An answer of more than `MOST_BYTES` is dropped with its connection, and counts as lost.
    """
    timeout = aiohttp.ClientTimeout(total=call_seconds, sock_connect=CONNECT_SECONDS)
    # Slack's hosts must not set cookies that would then go to the hosts that take uploads.
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        timeout=timeout, cookie_jar=jar, response_class=_BoundedResponse
    ) as session:
        # The SDK's own handlers would post again after a lost connection, so there are none.
        client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
        if is_loopback(URL(base_url)):
            # The SDK takes HTTPS_PROXY from the environment and does not read NO_PROXY.
            client.proxy = None
        yield client


async def ask(
    call: Awaitable[AsyncSlackResponse], shape: type[Answer], *, doubtful: bool
) -> Answer:
    """Await a call of the SDK and read its answer as `shape`.

    `doubtful`: the call is not safe to repeat. Trouble after the request went out is then
    `OutcomeUnknownError`, else `RetryLaterError`. Raises the error that Slack's code stands for.
    """
    return read(await answer_of(call, doubtful=doubtful), shape, doubtful=doubtful)


def read(response: AsyncSlackResponse, shape: type[Answer], *, doubtful: bool) -> Answer:
    """Read an answer as `shape`; one of another shape counts as none."""
    try:
        return shape.model_validate(response.data)
    except ValidationError:
        # Raised without its cause, which shows the answer.
        raise lost_answer(doubtful=doubtful) from None


async def answer_of(call: Awaitable[AsyncSlackResponse], *, doubtful: bool) -> AsyncSlackResponse:
    """Await a call of the SDK; the same errors as `ask`, its answer unread."""
    try:
        return await call
    except SlackApiError as error:
        # Raised without its cause: the SDK's message holds the URL and the whole answer.
        raise _error_of_answer(error, doubtful=doubtful) from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise not_connected() from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise lost_answer(doubtful=doubtful) from error
    except (AttributeError, LookupError, RecursionError, ValueError) as error:
        # The SDK reads `.get("ok")` from whatever came: a text or a list has no such method. Bytes
        # in no charset that there is, or lists in lists without end, cannot be read at all.
        raise lost_answer(doubtful=doubtful) from error


def is_loopback(url: URL) -> bool:
    """Tell whether `url` leads to this machine: a sandbox, not Slack."""
    host = url.host or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_slack(url: URL, api: URL, hosts: frozenset[str]) -> bool:
    """Tell whether `url` is one of Slack's `hosts` over TLS, or of the sandbox that `api` is.

    `hosts` are exact names, or a domain with its dot in front for all names below it.
    """
    if not url.absolute or url.scheme not in {"http", "https"}:
        return False
    if is_loopback(api):
        return url.origin() == api.origin()
    host = url.host or ""
    named = any(host.endswith(name) if name[0] == "." else host == name for name in hosts)
    return url.scheme == "https" and url.port == URL("https://slack.com").port and named


def _error_of_answer(error: SlackApiError, *, doubtful: bool) -> BotError:
    answer = error.response
    status = answer.status if isinstance(answer, aiohttp.ClientResponse) else answer.status_code
    retry_after = read_seconds(answer.headers.get("Retry-After"))
    data = None if isinstance(answer, aiohttp.ClientResponse) else answer.data
    code = data.get("error") if isinstance(data, dict) else None
    if isinstance(code, str):
        return error_of_code(code, doubtful=doubtful, retry_after=retry_after)
    return error_of_status(status, doubtful=doubtful, retry_after=retry_after)
