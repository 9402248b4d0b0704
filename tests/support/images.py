"""Images as bytes, as files in the simulated Slack and as data URIs."""

from __future__ import annotations

import base64
import io
import random
import zlib

from PIL import Image

from sandbox.slack.entities import ANA
from tests.support.running_bot import RunningBot
from tests.support.slack_sandbox import chunks_of


def image_bytes(
    file_format: str = "PNG",
    side: int = 320,
    *,
    height: int | None = None,
    mode: str = "RGB",
    noise: bool = False,
) -> bytes:
    """Return an image, a square one without `height`; with `noise`, one that hardly compresses."""
    size = (side, height or side)
    if noise:
        pixels = random.Random(7).randbytes(size[0] * size[1] * len(mode))
        image = Image.frombytes(mode, size, pixels)
    else:
        image = Image.new(mode, size, "teal")
    target = io.BytesIO()
    image.save(target, file_format)
    return target.getvalue()


def empty_png(side: int, *, rows: int = 1) -> bytes:
    """Return a PNG that says it has `side` by `side` transparent pixels of 16 bits, with `rows`.

    Of all its rows each has about eight bytes for a thousand pixels.
    """
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(1 + 8 * side)) for _ in range(rows)]

    def chunk(name: bytes, data: bytes) -> bytes:
        checked = name + data
        return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")

    sides = side.to_bytes(4, "big") * 2
    header = chunk(b"IHDR", sides + bytes([16, 6, 0, 0, 0]))
    pixels = chunk(b"IDAT", b"".join([*packed, packer.flush()]))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


async def put_file(bot: RunningBot, data: bytes, name: str = "cat.png", *, user: str = ANA) -> str:
    """Upload a user's file, and return its ID."""
    files = bot.sandbox.slack.world.files
    return (await files.put(name=name, owner=user, chunks=chunks_of(data))).id


def data_of(uri: object) -> bytes:
    """Return the bytes of an image in a `data:` URI."""
    assert isinstance(uri, str)
    head, _, body = uri.partition(",")
    assert head in {"data:image/png;base64", "data:image/jpeg;base64"}
    return base64.b64decode(body)
