"""Writes what data sets hold as files: photos and sources, and maps whose ids stay exact."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from synthkit.errors import DataError

LARGEST = 2**16 - 1
PNG_CHANNELS = (1, 3, 4)
REPLACED = "replaced"  # the last part of an old folder's name while another takes its place


def new_folder(path: Path) -> Path:
    """Make a folder, or take one that is empty. Raises DataError where something is there already."""
    check_new(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path} cannot be made: {error}") from error
    return path


def check_new(path: Path) -> None:
    """Raise DataError where something is at a path already, unless it is an empty folder."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path} is there already and not an empty folder")


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` at the end, and is removed after an error.

    Raises DataError where that fails; an old folder is then as it was.
    """
    folder = folder.absolute()
    partial, old = (folder.with_name(f".{folder.name}.{word}") for word in ("partial", REPLACED))
    try:
        put_back(folder)
        for leftover in (partial, old):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
            if folder.exists():
                folder.rename(old)
            partial.rename(folder)
        finally:
            put_back(folder)
            shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error}") from error


def put_back(folder: Path) -> None:
    """Give a folder its name again where `replaced_folder` was killed between taking and giving that.

    Whoever reads such a folder calls it first. Raises DataError where it cannot be done.
    """
    old = folder.absolute().with_name(f".{folder.absolute().name}.{REPLACED}")
    if not folder.exists() and old.exists():
        try:
            old.rename(folder)
        except OSError as error:
            raise DataError(f"{old} cannot be given its name {folder} again: {error}") from error


def write_ids(ids: np.ndarray, path: Path, *, deep: bool) -> None:
    """Write an id map (H, W) of integers as PNG of 16 bits if `deep` or an id is over 255, else of 8.

    Raises DataError for ids outside 0..65535, and where the file cannot be written.
    """
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high > LARGEST:
        raise DataError(f"{path}: ids {low} to {high} do not fit into a PNG of 16 bits, 0 to {LARGEST}")
    _save(Image.fromarray(ids.astype(np.uint16 if deep or high > 255 else np.uint8)), path)


def write_image(image: np.ndarray, path: Path) -> Path:
    """Write an image (H, W, C); returns the file's path.

    8 bit grey, RGB and RGBA are written as PNG, all else as NPY in place of `path`'s ending. Raises DataError
    where the file cannot be written.
    """
    if image.dtype == np.uint8 and image.shape[2] in PNG_CHANNELS:
        _save(Image.fromarray(image[..., 0] if image.shape[2] == 1 else image), path)
        return path
    path = path.with_suffix(".npy")
    try:
        np.save(path, image)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}") from error
    return path


def _save(image: Image.Image, path: Path) -> None:
    try:
        image.save(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}") from error
