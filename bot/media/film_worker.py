"""The film process: takes a picture from one video, in limited memory and time, and ends.

`python -m bot.media.film_worker` has the video as its standard input, a file, and answers with two
frames on its standard output: that it is ready, and the picture. It alone loads PyAV.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import BinaryIO

from bot.media.bounds import ignore_group_signals, limit_memory, limit_seconds
from bot.media.frames import head
from bot.media.stills import still_of
from storage.job import Json

MOST_MEMORY = 384 * 1024 * 1024
"""Bytes of data, as docs/promises.md measures it."""

MOST_SECONDS = 20
"""The processor time, in seconds, after which the kernel ends this process."""

ALARM_SECONDS = 120
"""The time after which this process ends, even if the bot has died meanwhile."""


def main() -> None:
    """Answer with the picture, or that there is none."""
    ignore_group_signals()
    signal.alarm(ALARM_SECONDS)
    limit_memory(MOST_MEMORY)
    limit_seconds(MOST_SECONDS)
    # It writes no file, and nothing of what is in its memory is left behind.
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (0, 0))
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the frames.
    os.dup2(2, 1)
    with source, target, suppress(BrokenPipeError):
        _write(target, {"ready": True}, b"")
        _write(target, *answer(source))


def answer(source: BinaryIO) -> tuple[Mapping[str, Json], bytes]:
    """Return what the bot is told of a video, and the picture from it."""
    try:
        still = still_of(source)
    except Exception:  # noqa: BLE001 - readers of formats raise what their authors did not think of
        return {"unfit": True}, b""
    fields: Mapping[str, Json] = {
        "width": still.film.width,
        "height": still.film.height,
        "seconds": still.film.seconds,
        "has_sound": still.film.has_sound,
    }
    return fields, still.picture


def _write(target: BinaryIO, fields: Mapping[str, Json], data: bytes) -> None:
    target.write(head(fields, len(data)) + data)
    target.flush()


if __name__ == "__main__":
    main()
