# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pillow"]
# ///
"""Draw the sandbox's videos and picture: a red car on a coast road at sunset, as a loop.

Run once, with ffmpeg on the path: `uv run tools/make_media.py sandbox/mindvideo/media`. The
files are kept in the repository, so the project itself needs neither ffmpeg nor these libraries.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZES = {"16x9": (640, 360), "9x16": (360, 640), "1x1": (480, 480)}
FRAMES_PER_SECOND = 24
SECONDS = 5
FINER = 3  # drawn so much larger, then shrunk: smooth edges

Frame = NDArray[np.float64]

SKY = np.array([[38, 30, 88], [142, 58, 120], [236, 112, 92], [255, 196, 112]], dtype=float)
SUN = np.array([255, 236, 178], dtype=float)
SEA = np.array([30, 44, 96], dtype=float)


class Ridge(NamedTuple):
    """A line of hills; its height is a part of the picture's."""

    colour: tuple[int, int, int]
    height: float
    bumps: int
    widths_in_loop: int


RIDGES = (
    Ridge((120, 62, 118), 0.085, 2, 1),
    Ridge((78, 42, 98), 0.060, 3, 2),
    Ridge((44, 26, 70), 0.045, 4, 3),
)


def main(folder: Path) -> None:
    """Write a video and a picture of each aspect ratio into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (width, height) in SIZES.items():
        encode(folder / f"sunset-{name}.mp4", width, height)
        draw(width, height, 0.3).save(folder / f"sunset-{name}.png", optimize=True)


def encode(path: Path, width: int, height: int) -> None:
    """Pipe the frames to ffmpeg; `faststart` lets a browser play before it has all."""
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", str(FRAMES_PER_SECOND), "-i", "-"]
    command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "28", "-pix_fmt", "yuv420p"]
    command += ["-movflags", "+faststart", "-fflags", "+bitexact", str(path)]
    frames = b"".join(image.tobytes() for image in loop(width, height))
    subprocess.run(command, input=frames, check=True)  # noqa: S603 - a fixed command of our own


def loop(width: int, height: int) -> Iterator[Image.Image]:
    """Give the loop's pictures in their order."""
    count = FRAMES_PER_SECOND * SECONDS
    return (draw(width, height, index / count) for index in range(count))


