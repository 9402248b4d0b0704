"""Tests of pictures from videos: what a file can cost is bounded, and the bot goes on without."""

from __future__ import annotations

import asyncio
import io
import os
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import ExifTags, Image

from bot.base.errors import RetryLaterError
from bot.base.ports import ClipToJoin, Download, Still, UnfitFilmError
from bot.media import films
from bot.media.film_worker import answer
from bot.media.films import FilmProcesses
from bot.media.provenance import DIGITAL_SOURCE_TYPE, MADE_WITH_AI
from bot.media.stills import LONGEST_SIDE
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.mindvideo.mp4 import with_length
from storage.job import Film

SUNSET = (PACKAGED_MEDIA / "sunset-16x9.mp4").read_bytes()
PORTRAIT = (PACKAGED_MEDIA / "sunset-9x16.mp4").read_bytes()

# Answers as the real one does, and starts in a tenth of the time. Its video says what it does.
OTHER_CHILD = """
import os, sys, time
from bot.media.frames import HEAD, head
video, target = sys.stdin.buffer.read(), sys.stdout.buffer
def answer(fields, data=b""):
    target.write(head(fields, len(data)) + data)
    target.flush()
film = {"width": 8, "height": 6, "seconds": None, "has_sound": True}
if video == b"does not start": sys.exit(1)
answer({"ready": True})
match video:
    case b"dies": os._exit(9)
    case b"sleeps": time.sleep(60)
    case b"says too much": target.write(HEAD.pack(9, 2**31))
    case b"says nonsense": target.write(HEAD.pack(9, 0) + b"{nonsense")
    case b"is unfit": answer({"unfit": True})
    case b"shows nothing": answer(film)
    case b"environment": answer(film, " ".join(os.environ).encode())
    case _: answer(film, video[:3])
"""
COMMAND = (sys.executable, "-S", "-c", OTHER_CHILD)
DYING = (*COMMAND[:-1], OTHER_CHILD.replace("match video:", "os._exit(9)\nmatch video:"))


@pytest.fixture(autouse=True)
def _typing_extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the other child, which reads no site-packages, import the frames."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))


def download(*parts: bytes, length: int | None = None) -> Download:
    """Return a download of these bytes."""

    async def chunks() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return Download(length=length, content_type="video/mp4", chunks=chunks())


async def still_of(*parts: bytes, seconds: float = 20.0) -> Still | None:
    """Return the picture that the other child takes from a video."""
    return await FilmProcesses(command=COMMAND, task_seconds=seconds).still(download(*parts))


def taken(video: bytes) -> tuple[dict[str, object], bytes]:
    """Return what the film process says of a video."""
    fields, picture = answer({"do": "still"}, io.BytesIO(video))
    return dict(fields), picture


@pytest.mark.parametrize(("video", "size"), [(SUNSET, (640, 360)), (PORTRAIT, (360, 640))])
def test_a_picture_has_the_shape_of_the_video(video: bytes, size: tuple[int, int]) -> None:
    fields, picture = taken(video)
    assert fields == {"width": size[0], "height": size[1], "seconds": 5.0, "has_sound": False}
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", size)
        assert max(image.size) <= LONGEST_SIDE
        # No evening is black.
        assert len(set(image.convert("L").resize((16, 16)).tobytes())) > 50


