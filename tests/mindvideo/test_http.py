"""Tests of httpx over the session of the policy: what was never sent, addresses, cookies."""

from __future__ import annotations

import asyncio
import errno
import gzip
import socket
import ssl
import tracemalloc

import pytest
import trustme

from bot.base.errors import OperatorMustActError, OutcomeUnknownError, RetryLaterError
from bot.base.network_errors import NotConnectedError, Why
from bot.mindvideo import http
from bot.mindvideo.client import MindVideoClient
from bot.mindvideo.exchange import TaskCall, memo_of
from tests.mindvideo.test_wire import client_of, fetch, redirect, submit
from tests.support.clock import ManualClock
from tests.support.mindvideo_sandbox import KEY, read
from tests.support.wire import FILE, raw_server

COOKIE = b"Set-Cookie: session=1; Path=/\r\n"


def answer(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer with a body and these fields of its head."""
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


async def never_sent(url: str) -> Why:
    """Submit in vain, without any doubt, and return the reason."""
    error = await submit(url)
    assert isinstance(error, RetryLaterError)
    assert str(error) == "MindVideo cannot be reached."
    assert isinstance(error.__cause__, NotConnectedError)
    return error.__cause__.why


class TestASubmitThatWasNeverSent:
    """It is tried again, or cancelled for free: no charge is possible."""

    async def test_because_the_connection_was_refused(self, unused_tcp_port: int) -> None:
        assert await never_sent(f"http://127.0.0.1:{unused_tcp_port}") is Why.REFUSED

    async def test_because_the_name_is_not_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        assert await never_sent("https://nowhere.example") is Why.NAME

    async def test_because_there_is_no_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> socket.socket:
            raise OSError(errno.ENETUNREACH, "unreachable")

        monkeypatch.setattr("bot.base.network.socket.socket", refuse)
        assert await never_sent("http://127.0.0.1:9") is Why.NO_WAY

    async def test_because_the_certificate_is_not_trusted(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        async with raw_server(FILE, tls=context) as wire:
            assert await never_sent(f"https://127.0.0.1:{wire.port}") is Why.CERTIFICATE
        assert wire.heads == []

    async def test_because_the_host_speaks_no_tls(self) -> None:
        async def no(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(no, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            assert await never_sent(f"https://127.0.0.1:{port}") is Why.TLS

    @pytest.mark.parametrize("limit", ["CONNECT_SECONDS", "ALL_CONNECT_SECONDS"])
    async def test_because_connecting_took_too_long(
        self, monkeypatch: pytest.MonkeyPatch, limit: str
    ) -> None:
        """The first counts for sockets, the second for the handshake and a proxy as well."""
        monkeypatch.setattr(http, limit, 0.1)
        if limit == "CONNECT_SECONDS":
            monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
        async with raw_server(None) as wire:
            assert await never_sent(f"https://127.0.0.1:{wire.port}") is Why.TIME


async def never(*_: object) -> None:
    """Wait without end."""
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "the connection was closed"),
        (b"nonsense\r\n\r\n", "the answer is not HTTP that can be read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "no answer in time"),
        (answer(b"{}", b"Content-Encoding: gzip"), "the answer broke off"),
        (answer(b"{}", b"Content-Encoding: gzip, gzip"), "the answer broke off"),
    ],
    ids=["closed", "nonsense", "cut", "not gzip", "twice"],
)
async def test_a_submit_that_was_sent_is_in_doubt(reply: bytes, why: str) -> None:
    """httpx_aiohttp calls a lost reply `ConnectTimeout`, as it does a host that is not reached."""
    async with raw_server(reply) as wire:
        error = await submit(wire.address, seconds=0.3)
        assert len(wire.heads) == 1
    assert isinstance(error, OutcomeUnknownError)
    assert error.why == why


async def test_a_lost_reply_on_a_kept_connection_is_in_doubt_as_well() -> None:
    task = answer(b'{"task_id": "t", "status": "queued"}')
    async with raw_server(task, b"") as wire, client_of(wire.address) as client:
        await client.get_task("t", memo_of(TaskCall.TASK))
        with pytest.raises(OutcomeUnknownError):
            await client.submit(b"", KEY)


async def test_an_answer_that_leads_nowhere_is_read_as_a_redirect() -> None:
    """Httpx would fail for its address, and the submit would be in doubt."""
    async with raw_server(redirect("http://[::1")) as wire:
        error = await submit(wire.address)
    assert isinstance(error, OperatorMustActError)


async def test_no_cookie_goes_from_one_call_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Httpx has a jar of its own beside aiohttp's."""
    async with raw_server(answer(b'{"task_id": "t", "status": "queued"}', COOKIE.strip())) as wire:
        monkeypatch.setenv("HTTP_PROXY", wire.address)
        async with client_of("http://api.example") as client:
            for _ in range(2):
                await client.get_task("t", memo_of(TaskCall.TASK))
    assert len(wire.heads) == 2
    assert b"cookie" not in b"".join(wire.heads).lower()


async def test_a_key_of_any_letters_is_sent_as_utf_8() -> None:
    async with raw_server(answer(b'{"task_id": "t", "status": "queued"}')) as wire:
        client = MindVideoClient(wire.address, "schlüssel", now=ManualClock())
        await client.get_task("t", memo_of(TaskCall.TASK))
        await client.aclose()
    assert "authorization: bearer schlüssel\r\n".encode() in wire.heads[0].lower()


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"/a\tb?x=%7e", "/a%09b?x=%7e"),
        (b"/caf\xe9?x=%2f", "/caf%E9?x=%2f"),
        (b"/a/../b/./c?d=..", "/a/../b/./c?d=.."),
        ("/ü".encode(), "/%C3%BC"),
    ],
    ids=["tab", "latin", "dots", "utf-8"],
)
async def test_a_redirect_is_followed_by_its_bytes(location: bytes, target: str) -> None:
    """Whatever httpx can parse of it, and whatever encoding it guesses by another field."""
    first = redirect("LOCATION").replace(b"LOCATION", location + b"\r\nX-Other: \xe9")
    async with raw_server(first, FILE) as wire:
        await fetch(wire, "/first")
    assert wire.targets == ["/first", target]


