"""Tests of joined clips: nothing is lost at a seam, and what does not match is made to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal

import av
import pytest

from bot.media import joining
from bot.media.film_file import OpenFilm, opened
from bot.media.joining import Clip, UnreadableClipError, join
from bot.media.provenance import XMP_BOX
from bot.media.stills import frame_of
from sandbox.mindvideo.files import PACKAGED_MEDIA
from storage.job import Film

SUNSET = (PACKAGED_MEDIA / "sunset-16x9.mp4").read_bytes()


@dataclass(frozen=True, slots=True)
class Played:
    """What a player finds in a film."""

    seconds: float
    frames: int
    size: tuple[int, int]
    samples: int
    """Of sound, at 48,000 a second."""
    comment: str


def joined(*clips: tuple[bytes, float | None]) -> tuple[Film, bytes]:
    """Return the properties and the bytes of a film of these clips."""
    target = io.BytesIO()
    opened = [Clip(source=io.BytesIO(video), until=until) for video, until in clips]
    film = join(opened, target, "made with AI")
    assert target.getvalue().endswith(XMP_BOX)
    return film, target.getvalue()


def played(film: bytes) -> Played:
    """Decode all of a film; times must never run back."""
    samples = 0
    with av.open(io.BytesIO(film), "r") as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
        assert times == sorted(set(times))
        if container.streams.audio:
            container.seek(0)
            ends = 0.0
            for frame in container.decode(audio=0):
                # A frame of AAC ends where it likes: the next clip may begin before.
                assert frame.time is not None
                assert frame.time >= ends - 1024 / frame.sample_rate
                ends = frame.time + frame.samples / frame.sample_rate
                samples += frame.samples * 48_000 // frame.sample_rate
        stream = container.streams.video[0]
        return Played(
            seconds=(container.duration or 0) / av.time_base,
            frames=len(times),
            size=(stream.width, stream.height),
            samples=samples,
            comment=container.metadata["comment"],
        )


def made(
    *,
    width: int = 64,
    height: int = 48,
    rate: int = 24,
    seconds: int = 1,
    sound: int | None = None,
    sound_seconds: int | None = None,
    kind: str = "mp4",
    codec: Literal["libx264", "libvpx"] = "libx264",
) -> bytes:
    """Return a clip; `sound` is its sample rate, and lasts as long as the picture if not told."""
    target = io.BytesIO()
    with av.open(target, "w", format=kind) as output:
        video = output.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = None if sound is None else output.add_stream("aac", rate=sound, layout="mono")
        for number in range(rate * seconds):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number % 256]) * plane.buffer_size)
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio is not None and sound is not None:
            for begin in range(0, sound * (sound_seconds or seconds), 1024):
                output.mux(audio.encode(_silence(begin, sound)))
            output.mux(audio.encode(None))
    return target.getvalue()


def _silence(begin: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
    frame.sample_rate, frame.pts = rate, begin
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame


LANDSCAPE, UPRIGHT = made(), made(width=48, height=64)
WEBM = made(kind="webm", codec="libvpx")


def test_clips_that_match_are_copied() -> None:
    film, data = joined((SUNSET, None), (SUNSET, None), (SUNSET, None))
    assert film == Film(width=640, height=360, seconds=15.0, has_sound=False)
    assert played(data) == Played(15.0, 360, (640, 360), 0, "made with AI")
    # Nothing was encoded: the film has the bytes of its clips, and a little beside them.
    assert abs(len(data) - 3 * len(SUNSET)) < 20_000


def test_sound_is_copied_beside_the_picture() -> None:
    clip = made(seconds=2, sound=48_000)
    film, data = joined((clip, None), (clip, None))
    heard = played(data)
    assert film.has_sound
    assert heard.frames == 96
    assert heard.seconds == pytest.approx(4.0, abs=0.1)
    # A frame of AAC at the most is lost at a seam, or stands there beyond it.
    assert heard.samples == pytest.approx(4 * 48_000, abs=3 * 1024)


def test_sound_that_goes_on_behind_the_picture_does_not_cover_the_next_clip() -> None:
    clip = made(seconds=1, sound=48_000, sound_seconds=5)
    _, data = joined((clip, None), (clip, None))
    heard = played(data)
    assert heard.seconds == pytest.approx(2.0, abs=0.1)
    assert heard.samples == pytest.approx(2 * 48_000, abs=2 * 1024)


def test_one_clip_is_open_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder of a clip of 4K keeps hundreds of megabytes of frames."""
    counts = [0]

    @contextmanager
    def counted(source: BinaryIO) -> Iterator[OpenFilm]:
        counts.append(counts[-1] + 1)
        with opened(source) as film:
            yield film
        counts.append(counts[-1] - 1)

    monkeypatch.setattr(joining, "opened", counted)
    joined(*[(LANDSCAPE, None)] * 3)
    joined((LANDSCAPE, None), (UPRIGHT, None), (LANDSCAPE, 0.5))
    assert max(counts) == 1


