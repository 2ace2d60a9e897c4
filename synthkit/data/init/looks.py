"""What the images of a folder look like: maps of ids, maps in colour, photos, or values of another kind."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from synthkit.data.images import read_colours
from synthkit.data.parallel import Died, each
from synthkit.data.sources import read_source
from synthkit.errors import DataError

FLAT = 0.6  # share of pixels that equal their right neighbour: above it in maps, below it in photos
MOST_COLOURS = 256
FILES = 24  # looked at per folder
MAPS_READ = 2000  # for their colours


class Kind(StrEnum):
    IDS = "maps of ids"
    COLOURS = "maps in colour"
    PHOTOS = "photos"
    VALUES = "values"  # floats, deep photos, other channel counts: good for a source alone


class Look(NamedTuple):
    """The kind of a folder's images, the largest id of maps, and how wide the images are for their height."""

    kind: Kind
    largest: int = 0
    aspect: float = 1.0


def look_at(paths: Sequence[Path]) -> Look:
    """Judges a folder by some of its files, evenly spread; damaged ones are passed over.

    Raises DataError where none can be read.
    """
    chosen = [paths[index] for index in np.linspace(0, len(paths) - 1, min(FILES, len(paths))).astype(int)]
    arrays = []
    for path in chosen:
        try:
            arrays.append(read_source(path))
        except DataError as error:
            reason = error
    if not arrays:
        raise DataError(f"none of the {len(chosen)} files looked at can be read; the last: {reason}")
    largest = int(max(array.max() for array in arrays)) if arrays[0].dtype.kind in "iu" else 0
    aspect = float(np.median([array.shape[1] / array.shape[0] for array in arrays]))
    lossless = all(path.suffix.lower() not in (".jpg", ".jpeg") for path in chosen)
    return Look(_kind(arrays, lossless), largest, aspect)


def _kind(arrays: Sequence[np.ndarray], lossless: bool) -> Kind:
    first = arrays[0]
    flat = lossless and np.mean([_flatness(array) for array in arrays]) > FLAT
    if first.dtype.kind == "f" or first.shape[2] not in (1, 3, 4):
        return Kind.VALUES
    if first.shape[2] == 1 and flat:
        return Kind.IDS
    if first.dtype != np.uint8:
        return Kind.VALUES
    if flat and len(set().union(*map(_colours, arrays))) <= MOST_COLOURS:
        return Kind.COLOURS
    return Kind.PHOTOS


def _flatness(array: np.ndarray) -> float:
    return float((array[:, 1:] == array[:, :-1]).all(2).mean()) if array.shape[1] > 1 else 1.0


def _colours(array: np.ndarray) -> set[int]:
    codes = array[..., :3].astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    return set(np.unique(codes).tolist())


def colours_in(paths: Sequence[Path]) -> list[list[int]]:
    """All colours [red, green, blue] of label maps in colour, sorted, from up to MAPS_READ files.

    Raises DataError where a map cannot be read, and for more than MOST_COLOURS colours.
    """
    found: set[int] = set()
    for path, codes in zip(paths, each(_colours_of, list(paths[:MAPS_READ])), strict=False):
        if isinstance(codes, Died):
            raise DataError(f"{path}: the process that read it died: it may need too much memory")
        found |= codes
        if len(found) > MOST_COLOURS:
            raise DataError(
                f"{path}: label maps in more than {MOST_COLOURS} colours: their edges are blended"
            )
    return [[code >> 16, code >> 8 & 255, code & 255] for code in sorted(found)]


def _colours_of(path: Path) -> set[int]:
    return _colours(read_colours(path))
