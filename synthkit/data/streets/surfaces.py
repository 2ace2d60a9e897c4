"""Sky and ground of a street scene, textured per pixel in world coordinates."""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

import numpy as np
from PIL import Image

from synthkit.data.streets.canvas import Camera, Colour, Kind, Mood, noise, noise_at

FIRST_WALL = 16  # codes below are classes of stuff


def sky(camera: Camera, mood: Mood, drift: tuple[int, int]) -> Image.Image:
    """Gradient, glow of the sun and clouds as an RGB image of the camera's size."""
    rows, columns = 64, max(8, round(64 * camera.width / camera.height))
    up = np.maximum(camera.horizon - (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / rows, 0)
    x = ((np.arange(columns, dtype=np.float32) + 0.5) / rows - columns / rows / 2)[None]
    blend = np.minimum(up / camera.horizon, 1)[..., None]
    blend = 1 - (1 - blend) ** 2
    zenith, horizon, cloud, light = (
        np.array(c, np.float32) for c in (mood.zenith, mood.horizon, mood.cloud, mood.light)
    )
    colours = zenith * blend + horizon * (1 - blend)
    glow = 1 / (1 + 5 * (x - mood.sun) ** 2 + 12 * up**2)
    colours = colours + glow[..., None] * light * 36
    far = 30 / (up + 0.22)
    field = noise()
    row, column = (far + drift[0]).astype(int), (x * far * 1.6 + drift[1]).astype(int)
    thick = field[row * 2 % 512, column * 2 % 512]
    below = field[(row * 2 + 8) % 512, (column * 2 + 5) % 512]
    cover = np.clip((thick - 1 + mood.clouds) * 3.6, 0, 1)[..., None] * 0.9
    bright = np.clip(1.0 + (thick - below) * 0.9 - 0.12 * cover[..., 0], 0.7, 1.08)[..., None]
    colours = colours * (1 - cover) + cloud * bright * cover
    small = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
    image, deep = Image.new("RGB", (camera.width, camera.height)), ceil(camera.horizon * camera.height) + 1
    box = (0, 0, columns, rows * deep / camera.height)
    image.paste(small.resize((camera.width, deep), Image.Resampling.BICUBIC, box=box))
    return image


class Pixels(NamedTuple):
    """Some pixels of the image: flat indices, and positions from the vanishing point in image heights."""

    where: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray, camera: Camera) -> Iterator["Pixels"]:
        """The pixels of a mask (H, W) in parts that the processor's cache can hold."""
        everywhere, part = np.flatnonzero(mask).astype(np.int32), 8192
        for start in range(0, len(everywhere), part):
            where = everywhere[start : start + part]
            row, column = np.divmod(where, np.int32(camera.width))
            x = (column + 0.5 - camera.width / 2) / camera.height - camera.vanish
            y = (row + 0.5) / camera.height - camera.horizon
            yield cls(where, x.astype(np.float32), y.astype(np.float32))


def develop(colours: np.ndarray, z: np.ndarray, mood: Mood) -> np.ndarray:
    """Lit colours (3, N) float32 seen through z metres of haze (N), as uint8 (N, 3)."""
    far = z / (z + np.float32(mood.haze))
    colours = colours + (column(mood.horizon) - colours) * far
    return np.clip(colours, 0, 255).astype(np.uint8).T


def column(colour: Colour) -> np.ndarray:
    """A colour as (3, 1) float32, which scales or shifts colours (3, N)."""
    return np.array(colour, np.float32)[:, None]


def texture_ground(
    image: np.ndarray, codes: np.ndarray, shade: np.ndarray, camera: Camera, mood: Mood
) -> None:
    """Grain, slab joints, shadows and haze on the flat colours below the horizon, in place.

    image (H, W, 3) uint8, codes (H, W), shade (H, W) with 255 for full light.
    """
    flat, light = image.reshape(-1, 3), column(mood.light)
    below = (np.arange(camera.height) + 0.5) / camera.height > camera.horizon
    for pixels in Pixels.of((codes > 0) & (codes < FIRST_WALL) & below[:, None], camera):
        tone, z = _paving(pixels, codes.reshape(-1)[pixels.where], camera)
        tone *= shade.reshape(-1)[pixels.where] * np.float32(1 / 255)
        flat[pixels.where] = develop(flat[pixels.where].T * light * tone, z, mood)


def _paving(pixels: Pixels, kind: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """How bright the ground's texture is at some pixels, and how far away they are (m)."""
    z = np.minimum(np.float32(camera.focal * camera.above) / pixels.y, 300)
    x = pixels.x * z / np.float32(camera.focal) + np.float32(camera.aside)
    fine, broad = noise_at(x, z, 90), noise_at(x, z * np.float32(0.5), 12)
    strength = np.array([0, 0, 0.15, 0.1, 0.11, 0.42], np.float32)[kind]
    tone = 1 + strength * (2.4 * fine * np.minimum(9 / z, 1) + 1.6 * broad)
    step = z * z / np.float32(camera.focal * camera.above * camera.height)
    joint = line(z, 0.9, 0.03, step) + line(x, 0.75, 0.03, z / np.float32(camera.focal * camera.height))
    return tone - 0.16 * np.minimum(joint, 1) * (kind == Kind.PAVEMENT), z


def line(along: np.ndarray, period: float, wide: float, step: np.ndarray) -> np.ndarray:
    """How much of a pixel, `step` metres long, is covered by thin lines every `period` metres."""
    off = np.abs(along / period - np.floor(along / period) - 0.5) * period
    reach = np.maximum(step, wide)
    return np.clip((off - period / 2 + reach) / reach, 0, 1) * np.minimum(wide / reach, 1)
