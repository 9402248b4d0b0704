"""Tests of downloads: streams of finished files, and what is refused of a host."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from bot.base import network
from bot.base.errors import BotError, NotFoundError, RefusedError, RetryLaterError
from bot.mindvideo.client import Limits, MindVideoClient
from bot.mindvideo.download import counted
from sandbox.mindvideo.faults import Call, FaultKind
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.server import serve
from tests.support.clock import ManualClock
from tests.support.mindvideo_sandbox import (
    API_KEY,
    MindVideoHarness,
    mindvideo_harness,
    read,
)

VIDEO = (PACKAGED_MEDIA / "sunset-16x9.mp4").read_bytes()


@pytest.fixture
async def mindvideo() -> AsyncIterator[MindVideoHarness]:
    """A simulated MindVideo and a client."""
    async with mindvideo_harness() as running:
        yield running


async def fetch(mindvideo: MindVideoHarness, url: str | None = None) -> bytes:
    """Return the bytes at a URL, or of a new task's video."""
    url = url or (await mindvideo.finished()).outputs[0].url
    async with mindvideo.client.download(url) as download:
        return await read(download)


async def test_a_finished_video_is_downloaded_with_its_length_and_type(
    mindvideo: MindVideoHarness,
) -> None:
    url = (await mindvideo.finished()).outputs[0].url

    async with mindvideo.client.download(url) as download:
        assert (download.length, download.content_type) == (len(VIDEO), "video/mp4")
        assert await read(download) == VIDEO


async def test_a_video_of_unknown_length_is_downloaded(mindvideo: MindVideoHarness) -> None:
    url = (await mindvideo.finished()).outputs[0].url
    mindvideo.fail(Call.FILE, FaultKind.FILE_UNSIZED)

    async with mindvideo.client.download(url) as download:
        assert download.length is None
        assert await read(download) == VIDEO


async def test_the_api_key_is_not_sent_to_the_files_host(mindvideo: MindVideoHarness) -> None:
    await fetch(mindvideo)

    assert [seen.authorization for seen in mindvideo.service.calls(Call.FILE)] == [None]


async def test_a_download_can_be_interrupted_and_repeated(
    mindvideo: MindVideoHarness,
) -> None:
    url = (await mindvideo.finished()).outputs[0].url
    async with mindvideo.client.download(url) as download:
        assert await anext(download.chunks)

    assert await fetch(mindvideo, url) == VIDEO


async def test_an_expired_url_is_not_found_and_a_fresh_one_works(
    mindvideo: MindVideoHarness,
) -> None:
    snapshot = await mindvideo.finished()
    mindvideo.clock.now += mindvideo.service.url_seconds + 1

    with pytest.raises(NotFoundError, match="no longer valid"):
        await fetch(mindvideo, snapshot.outputs[0].url)

    fresh = await mindvideo.client.get_task(snapshot.task_id or "", snapshot.memo)
    assert await fetch(mindvideo, fresh.outputs[0].url) == VIDEO


PAGE = {"body": "<html></html>", "content_type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("details", "error"),
    [
        ({"status": 400}, NotFoundError),
        ({"status": 403}, NotFoundError),
        ({"status": 404}, NotFoundError),
        ({"status": 410}, NotFoundError),
        ({"status": 200, **PAGE}, NotFoundError),
        ({"status": 200, "body": "{}"}, NotFoundError),
        ({"status": 408}, RetryLaterError),
        ({"status": 429, "retry_after": "7"}, RetryLaterError),
        ({"status": 500}, RetryLaterError),
        ({"status": 503}, RetryLaterError),
        ({"status": 204, "body": ""}, RetryLaterError),
        ({"status": 304, "body": ""}, RetryLaterError),
    ],
)
async def test_an_error_of_the_host_is_raised_by_its_kind(
    mindvideo: MindVideoHarness, details: dict[str, object], error: type[BotError]
) -> None:
    mindvideo.fail(Call.FILE, FaultKind.ANSWER_BEFORE, **details)

    with pytest.raises(error) as caught:
        await fetch(mindvideo)

    assert caught.value.retry_after == (7 if details.get("retry_after") else None)


