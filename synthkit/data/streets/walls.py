"""The walls of a street scene: windows, doors, shopfronts and bricks, drawn per pixel."""

from typing import NamedTuple

import numpy as np

from synthkit.data.streets.canvas import Camera, Mood, noise_at
from synthkit.data.streets.surfaces import FIRST_WALL, Pixels, column, develop, line


class Wall(NamedTuple):
    """One plane of a building. Lengths in metres; `front` is 1 for a plane that faces the camera."""

    front: float
    plane: float  # its z if front, else its x from the camera
    start: float  # where its first bay starts, along x if front, else along z
    bay: float
    storey: float
    ground: float  # height of the ground floor
    storeys: float  # above the ground floor; -1 for a surface without any windows
    wide: float  # half widths of a window, as parts of bay and storey
    high: float
    lit: float
    seed: float
    shop: float
    brick: float
    red: float
    green: float
    blue: float  # shop sign, door and shutters
    building: float


class Place(NamedTuple):
    """Where pixels lie on their walls (m): along and up, how much a pixel spans of both, and how far away."""

    along: np.ndarray
    up: np.ndarray
    step: np.ndarray
    rise: np.ndarray
    z: np.ndarray


class Cell(NamedTuple):
    """The cell of a wall's grid that a pixel lies in. Offsets, half sizes and spans are parts of the cell."""

    shop: np.ndarray
    door: np.ndarray
    upper: np.ndarray  # above the ground floor
    open: np.ndarray  # has a window, door or shopfront
    off: np.ndarray  # from the opening's middle, along
    rise: np.ndarray  # and up
    wide: np.ndarray
    high: np.ndarray
    step: np.ndarray
    span: np.ndarray
    luck: tuple[np.ndarray, np.ndarray]


def texture_walls(
    image: np.ndarray, codes: np.ndarray, walls: list[Wall], camera: Camera, mood: Mood
) -> None:
    """Windows, doors, shopfronts, bricks and haze on the walls' flat colours, in place.

    image (H, W, 3) uint8; codes (H, W) hold FIRST_WALL + the wall's number.
    """
    flat, table = image.reshape(-1, 3), np.array(walls, np.float32).T.copy()
    for pixels in Pixels.of(codes >= FIRST_WALL, camera):
        number = codes.reshape(-1)[pixels.where] - FIRST_WALL
        wall = Wall(*(values[number] for values in table))
        place = _place(wall, pixels, camera)
        colours = flat[pixels.where].T * _plaster(wall, place)
        _openings(colours, wall, _cell(wall, place), mood)
        flat[pixels.where] = develop(colours, place.z, mood)


def _place(wall: Wall, pixels: Pixels, camera: Camera) -> Place:
    focal, front = np.float32(camera.focal), wall.front > 0
    ray = np.where(np.abs(pixels.x) < 1e-6, np.float32(1e-6), pixels.x)
    z = np.where(front, wall.plane, np.clip(focal * wall.plane / ray, 1, 300))
    up = np.float32(camera.above) - pixels.y * z / focal
    pixel = z / (focal * camera.height)
    along = np.where(front, pixels.x * z / focal + np.float32(camera.aside), z) - wall.start
    step = np.where(front, pixel, pixel * z / np.maximum(np.abs(wall.plane), np.float32(0.5)))
    return Place(along, up, step, pixel, z)


def _plaster(wall: Wall, place: Place) -> np.ndarray:
    """Stains, dirt near the ground and courses of bricks."""
    tone = 1 + 0.22 * noise_at(place.along, place.up, 14) - 0.16 * np.clip(1 - place.up / 2.5, 0, 1)
    return tone - wall.brick * 0.2 * line(place.up, 0.24, 0.05, place.rise)


def _cell(wall: Wall, place: Place) -> Cell:
    bay, storey = place.along / wall.bay, (place.up - wall.ground) / wall.storey
    left, floor = np.floor(bay), np.maximum(np.floor(storey), -1)
    low = floor < 0
    shop = low & (wall.shop > 0)
    door = low & ~shop & (left.astype(np.int32) % np.int32(3) == 1)
    tall = np.where(low, wall.ground, wall.storey)
    middle = np.where(shop | door, np.float32(0.38), np.float32(0.53))
    rise = np.where(low, place.up / wall.ground, storey - floor) - middle
    wide = np.where(shop, np.float32(0.45), np.where(door, np.float32(0.2), wall.wide))
    high = np.where(shop, np.float32(0.3), np.where(door, np.float32(0.38), wall.high))
    key = (left * 131 + floor * 1571 + wall.seed).astype(np.int32)
    luck = _LUCK[key & 4095], _LUCK[(key * 7 + 99) & 4095]
    filled = (floor < wall.storeys) & (wall.storeys >= 0)
    return Cell(
        shop, door, ~low, filled, bay - left - 0.5, rise, wide, high,
        place.step / wall.bay, place.rise / tall, luck,
    )  # fmt: skip


_LUCK = np.random.Generator(np.random.PCG64(11)).random(4096, np.float32)


def _cover(off: np.ndarray, half: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Coverage of |off| < half by a pixel that spans `step`; the mean of a cell that is about a pixel."""
    sharp = np.clip((half - np.abs(off)) / step + 0.5, 0, 1)
    blur = np.clip(step * 1.6 - 0.6, 0, 1)
    return sharp + (2 * half - sharp) * blur


def _openings(colours: np.ndarray, wall: Wall, cell: Cell, mood: Mood) -> None:
    """Paint frames, panes, sills, boards and ledges over the plaster (3, N), in place."""
    off, rise, step, span = cell.off, cell.rise, cell.step, cell.span
    light = column(mood.light)
    accent = np.stack((wall.red, wall.green, wall.blue)) * light
    edge, border = 0.1 / wall.bay, 0.1 / wall.storey
    across, upright = _cover(off, cell.wide, step), _cover(rise, cell.high, span)
    frame = cell.open * _cover(off, cell.wide + edge, step) * _cover(rise, cell.high + border, span)
    bar = (cell.upper & cell.open) * _cover(off, 0.3 * edge, step)
    sill = (
        (cell.upper & cell.open)
        * _cover(off, cell.wide + edge, step)
        * _cover(rise + cell.high + 0.05, 0.03, span)
    )
    board = (cell.shop & cell.open) * _cover(rise - 0.4, 0.1, span)
    ledge = (cell.upper & (wall.storeys >= 0)) * _cover(rise + 0.5, 0.035, span)
    trim = np.where(cell.shop, accent, colours * 0.45 + 110 * light)
    panes = np.where(cell.door, accent * 0.8, _panes(wall, cell, mood))
    for paint, amount in (
        (colours * 0.84, ledge), (trim, frame), (panes, cell.open * across * upright * (1 - bar)),
        (trim, sill), (accent, board),
    ):  # fmt: skip
        colours += (paint - colours) * amount


def _panes(wall: Wall, cell: Cell, mood: Mood) -> np.ndarray:
    """Lamplight behind some windows; in the others the sky's reflection, brighter to the top."""
    first, second = cell.luck
    rise = cell.rise / cell.high
    lit = np.where(cell.shop, 0.2 + wall.lit, wall.lit) * (mood.lit * 2.2)
    dark = column((34, 42, 54))
    dull = dark + (column(mood.horizon) * 0.8 - dark) * np.clip(0.22 + 0.28 * second + 0.16 * rise, 0, 1)
    warm = column((255, 208, 128)) * (0.72 + 0.26 * second - 0.1 * rise)
    return np.where(first < lit, warm, dull)
