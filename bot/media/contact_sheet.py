"""Draw pictures side by side, each with its number. Runs in the media process only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from bot.media.images import opened, without_transparency
from bot.media.picture import Picture, UnfitError
from bot.media.provenance import marked_jpeg

WIDTH = 1280
"""In pixels; Slack shows a picture in a channel with half of it, and a phone with a third."""

_GAP = 8
_BACKGROUND = (29, 28, 29)
_EMPTY = (66, 66, 69)
_NUMBER_PIXELS = 56
_NUMBER_BOX = 80
_QUALITY = 82
# By the number of pictures: all rows are full, or the last is short by one or two.
_COLUMNS = (1, 1, 2, 3, 2, 3, 3, 4, 4, 3, 4, 4, 4)
_USUAL_SHAPE = 9 / 16
# Of a tile, height by width: a very high picture would make a sheet that nobody sees whole.
_MOST_HIGH = 16 / 9


def contact_sheet(data: bytes, lengths: Sequence[int]) -> Picture:
    """Return a JPEG of pictures side by side; `data` has their bytes, one after the other.

    `lengths` tells how many bytes each has, at most 12. One without bytes, or that cannot be read,
    is an empty tile. Raises `UnfitError` if none can be read.
    """
    columns = _COLUMNS[len(lengths)]
    width = (WIDTH - _GAP * (columns - 1)) // columns
    tiles = [_scaled(piece, width) for piece in _pieces(data, lengths)]
    shapes = [tile.height / tile.width for tile in tiles if tile is not None]
    height = max(1, round(width * (max(shapes) if shapes else _USUAL_SHAPE)))
    rows = math.ceil(len(tiles) / columns)
    size = (columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
    sheet = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_NUMBER_PIXELS)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        left, top = column * (width + _GAP), row * (height + _GAP)
        if tile is None:
            draw.rectangle((left, top, left + width - 1, top + height - 1), fill=_EMPTY)
        else:
            inset = ((width - tile.width) // 2, (height - tile.height) // 2)
            sheet.paste(tile, (left + inset[0], top + inset[1]))
        box = (left, top, left + _NUMBER_BOX - 1, top + _NUMBER_BOX - 1)
        draw.rectangle(box, fill=_BACKGROUND)
        middle = (left + _NUMBER_BOX / 2, top + _NUMBER_BOX / 2)
        draw.text(middle, str(place + 1), fill="white", font=font, anchor="mm")
    data = marked_jpeg(sheet, quality=_QUALITY)
    return Picture(data=data, suffix="jpg", width=sheet.width, height=sheet.height)


def _pieces(data: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    begin = 0
    for length in lengths:
        yield data[begin : begin + length]
        begin += length


def _scaled(data: bytes, width: int) -> Image.Image | None:
    """Return a picture that fits into a tile of this width; `None`: it cannot be read."""
    if not data:
        return None
    try:
        with opened(data) as image:
            # Lets a JPEG be decoded at a fraction of its size.
            image.draft("RGB", (width, width))
            plain = without_transparency(image)
            return ImageOps.contain(plain, (width, round(width * _MOST_HIGH)))
    except UnfitError:
        return None
