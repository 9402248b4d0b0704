"""Tests of telling videos and audio by their first bytes."""

from __future__ import annotations

import pytest

from bot.media.containers import HEAD_BYTES, MIMETYPES, suffix_of
from bot.options.schema import FileKind
from sandbox.mindvideo.files import PACKAGED_MEDIA

WEBM = b"\x1a\x45\xdf\xa3\x01\x00\x00\x00"


def boxed(brand: bytes) -> bytes:
    """Return the begin of a file in the family of MP4."""
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x02\x00"


@pytest.mark.parametrize(
    ("head", "video", "audio"),
    [
        ((PACKAGED_MEDIA / "sunset-1x1.mp4").read_bytes()[:HEAD_BYTES], "mp4", "m4a"),
        (boxed(b"isom"), "mp4", "m4a"),
        (boxed(b"qt  "), "mov", "m4a"),
        (boxed(b"M4A "), None, "m4a"),
        (boxed(b"heic"), None, None),
        (boxed(b"avif"), None, None),
        (WEBM, "webm", "weba"),
        (b"ID3\x04\x00", None, "mp3"),
        (b"\xff\xfb\x90\x64", None, "mp3"),
        (b"\xff\xf1\x50\x80", None, "aac"),
        (b"RIFF\x0a\x00\x00\x00WAVEfmt ", None, "wav"),
        (b"RIFF\x0a\x00\x00\x00AVI LIST", None, None),
        (b"OggS\x00\x02", None, "ogg"),
        (b"fLaC\x00\x00", None, "flac"),
        (b"#EXTM3U\n", None, None),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", None, None),
        (b"%PDF-1.7", None, None),
        (b"", None, None),
    ],
)
def test_the_first_bytes_tell(head: bytes, video: str | None, audio: str | None) -> None:
    """Nothing else is passed on: neither pictures in a box of MP4's, nor lists of addresses."""
    assert (suffix_of(head, FileKind.VIDEO), suffix_of(head, FileKind.AUDIO)) == (video, audio)
    assert {video, audio} - {None} <= MIMETYPES.keys()
