"""Join clips into one MP4. Runs in the film process only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO, TypeAlias

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.media.film_file import MOST_PIXELS, OpenFilm, UnreadableFilmError, opened
from bot.media.provenance import XMP_BOX
from storage.job import Film

MOST_SECONDS_JOINED = 600.0
"""Of the whole film: forty clips of a quarter of a minute."""

_RATE = Fraction(24)
"""Frames a second, where a file does not tell."""

_SLOWEST_RATE, _FASTEST_RATE = Fraction(15), Fraction(60)
"""One clip that stands still most of the time must not slow down the others."""

_SAMPLE_RATE = 48_000
_SAMPLES = 1024
"""Of a frame of AAC."""

_ENCODER = {"preset": "veryfast", "crf": "18", "threads": "1"}
_STEREO = "stereo"
_FLOATS = "fltp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip of a film."""

    source: BinaryIO
    until: float | None = None
    """The second at which it ends in the film; `None`: at its own end."""


_Streams: TypeAlias = tuple[object, ...]


class UnreadableClipError(Exception):
    """One clip cannot be read; `position` counts from 0."""

    def __init__(self, position: int) -> None:
        super().__init__(f"clip {position}")
        self.position = position


class FilmTooLongError(Exception):
    """All clips together last longer than `MOST_SECONDS_JOINED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What one clip's file tells of it."""

    streams: _Streams | None
    """What must be equal for packets of two files to stand behind each other; `None`: none can."""
    seconds: float
    """How long it is in the film, as far as the file tells."""
    width: int
    height: int
    rate: Fraction
    has_sound: bool


def join(clips: Sequence[Clip], target: BinaryIO, comment: str) -> Film:
    """Write the clips one behind the other to `target`, and return the film's properties.

    Packets are copied where all streams match and no clip is cut; else all is encoded anew, in the
    size and rate of the first clip. One clip is open at a time: a decoder keeps frames. The film's
    metadata says that it was made with AI, as those of the clips may. Raises `FilmTooLongError`,
    `UnreadableClipError`, and what PyAV raises.
    """
    film = _join(clips, target, comment)
    target.seek(0, os.SEEK_END)
    target.write(XMP_BOX)
    return film


def _join(clips: Sequence[Clip], target: BinaryIO, comment: str) -> Film:
    found = []
    for position, clip in enumerate(clips):
        with _opened(clip, position) as film:
            found.append(_facts_of(film, clip))
    if sum(one.seconds for one in found) > MOST_SECONDS_JOINED:
        raise FilmTooLongError
    first = found[0]
    is_cut = any(clip.until is not None for clip in clips)
    matches = first.streams is not None and all(one.streams == first.streams for one in found)
    with av.open(target, "w", format="mp4") as output:
        output.metadata["comment"] = comment
        is_copied = matches and not is_cut
        seconds = _copy(clips, output) if is_copied else _encode(clips, found, output)
    return Film(
        width=first.width,
        height=first.height,
        seconds=float(seconds),
        has_sound=any(one.has_sound for one in found),
    )


@contextmanager
def _opened(clip: Clip, position: int) -> Iterator[OpenFilm]:
    """Open a clip; whatever cannot be read of it is an `UnreadableClipError`."""
    try:
        with opened(clip.source) as film:
            yield film
    except (UnreadableFilmError, av.FFmpegError) as error:
        raise UnreadableClipError(position) from error


def _facts_of(film: OpenFilm, clip: Clip) -> _Facts:
    whole = film.seconds or 0.0
    stream = film.stream
    return _Facts(
        streams=_streams_of(film),
        seconds=whole if clip.until is None else min(whole, clip.until),
        width=stream.width,
        height=stream.height,
        rate=min(max(stream.average_rate or _RATE, _SLOWEST_RATE), _FASTEST_RATE),
        has_sound=film.has_sound,
    )


def _streams_of(film: OpenFilm) -> _Streams | None:
    video = film.stream
    if video.duration is None:
        # WebM and its kin do not tell of each stream, and have codecs that an MP4 does not take.
        return None
    context = video.codec_context
    audio = _sound_of(film)
    return (
        (context.name, context.extradata, context.width, context.height, context.pix_fmt),
        (video.average_rate, video.time_base),
        None
        if audio is None
        else (
            audio.codec_context.name,
            audio.codec_context.extradata,
            audio.codec_context.sample_rate,
            audio.codec_context.layout.name,
            audio.time_base,
        ),
    )


def _sound_of(film: OpenFilm) -> AudioStream | None:
    return next(iter(film.container.streams.audio), None)


def _copy(clips: Sequence[Clip], output: OutputContainer) -> Fraction:
    """Copy the packets of all clips, each moved by the length of those before it."""
    begin = Fraction(0)
    last: dict[int, int] = {}
    for position, clip in enumerate(clips):
        with _opened(clip, position) as film:
            if position == 0:
                output.add_stream_from_template(film.stream)
                sound = _sound_of(film)
                if sound is not None:
                    output.add_stream_from_template(sound)
            begin = _copy_clip(film, output, begin, last)
    return begin


