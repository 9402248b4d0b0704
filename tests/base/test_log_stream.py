"""Tests of the log's stream: it neither blocks nor fails, and counts what is lost."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from typing import TextIO

import pytest
import structlog

from bot.base.log_stream import LOST, QUEUE_BYTES, LogStream, Loss
from bot.base.logs import configure_logs
from bot.base.metrics import Metrics

LINE = b"x" * 999 + b"\n"


@pytest.fixture(autouse=True)
def _no_losses() -> Iterator[None]:
    """Begin and end with a count of 0: there is one for the process."""
    LOST.clear()
    yield
    LOST.clear()


@pytest.fixture
def pipe() -> Iterator[tuple[io.FileIO, io.FileIO]]:
    """The ends of a pipe: one to read, one to write."""
    reader, writer = os.pipe()
    with io.FileIO(reader, "r") as read, io.FileIO(writer, "w") as write:
        yield read, write


def read_all(reader: io.FileIO, size: int) -> bytes:
    """Read `size` bytes, waiting for them."""
    data = b""
    while len(data) < size:
        data += reader.read(size - len(data)) or b""
    return data


def test_lines_are_written_whole_and_in_order(pipe: tuple[io.FileIO, io.FileIO]) -> None:
    """Also to a pipe that another process made non-blocking, and that is full at times."""
    reader, writer = pipe
    os.set_blocking(writer.fileno(), False)
    stream = LogStream(writer.fileno())
    lines = [f"{number:0999}\n".encode() for number in range(500)]
    for line in lines:
        stream.write(line)
    assert read_all(reader, 500_000) == b"".join(lines)
    stream.drain()
    assert not LOST


def test_a_reader_that_stands_still_stops_nobody(pipe: tuple[io.FileIO, io.FileIO]) -> None:
    """What does not fit is counted, and told once the lines are read again."""
    reader, writer = pipe
    stream = LogStream(writer.fileno())
    gaps: list[int] = []
    stream.on_gap = gaps.append
    for _ in range(3 * QUEUE_BYTES // len(LINE)):
        stream.write(LINE)
    stream.drain(0.01)
    lost = LOST[Loss.SLOW]
    written = 3 * QUEUE_BYTES // len(LINE) - lost
    assert QUEUE_BYTES - len(LINE) < written * len(LINE) < 2 * QUEUE_BYTES
    read_all(reader, written * len(LINE))
    stream.write(LINE)
    read_all(reader, len(LINE))
    stream.drain()
    assert sum(gaps) == lost


@pytest.mark.parametrize("kind", ["full", "closed", "read only"])
def test_a_stream_that_takes_nothing_fails_nobody(
    kind: str, pipe: tuple[io.FileIO, io.FileIO]
) -> None:
    reader, writer = pipe
    match kind:
        case "full":
            descriptor = os.open("/dev/full", os.O_WRONLY)
        case "closed":
            reader.close()
            descriptor = os.dup(writer.fileno())
        case _:
            descriptor = os.open(os.devnull, os.O_RDONLY)
    stream = LogStream(descriptor)
    stream.write(LINE)
    stream.write(LINE)
    stream.drain()
    os.close(descriptor)
    assert dict(LOST) == {Loss.FAILED: 2}
    assert b'video_bot_log_lines_lost_total{reason="failed"} 2.0' in Metrics().render()
    assert b'video_bot_log_lines_lost_total{reason="slow"} 0.0' in Metrics().render()


def test_the_log_says_how_many_of_its_lines_were_lost() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as lines:
        stream = LogStream(writer)
        text: TextIO = io.TextIOWrapper(stream, write_through=True)
        configure_logs(
            log_format="json",
            log_level="info",
            secrets=(),
            log_prompts=False,
            stream=text,
        )
        spare = os.dup(writer)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, writer)
        structlog.get_logger("bot").info("lost")
        stream.drain()
        os.dup2(spare, writer)
        structlog.get_logger("bot").info("written")
        told = [json.loads(lines.readline()) for _ in range(2)]
        for descriptor in (spare, full, writer):
            os.close(descriptor)
    assert [line["event"] for line in told] == ["written", "log_lines_lost"]
    assert told[1]["lines"] == 1
