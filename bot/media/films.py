"""The port `Films`: reads videos, and joins them, in a film process for each task."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import anyio
import structlog

import bot
from bot.base.errors import RetryLaterError
from bot.base.ports import MOST_CLIPS, ClipToJoin, Download, JoinedFilm, Still, UnfitFilmError
from bot.media.bounds import child_environment
from bot.media.frames import Frame, receive
from storage.job import Film, Json

COMMAND = (sys.executable, "-m", "bot.media.film_worker")

MOST_BYTES = 256 * 1024 * 1024
"""A longer video gets no poster: it would take too much of the disk."""

MOST_SPOOLS = 2
"""The most videos on the disk at once: one is read while the next one comes."""

JOIN_SECONDS = 1800.0
"""A minute of 1080p takes about one to be encoded anew."""

TASK_SECONDS = 30.0
"""A video of 4K takes one; what takes longer gets no poster."""

START_SECONDS = 30.0

TOO_LONG = "The clips are too long to be joined."
TOO_COSTLY = "The clips take more memory or time to be joined than I have."
UNREADABLE = "The clips cannot be joined."
NO_PLACE = "There is no place for the video here now."

_CHUNK_BYTES = 256 * 1024
_ROOT = Path(bot.__file__).parents[1]


class FilmProcesses:
    """Brings a video to a file without a name, and gives that to a process as its input.

    One child at a time takes a picture, and one joins: each takes memory and a processor. A child
    that dies has met a video that kills it, or the system was out of memory: there is no picture
    then, and the next video has a new child in any case.
    """

    def __init__(
        self, *, command: Sequence[str] = COMMAND, task_seconds: float = TASK_SECONDS
    ) -> None:
        self._command = command
        self._task_seconds = task_seconds
        self._spools = asyncio.Semaphore(MOST_SPOOLS)
        self._one_at_a_time = asyncio.Lock()
        self._one_film = asyncio.Lock()
        """A film takes minutes, for which no picture waits."""
        self._log = structlog.get_logger("media")

    async def still(self, download: Download) -> Still | None:
        """Return a picture from a video, as the port promises."""
        return await self._picture(download, {"do": "still"})

    async def frame(self, download: Download, seconds: float | None) -> Still | None:
        """Return a frame of a video, as the port promises."""
        return await self._picture(download, {"do": "frame", "seconds": seconds})

    @asynccontextmanager
    async def join(self, clips: Sequence[ClipToJoin], comment: str) -> AsyncIterator[JoinedFilm]:
        """Open the film that clips make together, as the port promises."""
        if len(clips) > MOST_CLIPS:
            raise UnfitFilmError(TOO_LONG)
        async with self._one_film, AsyncExitStack() as stack:
            files: list[IO[bytes]] = []
            left = MOST_BYTES
            for position, clip in enumerate(clips):
                # Its connection is not kept: others wait for one while the film is made.
                async with clip.open() as download:
                    spool = await stack.enter_async_context(_spooled(download, left))
                if spool is None:
                    raise UnfitFilmError(TOO_LONG, position)
                left -= os.fstat(spool.fileno()).st_size
                files.append(spool)
            target = await stack.enter_async_context(_disk_file())
            task: Mapping[str, Json] = {
                "do": "join",
                "comment": comment,
                "target": target.fileno(),
                "clips": [
                    {"file": file.fileno(), "until": clip.until}
                    for file, clip in zip(files, clips, strict=True)
                ],
            }
            answer = await self._run(task, DEVNULL, JOIN_SECONDS, [*files, target])
            yield await _joined(answer, target)

    async def _picture(self, download: Download, task: Mapping[str, Json]) -> Still | None:
        if download.length is not None and download.length > MOST_BYTES:
            return None
        async with self._spools, _spooled(download, MOST_BYTES) as file:
            if file is None:
                return None
            async with self._one_at_a_time:
                answer = await self._run(task, file, self._task_seconds)
        return None if answer is None else _still(*answer)

    async def _run(
        self,
        task: Mapping[str, Json],
        source: IO[bytes] | int,
        seconds: float,
        files: Sequence[IO[bytes]] = (),
    ) -> Frame | None:
        """Return the answer of a child to its task; `None`: it has ended, or took too long."""
        async with self._running(task, source, files) as child:
            try:
                async with asyncio.timeout(START_SECONDS):
                    await receive(child.stdout)
            except (EOFError, TimeoutError) as error:
                raise self._not_started(error) from error
            try:
                async with asyncio.timeout(seconds):
                    return await receive(child.stdout)
            except (EOFError, TimeoutError) as error:
                self._log.warning("film_process_ended", why=type(error).__name__)
                return None

    @asynccontextmanager
    async def _running(
        self, task: Mapping[str, Json], source: IO[bytes] | int, files: Sequence[IO[bytes]]
    ) -> AsyncIterator[Process]:
        """Run a child while the context lasts, and no longer. It has the `files` open, too."""
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command,
                json.dumps(task),
                stdin=source,
                pass_fds=[file.fileno() for file in files],
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
async def _spooled(download: Download, most_bytes: int) -> AsyncIterator[IO[bytes] | None]:
    """Yield a file with the video's bytes; `None` if there are more than `most_bytes`."""
    async with _disk_file() as file:
        spool, size = anyio.wrap_file(file), 0
        async for chunk in download.chunks:
            size += len(chunk)
            if size > most_bytes:
                yield None
                return
            await spool.write(chunk)
        await spool.seek(0)
        yield file


@asynccontextmanager
async def _disk_file() -> AsyncIterator[IO[bytes]]:
    """Yield a file without a name. Raises `RetryLaterError` if the disk has no place."""
    try:
        async with anyio.TemporaryFile() as file:
            yield file.wrapped
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0)
        raise RetryLaterError(NO_PLACE, code=code) from error


async def _joined(answer: Frame | None, target: IO[bytes]) -> JoinedFilm:
    """Return the film that a child has written.

    Raises `UnfitFilmError` if it has not, and `RetryLaterError` if the disk has no place for it.
    """
    if answer is None:
        raise UnfitFilmError(TOO_COSTLY)
    fields, _ = answer
    film = _film(fields)
    if fields.get("is_disk_full"):
        raise RetryLaterError(NO_PLACE, code="ENOSPC")
    if fields.get("is_too_long"):
        raise UnfitFilmError(TOO_LONG)
    if film is None:
        position = fields.get("clip")
        raise UnfitFilmError(UNREADABLE, position if isinstance(position, int) else None)
    spool = anyio.wrap_file(target)
    length = await spool.seek(0, os.SEEK_END)
    await spool.seek(0)

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := await spool.read(_CHUNK_BYTES):
            yield chunk

    return JoinedFilm(
        download=Download(length=length, content_type="video/mp4", chunks=chunks()), film=film
    )


def _still(fields: Mapping[str, Json], picture: bytes) -> Still | None:
    film = _film(fields)
    return Still(picture=picture, film=film) if film is not None and picture else None


def _film(fields: Mapping[str, Json]) -> Film | None:
    match fields:
        case {
            "width": int(width),
            "height": int(height),
            "seconds": float() | None as seconds,
            "has_sound": bool(has_sound),
        }:
            return Film(width=width, height=height, seconds=seconds, has_sound=has_sound)
        case _:
            return None
