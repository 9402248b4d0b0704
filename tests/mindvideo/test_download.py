"""Finished files as streams, over real HTTP and against what hosts may do."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from bot.base.errors import BotError, NotFoundError, RefusedError, RetryLaterError
from bot.mindvideo import http
from bot.mindvideo.client import Limits, MindVideoClient
from bot.mindvideo.download import counted
from sandbox.mindvideo.faults import Call, FaultKind
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.server import serve
from tests.support.mindvideo_sandbox import API_KEY, Clock, Studio, read, running_studio

VIDEO = (PACKAGED_MEDIA / "sunset-16x9.mp4").read_bytes()


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    """A simulated MindVideo and a client."""
    async with running_studio() as running:
        yield running


async def fetch(studio: Studio, url: str | None = None) -> bytes:
    """Return the bytes at a URL, or of a new task's video."""
    url = url or (await studio.finished()).outputs[0].url
    async with studio.client.download(url) as download:
        return await read(download)


async def test_a_finished_video_arrives_whole_with_its_length_and_type(studio: Studio) -> None:
    url = (await studio.finished()).outputs[0].url

    async with studio.client.download(url) as download:
        assert (download.length, download.content_type) == (len(VIDEO), "video/mp4")
        assert await read(download) == VIDEO


async def test_a_video_of_untold_length_arrives_whole(studio: Studio) -> None:
    url = (await studio.finished()).outputs[0].url
    studio.fail(Call.FILE, FaultKind.FILE_UNSIZED)

    async with studio.client.download(url) as download:
        assert download.length is None
        assert await read(download) == VIDEO


async def test_the_api_key_does_not_go_to_the_files_host(studio: Studio) -> None:
    await fetch(studio)

    assert [seen.authorization for seen in studio.service.calls(Call.FILE)] == [None]


async def test_a_download_may_be_left_in_the_middle_and_repeated(studio: Studio) -> None:
    url = (await studio.finished()).outputs[0].url
    async with studio.client.download(url) as download:
        assert await anext(download.chunks)

    assert await fetch(studio, url) == VIDEO


async def test_an_expired_address_is_not_found_and_a_fresh_one_works(studio: Studio) -> None:
    snapshot = await studio.finished()
    studio.clock.now += studio.service.url_seconds + 1

    with pytest.raises(NotFoundError, match="no longer valid"):
        await fetch(studio, snapshot.outputs[0].url)

    fresh = await studio.client.get_task(snapshot.task_id or "", snapshot.memo)
    assert await fetch(studio, fresh.outputs[0].url) == VIDEO


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
async def test_what_is_no_file_says_what_to_do(
    studio: Studio, details: dict[str, object], error: type[BotError]
) -> None:
    studio.fail(Call.FILE, FaultKind.ANSWER_BEFORE, **details)

    with pytest.raises(error) as caught:
        await fetch(studio)

    assert caught.value.retry_after == (7 if details.get("retry_after") else None)


@pytest.mark.parametrize("kind", [FaultKind.FILE_EMPTY, FaultKind.FILE_CUT])
async def test_a_file_that_is_not_all_there_is_fetched_again(
    studio: Studio, kind: FaultKind
) -> None:
    studio.fail(Call.FILE, kind)

    with pytest.raises(RetryLaterError):
        await fetch(studio)


async def test_a_connection_that_closes_at_once_is_tried_again(studio: Studio) -> None:
    studio.fail(Call.FILE, FaultKind.LOST_BEFORE, times=None)

    with pytest.raises(RetryLaterError, match="broke"):
        await fetch(studio)