def draw(width: int, height: int, phase: float) -> Image.Image:
    """Draw the moment `phase` of the loop; 0 and 1 are the same picture."""
    horizon, road = round(height * 0.56), round(height * 0.80)
    light = sky_and_sea(width, height, horizon, phase)
    picture = Image.fromarray(light.clip(0, 255).astype(np.uint8))
    large = picture.resize((width * FINER, height * FINER), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(large)
    for ridge in RIDGES:
        draw_ridge(pen, large.size, horizon * FINER, ridge, phase)
    draw_road(pen, large.size, road * FINER, phase)
    draw_car(pen, large.size, road * FINER, phase)
    return large.resize((width, height), Image.Resampling.LANCZOS)


def sky_and_sea(width: int, height: int, horizon: int, phase: float) -> Frame:
    """Return the light of the sky, and of its reflection below the row `horizon`."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    up = np.clip(y / horizon, 0, 1)
    stops = np.linspace(0, 1, len(SKY))
    light = np.stack([np.interp(up, stops, SKY[:, band]) for band in range(3)], axis=-1)
    sun_x, sun_y, radius = width * 0.68, horizon - min(width, height) * 0.13, min(width, height)
    distance = np.hypot(x - sun_x, y - sun_y) / radius
    glow = np.exp(-distance * 5)[..., None] * 0.75
    disc = np.clip((0.085 - distance) * radius / 2, 0, 1)[..., None]
    light += (SUN - light) * np.maximum(glow, disc)
    below = y > horizon
    depth = np.clip((y - horizon) / (height - horizon), 0, 1)
    wave = np.sin(x * 0.05 + 14 / (depth + 0.06) + 2 * np.pi * 3 * phase)
    wave += np.sin(x * 0.021 - 9 / (depth + 0.09) + 2 * np.pi * 2 * phase)
    near_sun = np.exp(-(((x - sun_x) / (width * (0.06 + 0.2 * depth))) ** 2))
    glitter = np.clip(wave * 0.5, 0, 1) * near_sun
    water = SKY[2] * (1 - depth[..., None]) * 0.75 + SEA * depth[..., None]
    water = water + (SUN - water) * (glitter * 0.85 + near_sun * 0.12)[..., None]
    return np.where(below[..., None], water + wave[..., None] * 4, light)


def draw_ridge(
    pen: ImageDraw.ImageDraw, size: tuple[int, int], base: int, ridge: Ridge, phase: float
) -> None:
    """Draw a ridge that scrolls by whole widths in a loop, so that its ends meet."""
    width, height = size
    across = np.arange(0, width + FINER, FINER)
    turn = 2 * np.pi * (across / width + ridge.widths_in_loop * phase)
    bumps = ridge.bumps
    shape = 0.55 + 0.3 * np.sin(bumps * turn) + 0.15 * np.sin((2 * bumps + 1) * turn + bumps)
    top = base - shape * ridge.height * height
    points = [(float(px), float(py)) for px, py in zip(across, top, strict=True)]
    pen.polygon([(0, base + 2), *points, (width, base + 2)], fill=ridge.colour)


def draw_road(pen: ImageDraw.ImageDraw, size: tuple[int, int], top: int, phase: float) -> None:
    """Draw the road, its rail and its middle line, which pass by."""
    width, height = size
    thick = height // 120
    pen.rectangle((0, top, width, height), fill=(34, 28, 48))
    pen.rectangle((0, top - thick, width, top), fill=(196, 132, 120))
    post = width / 6
    for index in range(8):
        left = index * post - (phase * 15 % 1) * post
        pen.rectangle((left, top - thick * 4, left + thick, top), fill=(150, 96, 104))
    dash = width / 5
    middle = top + (height - top) * 0.62
    for index in range(7):
        left = index * dash - (phase * 20 % 1) * dash
        pen.rectangle(
            (left, middle, left + dash * 0.55, middle + thick * 1.5), fill=(238, 206, 150)
        )


def draw_car(pen: ImageDraw.ImageDraw, size: tuple[int, int], road: int, phase: float) -> None:
    """Draw the car, which sways a little."""
    width, height = size
    unit = min(width, height) / 100
    left = width * 0.5 - 21 * unit + np.sin(2 * np.pi * phase) * 3 * unit
    base = road + (height - road) * 0.36 + np.sin(2 * np.pi * 6 * phase) * 0.18 * unit

    def at(x: float, y: float) -> tuple[float, float]:
        return (left + x * unit, base - y * unit)

    pen.ellipse((*at(0, 1.2), *at(43, -2.2)), fill=(20, 16, 32))
    body = [
        (0, 3),
        (1, 7),
        (7, 8.6),
        (13, 13.2),
        (24, 13.6),
        (31, 8.8),
        (39, 7.4),
        (42, 5),
        (42, 2),
    ]
    pen.polygon([at(x, y) for x, y in [*body, (0, 2)]], fill=(204, 32, 44))
    pen.polygon(
        [at(x, y) for x, y in [(1, 6.8), (7, 8.5), (31, 8.7), (39, 7.3)]], fill=(240, 84, 78)
    )
    glass = (
        [(9.5, 9), (13.8, 12.3), (18, 12.5), (18, 9)],
        [(19, 9), (19, 12.5), (23.6, 12.6), (29, 9)],
    )
    for pane in glass:
        pen.polygon([at(x, y) for x, y in pane], fill=(255, 206, 160))
    pen.ellipse((*at(39, 6.6), *at(41.8, 4.6)), fill=(255, 244, 200))
    pen.rectangle((*at(0, 6.4), *at(1.4, 4.6)), fill=(255, 120, 96))
    for hub in (9.0, 33.0):
        draw_wheel(pen, at(hub, 2.6), unit, phase)


def draw_wheel(
    pen: ImageDraw.ImageDraw, hub: tuple[float, float], unit: float, phase: float
) -> None:
    """Draw a wheel that turns."""
    x, y = hub
    for radius, colour in ((3.9, (16, 14, 24)), (2.4, (176, 172, 184)), (1.9, (60, 56, 72))):
        reach = radius * unit
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
    for spoke in range(5):
        angle = 2 * np.pi * (spoke / 5 + phase * 9)
        tip = (x + np.cos(angle) * 2.3 * unit, y + np.sin(angle) * 2.3 * unit)
        pen.line((x, y, *tip), fill=(196, 192, 204), width=round(unit * 0.6))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