@pytest.mark.parametrize("kind", [FaultKind.FILE_EMPTY, FaultKind.FILE_CUT])
async def test_an_incomplete_file_is_retried(mindvideo: MindVideoHarness, kind: FaultKind) -> None:
    mindvideo.fail(Call.FILE, kind)

    with pytest.raises(RetryLaterError):
        await fetch(mindvideo)


async def test_a_closed_connection_is_retried(mindvideo: MindVideoHarness) -> None:
    mindvideo.fail(Call.FILE, FaultKind.LOST_BEFORE, times=None)

    with pytest.raises(RetryLaterError, match="broke"):
        await fetch(mindvideo)


async def test_no_more_bytes_than_declared_are_returned(mindvideo: MindVideoHarness) -> None:
    mindvideo.fail(Call.FILE, FaultKind.FILE_TOO_LONG)
    url = (await mindvideo.finished()).outputs[0].url
    received: list[bytes] = []

    # Whether the surplus is noticed depends on when it arrives.
    with suppress(RetryLaterError):
        async with mindvideo.client.download(url) as download:
            async for chunk in download.chunks:
                received.append(chunk)  # noqa: PERF401 - what came before an error counts

    assert VIDEO[: len(VIDEO) // 2].startswith(b"".join(received))


async def test_a_file_declared_too_large_is_refused_before_it_is_read(
    mindvideo: MindVideoHarness,
) -> None:
    mindvideo.fail(Call.FILE, FaultKind.FILE_HUGE)

    with pytest.raises(RefusedError, match="larger than 1024 MiB"):
        await fetch(mindvideo)


async def test_an_endless_file_is_refused_at_the_limit() -> None:
    async with mindvideo_harness(Limits(download_bytes=2**20)) as mindvideo:
        mindvideo.fail(Call.FILE, FaultKind.FILE_ENDLESS)

        with pytest.raises(RefusedError, match="larger than 1 MiB"):
            await fetch(mindvideo)


async def test_a_too_slow_download_is_given_up() -> None:
    async with mindvideo_harness(Limits(download_seconds=0.0)) as mindvideo:
        with pytest.raises(RetryLaterError, match="too slowly"):
            await fetch(mindvideo)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
    ],
)
async def test_a_redirect_into_a_private_network_is_refused(
    mindvideo: MindVideoHarness, url: str
) -> None:
    mindvideo.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url)

    with pytest.raises(RefusedError, match="not a public one"):
        await fetch(mindvideo)
    with pytest.raises(RefusedError, match="not a public one"):
        await fetch(mindvideo, url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a.mp4",
        "data:video/mp4;base64,AAAA",
        "http://",
        "http://[::1",
        "http://2130706433/",
        "https://exa mple.com/\x00",
    ],
)
async def test_an_invalid_url_is_refused(mindvideo: MindVideoHarness, url: str) -> None:
    with pytest.raises(RefusedError):
        await fetch(mindvideo, url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://[::1", "javascript:1"])
async def test_a_redirect_to_an_invalid_url_is_refused(
    mindvideo: MindVideoHarness, url: str
) -> None:
    mindvideo.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url)

    with pytest.raises(RefusedError):
        await fetch(mindvideo)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_client_of_the_real_service_refuses_loopback(
    mindvideo: MindVideoHarness, host: str
) -> None:
    url = (await mindvideo.finished()).outputs[0].url.replace("127.0.0.1", host)
    client = MindVideoClient("https://api.mindvideo.ai", API_KEY, now=ManualClock())

    with pytest.raises(RefusedError, match="not a public one"):
        async with client.download(url):
            pytest.fail("it connected")

    await client.aclose()
    assert not mindvideo.service.calls(Call.FILE)


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]"])
async def test_a_redirect_from_a_public_host_to_loopback_is_refused(
    mindvideo: MindVideoHarness, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the simulated service may be on loopback; here its address counts as a public one."""
    url = (await mindvideo.finished()).outputs[0].url
    inside = url.replace("127.0.0.1", host)
    mindvideo.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=inside)
    monkeypatch.setattr(network, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(network, "may_be_public", lambda _host: True)
    client = MindVideoClient("https://api.mindvideo.ai", API_KEY, now=ManualClock())

    with pytest.raises(RefusedError, match="not a public one"):
        async with client.download(url):
            pytest.fail("it connected")

    await client.aclose()
    assert len(mindvideo.service.calls(Call.FILE)) == 1


async def test_the_address_of_a_name_is_checked_when_connecting(
    mindvideo: MindVideoHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may resolve to a public address first and to a private one later."""

    async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert host == "rebound.example.com"
        return [(2, 1, 6, "", ("169.254.169.254", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)

    with pytest.raises(RefusedError, match="not a public one"):
        await fetch(mindvideo, "http://rebound.example.com/a.mp4")


async def test_redirects_are_followed_to_the_file(mindvideo: MindVideoHarness) -> None:
    url = (await mindvideo.finished()).outputs[0].url
    for _ in range(5):
        mindvideo.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url.removeprefix(mindvideo.url))

    assert await fetch(mindvideo, url) == VIDEO


async def test_endless_redirects_are_refused(mindvideo: MindVideoHarness) -> None:
    url = (await mindvideo.finished()).outputs[0].url
    mindvideo.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url, times=None)

    with pytest.raises(RefusedError, match="without end"):
        await fetch(mindvideo, url)

    assert len(mindvideo.service.calls(Call.FILE)) == 6


async def test_a_compressed_file_is_decompressed_and_has_no_length(
    mindvideo: MindVideoHarness,
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        headers = {"Content-Type": "video/mp4", "Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(VIDEO), headers=headers)

    app = web.Application()
    app.router.add_get("/a.mp4", answer)
    async with serve(app) as host, mindvideo.client.download(f"{host}/a.mp4") as download:
        assert download.length is None
        assert await read(download) == VIDEO


async def test_a_large_file_is_streamed_in_little_memory(tmp_path: Path) -> None:
    size = 64 * 2**20
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(size)

    async def send(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(large)

    app = web.Application()
    app.router.add_get("/large.mp4", send)
    async with serve(app) as host:
        client = MindVideoClient(host, API_KEY, now=ManualClock())
        tracemalloc.start()
        count = 0
        async with client.download(f"{host}/large.mp4") as download:
            async for chunk in download.chunks:
                count += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await client.aclose()

    assert count == size
    assert peak < 4 * 2**20


async def test_ten_concurrent_downloads_are_complete(mindvideo: MindVideoHarness) -> None:
    url = (await mindvideo.finished()).outputs[0].url

    assert set(await asyncio.gather(*(fetch(mindvideo, url) for _ in range(10)))) == {VIDEO}


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield these parts."""
    for part in parts:
        yield part


@pytest.mark.parametrize(
    ("parts", "length", "error"),
    [
        ((b"abc", b"def"), 5, RefusedError),
        ((b"abc", b"def"), 7, RetryLaterError),
        ((), None, RetryLaterError),
        ((b"x" * 9, b"x" * 9), None, RefusedError),
    ],
)
async def test_a_body_of_another_length_than_declared_is_an_error(
    parts: tuple[bytes, ...], length: int | None, error: type[BotError]
) -> None:
    with pytest.raises(error):
        _ = [chunk async for chunk in counted(chunks(*parts), length, 16)]


async def test_a_body_of_the_declared_length_is_complete() -> None:
    assert [chunk async for chunk in counted(chunks(b"abc", b"def"), 6, 16)] == [b"abc", b"def"]
