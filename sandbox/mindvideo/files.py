"""The simulated MindVideo's files: a real video of each aspect ratio, and ways to spoil it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from sandbox.mindvideo.faults import Fault, FaultKind
from sandbox.values import Json, Media

PACKAGED_MEDIA = Path(__file__).parent / "media"

SUFFIXES = {Media.VIDEO: "mp4", Media.IMAGE: "png"}
_TYPES = {".mp4": "video/mp4", ".png": "image/png"}
_RATIOS = {"16:9", "9:16", "1:1"}

_CHUNK = 64 * 1024
_FIVE_GIGABYTES = 5 * 10**9


def pick_file(folder: Path, media: Media, options: Mapping[str, Json]) -> Path:
    """Return the file that fits the asked `aspect_ratio`, or 16:9."""
    asked = options.get("aspect_ratio")
    ratio = asked if isinstance(asked, str) and asked in _RATIOS else "16:9"
    return folder / f"sunset-{ratio.replace(':', 'x')}.{SUFFIXES[media]}"


async def send_file(request: web.Request, path: Path, fault: Fault | None) -> web.StreamResponse:
    """Answer with the file, or with what the fault makes of it."""
    headers = {"Content-Type": _TYPES[path.suffix]}
    if fault is None:
        return web.FileResponse(path, headers=headers)
    if fault.kind is FaultKind.FILE_REDIRECT:
        return web.Response(status=302, headers={"Location": fault.value or ""})
    whole = await asyncio.to_thread(path.read_bytes)
    match fault.kind:
        case FaultKind.FILE_EMPTY:
            whole, promised = b"", 0
        case FaultKind.FILE_CUT:
            whole, promised = whole[: len(whole) * 99 // 100], len(whole)
        case FaultKind.FILE_TOO_LONG:
            promised = len(whole) // 2
        case FaultKind.FILE_HUGE:
            promised = _FIVE_GIGABYTES
        case FaultKind.FILE_ENDLESS:
            return await _pour(request, headers, itertools.repeat(b"\0" * _CHUNK))
        case _:
            chunks = (whole[at : at + _CHUNK] for at in range(0, len(whole), _CHUNK))
            return await _pour(request, headers, chunks)
    return await _promise(request, headers, promised, whole)


async def _promise(
    request: web.Request, headers: dict[str, str], promised: int, sent: bytes
) -> web.StreamResponse:
    """Promise some bytes, send others, and close the connection."""
    response = web.StreamResponse(headers={**headers, "Content-Length": str(promised)})
    await response.prepare(request)
    await response.write(sent[:promised])
    if request.transport is not None:
        # aiohttp itself does not send more than it promised.
        request.transport.write(sent[promised:])
        request.transport.close()
    return response


async def _pour(
    request: web.Request, headers: dict[str, str], chunks: Iterable[bytes]
) -> web.StreamResponse:
    """Send the chunks without a promise of how many, until the other side has enough."""
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    with suppress(ConnectionError):  # the other side has enough
        for chunk in chunks:
            await response.write(chunk)
    return response
