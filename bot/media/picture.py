"""An image as bytes, and why one cannot be used: known to the bot and to its media process.

Imports no imaging library: the bot itself decodes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_PIXELS = 50_000_000
"""More than the photos of phones have, and few enough to be decoded in the process's memory."""


class Unfit(StrEnum):
    """Why an image cannot be used."""

    UNREADABLE = "unreadable"
    TOO_MANY_PIXELS = "too many pixels"
    """More than `MOST_PIXELS`."""
    TOO_LARGE = "too large"
    """It cannot be made small enough to be sent."""
    TOO_COSTLY = "too costly"
    """To decode it takes more memory or time than the media process has."""


class UnfitError(Exception):
    """An image cannot be used; a retry gives the same."""

    def __init__(self, unfit: Unfit) -> None:
        super().__init__(unfit.value)
        self.unfit = unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The bytes of an image, and the filename extension of their format."""

    data: bytes | bytearray
    suffix: str
    width: int
    height: int
    """In pixels."""
    is_plain: bool = True
    """Whether any reader of the format takes it. Others, such as those in the colours of a printer
    or with 16 bits for each colour, are converted."""

    @property
    def mimetype(self) -> str:
        """The media type of the bytes."""
        return mimetype_of(self.suffix)


def mimetype_of(suffix: str) -> str:
    """Return the media type of a filename extension."""
    return "image/jpeg" if suffix == "jpg" else f"image/{suffix}"
