"""Images that hold a pair side by side, as pix2pix (Isola et al., CVPR 2017) stores them."""

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

    A trained model translates source images, not such pairs: `synthkit data export` writes the halves apart.
    Halves are 8 bit RGB. Reading raises DataError for a file of an odd width.
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
        readers = {field: partial(read_half, right=right) for right, field in enumerate(fields)}
        super().__init__(split, dict.fromkeys(fields, paths), problems=problems, readers=readers)


def read_half(path: str | Path, *, right: int) -> np.ndarray:
    """The left (0) or right (1) half of the photo at `path`, (H, W / 2, 3) uint8 RGB. Raises DataError."""
    photo = read_photo(path)
    width, odd = divmod(photo.shape[1], 2)
    if odd:
        raise DataError(f"{path}: is {photo.shape[1]} pixels wide: two equal halves need an even width")
    return np.ascontiguousarray(photo[:, right * width :][:, :width])
