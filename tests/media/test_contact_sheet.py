"""Tests of pictures that are drawn side by side."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.media.contact_sheet import WIDTH, contact_sheet
from bot.media.contact_sheets import MediaContactSheets
from bot.media.process import MediaProcess
from bot.media.provenance import XMP
from tests.support.images import image_bytes


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (6, 3), (12, 4)])
def test_a_sheet_has_a_tile_for_each_picture(count: int, columns: int) -> None:
    poster = image_bytes("JPEG", 640, height=360)
    sheet = contact_sheet(poster * count, [len(poster)] * count)
    rows = -(-count // columns)
    assert WIDTH - 20 <= sheet.width <= WIDTH
    assert sheet.height == pytest.approx(rows * WIDTH / columns * 9 / 16, rel=0.05)
    with Image.open(io.BytesIO(sheet.data)) as drawn:
        assert drawn.format == "JPEG"
        assert drawn.info["xmp"] == XMP


def test_a_picture_that_is_missing_or_no_image_leaves_a_tile_empty() -> None:
    """A part that failed keeps its number's place; hostile bytes cost the sheet nothing else."""
    poster = image_bytes("JPEG", 360, height=640)
    hostile = b"%PDF-1.7 not an image"
    sheet = contact_sheet(poster + hostile, [len(poster), 0, len(hostile)])
    assert sheet.height > sheet.width / 3


async def test_a_sheet_is_drawn_in_the_media_process() -> None:
    media = MediaProcess()
    try:
        drawn = await MediaContactSheets(media).draw([image_bytes("JPEG", 320), None])
        assert drawn is not None
        assert drawn.startswith(b"\xff\xd8")
        assert media.pid is not None
    finally:
        await media.close()
