"""The messages between the bot and its media process: a JSON object, and bytes behind it.

A frame is two lengths of four bytes each, the object as UTF-8, and the bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

from storage.job import Json

HEAD = struct.Struct(">II")
"""The length of the object, and of the bytes that follow it."""


def head(fields: Mapping[str, Json], length: int) -> bytes:
    """Return the begin of a frame, up to its `length` bytes."""
    told = json.dumps(fields).encode()
    return HEAD.pack(len(told), length) + told
