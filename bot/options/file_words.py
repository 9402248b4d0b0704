"""What is said and known of each kind of file that options take: words, types and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.options.schema import FileKind, Option


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWords:
    """A kind of file: how people call it, and what of it is taken."""

    noun: str
    one: str
    """The noun with its article."""
    plural: str
    formats: str
    """What can be attached, as the end of a sentence."""
    extensions: tuple[str, ...]
    """Of those, as Slack's file field knows them."""
    types: frozenset[str]
    """The media types of those, as Slack names them."""
    most_megabytes: int

    @property
    def most_bytes(self) -> int:
        """The most bytes that a file may have."""
        return self.most_megabytes * 1024 * 1024


WORDS: Mapping[FileKind, FileWords] = MappingProxyType(
    {
        FileKind.IMAGE: FileWords(
            noun="image",
            one="an image",
            plural="images",
            formats="PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF",
            extensions=("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif"),
            # What can be read; whatever the model does not take is converted.
            types=frozenset(
                f"image/{name}"
                for name in (
                    *("png", "jpeg", "webp", "gif", "bmp", "x-bmp", "x-ms-bmp", "tiff", "avif"),
                )
            ),
            # The limit of a modal's file field, applied to images from every surface.
            # https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
            most_megabytes=10,
        ),
        FileKind.VIDEO: FileWords(
            noun="video",
            one="a video",
            plural="videos",
            formats="MP4, MOV or WebM",
            extensions=("mp4", "mov", "webm", "m4v"),
            types=frozenset(f"video/{name}" for name in ("mp4", "quicktime", "webm", "x-m4v")),
            # What services that take videos publish; one streams through the bot in two minutes.
            most_megabytes=100,
        ),
        FileKind.AUDIO: FileWords(
            noun="audio file",
            one="an audio file",
            plural="audio files",
            formats="MP3, WAV, M4A, AAC, OGG or FLAC",
            extensions=("mp3", "wav", "m4a", "aac", "ogg", "flac"),
            types=frozenset(
                f"audio/{name}"
                for name in (
                    *("mpeg", "mp3", "wav", "x-wav", "wave", "vnd.wave", "mp4", "m4a", "x-m4a"),
                    *("mp4a-latm", "aac", "x-aac", "ogg", "vorbis", "opus", "flac", "x-flac"),
                )
            ),
            most_megabytes=20,
        ),
    }
)
"""By kind."""


def words_for(option: Option) -> FileWords:
    """Return the words for the files of an option that takes some."""
    return WORDS[option.takes or FileKind.IMAGE]


def kind_of_type(mimetype: str) -> FileKind | None:
    """Return the kind of file of a media type; `None`: none that is taken."""
    return next((kind for kind, words in WORDS.items() if mimetype in words.types), None)
