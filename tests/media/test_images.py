"""Tests of the recognition and the downscaling of images."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.base.errors import RefusedError
from bot.media.images import MOST_PIXELS, fitted, recognised
from bot.options.model_file import ImageLimits
from tests.support.images import image_bytes

LIMITS = ImageLimits(formats=["png", "jpg"], shortest_side=300, longest_ratio=2.5)


@pytest.mark.parametrize(
    ("file_format", "suffix", "mimetype"),
    [
        ("PNG", "png", "image/png"),
        ("JPEG", "jpg", "image/jpeg"),
        ("MPO", "jpg", "image/jpeg"),
        ("WEBP", "webp", "image/webp"),
        ("GIF", "gif", "image/gif"),
        ("BMP", "bmp", "image/bmp"),
        ("TIFF", "tiff", "image/tiff"),
        ("AVIF", "avif", "image/avif"),
    ],
)
def test_an_image_is_recognised_by_its_bytes(file_format: str, suffix: str, mimetype: str) -> None:
    picture = recognised(image_bytes(file_format, 320, height=240))
    assert (picture.suffix, picture.mimetype) == (suffix, mimetype)
    assert (picture.width, picture.height) == (320, 240)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7 not an image",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        image_bytes("PPM"),
        image_bytes("PNG")[:60],
    ],
    ids=["empty", "pdf", "svg", "ppm", "cut short"],
)
def test_bytes_that_are_no_image_are_refused(data: bytes) -> None:
    with pytest.raises(RefusedError, match="no image that can be read"):
        recognised(data)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    """A few kilobytes can decode to an image that fills the memory."""
    side = 7100
    assert side * side > MOST_PIXELS
    with pytest.raises(RefusedError, match="more than 50 megapixels"):
        recognised(image_bytes(side=side, mode="1"))


def test_a_decompression_bomb_is_refused() -> None:
    with pytest.raises(RefusedError):
        recognised(image_bytes(side=14_000, mode="1"))


def test_a_small_image_is_not_changed() -> None:
    picture = recognised(image_bytes())
    assert fitted(picture, LIMITS, 1_000_000) is picture


@pytest.mark.parametrize("file_format", ["WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_format_that_the_model_does_not_take_becomes_a_jpeg(file_format: str) -> None:
    """At its full size, as long as it fits."""
    made = fitted(recognised(image_bytes(file_format, 320, height=400)), LIMITS, 1_000_000)
    with Image.open(io.BytesIO(made.data)) as image:
        assert (image.format, image.size) == ("JPEG", (320, 400))
    assert (made.suffix, made.width, made.height) == ("jpg", 320, 400)


def test_of_a_moving_image_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (320, 320), colour) for colour in ("red", "blue")]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    made = fitted(recognised(target.getvalue()), LIMITS, 1_000_000)
    with Image.open(io.BytesIO(made.data)) as image:
        assert image.convert("RGB").getpixel((5, 5)) == (254, 0, 0)


def test_no_side_is_scaled_below_the_shortest_that_the_model_takes() -> None:
    long = recognised(image_bytes(side=750, height=300, noise=True))
    with pytest.raises(RefusedError, match="small enough"):
        fitted(long, LIMITS, 120_000)
    assert fitted(long, ImageLimits(), 120_000).height < 300


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_large_image_becomes_a_jpeg_that_fits(file_format: str) -> None:
    large = recognised(image_bytes(file_format, 1200, noise=True))
    small = fitted(large, LIMITS, 400_000)
    assert len(small.data) <= 400_000 < len(large.data)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.format == "JPEG"
        assert image.size >= (512, 512)
    assert small.suffix == "jpg"


def test_transparent_pixels_become_white() -> None:
    data = image_bytes(side=600, mode="RGBA", noise=True)
    with Image.open(io.BytesIO(data)) as image:
        image.putalpha(0)
        target = io.BytesIO()
        image.save(target, "PNG")
    small = fitted(recognised(target.getvalue()), LIMITS, 100_000)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


def test_a_photograph_is_rotated_as_its_exif_data_says() -> None:
    with Image.open(io.BytesIO(image_bytes("JPEG", 1000, noise=True))) as image:
        lying = image.resize((1000, 500))
        exif = lying.getexif()
        exif[0x0112] = 6
        target = io.BytesIO()
        lying.save(target, "JPEG", exif=exif, quality=100)
    small = fitted(recognised(target.getvalue()), LIMITS, 200_000)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.height == 2 * image.width


def test_an_image_that_stays_too_large_is_refused() -> None:
    picture = recognised(image_bytes(side=600, noise=True))
    with pytest.raises(RefusedError, match="small enough"):
        fitted(picture, LIMITS, 1000)