async def test_what_an_address_has_beside_its_target_is_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The user becomes a field of the head, also for a proxy, which is sent whole addresses."""
    async with raw_server(FILE) as wire:
        monkeypatch.setenv("HTTP_PROXY", wire.address)
        async with (
            client_of("https://api.mindvideo.ai") as client,
            client.download("http://me:hush@cdn.example/a%2Fb?x=%7e#part") as download,
        ):
            assert await read(download) == b"abc"
    assert wire.targets == ["http://cdn.example/a%2Fb?x=%7e"]
    assert b"\r\nhost: cdn.example\r\n" in wire.heads[0].lower()
    assert b"\r\nauthorization: basic bwu6ahvzaa==\r\n" in wire.heads[0].lower()


async def test_a_file_that_is_compressed_more_than_once_is_not_unpacked() -> None:
    """64 MiB become 200 bytes; httpx would undo both at once."""
    bomb = gzip.compress(gzip.compress(bytes(2**26)))
    reply = answer(bomb, b"Content-Encoding: gzip, gzip")
    async with raw_server(reply) as wire, client_of(wire.address) as client:
        tracemalloc.start()
        with pytest.raises(RetryLaterError, match="broke"):
            async with client.download(wire.address) as download:
                await read(download)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**23


async def longest_chunk(body: bytes, *fields: bytes) -> int:
    """Download a body; return how many bytes its longest chunk has."""
    reply = answer(body, b"Content-Type: video/mp4", *fields)
    async with (
        raw_server(reply) as wire,
        client_of(wire.address) as client,
        client.download(wire.address) as download,
    ):
        return max([len(chunk) async for chunk in download.chunks])


async def test_a_file_comes_in_large_chunks_and_a_compressed_one_in_small_ones() -> None:
    """A chunk of each costs the same, and one that is compressed may grow a thousand times."""
    assert 16 * 1024 < await longest_chunk(bytes(2**22)) <= http.CHUNK_BYTES
    bomb = gzip.compress(bytes(2**26))
    assert len(bomb) < http.CHUNK_BYTES
    assert await longest_chunk(bomb, b"Content-Encoding: gzip") < 2**25
