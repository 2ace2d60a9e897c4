"""The edges of a whole folder of photos, detected once."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from synthkit.data.edges import drawing
from synthkit.data.files import list_files
from synthkit.data.images import read_photo
from synthkit.data.parallel import Died, each
from synthkit.data.problems import refusal
from synthkit.data.writing import new_folder, write_image
from synthkit.errors import DataError


class Drawer:
    """Draws the edges of the photos in a folder, of their full size.

    Args:
        photos: the folder of photos.
        out: the folder to write, which must be empty or absent: a grey PNG of each photo's name, black on
            white.

    Raises DataError for wrong folders.
    """

    def __init__(self, photos: Path, out: Path):
        if not photos.is_dir():
            raise DataError(f"there is no folder {photos}")
        self.files, problems = list_files(photos)
        if problems:
            raise refusal(problems)
        self.out = new_folder(out)

    def __len__(self) -> int:
        return len(self.files)

    def run(self, detect: Callable[[np.ndarray], np.ndarray], workers: int | None = None) -> Iterator[str]:
        """Write all drawings, on all cores by default, and give the name of each in turn.

        `detect` is a detector: photo (H, W, 3) uint8 -> lines (H, W) bool.
        """
        paths = list(self.files.values())
        for path, name in zip(paths, each(partial(self._write, detect), paths, workers), strict=True):
            if isinstance(name, Died):
                raise DataError(f"{path}: the process that read it died: it may need too much memory")
            yield name

    def _write(self, detect: Callable[[np.ndarray], np.ndarray], path: Path) -> str:
        write_image(drawing(detect(read_photo(path))), self.out / f"{path.stem}.png")
        return path.stem
