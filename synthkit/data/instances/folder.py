"""Instance maps for a whole folder of label maps."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from synthkit.data.files import list_files, shared_suffix
from synthkit.data.images import read_ids
from synthkit.data.instances import NUMBERINGS, components, instance_map, paint
from synthkit.data.instances.annotations import Coco, Polygons
from synthkit.data.parallel import Died, each
from synthkit.data.problems import Problem, refusal
from synthkit.data.writing import new_folder, write_ids
from synthkit.errors import DataError

Annotations = Coco | Polygons


class Maker:
    """Makes the instance maps of the label maps in a folder.

    Args:
        labels: the folder of label maps.
        out: the folder to write, which must be empty or absent: a PNG of 16 bits for each label map.
        things: the classes that have objects; needed without annotations.
        annotations: where the objects come from; by default they are the connected components of `things`.
        numbering: as in `instance_map`.

    Raises DataError for wrong folders and for label maps that the annotations do not know.
    """

    def __init__(
        self,
        labels: Path,
        out: Path,
        *,
        things: Collection[int] | None = None,
        annotations: Annotations | None = None,
        numbering: str = "class",
    ):
        if numbering not in NUMBERINGS:
            raise DataError(f"numbering {numbering!r}: must be one of {', '.join(NUMBERINGS)}")
        if annotations is None and not things:
            raise DataError("things: say which classes have objects, such as --things 8,9,10")
        self.out, self.things, self.annotations, self.numbering = out, things, annotations, numbering
        self.files = _listed(labels)
        self.suffix = "" if annotations is None else _suffix(list(self.files), annotations, labels)
        new_folder(out)

    def __len__(self) -> int:
        return len(self.files)

    def run(self, workers: int | None = None) -> Iterator[Counter]:
        """Write all maps, on all cores by default; of each in turn, how many objects the classes have."""
        paths = list(self.files.values())
        for path, result in zip(paths, each(self._write, paths, workers), strict=True):
            if isinstance(result, Died):
                raise DataError(f"{path}: the process that read it died: it may need too much memory")
            yield result

    def _write(self, path: Path) -> Counter:
        label = read_ids(path)
        try:
            objects = self._objects(label, path.stem.removesuffix(self.suffix))
            ids = instance_map(label, objects, things=self.things, numbering=self.numbering)
        except DataError as error:
            raise error if str(path) in str(error) else DataError(f"{path}: {error}") from error
        write_ids(ids, self.out / f"{path.stem}.png", deep=True)
        numbers, first = np.unique(ids, return_index=True)
        return Counter(label.ravel()[first][numbers >= 1000].tolist())

    def _objects(self, label: np.ndarray, stem: str) -> np.ndarray:
        if self.annotations is None:
            return components(label, self.things)
        return paint(label.shape, self.annotations.shapes(stem, label.shape))


def polygon_files(folder: Path) -> Polygons:
    """The polygon files (.json) of a folder by stem, the words that all stems end in taken off."""
    files = _listed(folder, (".json",))
    suffix = shared_suffix(list(files))
    return Polygons({stem.removesuffix(suffix): path for stem, path in files.items()})


def _listed(folder: Path, *extensions: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    files, problems = list_files(folder, "", *extensions)
    if problems:
        raise refusal(problems)
    return files


def _suffix(stems: list[str], annotations: Annotations, folder: Path) -> str:
    """What the label maps' names end in beyond those of the annotations. Raises where some are not there."""
    for suffix in ("", shared_suffix(stems)):
        lacking = [stem for stem in stems if stem.removesuffix(suffix) not in annotations]
        if not lacking:
            return suffix
    lacking = [Problem("no annotations", str(folder / stem), "of this name") for stem in lacking]
    raise refusal(lacking)