def _copy_clip(
    film: OpenFilm, output: OutputContainer, begin: Fraction, last: dict[int, int]
) -> Fraction:
    """Copy one clip to its `begin`, and return its end; `last` has the last time of each stream."""
    end = begin
    until = begin + _length_of_picture(film)
    wanted = [film.stream, *filter(None, [_sound_of(film)])]
    for packet in film.container.demux(*wanted):
        if packet.dts is None or packet.pts is None or packet.time_base is None:
            continue
        is_video = packet.stream is film.stream
        base = packet.time_base
        moved = round((begin - _start(film)) / base)
        packet.pts += moved
        packet.dts += moved
        packet.stream = output.streams[0 if is_video else 1]
        earliest = last.get(packet.stream.index, packet.dts - 1) + 1
        if is_video:
            end = max(end, (packet.pts + (packet.duration or 0)) * base)
            # Files of one encoder may begin at different times, and no frame may be left out.
            packet.dts = max(packet.dts, earliest)
        if packet.dts < earliest or packet.pts < packet.dts:
            continue
        if not is_video and packet.pts * base >= until:
            continue
        last[packet.stream.index] = packet.dts
        output.mux(packet)
    return end


def _length_of_picture(film: OpenFilm) -> Fraction:
    """Return how long the picture lasts: sound that goes on would cover that of the next clip."""
    stream = film.stream
    if stream.duration is None or stream.time_base is None:
        return Fraction(film.seconds or 0.0).limit_denominator(1_000_000)
    return stream.duration * stream.time_base


def _start(film: OpenFilm) -> Fraction:
    """Return the time of the first frame, exactly."""
    stream = film.stream
    if stream.time_base is None or stream.start_time is None:
        return Fraction(0)
    return stream.start_time * stream.time_base


def _encode(clips: Sequence[Clip], found: Sequence[_Facts], output: OutputContainer) -> Fraction:
    """Encode all clips anew, in the size and rate of the first."""
    rate = found[0].rate
    # The encoder takes even sides only.
    width, height = (side + side % 2 for side in (found[0].width, found[0].height))
    if width * height > MOST_PIXELS:
        raise UnreadableClipError(0)
    video = output.add_stream("libx264", rate=rate, options=_ENCODER)
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    video.time_base = 1 / rate
    has_sound = any(one.has_sound for one in found)
    audio = output.add_stream("aac", rate=_SAMPLE_RATE, layout=_STEREO) if has_sound else None
    frames = samples = 0
    for position, clip in enumerate(clips):
        with _opened(clip, position) as film:
            for frame in _scaled(film, clip, width, height, rate):
                frame.pts, frame.time_base = frames, 1 / rate
                output.mux(video.encode(frame))
                frames += 1
        if audio is not None:
            with _opened(clip, position) as film:
                wanted = round(frames / rate * _SAMPLE_RATE) - samples
                for part in _sound(film, wanted):
                    part.pts, part.time_base = samples, Fraction(1, _SAMPLE_RATE)
                    output.mux(audio.encode(part))
                    samples += part.samples
    output.mux(video.encode(None))
    if audio is not None:
        output.mux(audio.encode(None))
    return frames / rate


def _scaled(
    film: OpenFilm, clip: Clip, width: int, height: int, rate: Fraction
) -> Iterator[VideoFrame]:
    """Yield a clip's frames in the size and rate of the whole, with bars where its shape differs.

    Raises `UnreadableFilmError` if there is none.
    """
    graph = _graph(film.stream, width, height, rate)
    most = round((clip.until if clip.until is not None else MOST_SECONDS_JOINED) * rate)
    count = 0
    for frame in _with_end(film.frames()):
        graph.push(frame)
        for made in _pulled(graph):
            if count == most:
                return
            count += 1
            yield made
    if count == 0:
        raise UnreadableFilmError("no frame")


def _with_end(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame | None]:
    yield from frames
    yield None


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            made = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(made, VideoFrame):
            yield made


def _graph(stream: VideoStream, width: int, height: int, rate: Fraction) -> Graph:
    graph = Graph()
    chain = [
        graph.add_buffer(template=stream),
        graph.add("scale", f"{width}:{height}:force_original_aspect_ratio=decrease"),
        graph.add("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2"),
        graph.add("setsar", "1"),
        graph.add("fps", f"{rate.numerator}/{rate.denominator}"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    for before, after in pairwise(chain):
        before.link_to(after)
    graph.configure()
    return graph


def _sound(film: OpenFilm, wanted: int) -> Iterator[AudioFrame]:
    """Yield exactly so many samples: those of the film, cut, or followed by silence."""
    fifo = AudioFifo()
    left = wanted
    stream = _sound_of(film)
    if stream is not None:
        resampler = AudioResampler(format=_FLOATS, layout=_STEREO, rate=_SAMPLE_RATE)
        for frame in _decoded_sound(film, stream):
            for part in resampler.resample(frame):
                part.pts = None
                fifo.write(part)
            while left and (ready := fifo.read(min(_SAMPLES, left))) is not None:
                left -= ready.samples
                yield ready
            if not left:
                return
    while left:
        silence = _silence(min(_SAMPLES, left))
        left -= silence.samples
        yield silence


def _decoded_sound(film: OpenFilm, stream: AudioStream) -> Iterator[AudioFrame | None]:
    frames = film.container.decode(stream)
    while True:
        try:
            yield next(frames)
        except (StopIteration, av.FFmpegError):
            break
    # What the resampler still has.
    yield None


def _silence(samples: int) -> AudioFrame:
    frame = AudioFrame(format=_FLOATS, layout=_STEREO, samples=samples)
    frame.sample_rate = _SAMPLE_RATE
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame
