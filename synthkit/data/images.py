"""Reads photos and id maps from files that nobody vouches for."""

import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from synthkit.errors import DataError

MAX_PIXELS = 2**27
"""An image of more pixels than this, or than fit into as many RGBA pixels, is refused by its header."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
PHOTO_MODES = ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "RGBX", "CMYK", "YCbCr")
ID_MODES = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L")
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
ODD_TIFF = "a TIFF of a depth or kind that holds no photo or ids"
STRETCH = {"L;2": 85, "L;4": 17}  # Pillow stretches 2 and 4 bit greys to 0..255


def read_photo(path: str | Path) -> np.ndarray:
    """The photo at `path` as (H, W, 3) uint8 RGB, turned upright by its EXIF orientation, alpha dropped.

    Raises DataError, naming the file, where it is missing, damaged, too large or deeper than 8 bits.
    """
    return _rgb(path, *open_image(path))


def read_colours(path: str | Path) -> np.ndarray:
    """The colours of a label map at `path` as (H, W, 3) uint8 RGB, exact; alpha is dropped.

    Raises DataError as `read_photo` does, and for a JPEG.
    """
    image, packing = open_image(path)
    _refuse_jpeg(path, image)
    return _rgb(path, image, packing)


def read_ids(path: str | Path) -> np.ndarray:
    """The id map (label or instance) at `path` as (H, W) integers, exact: uint8, or int32 for deeper files.

    Takes 1 to 16 bit greys, 32 bit integers and palette images, whose indices are the ids.
    Raises DataError, naming the file, where it is missing, damaged, too large, in colour or saved as JPEG.
    """
    image, packing = open_image(path)
    _refuse_jpeg(path, image)
    if image.mode not in ID_MODES:
        raise DataError(
            f"{path}: an id map holds one id per pixel, but this image has mode {image.mode}: save the ids "
            "as a grey PNG (8 or 16 bit) or a palette PNG, or list the colours by id in data.labels.colours"
        )
    ids = np.array(image)
    if packing in STRETCH:
        ids //= STRETCH[packing]
    return ids.astype(np.uint8 if ids.itemsize == 1 else np.int32)


def _rgb(path: str | Path, image: Image.Image, packing: str) -> np.ndarray:
    if image.mode not in PHOTO_MODES or re.search(r";16[BLN]$", packing):
        raise DataError(
            f"{path}: a photo needs 8 bits per channel, not mode {packing}: convert it to 8 bit RGB"
        )
    image.info.pop("transparency", None)  # convert() warns of it
    return np.array(image.convert("RGB"))


def _refuse_jpeg(path: str | Path, image: Image.Image) -> None:
    if image.format in ("JPEG", "MPO") or image.info.get("compression") == "jpeg":
        raise DataError(f"{path}: JPEG changes pixel values, so it cannot hold ids: save the map as PNG")


def open_image(path: str | Path) -> tuple[Image.Image, str]:
    """The decoded, upright image, and how the file packs its pixels in Pillow's words (such as "RGB;16B").

    Raises DataError, naming the file, where it is missing, damaged or too large.
    """
    with guarded(path), _without_warning(), Image.open(path, formats=FORMATS) as image:
        check_size(path, image.height, image.width)
        packing = _packing(image)
        ImageOps.exif_transpose(image, in_place=True)
        image.load()
        return image, packing


def read_size(path: str | Path, formats: Sequence[str] = FORMATS) -> tuple[int, int]:
    """Width and height of the image at `path`, by its header alone.

    Raises DataError, naming the file, where it is missing or of none of the formats.
    """
    with guarded(path), _without_warning(), Image.open(path, formats=formats) as image:
        return image.size


@contextmanager
def guarded(path: str | Path) -> Iterator[None]:
    """Turns whatever a decoder raises inside into a DataError that names the file."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # opening a pipe would wait for ever
            raise DataError(f"{path}: is a folder, pipe or device, where a file is needed")
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: {error}") from error
    except Exception as error:  # a decoder fed a damaged file may raise anything
        raise DataError(f"{path}: cannot be read as an image: {_reason(path, error)}") from error


@contextmanager
def _without_warning() -> Iterator[None]:
    """Pillow warns of large images on each opening; `check_size` has the say about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def check_size(path: str | Path, height: int, width: int, depth: int = 1) -> None:
    """Raises DataError for over MAX_PIXELS pixels, of `depth` bytes, or over 4 * MAX_PIXELS bytes."""
    if height * width > MAX_PIXELS or height * width * depth > 4 * MAX_PIXELS:
        shape = f"{height * width} pixels" + (f" of {depth} bytes" if depth > 1 else "")
        raise DataError(
            f"{path}: {shape} are over the limit of {MAX_PIXELS}: make it smaller or cut it "
            "up; a script that trusts the file can raise synthkit.data.images.MAX_PIXELS"
        )


def _packing(image: Image.Image) -> str:
    arguments = image.tile[0].args if getattr(image, "tile", None) else image.mode
    raw = arguments[0] if isinstance(arguments, tuple) else arguments
    return raw if isinstance(raw, str) and raw else image.mode


def _reason(path: str | Path, error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        with Path(path).open("rb") as file:
            start = file.read(4)
        if start in TIFF_MAGIC:
            return f"{ODD_TIFF}: save photos with 8 bits per channel, and ids as PNG of 8 or 16 bits"
        return f"it is none of {', '.join(FORMATS)}" if start else "it is empty"
    return str(error) or type(error).__name__
