"""Drawings: the lines of a picture, (H, W) bool, drawn by hand or detected in a photo.

A detector is a registered callable `(photo (H, W, 3) uint8) -> lines (H, W) bool`.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from synthkit.data.sources import read_source, source_array
from synthkit.errors import DataError

GREY, GREY_ALPHA, RGB, RGBA = 1, 2, 3, 4  # channels


def read_edges(path: str | Path) -> np.ndarray:
    """The drawing at `path`, in any format of source images, as `find_lines` takes it. Raises DataError."""
    return find_lines(read_source(path), path)


def find_lines(picture, where: str | Path) -> np.ndarray:
    """The lines (H, W) bool of a drawing, be it black on white or white on black.

    `picture` is (H, W) bool, taken as it is, or numbers (H, W) or (H, W, C), grey or RGB, with or without
    alpha, whose ground is white. Values are parted at the middle between darkest and brightest; of the two
    parts the one with fewer pixels are the lines. A picture of one value has none.
    Raises DataError, saying `where`, for other shapes and for values that are not finite.
    """
    array = np.asarray(picture)
    if array.dtype == bool and array.ndim == 2 and array.size:
        return array
    grey = _grey(source_array(array, where), where)
    bright = grey > (grey.min() + grey.max()) / 2
    return bright if bright.mean() <= 0.5 else ~bright


def _grey(array: np.ndarray, where: str | Path) -> np.ndarray:
    """(H, W, C) numbers of any range as (H, W) floats."""
    channels = array.shape[2]
    if not np.isfinite(array).all():
        raise DataError(f"{where}: a drawing holds NaN or infinite values")
    if channels not in (GREY, GREY_ALPHA, RGB, RGBA):
        raise DataError(f"{where}: a drawing is grey or RGB, with or without alpha, not {channels} channels")
    values = array.astype(np.float32)
    if channels in (GREY, RGB):
        return values.mean(2)
    white = np.iinfo(array.dtype).max if array.dtype.kind in "iu" else 1
    opaque = values[..., -1] / white
    return values[..., :-1].mean(2) * opaque + white * (1 - opaque)


def drawing(lines: np.ndarray) -> np.ndarray:
    """Lines (H, W) bool as a picture, black on white: (H, W, 1) uint8."""
    return np.where(lines, 0, 255).astype(np.uint8)[..., None]


def resize_lines(lines: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Lines (1, h, w) as (1, height, width) of the same type: none is lost, and they are one pixel wide.

    A new pixel is on a line where any of the old pixels that it covers is; what is wider is thinned to its
    skeleton.
    """
    covered = F.adaptive_max_pool2d(lines.float(), (height, width))
    return torch.from_numpy(thin(covered[0].numpy() > 0))[None].to(lines.dtype)


def thin(areas: np.ndarray) -> np.ndarray:
    """Areas (H, W) bool as lines of one pixel, their skeletons (Zhang and Suen, CACM 1984)."""
    from skimage.morphology import skeletonize  # takes a while to import

    return skeletonize(areas)
