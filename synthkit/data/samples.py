"""A raw data set of arrays becomes checked, transformed tensors."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from synthkit.data.edges import find_lines
from synthkit.data.seeding import seeded
from synthkit.data.sources import SourceFormat
from synthkit.errors import DataError

FIELDS = ("label", "instance", "image", "source", "edge")
LARGEST_ID = 2**31 - 1


class Draw(NamedTuple):
    """Sample `index`, drawn as number `position` of a whole run; the position seeds its transform."""

    index: int
    position: int


class Samples(Dataset):
    """Tensors of the asked-for fields of `data`, a raw data set, after `transform`.

    Args:
        data: has `fields`, `__len__` and `__getitem__(index) -> dict` of arrays by field and `name`.
        transform: takes and returns such a dict.
        fields: those that the run needs, out of label, instance, image, source, edge.
        classes: label ids go from 0 to classes - 1; None leaves them free.
        ignore: one more allowed label id; None for none.
        source: the channels and values that source images have; None takes any channels of 8 or 16 bit.
        edge: has the `detector` of edges, for data without drawings; asked for only where it is needed.
        seed: with the position, decides all that reading and transform draw from the global generators of
            Python, NumPy and torch, in any process.

    The transform sees source images as (H, W, C) float32 in [-1, 1]. Edges are detected in what it makes of
    the photo, which is then among the fields.
    Raises DataError where `data` is empty or lacks a field.
    """

    def __init__(
        self,
        data,
        transform: Callable[[dict], dict],
        *,
        fields: Sequence[str],
        classes: int | None,
        ignore: int | None,
        source: SourceFormat | None = None,
        edge=None,
        seed: int = 0,
    ):
        where = f"split {data.split!r}" if hasattr(data, "split") else type(data).__name__
        there = data.fields if edge is None else with_edges(data.fields)
        if missing := [field for field in fields if field not in there]:
            raise DataError(
                f"{where} has no {', '.join(missing)}, which this run needs; it has {_list(data.fields)}"
            )
        if len(data) == 0:
            raise DataError(f"{where} has no samples")
        self.data = data
        self.transform = transform
        self.detect = edge.detector if "edge" in fields and "edge" not in data.fields else None
        fields = (*fields, "image") if self.detect else fields
        self.fields = tuple(field for field in FIELDS if field in fields)
        self.classes = classes
        self.ignore = ignore
        self.source = source or SourceFormat(channels=None)
        self.seed = seed

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, draw: int | Draw) -> dict:
        """Tensors as `to_tensors` makes them; a bare index counts as its own position. Raises DataError."""
        index, position = draw if isinstance(draw, Draw) else (draw, draw)
        with seeded(self.seed, position):
            raw = self.data[index]
            sample = self.transform(self._checked(raw))
        if self.detect:
            sample["edge"] = self.detect(sample["image"])
        return to_tensors(sample)

    def title(self, index: int) -> str:
        """The sample's name where it is known without reading it, else its number."""
        return title(self.data, index)

    def _checked(self, raw: Mapping) -> dict:
        """The fields and the name of a raw sample, as the transform takes them."""
        files = raw.get("files", {})
        fields = [field for field in self.fields if field in self.data.fields]  # others are made later
        where = {field: files.get(field, f"{field} of {raw['name']}") for field in fields}
        check_sizes({field: (raw[field], where[field]) for field in fields})
        if "label" in self.fields:
            check_label(raw["label"], self.classes, self.ignore, where["label"])
        if "instance" in self.fields:
            check_ids(raw["instance"], where["instance"])
        sample = {key: raw[key] for key in (*fields, "name")}
        if "edge" in fields:
            sample["edge"] = find_lines(raw["edge"], where["edge"])
        if "source" in self.fields:
            sample["source"] = self.source.scale(raw["source"], where["source"])
        return sample


def with_edges(fields: Sequence[str]) -> tuple[str, ...]:
    """The fields of data, and `edge` where it can be detected in their photos."""
    return (*fields, "edge") if "image" in fields and "edge" not in fields else tuple(fields)


def title(data, index: int) -> str:
    """A sample's name where a raw data set knows it without reading it, else its number."""
    stems = getattr(data, "stems", None)
    return stems[index] if stems else f"sample {index}"


def check_sizes(arrays: Mapping[str, tuple[np.ndarray, str]]) -> None:
    """Raises DataError unless all arrays (H, W, ...), each given with where it comes from, have one size."""
    sizes = {field: array.shape[:2] for field, (array, _) in arrays.items()}
    if len(set(sizes.values())) > 1:
        places = {field: "" if place == field else f" ({place})" for field, (_, place) in arrays.items()}
        listed = "; ".join(f"{field} {w}x{h}{places[field]}" for field, (h, w) in sizes.items())
        raise DataError(f"the fields of one sample differ in size (width x height): {listed}")


def check_ids(ids: np.ndarray, where: str) -> None:
    """Raises DataError unless `ids` is an (H, W) array, not empty, of integers from 0 to 2**31 - 1."""
    if ids.ndim != 2 or ids.dtype.kind not in "iu" or not ids.size:
        raise DataError(
            f"{where}: ids need shape (height, width) and whole numbers, not {ids.shape} {ids.dtype}"
        )
    if ids.min() < 0 or ids.max() > LARGEST_ID:
        raise DataError(
            f"{where}: id {_first(ids, (ids < 0) | (ids > LARGEST_ID))} is outside 0..{LARGEST_ID}"
        )


def check_label(label: np.ndarray, classes: int | None, ignore: int | None, where: str) -> None:
    """Raises DataError unless every id of `label` (H, W) is from 0 to classes - 1, or `ignore`."""
    check_ids(label, where)
    if classes is None or label.max() < classes:
        return
    wrong = label >= classes
    if ignore is not None:
        wrong &= label != ignore
    if wrong.any():
        others = "" if ignore is None else f" and not the ignored id {ignore}"
        enough = int(label[wrong].max()) + 1
        raise DataError(
            f"{where}: label {_first(label, wrong)} is outside 0..{classes - 1}{others}: "
            f"{enough} classes would take in all ids of this map{_unlabelled(label[wrong])}"
        )


def to_tensors(raw: Mapping) -> dict:
    """Arrays as tensors without a batch dimension; other keys than the fields and `name` are dropped.

    label, instance: (H, W) integers -> (1, H, W) int32.
    image, source: (H, W, C) uint8 -> (C, H, W) float32 in [-1, 1]; floats are taken to be in [-1, 1].
    edge: (H, W) bool -> (1, H, W) float32, 0 or 1.
    """
    tensors = {field: _tensor(raw[field]) for field in FIELDS if field in raw}
    return tensors | ({"name": raw["name"]} if "name" in raw else {})


def _tensor(array: np.ndarray) -> torch.Tensor:
    if array.dtype == bool:
        return torch.from_numpy(array.astype(np.float32))[None]
    if array.ndim == 2:
        return torch.from_numpy(array.astype(np.int32))[None]
    tensor = torch.from_numpy(np.moveaxis(array, 2, 0).astype(np.float32, order="C"))
    return tensor / 127.5 - 1 if array.dtype == np.uint8 else tensor


def _first(ids: np.ndarray, wrong: np.ndarray) -> str:
    y, x = np.unravel_index(wrong.argmax(), wrong.shape)
    return f"{ids[y, x]} at x={x}, y={y}"


def _unlabelled(values: np.ndarray) -> str:
    return "; if 255 stands for unlabelled, set ignore to 255" if (values == 255).all() else ""


def _list(fields: Sequence[str]) -> str:
    return ", ".join(fields) or "nothing"
