"""Masks on a scene's pixels. A pixel's centre is at whole x (from the left) and y (from the top), from 0."""

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
from PIL import Image
from scipy import ndimage

Box = tuple[slice, slice]  # rows and columns
PIECE = 32  # pixels: what a line is cut into, if it is thin


def box_of(mask: np.ndarray) -> Box:
    """The smallest box around a mask (H, W) bool that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def grown(box: Box, margin: int, shape: Sequence[int]) -> Box:
    """The box with a margin on each side, cut at the edges of an array of this shape."""
    return tuple(
        slice(max(0, side.start - margin), min(size, side.stop + margin))
        for side, size in zip(box, shape, strict=True)
    )


def stroke(shape: Sequence[int], points: np.ndarray, width: float) -> np.ndarray:
    """Pixels (H, W) bool whose centre is at most width/2 from the line through points (P, 2) of (x, y)."""
    mask, radius = np.zeros(shape, bool), width / 2
    for start, end in zip(points[:-1], points[1:], strict=True) if len(points) > 1 else [(points[0],) * 2]:
        for rows, columns in _boxes_along(start, end, radius, shape):
            x, y = np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop)[:, None]
            mask[rows, columns] |= _distance(x, y, start, end) <= radius
    return mask


def _boxes_along(start: np.ndarray, end: np.ndarray, radius: float, shape: Sequence[int]) -> Iterator[Box]:
    """Boxes that hold all that is near to a line, and little else: it is cut into pieces."""
    pieces = ceil(np.abs(end - start).max() / max(PIECE, 2 * radius)) or 1
    cuts = start + np.linspace(0, 1, pieces + 1)[:, None] * (end - start)
    low = np.floor(np.minimum(cuts[:-1], cuts[1:]) - radius) - 1
    high = np.ceil(np.maximum(cuts[:-1], cuts[1:]) + radius) + 2
    low, high = (np.clip(each, 0, (shape[1], shape[0])).astype(int) for each in (low, high))
    inside = (low < high).all(1)
    for (left, top), (right, bottom) in zip(low[inside].tolist(), high[inside].tolist(), strict=True):
        yield slice(top, bottom), slice(left, right)


def _distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How far points are from the line between two others."""
    (along_x, along_y), length = end - start, ((end - start) ** 2).sum()
    x, y = x - start[0], y - start[1]
    share = np.clip((x * along_x + y * along_y) / length, 0, 1) if length else 0
    return np.hypot(x - share * along_x, y - share * along_y)


def area(same: np.ndarray, x: int, y: int) -> np.ndarray:
    """The pixels of `same` (H, W) bool that are connected with one of them, by their sides."""
    areas, _ = ndimage.label(same)
    return areas == areas[y, x]


def around(mask: np.ndarray) -> np.ndarray:
    """The mask (H, W) bool and the pixels that touch it by a side."""
    return ndimage.binary_dilation(mask)


def nearest(mask: np.ndarray, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of a mask (H, W) bool, in its order, row and column of the nearest of the sources.

    Of several the one in the lowest row, then column: SciPy is given columns as rows, for it prefers the
    lowest place along the last axis. Only as much of the scene is searched as must be: the distance to all of
    a large one takes a second.
    """
    box, margin = box_of(mask), 8
    while True:
        searched = grown(box, margin, mask.shape)
        if sources[searched].any():
            far, (columns, rows) = ndimage.distance_transform_edt(~sources[searched].T, return_indices=True)
            inside = mask[searched]
            unsure = inside & (_reach(searched, mask.shape) <= far.T)
            if not unsure.any():
                return rows.T[inside] + searched[0].start, columns.T[inside] + searched[1].start
            margin = ceil(far.T[unsure].max())  # none that is nearer lies beyond
        else:
            margin *= 2


def _reach(box: Box, shape: Sequence[int]) -> np.ndarray:
    """How far (h, w) each pixel of a box is from what lies outside of it, in an array of this shape."""
    sides = []
    for side, size in zip(box, shape, strict=True):
        place = np.arange(side.start, side.stop)
        before = place - side.start + 1 if side.start else np.inf
        behind = side.stop - place if side.stop < size else np.inf
        sides.append(np.broadcast_to(np.minimum(before, behind), place.shape))
    return np.minimum.outer(*sides)


def resized(mask: np.ndarray, scale: float, flip: bool) -> np.ndarray:
    """A mask (h, w) bool made larger or smaller, mirrored left and right if `flip`; some of it stays."""
    height, width = (max(1, round(side * scale)) for side in mask.shape)
    mask = mask[:, ::-1] if flip else mask
    if (height, width) == mask.shape:
        return mask
    method = Image.Resampling.BILINEAR if scale > 1 else Image.Resampling.BOX
    grey = np.asarray(Image.fromarray(np.uint8(mask) * 255).resize((width, height), method))
    return grey >= min(128, grey.max())


def placed(mask: np.ndarray, at: Sequence[float], shape: Sequence[int]) -> np.ndarray:
    """A mask (h, w) as one (H, W), the middle of its box at (x, y), cut off at the edges of the scene."""
    whole = np.zeros(shape, bool)
    target, source = [], []
    for middle, length, size in zip(reversed(at), mask.shape, shape, strict=True):
        start = int(np.floor(middle - length / 2 + 0.5 + 1e-9))
        low, high = max(0, start), min(size, start + length)
        target.append(slice(low, max(low, high)))
        source.append(slice(low - start, max(low, high) - start))
    whole[tuple(target)] = mask[tuple(source)]
    return whole
