"""Identify an image by its bytes, and convert it. Blocking: call it in a thread."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.base.errors import RefusedError
from bot.options.attachments import IMAGE_NAMES
from bot.options.model_file import ImageLimits

MOST_PIXELS = 50_000_000
"""More than the photos of phones have, and few enough to be decoded in memory (200 MB)."""

_SUFFIXES = {
    "PNG": "png",
    "JPEG": "jpg",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tiff",
    "AVIF": "avif",
}
# A JPEG of a phone with a second picture behind it, such as a depth map, is opened as a JPEG and
# then calls itself so.
_JPEG_OF_TWO = "MPO"
# A model uses about two megapixels of an image; below the last side too little detail is left.
_SIDES = (2048, 1536, 1024, 768, 512)
_QUALITY = 85
_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    # A warning that a program may turn into an error.
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The bytes of an image, and the filename extension of their format."""

    data: bytes
    suffix: str
    width: int
    height: int
    """In pixels."""

    @property
    def mimetype(self) -> str:
        """The media type of the bytes."""
        return mimetype_of(self.suffix)


def mimetype_of(suffix: str) -> str:
    """Return the media type of a filename extension."""
    return "image/jpeg" if suffix == "jpg" else f"image/{suffix}"


def recognised(data: bytes) -> Picture:
    """Return the bytes with the filename extension of their real format, whatever their name says.

    Raises `RefusedError` unless they are an image that can be read, of at most `MOST_PIXELS`.
    """
    with _opened(data) as image:
        suffix = "jpg" if image.format == _JPEG_OF_TWO else _SUFFIXES[image.format or ""]
        width, height = image.size
        image.verify()
    return Picture(data=data, suffix=suffix, width=width, height=height)


def fitted(picture: Picture, limits: ImageLimits, most_bytes: int) -> Picture:
    """Return an image of at most `most_bytes` in a format that a model takes.

    The same one if it is so, else a JPEG: of the first frame, if it moves, and scaled down as far
    as need be, no side below the model's shortest. Raises `RefusedError` for bytes that cannot be
    decoded, or not be made small enough.
    """
    is_taken = picture.suffix in limits.formats
    if is_taken and len(picture.data) <= most_bytes:
        return picture
    with _opened(picture.data) as image:
        # Lets a JPEG be decoded at a fraction of its size.
        image.draft("RGB", (_SIDES[0], _SIDES[0]))
        upright = _on_white(ImageOps.exif_transpose(image))
    whole = [] if is_taken else [max(upright.size)]
    for side in (*whole, *_SIDES):
        if min(upright.size) * side < limits.shortest_side * max(upright.size):
            break
        upright.thumbnail((side, side))
        data = _as_jpeg(upright)
        if len(data) <= most_bytes:
            width, height = upright.size
            return Picture(data=data, suffix="jpg", width=width, height=height)
    raise RefusedError("An attached image cannot be made small enough to be sent.")


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_SUFFIXES)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise RefusedError(
                    f"An attached image has more than {MOST_PIXELS // 1_000_000} megapixels. "
                    "Attach a smaller one."
                )
            yield image
    except _UNREADABLE as error:
        raise RefusedError(
            f"An attached file is no image that can be read. Attach {IMAGE_NAMES}."
        ) from error


def _on_white(image: Image.Image) -> Image.Image:
    """Return an image without transparency, which a JPEG cannot hold."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    coloured = image.convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("RGB")


def _as_jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=_QUALITY, optimize=True)
    return target.getvalue()
