"""What every part of a street scene is drawn with: classes, camera, light, canvas and textures."""

from collections.abc import Sequence
from enum import IntEnum
from functools import cache
from math import cos, pi, sin
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[float, float, float]
Point = tuple[float, float]


class Kind(IntEnum):
    """The twelve classes; from `TREE` on, and `BUILDING`, each thing has its own instance id."""

    SKY = 0
    BUILDING = 1
    ROAD = 2
    LANE_MARK = 3
    PAVEMENT = 4
    GRASS = 5
    TREE = 6
    CAR = 7
    PERSON = 8
    POLE = 9
    SIGN = 10
    FENCE = 11


class Camera(NamedTuple):
    """A level pinhole camera above the road. World: x to the right of the road's middle, y up, z ahead (m).

    focal, horizon and vanish are in image heights, so that the scene does not depend on the size.
    """

    focal: float
    horizon: float
    vanish: float
    above: float
    aside: float
    height: int
    width: int

    def scaled(self, factor: int) -> "Camera":
        return self._replace(height=self.height * factor, width=self.width * factor)

    def at(self, x: float, y: float, z: float) -> Point:
        """World point (m) -> pixel position (column, row)."""
        k = self.focal * self.height / z
        left = self.width / 2 + self.vanish * self.height - 0.5
        return left + (x - self.aside) * k, self.horizon * self.height - 0.5 + (self.above - y) * k


class Mood(NamedTuple):
    """Weather and time of day: colours in 0..255, `light` and `shadow` as factors, `haze` in metres."""

    zenith: Colour
    horizon: Colour
    cloud: Colour
    clouds: float
    light: Colour
    shadow: float
    haze: float
    lit: float
    sun: float

    def tint(self, colour: Colour, z: float, shade: float = 1.0) -> tuple[int, int, int]:
        """The colour of something z metres away under this light, seen through the haze."""
        far = z / (z + self.haze)
        near, (r, g, b), (x, y, z) = shade * (1 - far), self.light, self.horizon
        return (
            min(255, int(colour[0] * near * r + x * far + 0.5)),
            min(255, int(colour[1] * near * g + y * far + 0.5)),
            min(255, int(colour[2] * near * b + z * far + 0.5)),
        )


class Thing(NamedTuple):
    """Something at (x, z) on the ground; `luck` are uniform numbers in [0, 1) from which its look follows."""

    kind: Kind
    x: float
    z: float
    code: int
    luck: Sequence[float]
    deep: float = 0.0  # length along the street (m)
    top: int = 0  # code of what its pole carries


def pick(options: Sequence, luck: float):
    """The option that a uniform number in [0, 1) falls on."""
    return options[int(luck * len(options))]