async def test_no_more_bytes_than_were_promised_are_passed_on(studio: Studio) -> None:
    studio.fail(Call.FILE, FaultKind.FILE_TOO_LONG)
    url = (await studio.finished()).outputs[0].url
    received: list[bytes] = []

    # Whether the surplus is noticed depends on when it arrives.
    with suppress(RetryLaterError):
        async with studio.client.download(url) as download:
            async for chunk in download.chunks:
                received.append(chunk)  # noqa: PERF401 - what came before an error counts

    assert VIDEO[: len(VIDEO) // 2].startswith(b"".join(received))


async def test_a_file_of_five_gigabytes_is_refused_before_a_byte_is_read(studio: Studio) -> None:
    studio.fail(Call.FILE, FaultKind.FILE_HUGE)

    with pytest.raises(RefusedError, match="larger than 1024 MiB"):
        await fetch(studio)


async def test_an_endless_file_is_refused_at_the_limit() -> None:
    async with running_studio(Limits(download_bytes=2**20)) as studio:
        studio.fail(Call.FILE, FaultKind.FILE_ENDLESS)

        with pytest.raises(RefusedError, match="larger than 1 MiB"):
            await fetch(studio)


async def test_a_file_that_trickles_is_given_up() -> None:
    async with running_studio(Limits(download_seconds=0.0)) as studio:
        with pytest.raises(RetryLaterError, match="too slowly"):
            await fetch(studio)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:192.168.1.1]/",
        "http://0.0.0.0:8000/",
    ],
)
async def test_a_redirect_into_a_private_network_is_refused(studio: Studio, url: str) -> None:
    studio.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url)

    with pytest.raises(RefusedError, match="not a public one"):
        await fetch(studio)
    with pytest.raises(RefusedError, match="not a public one"):
        await fetch(studio, url)


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
async def test_what_is_no_web_address_is_refused(studio: Studio, url: str) -> None:
    with pytest.raises(RefusedError):
        await fetch(studio, url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://[::1", "javascript:1"])
async def test_a_redirect_to_no_web_address_is_refused(studio: Studio, url: str) -> None:
    studio.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url)

    with pytest.raises(RefusedError):
        await fetch(studio)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_client_of_the_real_service_reaches_nothing_on_this_machine(
    studio: Studio, host: str
) -> None:
    url = (await studio.finished()).outputs[0].url.replace("127.0.0.1", host)
    client = MindVideoClient("https://api.mindvideo.ai", API_KEY, now=Clock())

    with pytest.raises(RefusedError, match="not a public one"):
        async with client.download(url):
            pytest.fail("it connected")

    await client.aclose()
    assert not studio.service.calls(Call.FILE)


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]"])
async def test_a_public_file_does_not_redirect_to_this_machine(
    studio: Studio, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the simulated service may stand on loopback; here its address counts as a public one."""
    url = (await studio.finished()).outputs[0].url
    inside = url.replace("127.0.0.1", host)
    studio.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=inside)
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1")
    client = MindVideoClient("https://api.mindvideo.ai", API_KEY, now=Clock())

    with pytest.raises(RefusedError, match="not a public one"):
        async with client.download(url):
            pytest.fail("it connected")

    await client.aclose()
    assert len(studio.service.calls(Call.FILE)) == 1


async def test_a_name_that_resolves_elsewhere_later_is_checked_when_it_connects(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name cannot lead inside, whatever it resolved to before."""

    async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert host == "rebound.example.com"
        return [(2, 1, 6, "", ("169.254.169.254", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)

    with pytest.raises(RefusedError, match="not a public one"):
        await fetch(studio, "http://rebound.example.com/a.mp4")


async def test_redirects_are_followed_to_the_file(studio: Studio) -> None:
    url = (await studio.finished()).outputs[0].url
    for _ in range(5):
        studio.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url.removeprefix(studio.url))

    assert await fetch(studio, url) == VIDEO


async def test_redirects_without_end_are_refused(studio: Studio) -> None:
    url = (await studio.finished()).outputs[0].url
    studio.fail(Call.FILE, FaultKind.FILE_REDIRECT, value=url, times=None)

    with pytest.raises(RefusedError, match="without end"):
        await fetch(studio, url)

    assert len(studio.service.calls(Call.FILE)) == 6


async def test_a_compressed_file_arrives_unpacked_and_without_a_length(studio: Studio) -> None:
    async def answer(_request: web.Request) -> web.Response:
        headers = {"Content-Type": "video/mp4", "Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(VIDEO), headers=headers)

    app = web.Application()
    app.router.add_get("/a.mp4", answer)
    async with serve(app) as host, studio.client.download(f"{host}/a.mp4") as download:
        assert download.length is None
        assert await read(download) == VIDEO


async def test_a_large_file_passes_through_without_being_held(tmp_path: Path) -> None:
    size = 64 * 2**20
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(size)

    async def send(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(large)

    app = web.Application()
    app.router.add_get("/large.mp4", send)
    async with serve(app) as host:
        client = MindVideoClient(host, API_KEY, now=Clock())
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


async def test_ten_files_at_once_arrive_whole(studio: Studio) -> None:
    url = (await studio.finished()).outputs[0].url

    assert set(await asyncio.gather(*(fetch(studio, url) for _ in range(10)))) == {VIDEO}


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Give these parts."""
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
async def test_a_sender_is_held_to_what_it_promised(
    parts: tuple[bytes, ...], length: int | None, error: type[BotError]
) -> None:
    with pytest.raises(error):
        _ = [chunk async for chunk in counted(chunks(*parts), length, 16)]


async def test_a_kept_promise_passes() -> None:
    assert [chunk async for chunk in counted(chunks(b"abc", b"def"), 6, 16)] == [b"abc", b"def"]
