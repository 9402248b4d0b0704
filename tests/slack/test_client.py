"""The HTTP client below all adapters to Slack: redirects, and answers of any size."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.base.errors import (
    OperatorMustActError,
    OutcomeUnknownError,
    RetryLaterError,
)
from bot.slack.chat import SlackChat
from bot.slack.client import MOST_BYTES, slack_client
from sandbox.server import serve
from sandbox.slack.entities import GENERAL
from tests.support.slack_sandbox import HELLO, HERE


def an_answer_of(length: int) -> bytes:
    """What Slack says to a post, in so many bytes."""
    head, tail = b'{"ok": true, "ts": "1.000001", "more": "', b'"}'
    return head + b"x" * (length - len(head) - len(tail)) + tail


@asynccontextmanager
async def chat_that_hears(body: bytes, **headers: str) -> AsyncIterator[SlackChat]:
    """The adapter, and a server that says the same to all that it is asked."""
    headers = {"Content-Type": "application/json"} | headers

    async def say(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    api = web.Application()
    api.router.add_route("*", "/{path:.*}", say)
    async with serve(api) as api_url, slack_client(token="t", base_url=api_url) as client:
        yield SlackChat(client)


async def test_the_token_does_not_follow_a_redirect_to_another_host() -> None:
    seen: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"ok": False, "error": "invalid_auth"})

    other = web.Application()
    other.router.add_route("*", "/{path:.*}", elsewhere)
    async with serve(other) as other_url:

        async def redirect(_: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(other_url)

        api = web.Application()
        api.router.add_route("*", "/{path:.*}", redirect)
        async with (
            serve(api) as api_url,
            slack_client(token="xoxb-secret", base_url=api_url) as client,
        ):
            with pytest.raises(OperatorMustActError):
                await SlackChat(client).identity()

    assert seen == [None]


@pytest.mark.parametrize(
    ("encoding", "encode"), [("identity", bytes), ("gzip", gzip.compress)], ids=["plain", "gzip"]
)
async def test_an_answer_is_read_up_to_a_limit_and_counts_as_lost_beyond_it(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    how = {"Content-Encoding": encoding}
    async with chat_that_hears(encode(an_answer_of(MOST_BYTES)), **how) as chat:
        assert (await chat.post(HERE, HELLO, "j1")).ts == "1.000001"

    async with chat_that_hears(encode(an_answer_of(MOST_BYTES + 1)), **how) as chat:
        with pytest.raises(OutcomeUnknownError):
            await chat.post(HERE, HELLO, "j1")
        with pytest.raises(RetryLaterError):
            await chat.update(GENERAL, "1.000001", HELLO)


async def test_an_answer_in_a_charset_that_is_none_counts_as_lost() -> None:
    how = {"Content-Type": "application/json; charset=zlib"}
    async with chat_that_hears(an_answer_of(100), **how) as chat:
        with pytest.raises(OutcomeUnknownError):
            await chat.post(HERE, HELLO, "j1")


async def test_of_an_answer_without_end_no_more_is_taken_than_the_limit() -> None:
    taken, dropped = 0, asyncio.Event()

    async def speak(request: web.Request) -> web.StreamResponse:
        nonlocal taken
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        try:
            while taken < 4 * MOST_BYTES:
                await answer.write(b" " * 2**16)
                taken += 2**16
        except ConnectionError:
            dropped.set()
        return answer

    api = web.Application()
    api.router.add_route("*", "/{path:.*}", speak)
    async with serve(api) as api_url, slack_client(token="t", base_url=api_url) as client:
        with pytest.raises(OutcomeUnknownError):
            await SlackChat(client).post(HERE, HELLO, "j1")
        async with asyncio.timeout(5):
            await dropped.wait()

    assert taken < 2 * MOST_BYTES
