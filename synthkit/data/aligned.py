"""Images that hold a pair side by side, as pix2pix (Isola et al., CVPR 2017) stores them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from synthkit.data.files import FileData, list_files
from synthkit.data.images import read_photo
from synthkit.data.paired import find_folders
from synthkit.errors import DataError
from synthkit.registry import DATASETS


@DATASETS.register_module("aligned")
class Aligned(FileData):
    """One folder of images, each of which holds a source image and a photo side by side.

    Args:
        split: takes the place of "{split}" in the folder's name.
        root: the folder that holds the split's folder; "~" is the home folder.
        folder: the split's folder.
        direction: a_to_b makes photos like the right halves from the left halves, b_to_a the reverse.

    A trained model translates source images, or of such pairs (`--pair`) the source's half. Halves are 8 bit
    RGB. Reading raises DataError for a file of an odd width.
    """

    def __init__(
        self,
        split: str,
        *,
        root: str,
        folder: str = "{split}",
        direction: Literal["a_to_b", "b_to_a"] = "a_to_b",
    ):
        paths, problems = list_files(find_folders(root, {"image": folder}, split)["image"])
        fields = ("source", "image") if direction == "a_to_b" else ("image", "source")
        readers = {field: partial(read_half, right=bool(side)) for side, field in enumerate(fields)}
        super().__init__(split, dict.fromkeys(fields, paths), problems=problems, readers=readers)

    @staticmethod
    def source_half(settings: Mapping, pair: np.ndarray, place: str) -> np.ndarray:
        """The source image in a pair (H, W, 3), under these settings of the data set, by a trained model."""
        return half(pair, right=settings.get("direction") == "b_to_a", place=place)


def read_half(path: str | Path, *, right: bool) -> np.ndarray:
    """The left or right half of the photo at `path`, (H, W / 2, 3) uint8 RGB. Raises DataError."""
    return half(read_photo(path), right=right, place=str(path))


def half(photo: np.ndarray, *, right: bool, place: str) -> np.ndarray:
    """The left or right half of (H, W, 3). Raises DataError, naming the place, where the width is odd."""
    width, odd = divmod(photo.shape[1], 2)
    if odd:
        raise DataError(f"{place}: is {photo.shape[1]} pixels wide: two equal halves need an even width")
    return np.ascontiguousarray(photo[:, right * width :][:, :width])
