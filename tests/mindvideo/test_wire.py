"""Tests of what goes over the wire to MindVideo and the hosts of its files, and through a proxy."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.base.errors import BotError, OutcomeUnknownError, RefusedError, RetryLaterError
from bot.mindvideo.client import Limits, MindVideoClient
from bot.mindvideo.exchange import TaskCall, memo_of
from tests.support.clock import ManualClock
from tests.support.mindvideo_sandbox import API_KEY, KEY, read
from tests.support.wire import FILE, Wire, raw_server

SIGNED = "/a%2Fb/%7euser;v=1?X-Amz-Signature=%2B+%2f==&&k='x'(1)*!$,[]@:%zz"


@asynccontextmanager
async def client_of(url: str, seconds: float = 5.0) -> AsyncIterator[MindVideoClient]:
    """Open a client of an address."""
    limits = Limits(submit_seconds=seconds)
    client = MindVideoClient(url, API_KEY, now=ManualClock(), limits=limits)
    try:
        yield client
    finally:
        await client.aclose()


async def fetch(wire: Wire, path: str) -> None:
    """Download what the listener has at a path."""
    async with (
        client_of(wire.address) as client,
        client.download(wire.address + path) as download,
    ):
        assert await read(download) == b"abc"


async def submit(url: str, seconds: float = 5.0) -> BotError:
    """Return the error of a submit, which has neither key nor password."""
    async with client_of(url, seconds) as client:
        with pytest.raises(BotError) as caught:
            await client.submit(b"{}", KEY)
    assert API_KEY not in caught.value.in_full
    assert "hush" not in caught.value.in_full
    return caught.value


def redirect(location: str) -> bytes:
    """Return an answer that leads to another address."""
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_a_signed_address_is_sent_byte_for_byte() -> None:
    async with raw_server(FILE) as wire:
        await fetch(wire, SIGNED)
    assert wire.targets == [SIGNED]


@pytest.mark.parametrize("absolute", [True, False])
async def test_a_signed_address_is_sent_byte_for_byte_after_a_redirect(*, absolute: bool) -> None:
    async with raw_server(b"", FILE) as wire:
        wire.answers[0] = redirect(f"{wire.address if absolute else ''}{SIGNED}")
        await fetch(wire, "/first?x=%7e")
    assert wire.targets == ["/first?x=%7e", SIGNED]


async def test_the_raw_characters_of_a_redirect_are_encoded_once() -> None:
    async with raw_server(redirect("/my car.mp4?n=ü%20|"), FILE) as wire:
        await fetch(wire, "/first")
    assert wire.targets == ["/first", "/my%20car.mp4?n=%C3%BC%20%7C"]


async def test_a_task_whose_address_has_raw_characters_is_downloaded() -> None:
    async with raw_server(b"", FILE) as wire:
        url = f"{wire.address}/my car|%2F.mp4?sig=%2b ü"
        task = {"task_id": "t", "status": "succeeded", "output": {"videos": [{"url": url}]}}
        body = json.dumps(task).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        wire.answers[0] = head + body
        async with client_of(wire.address) as client:
            snapshot = await client.get_task("t", memo_of(TaskCall.TASK))
            async with client.download(snapshot.outputs[0].url) as download:
                assert await read(download) == b"abc"
    assert wire.targets[1] == "/my%20car%7C%2F.mp4?sig=%2b%20%C3%BC"


async def test_no_cookie_goes_from_one_download_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cookie = b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n"
    async with raw_server(FILE.replace(b"\r\n\r\n", cookie)) as wire:
        monkeypatch.setenv("HTTP_PROXY", wire.address)
        async with client_of(wire.address) as client:
            for path in ("/a", "/b"):
                async with client.download(f"http://cdn.example{path}") as download:
                    await read(download)
    assert wire.targets == ["http://cdn.example/a", "http://cdn.example/b"]
    assert b"cookie" not in b"".join(wire.heads).lower()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 No\r\n\r\n",
        b"HTTP/1.1 403 No\r\n\r\n",
        b"HTTP/1.1 503 No\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=["407", "403", "503", "nonsense", "closed"],
)
async def test_a_submit_that_a_proxy_did_not_connect_was_never_sent(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """It may be sent again under another key, or cancelled for free: a charge depends on this."""
    async with raw_server(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hush@127.0.0.1:{proxy.port}")
        error = await submit("https://api.example")
    assert isinstance(error, RetryLaterError)
    assert str(error) == "MindVideo cannot be reached."
    assert f": the proxy 127.0.0.1:{proxy.port} " in error.in_full


async def test_a_submit_by_a_proxy_that_is_not_there_was_never_sent(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://me:hush@127.0.0.1:{unused_tcp_port}")
    for scheme in ("http", "https"):
        assert isinstance(await submit(f"{scheme}://api.example"), RetryLaterError)


@pytest.mark.parametrize("answer", [b"", None, b"nonsense\r\n\r\n"], ids=["closed", "silent", "no"])
async def test_a_submit_that_reached_a_proxy_and_got_no_answer_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    """Without TLS the proxy has the request, and may have passed it on."""
    async with raw_server(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        error = await submit("http://api.example", seconds=1.0)
        assert len(proxy.heads) == 1
    assert isinstance(error, OutcomeUnknownError)
    assert str(error) == "The connection to MindVideo broke."
    assert error.why


@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.google.internal", "[::7f00:1]"])
async def test_an_inner_address_is_refused_also_behind_a_proxy(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    async with raw_server(redirect(f"http://{host}/latest")) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.address)
        for url in (f"http://{host}/", "http://cdn.example/first"):
            async with client_of("https://api.mindvideo.ai") as client:
                with pytest.raises(RefusedError, match="not a public one"):
                    async with client.download(url):
                        pytest.fail("it was fetched")
    assert proxy.targets == ["http://cdn.example/first"]
