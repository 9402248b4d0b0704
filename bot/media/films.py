"""The port `Films`: reads each video in a film process of its own."""

from __future__ import annotations

import asyncio
import errno
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import anyio
import structlog

import bot
from bot.base.errors import RetryLaterError
from bot.base.ports import Download, Still
from bot.media.bounds import child_environment
from bot.media.frames import HEAD
from storage.job import Film, Json

COMMAND = (sys.executable, "-m", "bot.media.film_worker")

MOST_BYTES = 256 * 1024 * 1024
"""A longer video gets no poster: it would take too much of the disk."""

MOST_SPOOLS = 2
"""The most videos on the disk at once: one is read while the next one comes."""

MOST_ANSWER_BYTES = 1024 * 1024
"""A picture of the size that the child makes has a tenth of this."""

TASK_SECONDS = 30.0
"""A video of 4K takes one; what takes longer gets no poster."""

START_SECONDS = 30.0
_ROOT = Path(bot.__file__).parents[1]


class FilmProcesses:
    """Brings a video to a file without a name, and gives that to a process as its input.

    One child at a time: nobody waits for a poster, and each takes memory and half a second of a
    processor. A child that dies has met a video that kills it, or the system was out of memory:
    there is no poster then, and the next video has a new child in any case.
    """

    def __init__(
        self, *, command: Sequence[str] = COMMAND, task_seconds: float = TASK_SECONDS
    ) -> None:
        self._command = command
        self._task_seconds = task_seconds
        self._spools = asyncio.Semaphore(MOST_SPOOLS)
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger("media")

    async def still(self, download: Download) -> Still | None:
        """Return a picture from a video, as the port promises."""
        if download.length is not None and download.length > MOST_BYTES:
            return None
        async with self._spools, _spooled(download) as file:
            if file is None:
                return None
            async with self._one_at_a_time:
                return await self._read(file)

    async def _read(self, file: IO[bytes]) -> Still | None:
        async with self._running(file) as child:
            try:
                async with asyncio.timeout(START_SECONDS):
                    await _receive(child)
            except (EOFError, TimeoutError) as error:
                raise self._not_started(error) from error
            try:
                async with asyncio.timeout(self._task_seconds):
                    fields, picture = await _receive(child)
            except (EOFError, ValueError, TimeoutError) as error:
                self._log.warning("film_process_ended", why=type(error).__name__)
                return None
        return _still(fields, picture)

    @asynccontextmanager
    async def _running(self, file: IO[bytes]) -> AsyncIterator[Process]:
        """Run a child while the context lasts, and no longer."""
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=file,
                stdout=PIPE,
                # A library's words on a file are a person's content, which no log may show.
                stderr=DEVNULL,
                cwd=_ROOT,
                env=child_environment(),
                # Ctrl+C goes to the whole group: the bot alone decides when the child ends.
                start_new_session=True,
            )
        except OSError as error:
            raise self._not_started(error) from error
        try:
            yield child
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    def _not_started(self, error: Exception) -> RetryLaterError:
        self._log.error("film_process_not_started", problem=type(error).__name__)
        return RetryLaterError("The process that reads videos does not start.")


@asynccontextmanager
async def _spooled(download: Download) -> AsyncIterator[IO[bytes] | None]:
    """Yield a file with the video's bytes; `None` if there are more than `MOST_BYTES`."""
    try:
        async with anyio.TemporaryFile() as spool:
            size = 0
            async for chunk in download.chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    yield None
                    return
                await spool.write(chunk)
            await spool.seek(0)
            yield spool.wrapped
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0)
        raise RetryLaterError("There is no place for the video here now.", code=code) from error


async def _receive(child: Process) -> tuple[Mapping[str, Json], bytes]:
    """Return the fields and the bytes of a frame.

    Raises `EOFError` if the child has ended, or answers with more than the bot reads.
    """
    stdout = child.stdout
    if stdout is None:
        raise EOFError
    told, length = HEAD.unpack(await stdout.readexactly(HEAD.size))
    if told + length > MOST_ANSWER_BYTES:
        raise EOFError
    fields: Mapping[str, Json] = json.loads(await stdout.readexactly(told))
    return fields, await stdout.readexactly(length)


def _still(fields: Mapping[str, Json], picture: bytes) -> Still | None:
    match fields:
        case {
            "width": int(width),
            "height": int(height),
            "seconds": float() | None as seconds,
            "has_sound": bool(has_sound),
        } if picture:
            film = Film(width=width, height=height, seconds=seconds, has_sound=has_sound)
            return Still(picture=picture, film=film)
        case _:
            return None
