"""Identify an image by its bytes, and convert it. Runs in the media process only."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import AvifImagePlugin, Image, ImageOps

from bot.media.picture import MOST_PIXELS, Picture, Unfit, UnfitError

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
# Up to this many pixels four decoded copies fit into the memory of the process (160 MB): the image,
# the upright one, and two without transparency. Larger ones are scaled down strip by strip.
_MOST_COPIED = 10_000_000
# The longest side of what is made of those.
_LARGE_SIDE = 3000
_STRIP_ROWS = 64
# Modes of which a JPEG, or a PNG, is read by every program.
# https://pillow.readthedocs.io/en/stable/handbook/concepts.html#modes
_PLAIN = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I")
# The tag of Exif, and its value for an image that lies as it is to be seen.
# https://pillow.readthedocs.io/en/stable/reference/ExifTags.html
_ORIENTATION, _UPRIGHT = 0x0112, 1

# A thread for each core would have a stack and buffers of its own in the limited memory.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def recognised(data: bytes) -> Picture:
    """Return the bytes with the filename extension of their real format, whatever their name says.

    Raises `UnfitError` unless they are an image that can be read, of at most `MOST_PIXELS`.
    """
    with opened(data) as image:
        suffix = _suffix(image)
        width, height = image.size
        is_plain = image.mode in _PLAIN
        image.verify()
    return Picture(data=data, suffix=suffix, width=width, height=height, is_plain=is_plain)


def fitted(data: bytes, formats: Sequence[str], shortest_side: int, most_bytes: int) -> Picture:
    """Return an image as a JPEG of at most `most_bytes`: of the first frame, if it moves.

    It keeps its size if it fits and no format of `formats` is its own already; else it is scaled
    down as far as need be, no side below `shortest_side`. Raises `UnfitError` for bytes that cannot
    be decoded, or not be made small enough.
    """
    with opened(data) as image:
        keeps_size = _suffix(image) not in formats or image.mode not in _PLAIN
        # Lets a JPEG be decoded at a fraction of its size.
        image.draft("RGB", (_SIDES[0], _SIDES[0]))
        upright = without_transparency(_scaled_in_strips(image))
        # Turned when it is small: to turn an image copies it.
        upright.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, _UPRIGHT)
        ImageOps.exif_transpose(upright, in_place=True)
    whole = [max(upright.size)] if keeps_size else []
    for side in (*whole, *_SIDES):
        if min(upright.size) * side < shortest_side * max(upright.size):
            break
        upright.thumbnail((side, side))
        made = _as_jpeg(upright)
        if len(made) <= most_bytes:
            width, height = upright.size
            return Picture(data=made, suffix="jpg", width=width, height=height)
    raise UnfitError(Unfit.TOO_LARGE)


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise UnfitError(Unfit.TOO_MANY_PIXELS)


def _suffix(image: Image.Image) -> str:
    return "jpg" if image.format == _JPEG_OF_TWO else _SUFFIXES[image.format or ""]


@contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """Open an image; within the context, what its reader raises becomes `UnfitError`."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_SUFFIXES)) as image:
            _check_pixels(image)
            yield image
    except UnfitError:
        raise
    except MemoryError as error:
        raise UnfitError(Unfit.TOO_COSTLY) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnfitError(Unfit.TOO_MANY_PIXELS) from error
    except Exception as error:
        # Readers of formats raise what their authors did not think of, too.
        raise UnfitError(Unfit.UNREADABLE) from error


def _scaled_in_strips(image: Image.Image) -> Image.Image:
    """Return an image of at most `_MOST_COPIED` pixels, in eight bits for each colour.

    One strip after the other is scaled: a copy of the whole would not fit into the memory.
    """
    if image.width * image.height <= _MOST_COPIED:
        return _in_eight_bits(image)
    factor = math.ceil(max(image.size) / _LARGE_SIDE)
    rows = _STRIP_ROWS * factor
    mode = "RGBA" if image.has_transparency_data else "RGB"
    size = (math.ceil(image.width / factor), math.ceil(image.height / factor))
    small = Image.new(mode, size)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        strip = _in_eight_bits(image.crop(box)).convert(mode)
        small.paste(strip.reduce(factor), (0, top // factor))
    return small


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Return an image whose greys of 16 bits became greys of 8; Pillow would cut them off."""
    if image.mode not in _SIXTEEN_BITS:
        return image
    return image.convert("I").point(lambda value: value / 256).convert("L")


def without_transparency(image: Image.Image) -> Image.Image:
    """Return an image without transparency, which a JPEG cannot hold."""
    if not image.has_transparency_data:
        # Converted without need, it would be copied.
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    coloured = image.convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("RGB")


def _as_jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=_QUALITY, optimize=True)
    return target.getvalue()
