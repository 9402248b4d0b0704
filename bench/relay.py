"""Measures how a file of 200 MiB passes through the bot, beside a plain pipe: `-m bench.relay`.

Both are aiohttp's client, one stream in and one out, in chunks of one size. The bot's looks at
each address and counts each byte. The server of the file and the one that takes it are processes of
their own, and so is each trial.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from multiprocessing import get_context
from statistics import median

import aiohttp
from pydantic import BaseModel

from bench.measurement import Measurement, table, write_data
from bench.process import MIB, clear_peak, resident_memory
from bot.mindvideo.download import Downloader
from bot.mindvideo.http import CHUNK_BYTES
from bot.slack.client import slack_client
from bot.slack.uploads import SlackFiles

BYTES = 200 * MIB
SMALL_BYTES = MIB
"""What passes before the measurement, so that it finds all that is loaded once."""
TRIALS = 5
MOST_GROWTH = 8 * MIB
MOST_RATIO = 1.15
TRIAL_SECONDS = 120.0
PLAIN, BOT = "plain", "bot"
HEAD_BYTES = 64 * 1024

Relay = Callable[[int], Awaitable[None]]
"""Passes so many bytes from one server to the other."""


class Passed(BaseModel, frozen=True):
    """What it took to pass the file once."""

    seconds: float
    processor: float
    """Seconds of user and system time."""
    grown: int
    """By how many bytes the peak of memory exceeds what was there before."""


class RelayData(BaseModel, frozen=True):
    """All trials of both."""

    plain: list[Passed]
    bot: list[Passed]


async def measure() -> list[Measurement]:
    """Return time, processor time and memory of both, in alternate trials."""
    trials: dict[str, list[Passed]] = {PLAIN: [], BOT: []}
    with _server(_send_files) as source, _server(_take_files) as target:
        for _ in range(TRIALS):
            for name, passed in trials.items():
                passed.append(await _trial(name, source, target))
    write_data("relay", RelayData(**trials))
    return _measurements(trials)


def _measurements(trials: Mapping[str, list[Passed]]) -> list[Measurement]:
    plain, bot = trials[PLAIN], trials[BOT]
    # Of neighbours: what else the machine does disturbs both.
    pairs = list(zip(bot, plain, strict=True))
    slower = median(one.seconds / other.seconds for one, other in pairs)
    costlier = median(one.processor / other.processor for one, other in pairs)
    grown = max(one.grown for one in bot)
    return [
        _seconds("a plain pipe: time", [one.seconds for one in plain]),
        _seconds("the bot: time", [one.seconds for one in bot]),
        Measurement(
            label="the bot's time, in units of the pipe's",
            value=f"{slower:.2f}",
            goal=f"≤ {MOST_RATIO}",
            met=slower <= MOST_RATIO,
        ),
        _seconds("a plain pipe: processor time", [one.processor for one in plain]),
        _seconds("the bot: processor time", [one.processor for one in bot]),
        Measurement(label="the bot's, in units of the pipe's", value=f"{costlier:.2f}"),
        Measurement(
            label="a plain pipe: memory added, at most",
            value=f"{max(one.grown for one in plain) / MIB:.1f} MiB",
        ),
        Measurement(
            label="the bot: memory added, at most",
            value=f"{grown / MIB:.1f} MiB",
            goal=f"≤ {MOST_GROWTH / MIB:.0f} MiB",
            met=grown <= MOST_GROWTH,
        ),
    ]


def _seconds(label: str, values: list[float]) -> Measurement:
    middle, least, most = median(values), min(values), max(values)
    return Measurement(label=label, value=f"{middle:.2f} s ({least:.2f} to {most:.2f})")


async def _trial(name: str, source: int, target: int) -> Passed:
    """Pass the file in a process of its own, and return what it reports."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.relay", name, str(source), str(target)),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(TRIAL_SECONDS):
        output, _ = await process.communicate()
    return Passed.model_validate_json(output)


async def pass_once(name: str, source: int, target: int) -> Passed:
    """Pass a small file, then the large one, and return what the large one took."""
    opened = {PLAIN: _plain_pipe, BOT: _bot}[name]
    async with opened(f"http://127.0.0.1:{source}", f"http://127.0.0.1:{target}/put") as relay:
        await relay(SMALL_BYTES)
        clear_peak(os.getpid())
        before = resident_memory(os.getpid()).now
        began, used = time.perf_counter(), _processor_seconds()
        await relay(BYTES)
        return Passed(
            seconds=time.perf_counter() - began,
            processor=_processor_seconds() - used,
            grown=resident_memory(os.getpid()).peak - before,
        )


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def _plain_pipe(source: str, target: str) -> AsyncIterator[Relay]:
    async with aiohttp.ClientSession() as session:

        async def relay(count: int) -> None:
            headers = {"Content-Length": str(count)}
            async with session.get(f"{source}/{count}") as taken:
                chunks = taken.content.iter_chunked(CHUNK_BYTES)
                async with session.post(target, data=chunks, headers=headers) as answer:
                    answer.raise_for_status()

        yield relay


@asynccontextmanager
async def _bot(source: str, target: str) -> AsyncIterator[Relay]:
    async with AsyncExitStack() as stack:
        downloader = Downloader(
            now=time.time, allow_loopback=True, max_bytes=2 * BYTES, max_seconds=TRIAL_SECONDS
        )
        stack.push_async_callback(downloader.aclose)
        client = await stack.enter_async_context(slack_client(token="xoxb-1", base_url=target))
        files = SlackFiles(client)

        async def relay(count: int) -> None:
            async with downloader.open(f"{source}/{count}") as download:
                assert download.length == count
                await files.send_upload(target, count, download.chunks)

        yield relay


@contextmanager
def _server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server in a process of its own, and return its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def _send_files(listener: socket.socket) -> None:
    """Answer each request with so many bytes as its path says, without a look at any of them."""
    with tempfile.TemporaryFile() as file:
        file.truncate(BYTES)
        while True:
            connection, _ = listener.accept()
            with connection:
                while head := _head_of(connection)[0]:
                    count = int(head.split()[1].removeprefix(b"/"))
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"
                        b"Content-Length: %d\r\n\r\n" % count
                    )
                    connection.sendfile(file, 0, count)


def _take_files(listener: socket.socket) -> None:
    """Read each request to its end, and answer that it is there."""
    buffer = bytearray(MIB)
    while True:
        connection, _ = listener.accept()
        with connection:
            while True:
                head, body = _head_of(connection)
                if not head:
                    break
                missing = _length_in(head) - len(body)
                while missing > 0:
                    received = connection.recv_into(buffer)
                    if received == 0:
                        return
                    missing -= received
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def _head_of(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of the next request and what came after it; empty at the end."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(HEAD_BYTES)
        if not more:
            return b"", b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def _length_in(head: bytes) -> int:
    fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return next(int(value) for name, _, value in fields if name.lower() == b"content-length")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        result = asyncio.run(pass_once(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
        print(result.model_dump_json())  # noqa: T201 - what the parent reads
    else:
        print(table(asyncio.run(measure()), "github"))  # noqa: T201 - its purpose
