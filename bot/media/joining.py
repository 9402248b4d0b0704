"""Join clips into one MP4. Runs in the film process only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
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

_FASTEST_RATE = Fraction(60)
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


def join(clips: Sequence[Clip], target: BinaryIO, comment: str) -> Film:
    """Write the clips one behind the other to `target`, and return the film's properties.

    Packets are copied where all streams match and no clip is cut; else all is encoded anew, in the
    size and rate of the first clip. Its metadata says that it was made with AI, as those of the
    clips may. Raises `UnreadableClipError`, and what PyAV raises.
    """
    film = _join(clips, target, comment)
    target.seek(0, os.SEEK_END)
    target.write(XMP_BOX)
    return film


def _join(clips: Sequence[Clip], target: BinaryIO, comment: str) -> Film:
    with ExitStack() as stack:
        films = [_opened(stack, clip, position) for position, clip in enumerate(clips)]
        if sum(_length(film, clip) for film, clip in zip(films, clips, strict=True)) > (
            MOST_SECONDS_JOINED
        ):
            raise UnreadableFilmError("too long")
        output = stack.enter_context(av.open(target, "w", format="mp4"))
        output.metadata["comment"] = comment
        is_cut = any(clip.until is not None for clip in clips)
        if not is_cut and len({_streams_of(film) for film in films}) == 1:
            seconds = _copy(films, output)
        else:
            seconds = _encode(films, clips, output)
        first = films[0].stream
        return Film(
            width=first.width,
            height=first.height,
            seconds=float(seconds),
            has_sound=any(film.has_sound for film in films),
        )


def _opened(stack: ExitStack, clip: Clip, position: int) -> OpenFilm:
    try:
        return stack.enter_context(opened(clip.source))
    except (UnreadableFilmError, av.FFmpegError) as error:
        raise UnreadableClipError(position) from error


def _length(film: OpenFilm, clip: Clip) -> float:
    """Return how long a clip is in the film, as far as the file tells."""
    whole = film.seconds or 0.0
    return whole if clip.until is None else min(whole, clip.until)


def _streams_of(film: OpenFilm) -> _Streams:
    """Return what must be equal for packets of two files to stand behind each other."""
    video = film.stream
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


def _copy(films: Sequence[OpenFilm], output: OutputContainer) -> Fraction:
    """Copy the packets of all films, each moved by the length of those before it."""
    video = output.add_stream_from_template(films[0].stream)
    sound = _sound_of(films[0])
    audio = None if sound is None else output.add_stream_from_template(sound)
    begin = Fraction(0)
    last: dict[int, int] = {}
    for position, film in enumerate(films):
        end = begin
        length = Fraction(film.seconds or 0.0).limit_denominator(1_000_000)
        wanted = [film.stream, *filter(None, [_sound_of(film)])]
        try:
            for packet in film.container.demux(*wanted):
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                is_video = packet.stream is film.stream
                base = packet.time_base
                moved = round((begin - _start(film)) / base)
                packet.pts += moved
                packet.dts += moved
                if is_video:
                    end = max(end, (packet.pts + (packet.duration or 0)) * base)
                    packet.stream = video
                elif audio is None or packet.pts * base >= begin + length:
                    continue
                else:
                    packet.stream = audio
                index = packet.stream.index
                if packet.dts <= last.get(index, packet.dts - 1):
                    continue
                last[index] = packet.dts
                output.mux(packet)
        except av.FFmpegError as error:
            raise UnreadableClipError(position) from error
        begin = end
    return begin


def _start(film: OpenFilm) -> Fraction:
    """Return the time of the first frame, exactly."""
    stream = film.stream
    if stream.time_base is None or stream.start_time is None:
        return Fraction(0)
    return stream.start_time * stream.time_base


def _encode(films: Sequence[OpenFilm], clips: Sequence[Clip], output: OutputContainer) -> Fraction:
    """Encode all films anew, in the size and rate of the first."""
    first = films[0].stream
    rate = min(first.average_rate or _RATE, _FASTEST_RATE)
    # The encoder takes even sides only.
    width, height = (side + side % 2 for side in (first.width, first.height))
    if width * height > MOST_PIXELS:
        raise UnreadableFilmError("too many pixels")
    video = output.add_stream("libx264", rate=rate, options=_ENCODER)
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    video.time_base = 1 / rate
    has_sound = any(film.has_sound for film in films)
    audio = output.add_stream("aac", rate=_SAMPLE_RATE, layout=_STEREO) if has_sound else None
    frames = samples = 0
    for position, (film, clip) in enumerate(zip(films, clips, strict=True)):
        try:
            for frame in _scaled(film, clip, width, height, rate):
                frame.pts, frame.time_base = frames, 1 / rate
                output.mux(video.encode(frame))
                frames += 1
            if audio is not None:
                film.container.seek(0)
                wanted = round(frames / rate * _SAMPLE_RATE) - samples
                for part in _sound(film, wanted):
                    part.pts, part.time_base = samples, Fraction(1, _SAMPLE_RATE)
                    output.mux(audio.encode(part))
                    samples += part.samples
        except av.FFmpegError as error:
            raise UnreadableClipError(position) from error
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
