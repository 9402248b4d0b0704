"""Open a video that somebody else made. Runs in the film process only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

MOST_PIXELS = 4096 * 2304
"""Of a frame: 4K, in the widest of its forms."""

LONGEST_SECONDS = 24 * 3600.0
"""What a file tells of its length beyond this is not believed."""

# What MindVideo, and services like it, make. FFmpeg has hundreds of formats more, among them lists
# of addresses, which it would open. https://ffmpeg.org/ffmpeg-formats.html#Format-Options
_DECODERS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4,aac,mp3,mp3float,opus,vorbis"
_HEAD_BYTES = 12
_WEBM = b"\x1a\x45\xdf\xa3"


class UnreadableFilmError(Exception):
    """The bytes are no video that is read here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFilm:
    """A video that is open: nothing of it is decoded yet."""

    container: InputContainer
    stream: VideoStream
    seconds: float | None
    """How long it lasts; `None` if the file does not tell, or cannot be believed."""

    @property
    def begin(self) -> float:
        """The time of its first frame, in seconds, by the file's own clock."""
        if self.stream.time_base is None or self.stream.start_time is None:
            return 0.0
        return float(self.stream.start_time * self.stream.time_base)

    @property
    def has_sound(self) -> bool:
        """Whether it has a stream of sound."""
        return bool(self.container.streams.audio)

    def frame_at(self, seconds: float, most_frames: int) -> VideoFrame:
        """Return the frame at a time from the begin, or the last one before it.

        At most `most_frames` are decoded, from the last one before it that can be decoded by
        itself. Raises `UnreadableFilmError` if none can be.
        """
        at = min(seconds, self.seconds or seconds)
        # A file that does not tell its length is read from its begin to its end.
        if 0 < at < math.inf:
            self.container.seek(math.floor((self.begin + at) * av.time_base))
        found = None
        for frame in islice(self.frames(), most_frames):
            found = frame
            if frame.pts is None or frame.time >= self.begin + seconds:
                break
        if found is None:
            raise UnreadableFilmError("no frame")
        check_pixels(found.width, found.height)
        return found

    def frames(self) -> Iterator[VideoFrame]:
        """Yield the frames that can be decoded, until one cannot."""
        frames = self.container.decode(self.stream)
        while True:
            try:
                yield next(frames)
            except (StopIteration, av.FFmpegError):
                return


@contextmanager
def opened(source: BinaryIO) -> Iterator[OpenFilm]:
    """Open a video of a known format, with bounds on what its decoding takes.

    Raises `UnreadableFilmError`, and what PyAV raises.
    """
    source.seek(0)
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
        # A stream of an unknown codec, as that of a file that is broken off, has no context.
        if not isinstance(stream, VideoStream) or stream.codec_context is None:
            raise UnreadableFilmError("no video")
        check_pixels(stream.width, stream.height)
        # Each thread would keep frames of its own.
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        yield OpenFilm(container=container, stream=stream, seconds=_seconds(container))


def check_pixels(width: int, height: int) -> None:
    """Raise `UnreadableFilmError` for a frame of too many pixels, or of none."""
    if not 0 < width * height <= MOST_PIXELS:
        raise UnreadableFilmError("too many pixels, or none")


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


def _seconds(container: InputContainer) -> float | None:
    if container.duration is None:
        return None
    seconds = container.duration / av.time_base
    return seconds if 0 < seconds <= LONGEST_SECONDS else None