def test_a_picture_says_in_its_metadata_that_it_was_made_with_ai() -> None:
    """Pillow reads it back from the bytes that are uploaded."""
    _, picture = taken(SUNSET)
    with Image.open(io.BytesIO(picture)) as image:
        assert image.getexif()[ExifTags.Base.ImageDescription] == MADE_WITH_AI
        xmp = ET.fromstring(image.info["xmp"].decode())  # noqa: S314 - our own
    (found,) = xmp.iter("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert found.text == DIGITAL_SOURCE_TYPE


def test_the_picture_of_a_short_video_is_from_its_middle() -> None:
    """A second in would be behind the end of one of a second; of a long one it is the first."""
    (short, of_short), (long, of_long) = (taken(with_length(SUNSET, one)) for one in (1, 60))
    assert (short["seconds"], long["seconds"]) == (1.0, 60.0)
    assert of_short != of_long


def test_what_comes_after_the_picture_need_not_be_there() -> None:
    """The end of an upload is lost most easily."""
    fields, picture = taken(SUNSET[: len(SUNSET) * 3 // 4])
    assert picture.startswith(b"\xff\xd8")
    assert fields["seconds"] == 5.0


PLAYLIST = b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/secret.mp4\n"


@pytest.mark.parametrize(
    "video",
    [
        b"",
        b"%PDF-1.7",
        PLAYLIST,
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        SUNSET[:40],
        SUNSET[: SUNSET.index(b"moov") + 300],
        SUNSET[:32] + bytes(range(256)) * 400,
        SUNSET[:32] + PLAYLIST,
        b"\x1a\x45\xdf\xa3" + os.urandom(4000),
        b"\xff\xd8\xff\xe0" + bytes(4000),
    ],
)
def test_what_is_no_video_gives_no_picture(video: bytes) -> None:
    """Lists of addresses, which FFmpeg would follow, are none either, whatever begins them."""
    assert taken(video) == ({"unfit": True}, b"")


@pytest.mark.parametrize("size", [(16_384, 8_192), (0, 0)])
def test_a_video_of_too_many_pixels_is_not_decoded(size: tuple[int, int]) -> None:
    """Its header says so; what its frames say beyond that, the limit of memory bounds."""
    video = bytearray(SUNSET)
    # A visual sample entry: its type, 24 bytes, width and height. ISO/IEC 14496-12, 12.1.3.
    struct.pack_into(">HH", video, video.index(b"avc1", video.index(b"stsd")) + 28, *size)
    began = time.process_time()
    fields, _ = taken(bytes(video))
    # The decoder may find out the real size, which is small.
    assert fields in ({"unfit": True}, {**taken(SUNSET)[0]})
    assert time.process_time() - began < 5


def test_garbage_in_the_middle_is_survived() -> None:
    """Whatever comes of it: a picture, or none; and no exception."""
    for at in range(1000, len(SUNSET), 6000):
        video = bytearray(SUNSET)
        video[at : at + 500] = os.urandom(500)
        fields, picture = taken(bytes(video))
        assert bool(picture) == (fields != {"unfit": True})


async def test_the_real_child_takes_a_picture() -> None:
    """One, because a start of the real one takes a third of a second."""
    still = await FilmProcesses().still(download(SUNSET[:9], SUNSET[9:]))
    assert still is not None
    assert still.film == Film(width=640, height=360, seconds=5.0, has_sound=False)
    assert still.picture == taken(SUNSET)[1]


async def test_a_child_answers_with_the_picture_and_the_properties() -> None:
    film = Film(width=8, height=6, seconds=None, has_sound=True)
    assert await still_of(b"a v", b"ideo") == Still(picture=b"a v", film=film)


@pytest.mark.parametrize(
    "video", [b"dies", b"says too much", b"says nonsense", b"is unfit", b"shows nothing"]
)
async def test_a_child_that_does_not_answer_well_gives_no_picture(video: bytes) -> None:
    assert await still_of(video) is None


async def test_a_child_that_does_not_end_is_ended() -> None:
    assert await still_of(b"sleeps", seconds=0.1) is None


async def test_a_child_that_does_not_start_blames_no_video() -> None:
    with pytest.raises(RetryLaterError, match="does not start"):
        await still_of(b"does not start")
    with pytest.raises(RetryLaterError, match="does not start"):
        await FilmProcesses(command=("/no/such/program",)).still(download(b"x"))


async def test_a_child_dies_with_the_step_that_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the end of the bot."""
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def noted(*args: str, **kwargs: object) -> asyncio.subprocess.Process:
        started.append(await start(*args, **kwargs))  # type: ignore[arg-type]  # as it came
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    task = asyncio.create_task(still_of(b"sleeps"))
    while not started:  # noqa: ASYNC110 - of a list
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert started[0].returncode is not None


async def test_a_video_that_is_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that says so, nor one that never ends."""
    monkeypatch.setattr(films, "MOST_BYTES", 1000)

    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(600)
            yield b"x" * 600

    told = Download(length=1001, content_type=None, chunks=endless())
    untold = Download(length=None, content_type=None, chunks=endless())
    made = FilmProcesses(command=COMMAND)
    assert [await made.still(told), await made.still(untold)] == [None, None]
    assert len(read) == 2


async def test_the_child_has_none_of_the_bots_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    still = await still_of(b"environment")
    assert still is not None
    assert b"PATH" in still.picture
    assert b"SLACK" not in still.picture


async def test_a_full_disk_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(RetryLaterError, match="no place"):
        await still_of(b"a video")


@pytest.mark.parametrize("seconds", [None, 0.0, 2.5, 99.0])
def test_a_frame_has_the_size_of_the_video(seconds: float | None) -> None:
    fields, picture = answer({"do": "frame", "seconds": seconds}, io.BytesIO(SUNSET))
    assert fields["seconds"] == 5.0
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (640, 360))


def test_the_last_frame_is_the_one_at_the_end() -> None:
    """And so is the one at a time that the video does not have."""
    first, middle, last, behind = (
        answer({"do": "frame", "seconds": seconds}, io.BytesIO(SUNSET))[1]
        for seconds in (0.0, 2.5, None, 99.0)
    )
    assert len({first, middle, last}) == 3
    assert behind == last


async def test_the_real_child_joins_clips() -> None:
    """One, because a start of the real one takes a third of a second."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Download]:
        yield download(SUNSET)

    clips = [ClipToJoin(open=opened), ClipToJoin(open=opened)]
    async with FilmProcesses().join(clips, "made with AI") as joined:
        data = b"".join([chunk async for chunk in joined.download.chunks])
    assert joined.download.length == len(data)
    assert joined.film == Film(width=640, height=360, seconds=10.0, has_sound=False)
    assert taken(data)[0]["seconds"] == 10.0


def opening(video: bytes, opened: list[bytes] | None = None) -> ClipToJoin:
    """Return a clip with these bytes, which stand in `opened` while it is open."""
    noted = [] if opened is None else opened

    @asynccontextmanager
    async def open_() -> AsyncIterator[Download]:
        noted.append(video)
        yield download(video)
        noted.remove(video)

    return ClipToJoin(open=open_)


@pytest.mark.parametrize("position", [0, 1])
async def test_a_clip_that_cannot_be_read_is_named(position: int) -> None:
    videos = [SUNSET, SUNSET]
    videos[position] = b"%PDF-1.7 is no video"
    with pytest.raises(UnfitFilmError) as raised:
        async with FilmProcesses().join([opening(video) for video in videos], ""):
            pass
    assert raised.value.position == position


async def test_no_connection_is_kept_while_clips_are_joined() -> None:
    """A child that says nothing of a film has met one that is too much for it."""
    opened: list[bytes] = []
    seen: list[int] = []

    @asynccontextmanager
    async def second() -> AsyncIterator[Download]:
        seen.append(len(opened))
        yield download(b"second")

    clips = [opening(b"first", opened), ClipToJoin(open=second)]
    with pytest.raises(UnfitFilmError, match="more memory or time"):
        async with FilmProcesses(command=DYING).join(clips, ""):
            pass
    assert seen == [0]


def joined_to(path: str, *videos: bytes) -> dict[str, object]:
    """Return what the film process says of clips that it is to join to a file."""
    with ExitStack() as stack:
        clips = []
        for video in videos:
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(video)
            file.seek(0)
            clips.append({"file": os.dup(file.fileno()), "until": None})
        target = os.open(path, os.O_RDWR)
        task = {"do": "join", "comment": "", "target": target, "clips": clips}
        return dict(answer(task, io.BytesIO())[0])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has this device")
@pytest.mark.parametrize("videos", [(SUNSET, SUNSET), (SUNSET, PORTRAIT)])
def test_a_full_disk_says_nothing_of_the_clips(videos: tuple[bytes, ...]) -> None:
    assert joined_to("/dev/full", *videos) == {"is_disk_full": True}


def test_clips_that_are_too_long_together_are_told() -> None:
    assert joined_to(os.devnull, *[with_length(SUNSET, 301)] * 2) == {"is_too_long": True}
