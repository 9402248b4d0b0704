"""Take a picture from a video. Runs in the film process only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.base.ports import Still
from bot.media.provenance import marked_jpeg
from storage.job import Film

MOST_PIXELS = 4096 * 2304
"""Of a frame: 4K, in the widest of its forms."""

MOST_FRAMES = 300
"""So many frames are decoded at most, from the last one that can be decoded by itself."""

LONGEST_SIDE = 640
"""Of the picture, in pixels: twice what Slack shows of it in a channel."""

POSTER_SECONDS = 1.0
"""When the picture is taken: services let videos begin in black, or with the first frame given."""

LONGEST_SECONDS = 24 * 3600.0
"""What a file tells of its length beyond this is not believed."""

# What MindVideo, and services like it, make. FFmpeg has hundreds of formats more, among them lists
# of addresses, which it would open. https://ffmpeg.org/ffmpeg-formats.html#Format-Options
_DECODERS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4,aac,mp3,mp3float,opus,vorbis"
_HEAD_BYTES = 12
_WEBM = b"\x1a\x45\xdf\xa3"


class UnreadableFilmError(Exception):
    """The bytes are no video that is read here."""


def still_of(source: BinaryIO) -> Still:
    """Return a picture from a video, and its properties.

    Raises `UnreadableFilmError`, and what PyAV, Pillow and the allocation of memory raise.
    """
    kind = _format(source.read(_HEAD_BYTES))
    source.seek(0)
    av.logging.set_level(None)
    with av.open(
        source,
        "r",
        format=kind,
        container_options={"codec_whitelist": _DECODERS},
        metadata_errors="ignore",
        io_open=_refuse,
    ) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise UnreadableFilmError("no video")
        _check_pixels(stream.width, stream.height)
        # Each thread would keep frames of its own.
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        seconds = _seconds(container)
        frame = _frame(container, stream, min(POSTER_SECONDS, (seconds or 0.0) / 2))
        _check_pixels(frame.width, frame.height)
        film = Film(
            width=frame.width,
            height=frame.height,
            seconds=seconds,
            has_sound=bool(container.streams.audio),
        )
        return Still(picture=_as_jpeg(frame), film=film)


def _refuse(*_: object) -> BinaryIO:
    """Refuse to open another file or address, which a video may name."""
    raise UnreadableFilmError("a part elsewhere")


def _format(begin: bytes) -> str:
    """Return the name of the format by its first bytes: MP4 and its kin, or WebM and its kin."""
    if begin[4:8] == b"ftyp":
        return "mp4"
    if begin[:4] == _WEBM:
        return "matroska"
    raise UnreadableFilmError("another format")


def _check_pixels(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise UnreadableFilmError("too many pixels, or none")


def _seconds(container: InputContainer) -> float | None:
    """Return how long a video lasts; `None` if the file does not tell, or cannot be believed."""
    if container.duration is None:
        return None
    seconds = container.duration / av.time_base
    return seconds if 0 < seconds <= LONGEST_SECONDS else None


def _frame(container: InputContainer, stream: VideoStream, at: float) -> VideoFrame:
    """Return the frame at a time, in seconds from the begin, or the last one before it."""
    begin = 0.0
    if stream.time_base is not None and stream.start_time is not None:
        begin = float(stream.start_time * stream.time_base)
    if at > 0:
        container.seek(math.floor((begin + at) * av.time_base))
    found = None
    for frame in islice(_frames(container, stream), MOST_FRAMES):
        found = frame
        if frame.pts is None or frame.time >= begin + at:
            break
    if found is None:
        raise UnreadableFilmError("no frame")
    return found


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield the frames that can be decoded, until one cannot."""
    frames = container.decode(stream)
    while True:
        try:
            yield next(frames)
        except (StopIteration, av.FFmpegError):
            return


def _as_jpeg(frame: VideoFrame) -> bytes:
    factor = min(1.0, LONGEST_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * factor)) for side in (frame.width, frame.height))
    small = frame.reformat(width=width, height=height, format="rgb24")
    picture: Image.Image = small.to_image()  # type: ignore[no-untyped-call]  # as documented
    return marked_jpeg(picture)
