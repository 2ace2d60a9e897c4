"""What a trained model is given, read and checked as its training read its data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from synthkit.data.edges import find_lines
from synthkit.data.files import READERS
from synthkit.data.images import ID_MODES, read_photo
from synthkit.data.instances.computed import build_instances
from synthkit.data.labels import LabelReader
from synthkit.data.samples import check_ids, check_label, check_sizes
from synthkit.data.sources import source_array, source_image
from synthkit.data.transforms import MAPS
from synthkit.errors import DataError
from synthkit.registry import DATASETS
from synthkit.translator import Translator

Picture = str | Path | Image.Image | np.ndarray
PHOTOS = {"edge_from": "edge", "style_from": "image", "pair": "source"}  # the fields that photos stand for


class InputReader:
    """Reads the inputs of a translator as the data set of the config's `data` section read its files."""

    def __init__(self, translator: Translator, data: Mapping):
        self.translator, self.data = translator, data
        self.read_label, self.make_instances = _label_reader(data), build_instances(data)

    @property
    def fields(self) -> tuple[str, ...]:
        """The inputs that are needed: some of label, instance, source and edge."""
        spared = {"image"} | ({"instance"} if self._computes_instances else set())
        return tuple(field for field in self.translator.fields if field not in spared)

    @property
    def _computes_instances(self) -> bool:
        return bool(self.make_instances) and "label" in self.translator.fields

    def __call__(self, inputs: Mapping[str, Picture]) -> dict[str, np.ndarray]:
        """Arrays of the inputs. Raises DataError for those that are missing, unwanted, or do not fit."""
        self._check(inputs)
        arrays = {field: self.read(field, value) for field, value in inputs.items()}
        places = {field: _place(field, value) for field, value in inputs.items()}
        if "pair" in arrays:
            places["source"] = places["pair"]
            arrays["source"] = self._half(arrays.pop("pair"), places["pair"])
        check_sizes({field: (array, places[field]) for field, array in arrays.items()})
        if "label" in arrays:
            self.check_label(arrays["label"], places["label"])
        if "instance" in arrays:
            check_ids(arrays["instance"], places["instance"])
        elif self._computes_instances and "instance" in self._taken:
            arrays["instance"] = self.make_instances(arrays["label"], places["label"])
        if "source" in arrays:
            source = self.translator.inputs["source"].format
            arrays["source"] = source.scale(arrays["source"], places["source"])
        if "style_from" in arrays:
            arrays["image"] = arrays.pop("style_from")
        return arrays

    def read(self, field: str, value: Picture) -> np.ndarray:
        """One input as the reader of its field gives it, not yet checked."""
        return _label(self.read_label, value) if field == "label" else _array(field, value)

    def check_label(self, ids: np.ndarray, place: str) -> None:
        """Raise DataError, calling the map by its place, for ids that are no classes of the model."""
        label = self.translator.inputs["label"]
        check_label(ids, label.channels, label.ignore, place)

    @property
    def _taken(self) -> set[str]:
        return {*self.translator.fields, *self.translator.optional_fields}

    def _check(self, inputs: Mapping[str, Picture]) -> None:
        found = [PHOTOS.get(field, field) for field in inputs]
        fitting = set(self.fields) <= set(found) <= self._taken
        if not fitting or len(set(found)) < len(found) or "image" in inputs:
            given = ", ".join(inputs) or "nothing"
            raise DataError(f"this model translates {' + '.join(self.fields)}; it was given {given}")

    def _half(self, pair: np.ndarray, place: str) -> np.ndarray:
        """The source in a side-by-side pair. Raises DataError for a model that learned from other files."""
        kind = DATASETS.get(self.data["type"])
        if not hasattr(kind, "source_half"):
            raise DataError(f"{place}: this model learned from {self.data['type']}, not from pairs")
        return kind.source_half(self.data, pair, place)


def _place(field: str, value: Picture) -> str:
    """What messages call an input: its path, else its field."""
    return str(value) if isinstance(value, (str, Path)) else field


def _label_reader(data: Mapping) -> LabelReader:
    """The reader that the training's data set has for label files; a plain one where it has none."""
    kind = DATASETS.get(data["type"]) if data.get("type") in DATASETS else None
    return kind.label_reader(data) if hasattr(kind, "label_reader") else LabelReader()


def _label(read: LabelReader, value: Picture) -> np.ndarray:
    """A file or a PIL image is read as training reads files; an array holds the model's own ids."""
    if isinstance(value, (str, Path)):
        return read(value)
    if isinstance(value, Image.Image):
        return read.convert(
            np.array(value.convert("RGB")) if read.coloured else _array("label", value), "label"
        )
    return np.asarray(value)


def _array(field: str, value: Picture) -> np.ndarray:
    """An input as the reader of its field would give it."""
    if isinstance(value, (str, Path)):
        return READERS.get(field, read_photo)(Path(value))
    if field == "edge":
        return find_lines(source_image(value) if isinstance(value, Image.Image) else value, field)
    if field == "source":
        return source_image(value) if isinstance(value, Image.Image) else source_array(value, field)
    ids = field in MAPS
    if isinstance(value, Image.Image):
        if ids and value.mode not in ID_MODES:
            raise DataError(f"{field} holds one id per pixel: a PIL image of mode {value.mode} cannot")
        return np.array(value if ids else value.convert("RGB"))
    array = np.asarray(value)
    if not ids and (array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3):
        raise DataError(f"{field} must be (H, W, 3) uint8, not {array.shape} {array.dtype}")
    return array
