"""What an image file says of itself, and why a reader refused it."""

import os
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from synthkit.data import images
from synthkit.data.sources import ORIENTATION
from synthkit.data.transforms import MAPS

SAID = {
    "in no row of data.labels": "not in the table",
    "needs 8 bits per channel": "depth of photo",
    images.ODD_TIFF: "unreadable",
}
ENDINGS = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}


class Header(NamedTuple):
    """format (PNG …), Pillow's mode, stored size (width, height) and EXIF orientation, 1 for upright."""

    format: str
    mode: str
    size: tuple[int, int]
    orientation: int = 1

    @property
    def is_turned(self) -> bool:
        """Whether being turned upright swaps width and height."""
        return self.orientation in (5, 6, 7, 8)


def read_header(path: Path) -> Header | None:
    """The header of an image that Pillow can identify, None of any other file; no pixel is decoded."""
    try:
        with Image.open(path, formats=images.FORMATS) as image:
            has_exif = image.format != "PNG" or "exif" in image.info  # else getexif() decodes a PNG
            orientation = image.getexif().get(ORIENTATION, 1) if has_exif else 1
            return Header(image.format or "", image.mode, image.size, orientation)
    except Exception:  # a damaged header may raise anything, and the reader has said what is wrong
        return None


def refusal_kind(path: Path, field: str, message: str) -> str:
    """The kind of problem for which the reader of `field` refused the file, saying `message`."""
    return _file_kind(path) or _said(message) or _header_kind(path, field)


def _file_kind(path: Path) -> str:
    if not path.exists():
        return "file is gone"
    if not path.is_file():
        return "unreadable"
    if not os.access(path, os.R_OK):
        return "no permission"
    return "empty file" if path.stat().st_size == 0 else ""


def _said(message: str) -> str:
    return next((kind for words, kind in SAID.items() if words in message), "")


def _header_kind(path: Path, field: str) -> str:
    try:
        with Image.open(path, formats=images.FORMATS) as image:
            if image.width * image.height > images.MAX_PIXELS:
                return "too large"
            if field in MAPS and image.format in ("JPEG", "MPO"):
                return "map saved as JPEG"
            image.load()
            if field in MAPS and image.mode not in images.ID_MODES:
                return "map in colour"
            return "unreadable"
    except Image.DecompressionBombError:
        return "too large"
    except UnidentifiedImageError:
        return "not an image" if path.suffix.lower() in images.EXTENSIONS else "unreadable"
    except Exception:  # a decoder fed a damaged file may raise anything
        return "damaged file"


def misnamed(path: Path, header: Header) -> bool:
    """Whether the file's ending names another format than its content has."""
    ending = path.suffix.lower()
    return ENDINGS.get(ending, ending[1:].upper()) != header.format.replace("MPO", "JPEG")