def scale(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


class Canvas:
    """Draws a shape on the image and on the map of codes at once, so that they agree in each pixel."""

    def __init__(self, camera: Camera, image: Image.Image, codes: Image.Image):
        self.camera, self.image, self.codes = camera, image, codes
        self._pen, self._code_pen = ImageDraw.Draw(image), ImageDraw.Draw(codes)

    def polygon(self, points: list[Point], colour: tuple[int, int, int], code: int | None = None) -> None:
        """Fill a polygon; without a code it is a detail that only the image shows."""
        self._pen.polygon(points, colour)
        if code is not None:
            self._code_pen.polygon(points, code)

    def outline(self, points: list[Point], code: int) -> None:
        """Mark a polygon on the map of codes alone."""
        self._code_pen.polygon(points, code)

    def disc(
        self, centre: Point, radius: Point, colour: tuple[int, int, int], code: int | None = None
    ) -> None:
        """Fill an ellipse, radius = (horizontal, vertical) in pixels."""
        (x, y), (a, b) = centre, radius
        self._pen.ellipse((x - a, y - b, x + a, y + b), colour)
        if code is not None:
            self._code_pen.ellipse((x - a, y - b, x + a, y + b), code)

    def stamp(self, sprite: Image.Image, mask: Image.Image, corner: Point, code: int) -> None:
        """Paste an RGB sprite where its mask (L) is set; the code where it is more than half set."""
        place = round(corner[0]), round(corner[1])
        self.image.paste(sprite, place, mask)
        self.codes.paste(
            code, place, Image.fromarray((np.asarray(mask) > 127).view(np.uint8) * np.uint8(255))
        )


class Flat:
    """Local metres (right, up) of an upright thing that faces the camera -> pixels."""

    def __init__(self, camera: Camera, x: float, z: float):
        self.x, self.y = camera.at(x, 0.0, z)
        self.scale = camera.focal * camera.height / z

    def at(self, right: float, up: float) -> Point:
        return self.x + right * self.scale, self.y - up * self.scale

    def path(self, *points: Point) -> list[Point]:
        return [self.at(*point) for point in points]

    def box(self, left: float, low: float, right: float, high: float) -> list[Point]:
        return self.path((left, low), (right, low), (right, high), (left, high))


ROUND = tuple((cos(2 * pi * k / 12), sin(2 * pi * k / 12)) for k in range(12))  # a circle's corners


@cache
def noise(size: int = 512, seed: int = 7) -> np.ndarray:
    """Tileable cloud noise (size, size) float32 in about 0..1, the same for every scene."""
    rng = np.random.Generator(np.random.PCG64(seed))
    total = np.zeros((size, size), np.float32)
    for octave in range(2, 9):
        cells = 2**octave
        step = size // cells
        grid = np.pad(rng.random((cells, cells), np.float32), 3, mode="wrap")
        fine = Image.fromarray(grid).resize([(cells + 6) * step] * 2, Image.Resampling.BICUBIC)
        total += np.asarray(fine)[3 * step : -3 * step, 3 * step : -3 * step] * 0.6 ** (octave - 1)
    return (total - total.min()) / (total.max() - total.min())


def noise_at(x: np.ndarray, y: np.ndarray, fine: float) -> np.ndarray:
    """`noise` less 0.5 at places in metres, `fine` of its pixels to a metre."""
    column, row = (x * np.float32(fine)).astype(np.int32) & 511, (y * np.float32(fine)).astype(np.int32) & 511
    return noise().reshape(-1)[(row << 9) | column] - np.float32(0.5)


def crown(shape: str, number: int, size: tuple[int, int], mirrored: bool) -> tuple[Image.Image, Image.Image]:
    """A tree's crown lit from the left, or from the right if mirrored: shade and mask, both L."""
    reduced = next((part for part in (8, 4, 2) if max(size) * part <= 360), 1)
    shade, mask = _crown(shape, number, mirrored, reduced)
    return shade.resize(size, Image.Resampling.BILINEAR), mask.resize(size, Image.Resampling.BILINEAR)


@cache
def _crown(shape: str, number: int, mirrored: bool, reduced: int) -> tuple[Image.Image, Image.Image]:
    if reduced > 1:
        shade, mask = _crown(shape, number, mirrored, 1)
        return shade.reduce(reduced), mask.reduce(reduced)
    size = 256
    rng = np.random.Generator(np.random.PCG64(number + 100 * len(shape)))
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    leaves = np.roll(noise(), rng.integers(512, size=2), (0, 1))[:size, :size] - 0.5
    fine = np.roll(noise(seed=8), rng.integers(512, size=2), (0, 1))[: size * 2 : 2, : size * 2 : 2] - 0.5
    inside, shade = (_needles if shape == "conifer" else _puffs)(x, y, rng)
    gaps = {"round": 0.6, "sparse": 1.1, "conifer": 0.3}[shape]
    speckle = np.repeat(np.repeat(rng.random((size // 2, size // 2), np.float32), 2, 0), 2, 1) - 0.5
    ragged = inside + leaves * gaps + fine * gaps
    mask = (
        np.clip((ragged + speckle * 0.12) * 9, 0, 1)
        * np.clip(inside * 6 + 1, 0, 1)
        * (np.maximum(abs(x), abs(y)) < 0.99)
    )
    shade = np.clip(shade + leaves * 0.5 + fine + speckle * 0.26, 0, 1)
    pair = (np.flip(part, 1) if mirrored else part for part in (shade, mask))
    shade, mask = (Image.fromarray((part * 255).astype(np.uint8)) for part in pair)
    return shade, mask


def _puffs(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    inside, shade = np.full_like(x, -1), np.zeros_like(x)
    for _ in range(30):
        angle, out = rng.uniform(0, 2 * np.pi), 0.66 * rng.random() ** 0.5
        a, b = out * np.cos(angle), out * np.sin(angle)
        r = rng.uniform(0.2, 0.36)
        dx, dy = (x - a) / r, (y - b) / r
        puff = 1 - dx * dx - dy * dy
        front = puff > inside
        inside = np.where(front, puff, inside)
        shade = np.where(front, 0.5 - 0.12 * dx - 0.18 * dy - 0.26 * y - 0.18 * x, shade)
    return inside * 0.6, shade


def _needles(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    down = (y + 1) / 2
    tier = (down * rng.integers(6, 9) + 0.25 * abs(x)) % 1
    reach = 0.92 * down * (0.65 + 0.35 * tier)
    return reach - abs(x) - 0.02, 0.62 - 0.3 * tier - 0.3 * x


_RAMP = np.linspace(0, 1, 128, dtype=np.float32)[:, None]


def coloured(shade: Image.Image, dark: tuple, middle: tuple, light: tuple) -> Image.Image:
    """A shade map (L) -> RGB through three colours, evenly spaced."""
    low, middle, high = (np.array(colour, np.float32) for colour in (dark, middle, light))
    table = np.concatenate((low + (middle - low) * _RAMP, middle + (high - middle) * _RAMP))
    image = shade.copy()
    image.putpalette(table.astype(np.uint8).tobytes())
    return image.convert("RGB")
