"""The messages between the bot and its media process: a JSON object, and bytes behind it.

A frame is two lengths of four bytes each, the object as UTF-8, and the bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from storage.job import Json

if TYPE_CHECKING:
    # The child has no use for it.
    from asyncio import StreamReader

Frame: TypeAlias = tuple[Mapping[str, Json], bytes]
"""The fields of a frame, and its bytes."""

HEAD = struct.Struct(">II")
"""The length of the object, and of the bytes that follow it."""

MOST_ANSWER_BYTES = 32 * 1024 * 1024
"""A picture of the most bytes that a model takes has a third of this, and a frame of 4K a sixth."""


def head(fields: Mapping[str, Json], length: int) -> bytes:
    """Return the begin of a frame, up to its `length` bytes."""
    told = json.dumps(fields).encode()
    return HEAD.pack(len(told), length) + told


async def receive(stdout: StreamReader | None) -> Frame:
    """Return the next frame of a child, whose words nobody trusts: it decodes what people sent.

    Raises `EOFError` if it has ended, or says more than the bot keeps, or nothing that is a frame.
    """
    if stdout is None:
        raise EOFError
    told, length = HEAD.unpack(await stdout.readexactly(HEAD.size))
    if told + length > MOST_ANSWER_BYTES:
        raise EOFError
    try:
        fields: Mapping[str, Json] = json.loads(await stdout.readexactly(told))
    except ValueError as error:
        raise EOFError from error
    return fields, await stdout.readexactly(length)
