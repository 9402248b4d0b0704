"""Bytes that are hardly HTTP in place of MindVideo's answer: a named error, within a time limit."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st

from bot.base.errors import BotError
from bot.base.ports import Snapshot
from bot.mindvideo.client import Limits, MindVideoClient
from tests.hardening.fuzz_mindvideo import BODIES
from tests.hardening.fuzzing import Effort, each_effort, mutated, search

NOW = 1_800_000_000.0
KEY = "mv_test_a-key-of-nobody"
LIMITS = Limits(submit_seconds=2.0, read_seconds=2.0, stream_seconds=0.1, json_bytes=2**16)

CHARSETS = st.sampled_from(
    ["utf-8", "UTF-7", "utf-16", "idna", "punycode", "rot13", "zlib", "base64", "x" * 500, '"', "é"]
)
TYPES = st.one_of(
    st.sampled_from(["application/json", "text/html", "text/event-stream", "", ";", "a/b/c"]),
    st.builds("application/json; charset={}".format, CHARSETS),
)
STATUS_LINES = st.one_of(
    st.builds(
        "HTTP/1.1 {} {}".format,
        st.sampled_from([200, 201, 204, 301, 304, 400, 402, 404, 409, 429, 500, 503, 999]),
        st.sampled_from(["OK", "", "\u00fc", "x" * 500]),
    ),
    st.sampled_from(["HTTP/1.0 200 OK", "HTTP/2 200", "ICY 200 OK", "200 OK", "HTTP/1.1 a", ""]),
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return the bytes of an answer: mostly HTTP, with one or the other thing wrong."""
    body = json.dumps(draw(mutated(BODIES))).encode()[:100_000]
    encoding, packed = draw(
        st.sampled_from(
            [
                ("", body),
                ("", draw(st.binary(max_size=300))),
                ("gzip", gzip.compress(body)),
                ("gzip", body),
                ("gzip", gzip.compress(body)[:-9]),
                ("gzip", gzip.compress(b" " * 2_000_000)),
                ("deflate", zlib.compress(body)),
                ("br", body),
                ("zstd", body),
                ("what", body),
            ]
        )
    )
    lines = [draw(STATUS_LINES), f"Content-Type: {draw(TYPES)}"]
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    lines += draw(
        st.lists(
            st.sampled_from(
                [
                    f"Content-Length: {len(packed)}",
                    f"Content-Length: {len(packed) + 5}",
                    "Content-Length: -1",
                    "Content-Length: 0",
                    "Transfer-Encoding: chunked",
                    "Connection: close",
                    "Retry-After: 5",
                    "Location: http://127.0.0.1:1/",
                    "Set-Cookie: a=b",
                    "X: " + "y" * 9_000,
                    "no colon",
                    "\u00fc: \x00",
                ]
            ),
            max_size=3,
        )
    )
    return "\r\n".join([*lines, "", ""]).encode() + packed


@dataclass(slots=True, kw_only=True)
class OddServer:
    """A server that answers each connection with the same bytes, and closes it."""

    answer: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read what is there, answer, and close."""
        await reader.read(2**16)
        writer.write(self.answer)
        writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A client in a loop of its own, and its server."""

    runner: asyncio.Runner
    server: OddServer
    client: MindVideoClient

    def outcomes(self, answer: bytes) -> list[Snapshot | BotError]:
        """Return what a submit and a read come to, when the server answers so."""
        self.server.answer = answer
        return self.runner.run(self._outcomes())

    async def _outcomes(self) -> list[Snapshot | BotError]:
        found: list[Snapshot | BotError] = []
        body = self.client.request_body("kling-v3", {"prompt": "a lake"})
        calls = (self.client.submit(body, "key"), self.client.get_task("t1", {}))
        for call in calls:
            try:
                found.append(await call)
            except BotError as error:
                found.append(error)
        return found


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Run the server and open a client."""
    server = OddServer()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        client = runner.run(_opened(stack, server))
        yield Calls(runner=runner, server=server, client=client)
        runner.run(stack.aclose())


async def _opened(stack: AsyncExitStack, server: OddServer) -> MindVideoClient:
    opened = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    await stack.enter_async_context(opened)
    port: int = opened.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    client = MindVideoClient(url, KEY, now=lambda: NOW, limits=LIMITS)
    stack.push_async_callback(client.aclose)
    return client


@each_effort
def test_bytes_are_an_answer_or_a_named_error(calls: Calls, effort: Effort) -> None:
    """The key is in none of what is said."""

    def check(answer: bytes) -> None:
        for outcome in calls.outcomes(answer.replace(b"nobody", KEY.encode())):
            assert KEY not in f"{outcome!r} {outcome}"

    search(effort, answers(), check)
