"""Changes how long an MP4 lasts, by playing its frames faster or slower.

Only the few numbers that say how long it lasts are replaced, so no encoder is needed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

# Boxes that hold the others that count here. ISO/IEC 14496-12, 4.2 and 8.
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"edts"})
_HEADER = 8
# Offsets into a box of version 0, which has 32-bit times: of the timescale in units a second, and
# of the duration.
_TIMESCALE = _HEADER + 12
_DURATION = _HEADER + 16
_DURATIONS = ((b"mvhd", _DURATION), (b"tkhd", _HEADER + 20), (b"elst", _HEADER + 8))
"""The durations in the timescale of the whole file: its own, its track's and its edit's."""


def with_length(content: bytes, seconds: int) -> bytes:
    """Return the video with its one track stretched or squeezed to `seconds`."""
    changed = bytearray(content)
    boxes = dict(_boxes(content, 0, len(content)))
    lasting = seconds * _read(content, boxes[b"mvhd"] + _TIMESCALE)
    for box, offset in _DURATIONS:
        struct.pack_into(">I", changed, boxes[box] + offset, lasting)
    units = _read(content, boxes[b"mdhd"] + _DURATION)
    struct.pack_into(">I", changed, boxes[b"mdhd"] + _TIMESCALE, round(units / seconds))
    return bytes(changed)


def length_of(content: bytes) -> float:
    """Return how long a video lasts, in seconds."""
    box = dict(_boxes(content, 0, len(content)))[b"mvhd"]
    return _read(content, box + _DURATION) / _read(content, box + _TIMESCALE)


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield the type and the place of each box between two places, and of those inside."""
    at = start
    while at + _HEADER <= end:
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, at
        if kind in _CONTAINERS:
            yield from _boxes(content, at + _HEADER, at + size)
        at += max(size, _HEADER)


def _read(content: bytes, at: int) -> int:
    (value,) = struct.unpack_from(">I", content, at)
    return int(value)
