"""Tells videos and audio by their first bytes, whatever their names say. Decodes nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.base.patterns import lazy_compile
from bot.options.schema import FileKind

HEAD_BYTES = 16
"""So many first bytes tell what a file is."""

MIMETYPES: Mapping[str, str] = MappingProxyType(
    {
        "mp4": "video/mp4",
        "mov": "video/quicktime",
        "webm": "video/webm",
        "mp3": "audio/mpeg",
        "wav": "audio/wav",
        "m4a": "audio/mp4",
        "aac": "audio/aac",
        "ogg": "audio/ogg",
        "flac": "audio/flac",
        "weba": "audio/webm",
    }
)
"""The media type of what has a filename extension."""

# The brands behind `ftyp`, https://mp4ra.org/registered-types/brands: those of still pictures, and
# those of sound alone.
_PICTURES = lazy_compile(rb"hei|hev|mif|msf|avi|crx|jp2")
_SOUND_ALONE = frozenset({b"M4A ", b"M4B ", b"F4A ", b"F4B "})
_WEBM = b"\x1a\x45\xdf\xa3"
# A frame of MPEG audio: eleven bits, then a version that is not reserved, and a layer. A layer of 0
# is AAC's. http://www.mp3-tech.org/programmer/frame_header.html
_MP3 = lazy_compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]")
_AAC = lazy_compile(rb"ADIF|\xff[\xf0\xf1\xf8\xf9]")
_SOUNDS = (
    (lazy_compile(rb"RIFF....WAVE", re.DOTALL), "wav"),
    (lazy_compile(rb"OggS"), "ogg"),
    (lazy_compile(rb"fLaC"), "flac"),
    (_AAC, "aac"),
    (_MP3, "mp3"),
)


def suffix_of(head: bytes, kind: FileKind) -> str | None:
    """Return the filename extension of a video, or of audio; `None`: it is no such file."""
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12], kind)
    if head.startswith(_WEBM):
        return "webm" if kind is FileKind.VIDEO else "weba"
    if kind is FileKind.VIDEO:
        return None
    return next((suffix for begin, suffix in _SOUNDS if begin.match(head)), None)


def _of_brand(brand: bytes, kind: FileKind) -> str | None:
    if _PICTURES.match(brand):
        return None
    if kind is FileKind.AUDIO:
        return "m4a"
    if brand in _SOUND_ALONE:
        return None
    return "mov" if brand == b"qt  " else "mp4"
