"""Any data set as pix2pixHD's folders: train_label, train_inst, train_img, and the same of other splits."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from synthkit.data.edges import drawing
from synthkit.data.parallel import Died, each
from synthkit.data.problems import refusal
from synthkit.data.splits import SplitName, build_data, name_of_split
from synthkit.data.writing import write_ids, write_image
from synthkit.errors import DataError

FOLDERS = {"label": "label", "instance": "inst", "image": "img", "source": "source", "edge": "edge"}


class Export:
    """One split of a data set, to be written below `folder`.

    Args:
        section: the config's `data`; its transform plays no part.
        split: the data set's name for the split, which the folders' names begin with.
        folder: holds the folders.
        count: the first samples to write, all by default.

    Raises DataError where the data set has problems.
    """

    def __init__(self, section: Mapping, split: SplitName, folder: Path, count: int | None = None):
        self.data = build_data(section, split)
        if problems := getattr(self.data, "problems", ()):
            raise refusal(problems)
        self.folders = {
            field: folder / f"{name_of_split(split)}_{FOLDERS[field]}" for field in self.data.fields
        }
        self.count = len(self.data) if count is None else min(count, len(self.data))

    def __len__(self) -> int:
        return self.count

    def run(self, workers: int | None = None) -> Iterator[str]:
        """Write the samples, on all cores by default, and give the name of each in turn."""
        for path in self.folders.values():
            path.mkdir(parents=True, exist_ok=True)
        for index, name in enumerate(each(self._write, range(self.count), workers)):
            if isinstance(name, Died):
                raise DataError(f"sample {index}: the process that read it died: it may need too much memory")
            yield name

    def _write(self, index: int) -> str:
        sample = self.data[index]
        name = Path(sample["name"]).name
        for field, folder in self.folders.items():
            path = folder / f"{name}.png"
            if field in ("label", "instance"):
                write_ids(sample[field], path, deep=field == "instance")
            else:
                image = drawing(sample[field]) if field == "edge" else sample[field]
                write_image(np.atleast_3d(image), path)
        return name
