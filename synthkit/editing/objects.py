"""RUN/objects/: things that were cut out of a data set's scenes, to be set down in others.

`objects.json` lists them; NAME.png is a thumbnail in RGB, and NAME_mask.png the mask, 1 on the thing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from synthkit import build
from synthkit.data.images import read_ids, read_photo, read_size
from synthkit.data.writing import put_back, replaced_folder, write_ids, write_image
from synthkit.editing.folders import contained, read_json
from synthkit.errors import DataError, shown

FOLDER, INDEX = "objects", "objects.json"
FORMAT = 1
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
MOST, LARGEST = 10_000, 4096  # objects, and pixels of a side


@dataclass(frozen=True)
class SceneObject:
    """A thing of one class, cut out of a scene.

    mask: (h, w) bool, read-only, its bounding box in its scene. height: of that scene, in pixels. code: the
    style that the run's encoder found for it, F numbers, or None. thumbnail: an RGB picture of it.
    """

    name: str
    label: int
    mask: np.ndarray = field(repr=False, compare=False)
    height: int
    code: tuple[float, ...] | None
    thumbnail: Image.Image = field(repr=False, compare=False)

    def __post_init__(self):
        self.mask.flags.writeable = False

    def plain(self) -> dict[str, Any]:
        """What `objects.json` says of it."""
        return {key: getattr(self, key) for key in ("name", "label", "height", "code")}


@dataclass(frozen=True)
class Objects(Mapping[str, SceneObject]):
    """A library of objects by name, in its order.

    `classes` names their classes by id. `origin` says what they were made of, as text by title.
    """

    objects: Mapping[str, SceneObject]
    classes: Mapping[int, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> SceneObject:
        return self.objects[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def by_class(self) -> dict[int, list[SceneObject]]:
        """The objects of each class, by its id."""
        return {
            label: [each for each in self.values() if each.label == label]
            for label in sorted({each.label for each in self.values()})
        }

    def save(self, run: Path) -> Path:
        """Write RUN/objects, whole or not at all, in place of an older one; return its path.

        Raises DataError where it cannot be written.
        """
        with replaced_folder(run / FOLDER) as folder:
            for each in self.values():
                write_image(np.asarray(each.thumbnail), _picture(folder, each.name))
                write_ids(each.mask.astype(np.uint8), _mask(folder, each.name), deep=False)
            content = {
                "format": FORMAT,
                "origin": dict(self.origin),
                "classes": {str(label): name for label, name in self.classes.items()},
                "objects": [each.plain() for each in self.values()],
            }
            (folder / INDEX).write_text(json.dumps(content, indent=1), encoding="utf-8")
        return run / FOLDER

    @classmethod
    def load(cls, run: Path) -> "Objects":
        """Read RUN/objects. No file outside the run is read, whatever the names and links in it.

        Raises DataError or ConfigError, naming the file, where there is none or it is not as `save` writes.
        """
        folder = run / FOLDER
        put_back(folder)
        if not contained(run, f"{FOLDER}/{INDEX}").is_file():
            raise DataError(f"there is no library {folder}: `synthkit objects collect {run}` makes one")
        index = build.call(_Index, read_json(folder / INDEX))
        objects = [build.call(partial(_open, folder), each) for each in index.objects]
        named = {each.name: each for each in objects}
        if len(named) < len(objects):
            raise DataError(f"{folder / INDEX}: two objects have the same name")
        return cls(named, {int(label): name for label, name in index.classes.items()}, index.origin)


@dataclass(frozen=True, kw_only=True)
class _Index:
    """What `objects.json` holds."""

    format: int
    objects: Sequence[Mapping]
    origin: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        if self.format != FORMAT:
            raise ValueError(f"format is {self.format}: {FORMAT} is needed")
        if len(self.objects) > MOST:
            raise ValueError(f"{len(self.objects)} objects are more than {MOST}")
        if odd := [key for key in self.classes if not re.fullmatch("[0-9]{1,5}", key)]:
            raise ValueError(f"class {shown(odd[0])} is no id")


def _open(folder: Path, *, name: str, label: int, height: int, code: Sequence[float] | None) -> SceneObject:
    """An object by what `objects.json` says of it. Raises ValueError for what does not make sense."""
    if not NAME.fullmatch(name):
        raise ValueError(f"name is {shown(name)}: up to 80 letters, digits, - and _ are allowed")
    if label not in range(2**16) or height not in range(1, 2**16):
        raise ValueError(f"label is {shown(label)} and height {shown(height)}: out of range")
    if code is not None and not (code and all(map(isfinite, code))):
        raise ValueError(f"code is {shown(code)}: finite numbers are needed")
    ids = read_ids(_small(_mask(folder, name)))
    if not ids.any() or ids.max() > 1:
        raise DataError(f"{_mask(folder, name)}: a mask holds 0 and 1, and some 1")
    thumbnail = Image.fromarray(read_photo(_small(_picture(folder, name))))
    return SceneObject(name, label, ids.astype(bool), height, code and tuple(map(float, code)), thumbnail)


def _picture(folder: Path, name: str) -> Path:
    return folder / f"{name}.png"


def _mask(folder: Path, name: str) -> Path:
    return folder / f"{name}_mask.png"


def _small(path: Path) -> Path:
    """The path of an image of the library. Raises DataError for one that is too large, by its header."""
    contained(path.parent.parent, f"{FOLDER}/{path.name}")
    width, height = read_size(path, ("PNG",))
    if max(width, height) > LARGEST:
        raise DataError(f"{path}: {width}x{height} pixels, and {LARGEST} a side are allowed")
    return path
