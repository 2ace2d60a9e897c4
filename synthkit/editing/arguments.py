"""The arguments of edits, checked."""

from collections.abc import Sequence

import numpy as np

from synthkit.editing import painting
from synthkit.editing.state import State
from synthkit.errors import DataError, shown

FARTHEST = 2**20  # pixels from the scene's corner that a coordinate may be
LARGER = 4  # times the scene's side that an object's may be, once it is scaled


def coordinates(name: str, points: Sequence[Sequence[float]]) -> np.ndarray:
    """Points as (P, 2) float64. Raises DataError unless there are some, each of two finite numbers."""
    if not points or any(len(point) != 2 for point in points):
        raise DataError(f"{name} is {shown(points)}: [x, y] of at least one point is needed")
    array = np.array(points, np.float64)
    if not (np.abs(array) <= FARTHEST).all():  # nor NaN
        raise DataError(f"{name} is {shown(points)}: each number must be from -{FARTHEST} to {FARTHEST}")
    return array


def pixel(name: str, point: Sequence[float], state: State) -> tuple[int, int]:
    """The pixel (x, y) that a point lies in. Raises DataError for one outside the scene."""
    x, y = np.rint(coordinates(name, [point])[0]).astype(int).tolist()
    if not (0 <= x < state.width and 0 <= y < state.height):
        raise DataError(f"{name} is {shown(point)}, outside the scene of {state.width}x{state.height} pixels")
    return x, y


def positive(name: str, value: float) -> float:
    """The value. Raises DataError unless it is above 0, and within reason."""
    if not 0 < value <= FARTHEST:
        raise DataError(f"{name} is {shown(value)}: a number above 0 is needed")
    return value


def line(points: Sequence[Sequence[float]], width: float, state: State) -> np.ndarray:
    """The pixels (H, W) bool of a stroke. Raises DataError where it covers none of the scene."""
    mask = painting.stroke(state.label.shape, coordinates("points", points), positive("width", width))
    if not mask.any():
        raise DataError(
            f"the stroke {shown(points)} of width {width} covers no pixel of the scene, which has "
            f"{state.width}x{state.height}"
        )
    return mask


def place(mask: np.ndarray, at: Sequence[float], scale: float, flip: bool, state: State) -> np.ndarray:
    """A mask (h, w) of 0 and 1 set down in a scene, the middle of its box at (x, y): (H, W) bool.

    Raises DataError for one that is no mask, empty, too large once scaled, or wholly outside.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype.kind not in "biu" or not mask.any():
        raise DataError(f"a mask (h, w) of 0 and 1 is needed, and some 1: not {mask.shape} {mask.dtype}")
    if (odd := mask[(mask != 0) & (mask != 1)]).size:
        raise DataError(f"a mask holds 0 and 1, and not {odd[0]}")
    (x, y), scale = coordinates("at", [at])[0], positive("scale", scale)
    most = LARGER * max(state.label.shape)
    if max(mask.shape) * scale > most:
        raise DataError(
            f"scale {scale:g} makes the object {max(mask.shape) * scale:.0f} pixels large: at most {most}"
        )
    mask = mask.astype(bool)
    placed = painting.placed(
        painting.resized(mask[painting.box_of(mask)], scale, flip), (x, y), state.label.shape
    )
    if not placed.any():
        raise DataError(
            f"at {shown(list(at))} the object lies outside the scene of {state.width}x{state.height} pixels"
        )
    return placed
