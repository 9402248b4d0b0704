"""The media process: decodes what people attach, in limited memory, and without secrets.

`python -m bot.media.worker` reads frames from its standard input, does one task after the other,
and answers each on its standard output. It ends when its input ends, which a dead bot's does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, BinaryIO, TypeAlias

from bot.media.bounds import ignore_group_signals, limit_memory, limit_seconds
from bot.media.contact_sheet import contact_sheet
from bot.media.frames import HEAD, head
from bot.media.images import fitted, recognised
from bot.media.picture import Picture, UnfitError
from storage.job import Json

MOST_MEMORY = 256 * 1024 * 1024
"""Bytes of data; code and libraries, which other processes share, are not counted."""

MOST_SECONDS = 30
"""The processor time, in seconds, that a task may take before the kernel ends this process.

The bot stops waiting earlier; the limit ends a process that the bot left behind.
"""

Task: TypeAlias = Callable[..., Picture]
"""Gets the bytes of its frame and, by name, the arguments; raises `UnfitError`."""

TASKS: Mapping[str, Task] = MappingProxyType(
    {"recognise": recognised, "fit": fitted, "sheet": contact_sheet}
)
"""The tasks by their names in frames."""


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer each frame of `source` on `target`, until `source` ends."""
    # The bot distinguishes a process that cannot start from one that dies of a task.
    _write(target, {"ready": True}, b"")
    while (begin := source.read(HEAD.size)) and len(begin) == HEAD.size:
        told, length = HEAD.unpack(begin)
        request = json.loads(source.read(told))
        limit_seconds(MOST_SECONDS)
        _write(target, *_answer(request, source.read(length)))


def _answer(
    request: Mapping[str, Any], data: bytes
) -> tuple[Mapping[str, Json], bytes | bytearray]:
    try:
        picture = TASKS[request["task"]](data, **request["arguments"])
    except UnfitError as error:
        return {"unfit": error.unfit.value}, b""
    fields: Mapping[str, Json] = {
        "suffix": picture.suffix,
        "width": picture.width,
        "height": picture.height,
        "is_plain": picture.is_plain,
    }
    # The bot still has bytes that did not change.
    return fields, b"" if picture.data is data else picture.data


def _write(target: BinaryIO, fields: Mapping[str, Json], data: bytes | bytearray) -> None:
    target.write(head(fields, len(data)))
    target.write(data)
    target.flush()


def main() -> None:
    """Serve standard input and output."""
    # The bot waits for the task that is running, and closes the pipe.
    ignore_group_signals()
    limit_memory(MOST_MEMORY)
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the frames.
    os.dup2(2, 1)
    with source, target, suppress(BrokenPipeError):
        serve(source, target)


if __name__ == "__main__":
    main()
