"""Source images of any channel count and depth: their files, and their values in [-1, 1]."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from synthkit.data.images import EXTENSIONS, TIFF_MAGIC, check_size, guarded, open_image
from synthkit.errors import DataError

SOURCE_EXTENSIONS = (*EXTENSIONS, ".npy")
RGB = 3  # channels
ORIENTATION = 274  # the tag of TIFF and EXIF; 1 is upright
AS_THEY_ARE = ("1", "L", "LA", "RGB", "RGBA", "I", "I;16", "I;16B", "I;16L", "F")
PLAIN_TIFF = (1, 2)  # photometric: black is zero, RGB; others need a conversion that nobody declared


def read_source(path: str | Path) -> np.ndarray:
    """The source image at `path` as (H, W, C), its values and integer or float type as in the file.

    Grey is one channel, alpha one more, and palettes are RGB. PNG keeps 8 and 16 bit, TIFF (one image of any
    channels, or one page per channel) and NPY, (H, W) or (H, W, C), keep any type; NPY is never unpickled.
    Raises DataError, naming the file, where it is missing, damaged, too large or of another shape.
    """
    with guarded(path):
        if Path(path).suffix.lower() == ".npy":
            return source_array(_read_npy(path), path)
        with Path(path).open("rb") as file:
            magic = file.read(4)
        if magic in TIFF_MAGIC:
            return source_array(_read_tiff(path), path)
    image, packing = open_image(path)
    if image.format == "PNG" and image.mode not in ("I", "I;16", "I;16B") and re.search(r";16B$", packing):
        return _read_deep_png(path)
    return source_image(image)


def source_image(image: Image.Image) -> np.ndarray:
    """A PIL image as (H, W, C): grey, RGB and alpha as they are, all other modes as RGB."""
    if image.mode not in AS_THEY_ARE:
        image = image.copy()
        image.info.pop("transparency", None)  # convert() warns of it
        image = image.convert("RGB")
    return source_array(image, "the image")


def source_array(values, where: str | Path) -> np.ndarray:
    """`values`, (H, W) or (H, W, C) numbers, as (H, W, C) of the machine's byte order; True is 255.

    Raises DataError, saying `where`, for other shapes and types.
    """
    array = np.asarray(values)
    if array.ndim not in (2, 3) or 0 in array.shape or array.dtype.kind not in "buif":
        raise DataError(
            f"{where}: a source needs shape (height, width) or (height, width, channels) and whole or "
            f"floating numbers, not {array.shape} {array.dtype}"
        )
    if array.dtype == bool:
        array = array * np.uint8(255)
    return np.atleast_3d(array).astype(array.dtype.newbyteorder("="), copy=False)


class SourceFormat:
    """What a model takes for a source: the number of channels, and the range of values that becomes [-1, 1].

    Args:
        channels: of the source; one is repeated where three are wanted. None takes any number.
        range: [low, high], mapped linearly to [-1, 1]. None stands for all values of an 8 or 16 bit integer
            type; wider integers and floats need a range.

    Raises ValueError where these make no sense.
    """

    def __init__(self, channels: int | None = RGB, range: Sequence[float] | None = None):
        if channels is not None and channels < 1:
            raise ValueError(f"channels is {channels}: there must be at least one")
        if range is not None and not (len(range) == 2 and -math.inf < range[0] < range[1] < math.inf):
            raise ValueError(f"range is {list(range)}: must be [low, high], finite and low < high")
        self.channels = channels
        self.range = None if range is None else (float(range[0]), float(range[1]))

    def scale(self, array: np.ndarray, where: str) -> np.ndarray:
        """A source (H, W) or (H, W, C) as (H, W, C) float32 in [-1, 1].

        Raises DataError, saying `where`, for another number of channels, for values that are not finite or
        outside the range, and for a type that needs a range where none is given.
        """
        array = self._with_channels(source_array(array, where), where)
        if self.range is None:
            return _unit(array, *_whole_range(array, where))
        low, high = self.range
        wrong = ~((array >= low) & (array <= high))  # NaN compares as false
        if wrong.any():
            y, x, channel = (int(part) for part in np.unravel_index(wrong.argmax(), wrong.shape))
            raise DataError(
                f"{where}: value {array[y, x, channel]} at x={x}, y={y}, channel {channel} is outside the "
                f"range {low:g} to {high:g} of the source: correct the file or model.inputs.source.range"
            )
        return _unit(array, low, high)

    def _with_channels(self, array: np.ndarray, where: str) -> np.ndarray:
        found = array.shape[2]
        if self.channels in (None, found):
            return array
        if self.channels == 3 and found == 1:
            return array.repeat(3, 2)
        raise DataError(
            f"{where}: the source has {found} channel{'s' if found > 1 else ''}, and the model wants "
            f"{self.channels}: set model.inputs.source.channels to {found}, or convert the file"
        )


def _unit(array: np.ndarray, low: float, high: float) -> np.ndarray:
    """`array` with low to high mapped to -1 to 1, float32; for bytes by a table, which is much faster."""
    values = np.arange(256) if array.dtype == np.uint8 else array
    unit = ((values.astype(np.float64) - low) / (high - low) * 2 - 1).astype(np.float32)
    return unit[array] if array.dtype == np.uint8 else unit


def _whole_range(array: np.ndarray, where: str) -> tuple[float, float]:
    if array.dtype.kind in "iu" and array.dtype.itemsize <= 2:
        limits = np.iinfo(array.dtype)
        return float(limits.min), float(limits.max)
    finite = array[np.isfinite(array)]
    span = f"{finite.min():g} to {finite.max():g}" if finite.size else "no finite value"
    raise DataError(
        f"{where}: a source of {array.dtype} needs the range of its values: write "
        f"model.inputs.source.range: [low, high] for the whole data; this file holds {span}"
    )


def _read_npy(path: str | Path) -> np.ndarray:
    """The array, still on disk: its header is checked before any value is read."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim in (2, 3):
        check_size(path, *array.shape[:2], array.nbytes // max(1, array.shape[0] * array.shape[1]))
    return array


def _read_tiff(path: str | Path) -> np.ndarray:
    """The first image of a TIFF; its bands may lie before or behind the two axes of a plane."""
    with tifffile.TiffFile(path) as file:
        page, series = file.pages.first, file.series[0]
        height, width = page.imagelength, page.imagewidth
        check_size(path, height, width, series.nbytes // max(1, height * width))
        check_size(path, page.tilelength or page.rowsperstrip, page.tilewidth or width, page.dtype.itemsize)
        _check_tiff(path, page, series.axes)
        array = series.asarray()
    return np.moveaxis(array, 0, 2) if series.axes.index("Y") == 1 else array


def _check_tiff(path: str | Path, page: tifffile.TiffPage, axes: str) -> None:
    if len(axes) not in (2, 3) or "YX" not in axes:
        raise DataError(f"{path}: holds an array of axes {axes}, where one image of any channels is needed")
    if page.photometric not in PLAIN_TIFF:
        raise DataError(
            f"{path}: a TIFF of kind {tifffile.PHOTOMETRIC(page.photometric).name} holds no plain values: "
            "convert it to grey with black as zero, or to RGB"
        )
    _check_upright(path, page.tags.valueof(ORIENTATION, 1))


def _read_deep_png(path: str | Path) -> np.ndarray:
    """A 16 bit PNG in colour, which Pillow would round to 8 bit; `open_image` has checked its header."""
    with guarded(path):
        with Image.open(path, formats=("PNG",)) as image:
            _check_upright(path, image.getexif().get(ORIENTATION, 1))
        return source_array(imagecodecs.png_decode(Path(path).read_bytes()), path)


def _check_upright(path: str | Path, orientation: int) -> None:
    if orientation != 1:
        raise DataError(f"{path}: is stored turned (orientation {orientation}): save it upright")
