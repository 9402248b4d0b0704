"""The bot's side of the media process: starts it when it is needed, and survives its death."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

import bot
from bot.base.errors import RetryLaterError
from bot.media.bounds import child_environment
from bot.media.frames import Frame, head, receive
from bot.media.picture import Unfit, UnfitError
from storage.job import Json

COMMAND = (sys.executable, "-m", "bot.media.worker")

MOST_WAITING = 16
"""More tasks than this at once are told to come again: each holds a file in the bot's memory."""

TASK_SECONDS = 20.0
"""A large photo takes two; what takes longer is made to."""

START_SECONDS = 30.0
_STOP_SECONDS = 1.0
_CHUNK = 64 * 1024
_ROOT = Path(bot.__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswer:
    """The answer to a task: its fields, and the bytes that came with them."""

    fields: Mapping[str, Json]
    data: bytes


class MediaProcess:
    """Runs one task after the other in a child process, which bounds their memory and time.

    The child is started by the first task, serves until `close`, and is started anew after its
    death.
    """

    def __init__(
        self, *, command: Sequence[str] = COMMAND, task_seconds: float = TASK_SECONDS
    ) -> None:
        self._command = command
        self._task_seconds = task_seconds
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._child: Process | None = None
        self._log = structlog.get_logger("media")

    @property
    def pid(self) -> int | None:
        """The child's process ID; `None` if there is no child now."""
        return None if self._child is None else self._child.pid

    async def run(
        self, task: str, arguments: Mapping[str, Json], data: bytes | bytearray
    ) -> TaskAnswer:
        """Run one of `bot.media.worker.TASKS`. Safe to repeat.

        Raises `UnfitError` for bytes that cannot be used, also if the child dies of them or does
        not end in time, and `RetryLaterError` if it cannot be started or too much waits.
        """
        if self._waiting >= MOST_WAITING:
            raise RetryLaterError("Too many images wait to be read.")
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                fields, made = await self._run(
                    head({"task": task, "arguments": arguments}, len(data)), data
                )
        finally:
            self._waiting -= 1
        match fields:
            case {"unfit": str(reason)}:
                raise UnfitError(Unfit(reason))
            case _:
                return TaskAnswer(fields=fields, data=made)

    async def close(self) -> None:
        """End the child. Idempotent; nothing may run any more."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await child.wait()
        except TimeoutError:
            await _kill(child)

    async def _run(self, begin: bytes, data: bytes | bytearray) -> Frame:
        """Run a task; once more in a new child, because the death may have had another cause."""
        try:
            return await self._exchange(begin, data)
        except (EOFError, ConnectionError):
            await self._give_up("died")
        try:
            return await self._exchange(begin, data)
        except (EOFError, ConnectionError) as error:
            await self._give_up("died again")
            raise UnfitError(Unfit.TOO_COSTLY) from error

    async def _exchange(self, begin: bytes, data: bytes | bytearray) -> Frame:
        child = await self._started()
        try:
            async with asyncio.timeout(self._task_seconds):
                await _send(child, begin, data)
                return await receive(child.stdout)
        except TimeoutError as error:
            await self._give_up("took too long")
            raise UnfitError(Unfit.TOO_COSTLY) from error
        except asyncio.CancelledError:
            # Its answer would be taken for that to the next task.
            await self._give_up("cancelled")
            raise

    async def _started(self) -> Process:
        if self._child is not None and self._child.returncode is None:
            return self._child
        try:
            self._child = child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                # A library's words on a file are a person's content, which no log may show.
                stderr=DEVNULL,
                cwd=_ROOT,
                env=child_environment(),
                # Ctrl+C goes to the whole group: the bot alone decides when the child ends.
                start_new_session=True,
            )
            async with asyncio.timeout(START_SECONDS):
                await receive(child.stdout)
        except (OSError, EOFError, TimeoutError) as error:
            self._log.error("media_process_not_started", problem=type(error).__name__)
            await self._give_up("not started")
            raise RetryLaterError("The process that reads images does not start.") from error
        except asyncio.CancelledError:
            await self._give_up("cancelled")
            raise
        return child

    async def _give_up(self, why: str) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        await _kill(child)
        self._log.warning("media_process_ended", why=why, returncode=child.returncode)


async def _send(child: Process, begin: bytes, data: bytes | bytearray) -> None:
    stdin = child.stdin
    if stdin is None:
        raise EOFError
    stdin.write(begin)
    # In pieces: the transport would keep a copy of what the pipe does not take at once.
    for at in range(0, len(data), _CHUNK):
        stdin.write(data[at : at + _CHUNK])
        await stdin.drain()
    await stdin.drain()


async def _kill(child: Process) -> None:
    """End a child at once, and wait for its end."""
    with suppress(ProcessLookupError):
        child.kill()
    if child.stdin is not None:
        child.stdin.close()
    await child.wait()
