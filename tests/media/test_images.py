"""Tests of the recognition and the downscaling of images."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.media.images import fitted, recognised
from bot.media.picture import MOST_PIXELS, Picture, UnfitError
from tests.support.images import image_bytes

TAKEN = ("png", "jpg")
SHORTEST = 300


def made_of(data: bytes, most_bytes: int = 1_000_000, shortest: int = SHORTEST) -> Picture:
    """Return the image as it is sent to a model that takes PNG and JPEG."""
    return fitted(data, TAKEN, shortest, most_bytes)


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
    with pytest.raises(UnfitError, match="unreadable"):
        recognised(data)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    """A few kilobytes can decode to an image that fills the memory."""
    side = 7100
    assert side * side > MOST_PIXELS
    with pytest.raises(UnfitError, match="too many pixels"):
        recognised(image_bytes(side=side, mode="1"))


def test_a_decompression_bomb_is_refused() -> None:
    with pytest.raises(UnfitError, match="too many pixels"):
        recognised(image_bytes(side=14_000, mode="1"))


@pytest.mark.parametrize("file_format", ["WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_format_that_the_model_does_not_take_becomes_a_jpeg(file_format: str) -> None:
    """At its full size, as long as it fits."""
    made = made_of(image_bytes(file_format, 320, height=400))
    with Image.open(io.BytesIO(made.data)) as image:
        assert (image.format, image.size) == ("JPEG", (320, 400))
    assert (made.suffix, made.width, made.height) == ("jpg", 320, 400)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_of_an_image_that_moves_the_first_frame_is_sent(file_format: str) -> None:
    frames = [Image.new("RGB", (320, 320), colour) for colour in ("red", "blue")]
    target = io.BytesIO()
    frames[0].save(target, file_format, save_all=True, append_images=frames[1:])
    recognised(target.getvalue())
    assert colour_of(fitted(target.getvalue(), ["jpg"], 1, 1_000_000), (5, 5))[0] > 240


def test_of_a_camera_s_two_pictures_the_first_is_sent() -> None:
    """A JPEG with a second one behind it is passed on as it is, or scaled down as one."""
    target = io.BytesIO()
    first, second = (Image.new("RGB", (320, 320), colour) for colour in ("red", "blue"))
    first.save(target, "MPO", save_all=True, append_images=[second])
    data = target.getvalue()
    assert recognised(data) == Picture(data=data, suffix="jpg", width=320, height=320)
    assert colour_of(made_of(data), (5, 5))[0] > 240


def test_the_colours_of_a_printer_become_those_of_a_screen() -> None:
    target = io.BytesIO()
    Image.new("CMYK", (320, 320), (0, 255, 255, 0)).save(target, "JPEG")
    assert not recognised(target.getvalue()).is_plain
    made = made_of(target.getvalue())
    assert recognised(bytes(made.data)).is_plain
    red, green, blue = colour_of(made, (5, 5))
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


@pytest.mark.parametrize(
    ("file_format", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "I")]
)
def test_greys_of_16_bits_stay_greys(file_format: str, mode: str) -> None:
    target = io.BytesIO()
    Image.new(mode, (320, 320), 128 * 256).save(target, file_format)
    assert not recognised(target.getvalue()).is_plain
    assert colour_of(made_of(target.getvalue()), (5, 5)) == (128, 128, 128)


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "L"])
def test_an_image_that_does_not_fit_into_the_memory_twice_is_scaled_in_strips(mode: str) -> None:
    """The lower half is black, so a strip in a wrong place would show."""
    image = Image.new(mode, (4000, 2600), "white" if mode != "P" else 1)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255])
    image.paste("black" if mode != "P" else 0, (0, 1300, 4000, 2600))
    target = io.BytesIO()
    image.save(target, "PNG")
    made = fitted(target.getvalue(), TAKEN, SHORTEST, 1_000_000)
    assert (made.width, made.height) == (2000, 1300)
    tops = [colour_of(made, (1000, row)) for row in (0, 640, 660, 1299)]
    assert [sum(colour) > 700 for colour in tops] == [True, True, False, False]


def colour_of(picture: Picture, place: tuple[int, int]) -> tuple[int, ...]:
    """Return the colour of a pixel."""
    with Image.open(io.BytesIO(picture.data)) as image:
        colour = image.convert("RGB").getpixel(place)
    assert isinstance(colour, tuple)
    return tuple(int(part) for part in colour)


def test_no_side_is_scaled_below_the_shortest_that_the_model_takes() -> None:
    long = image_bytes(side=750, height=300, noise=True)
    with pytest.raises(UnfitError, match="too large"):
        made_of(long, 120_000)
    assert made_of(long, 120_000, shortest=1).height < 300


@pytest.mark.exhaustive
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_large_image_becomes_a_jpeg_that_fits(file_format: str) -> None:
    large = image_bytes(file_format, 1200, noise=True)
    small = fitted(large, [*TAKEN, "webp"], SHORTEST, 400_000)
    assert len(small.data) <= 400_000 < len(large)
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
    small = made_of(target.getvalue(), 100_000)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


def test_a_photograph_is_rotated_as_its_exif_data_says() -> None:
    with Image.open(io.BytesIO(image_bytes("JPEG", 1000, noise=True))) as image:
        lying = image.resize((1000, 500))
        exif = lying.getexif()
        exif[0x0112] = 6
        target = io.BytesIO()
        lying.save(target, "JPEG", exif=exif, quality=100)
    small = made_of(target.getvalue(), 200_000)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.height == 2 * image.width


def test_an_image_that_stays_too_large_is_refused() -> None:
    with pytest.raises(UnfitError, match="too large"):
        made_of(image_bytes(side=600, noise=True), 1000)
