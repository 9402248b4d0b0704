"""The film process: reads one video, or joins several, in limited memory and time, and ends.

`python -m bot.media.film_worker TASK` has the task as JSON, see `TASKS`, and a video as its
standard input, a file; those that are joined are open under the numbers that the task names. It
answers with two messages on its standard output: that it is ready, and what was made. It alone
loads PyAV.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from errno import EFBIG, ENOSPC
from types import MappingProxyType
from typing import Any, BinaryIO, TypeAlias

from typing_extensions import Buffer

from bot.media.bounds import ignore_group_signals, limit_memory, limit_seconds
from bot.media.frames import head
from bot.media.joining import Clip, FilmTooLongError, UnreadableClipError, join
from bot.media.stills import frame_of, still_of
from storage.job import Film, Json

MOST_MEMORY = 384 * 1024 * 1024
"""Bytes of data, as docs/promises.md measures it."""

MOST_SECONDS = 20
"""The processor time, in seconds, after which the kernel ends this process."""

ALARM_SECONDS = 120
"""The time after which this process ends, even if the bot has died meanwhile."""

MOST_MEMORY_TO_JOIN = 1024 * 1024 * 1024
MOST_SECONDS_TO_JOIN = 900
ALARM_SECONDS_TO_JOIN = 1800
MOST_BYTES_JOINED = 256 * 1024 * 1024
_NICENESS = 10
"""Nobody waits for a film as for a question: the bot's own threads go first."""

_REASONS: Mapping[int | None, Mapping[str, Json]] = MappingProxyType(
    {ENOSPC: {"is_disk_full": True}, EFBIG: {"is_too_long": True}}
)
"""What is told of a film that cannot be written."""

Answer: TypeAlias = tuple[Mapping[str, Json], bytes]


def main() -> None:
    """Do the one task of the command line, and answer what came of it."""
    task: Mapping[str, Any] = json.loads(sys.argv[1])
    joins = task["do"] == "join"
    ignore_group_signals()
    signal.alarm(ALARM_SECONDS_TO_JOIN if joins else ALARM_SECONDS)
    limit_memory(MOST_MEMORY_TO_JOIN if joins else MOST_MEMORY)
    limit_seconds(MOST_SECONDS_TO_JOIN if joins else MOST_SECONDS)
    # Nothing of what is in its memory is left behind, and no file is written but a joined film.
    written = MOST_BYTES_JOINED if joins else 0
    for limit, most in ((resource.RLIMIT_FSIZE, written), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
    if joins:
        os.nice(_NICENESS)
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the messages.
    os.dup2(2, 1)
    with source, target, suppress(BrokenPipeError):
        _write(target, {"ready": True}, b"")
        _write(target, *answer(task, source))


def answer(task: Mapping[str, Any], source: BinaryIO) -> Answer:
    """Return what the bot is told of a task, and the picture that was taken."""
    try:
        return TASKS[task["do"]](task, source)
    except UnreadableClipError as error:
        return {"unfit": True, "clip": error.position}, b""
    except FilmTooLongError:
        return {"is_too_long": True}, b""
    except OSError as error:
        return _REASONS.get(error.errno, {"unfit": True}), b""
    except Exception:  # noqa: BLE001 - readers of formats raise what their authors did not think of
        return {"unfit": True}, b""


def _still(_: Mapping[str, Any], source: BinaryIO) -> Answer:
    still = still_of(source)
    return _fields(still.film), still.picture


def _frame(task: Mapping[str, Any], source: BinaryIO) -> Answer:
    still = frame_of(source, task["seconds"])
    return _fields(still.film), still.picture


class _Target(io.BufferedRandom):
    """The file of a film; `problem` is why it could not be written."""

    problem: OSError | None = None

    def write(self, data: Buffer, /) -> int:
        """Write bytes, and keep the error if they cannot be."""
        try:
            return super().write(data)
        except OSError as error:
            self.problem = error
            raise


def _join(task: Mapping[str, Any], _: BinaryIO) -> Answer:
    with ExitStack() as stack:
        clips = [
            Clip(source=stack.enter_context(os.fdopen(clip["file"], "rb")), until=clip["until"])
            for clip in task["clips"]
        ]
        target = stack.enter_context(_Target(io.FileIO(task["target"], "r+")))
        try:
            return _fields(join(clips, target, task["comment"])), b""
        except Exception:
            # What PyAV raises of it does not tell the reason.
            if target.problem is not None:
                raise target.problem from None
            raise


TASKS: Mapping[str, Callable[[Mapping[str, Any], BinaryIO], Answer]] = MappingProxyType(
    {"still": _still, "frame": _frame, "join": _join}
)
"""The tasks by the member `do` of the command line's object."""


def _fields(film: Film) -> Mapping[str, Json]:
    return {
        "width": film.width,
        "height": film.height,
        "seconds": film.seconds,
        "has_sound": film.has_sound,
    }


def _write(target: BinaryIO, fields: Mapping[str, Json], data: bytes) -> None:
    target.write(head(fields, len(data)) + data)
    target.flush()


if __name__ == "__main__":
    main()
