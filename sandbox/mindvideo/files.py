"""The simulated MindVideo's files, one for each aspect ratio, and faults of their download."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from sandbox.mindvideo.faults import Fault, FaultKind
from sandbox.mindvideo.mp4 import with_length
from sandbox.values import Json, Media

PACKAGED_MEDIA = Path(__file__).parent / "media"

SUFFIXES = {Media.VIDEO: "mp4", Media.IMAGE: "png"}
_TYPES = {".mp4": "video/mp4", ".png": "image/png"}
_RATIOS = {"16:9", "9:16", "1:1"}

_CHUNK = 64 * 1024
_FIVE_GIGABYTES = 5 * 10**9


def pick_file(folder: Path, media: Media, options: Mapping[str, Json]) -> Path:
    """Return the file with the requested `aspect_ratio`, or with 16:9."""
    requested = options.get("aspect_ratio")
    ratio = requested if isinstance(requested, str) and requested in _RATIOS else "16:9"
    return folder / f"sunset-{ratio.replace(':', 'x')}.{SUFFIXES[media]}"


def content_of(path: Path, options: Mapping[str, Json]) -> bytes:
    """Return the file's bytes; a video lasts as long as `duration` requests, in seconds."""
    content, seconds = path.read_bytes(), options.get("duration")
    if path.suffix != ".mp4" or not isinstance(seconds, int) or seconds < 1:
        return content
    return with_length(content, seconds)


async def send_file(
    request: web.Request, path: Path, options: Mapping[str, Json], fault: Fault | None
) -> web.StreamResponse:
    """Answer with the file, altered by the fault."""
    headers = {"Content-Type": _TYPES[path.suffix]}
    whole = await asyncio.to_thread(content_of, path, options)
    if fault is None:
        return web.Response(body=whole, headers=headers)
    if fault.kind is FaultKind.FILE_REDIRECT:
        return web.Response(status=302, headers={"Location": fault.value or ""})
    match fault.kind:
        case FaultKind.FILE_EMPTY:
            whole, length = b"", 0
        case FaultKind.FILE_CUT:
            whole, length = whole[: len(whole) * 99 // 100], len(whole)
        case FaultKind.FILE_TOO_LONG:
            length = len(whole) // 2
        case FaultKind.FILE_HUGE:
            length = _FIVE_GIGABYTES
        case FaultKind.FILE_ENDLESS:
            return await _send_unsized(request, headers, itertools.repeat(b"\0" * _CHUNK))
        case _:
            chunks = (whole[at : at + _CHUNK] for at in range(0, len(whole), _CHUNK))
            return await _send_unsized(request, headers, chunks)
    return await _send_with_length(request, headers, length, whole)


async def _send_with_length(
    request: web.Request, headers: dict[str, str], length: int, sent: bytes
) -> web.StreamResponse:
    """Send bytes with a `Content-Length` that may differ, and close the connection."""
    response = web.StreamResponse(headers={**headers, "Content-Length": str(length)})
    await response.prepare(request)
    await response.write(sent[:length])
    if request.transport is not None:
        # aiohttp itself sends no more than `Content-Length`.
        request.transport.write(sent[length:])
        request.transport.close()
    return response


async def _send_unsized(
    request: web.Request, headers: dict[str, str], chunks: Iterable[bytes]
) -> web.StreamResponse:
    """Send the chunks without `Content-Length`, until the client disconnects."""
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    with suppress(ConnectionError):  # the client disconnected
        for chunk in chunks:
            await response.write(chunk)
    return response
