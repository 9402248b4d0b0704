"""Take a picture from a video. Runs in the film process only."""

from __future__ import annotations

import math
from typing import BinaryIO

from av.video.frame import VideoFrame
from PIL import Image

from bot.base.ports import Still
from bot.media.film_file import OpenFilm, opened
from bot.media.provenance import marked_jpeg
from storage.job import Film

LONGEST_SIDE = 640
"""Of a poster, in pixels: twice what Slack shows of it in a channel."""

POSTER_SECONDS = 1.0
"""When a poster is taken: services let videos begin in black, or with the first frame given."""

MOST_FRAMES_OF_POSTER = 300
MOST_FRAMES = 50_000
"""So many are decoded for one frame that somebody wants: a clip may have a single one that can be
decoded by itself, its first. The bound on processor time ends it before, but for tiny frames."""

_QUALITY = 82
_QUALITY_OF_FRAME = 95
"""Of a frame from which the next video is made."""


def still_of(source: BinaryIO) -> Still:
    """Return a poster of a video, and the video's properties.

    Raises `UnreadableFilmError`, and what PyAV, Pillow and the allocation of memory raise.
    """
    with opened(source) as film:
        at = min(POSTER_SECONDS, (film.seconds or 0.0) / 2)
        frame = film.frame_at(at, MOST_FRAMES_OF_POSTER)
        return Still(picture=_as_jpeg(frame, LONGEST_SIDE, _QUALITY), film=_properties(film, frame))


def frame_of(source: BinaryIO, seconds: float | None) -> Still:
    """Return the frame at a time in its full size, and the video's properties.

    The last frame: `None`. At a time behind the end it is the last one as well. Raises what
    `still_of` does.
    """
    with opened(source) as film:
        frame = film.frame_at(math.inf if seconds is None else seconds, MOST_FRAMES)
        side = max(frame.width, frame.height)
        return Still(
            picture=_as_jpeg(frame, side, _QUALITY_OF_FRAME), film=_properties(film, frame)
        )


def _properties(film: OpenFilm, frame: VideoFrame) -> Film:
    return Film(
        width=frame.width, height=frame.height, seconds=film.seconds, has_sound=film.has_sound
    )


def _as_jpeg(frame: VideoFrame, longest_side: int, quality: int) -> bytes:
    factor = min(1.0, longest_side / max(frame.width, frame.height))
    width, height = (max(1, round(side * factor)) for side in (frame.width, frame.height))
    small = frame.reformat(width=width, height=height, format="rgb24")
    picture: Image.Image = small.to_image()  # type: ignore[no-untyped-call]  # as documented
    return marked_jpeg(picture, quality=quality)