@pytest.mark.parametrize(
    ("clips", "seconds", "size"),
    [
        ([(LANDSCAPE, None), (UPRIGHT, None)], 2.0, (64, 48)),
        ([(UPRIGHT, None), (SUNSET, None)], 6.0, (48, 64)),
        ([(LANDSCAPE, 0.5), (LANDSCAPE, None)], 1.5, (64, 48)),
        ([(made(rate=30), None), (made(rate=25), None)], 2.0, (64, 48)),
        ([(made(width=66, height=50), None), (made(), None)], 2.0, (66, 50)),
        # The first one stands still for a second at a time.
        ([(made(rate=1, seconds=2), None), (made(), None)], 3.0, (64, 48)),
        # An MP4 takes no VP8.
        ([(WEBM, None), (WEBM, None)], 2.0, (64, 48)),
    ],
)
def test_clips_that_differ_are_encoded_in_the_form_of_the_first(
    clips: list[tuple[bytes, float | None]], seconds: float, size: tuple[int, int]
) -> None:
    film, data = joined(*clips)
    found = played(data)
    assert film.seconds == pytest.approx(seconds, abs=0.1)
    assert found.seconds == pytest.approx(seconds, abs=0.1)
    assert found.size == size
    assert found.frames >= 15 * seconds - 1


@pytest.mark.parametrize(
    "clips",
    [
        [(made(sound=48_000), None), (made(), None)],
        [(made(), None), (made(sound=44_100), None)],
        [(made(sound=22_050, seconds=2), 1.0), (made(sound=48_000), None)],
    ],
)
def test_sound_keeps_beside_its_picture(clips: list[tuple[bytes, float | None]]) -> None:
    """Where a clip has none there is silence, for exactly its length."""
    film, data = joined(*clips)
    heard = played(data)
    assert film.has_sound
    assert heard.frames == 48
    assert heard.seconds == pytest.approx(2.0, abs=0.1)
    assert heard.samples == pytest.approx(2 * 48_000, abs=1024)


@pytest.mark.parametrize(
    "clip",
    [
        b"#EXTM3U\nhttp://127.0.0.1:9/x.mp4\n",
        # What tells how to read it stands at its end.
        LANDSCAPE[: len(LANDSCAPE) * 2 // 3],
        LANDSCAPE[:40],
    ],
)
def test_a_clip_that_is_no_video_is_named(clip: bytes) -> None:
    with pytest.raises(UnreadableClipError) as raised:
        joined((SUNSET, None), (clip, None))
    assert raised.value.position == 1


def test_a_file_that_does_not_tell_its_length_has_a_last_frame() -> None:
    """WebM is written so where it is sent while it is made."""
    whole = made(kind="webm", codec="libvpx")
    live = _without_length(whole)
    last, first = (frame_of(io.BytesIO(live), seconds) for seconds in (None, 0.0))
    assert last.film.seconds is None
    assert last.picture == frame_of(io.BytesIO(whole), None).picture != first.picture


def _without_length(webm: bytes) -> bytes:
    """Return a file whose element `Duration` is one that is skipped (RFC 8794, 11.3.2)."""
    at = webm.index(b"\x44\x89\x88")
    return webm[:at] + b"\xec\x89" + webm[at + 2 :]


def test_the_end_of_a_clip_that_is_broken_off_is_left_out() -> None:
    """As much as can be read is shown."""
    _, data = joined((LANDSCAPE, None), (SUNSET[: len(SUNSET) * 3 // 4], None))
    assert 2.0 < played(data).seconds < 5.9
