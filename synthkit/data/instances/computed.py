"""Instance maps that are computed from label maps as these are read, for data that have none."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from synthkit.build import call, check_mapping, where
from synthkit.data.files import FileData
from synthkit.data.instances import PER_CLASS, components
from synthkit.errors import ConfigError, DataError, did_you_mean, listed, shown

KEY = "instances"


class Instances:
    """Makes instance maps: each connected area of some classes is an object, any other class is one instance.

    Pixels of objects hold the ids from 1000 on, others their label. Areas are connected where pixels touch by
    a side or a corner, so that two cars which touch are one, and one car behind a pole is two. Maps are
    computed before the transform: a crop does not make two objects of one. Boundaries (the input `boundary`)
    are those of the label map whatever the classes, since connected areas of one class never touch; the
    classes say which areas have a style of their own.

    Args:
        classes: ids, or names of `names`, of the classes that have objects, such as [car, 9]; all where it is
            null, none where it is empty.
        names: the data set's class names by id.

    Raises ValueError for a name that is not among them, and for ids that are none.
    """

    def __init__(self, *, classes: Sequence[int | str] | None = None, names: Sequence[str] = ()):
        self.classes = range(PER_CLASS) if classes is None else [_id(name, names) for name in classes]

    def __call__(self, label: np.ndarray, place: str | Path) -> np.ndarray:
        """The instance map (H, W) int32 of a label map (H, W). Raises DataError for labels over 999."""
        if label.max() >= PER_CLASS:
            raise DataError(f"{place}: label {label.max()}: ids from {PER_CLASS} on stand for objects")
        objects = components(label, self.classes)
        return np.where(objects, objects + np.int32(PER_CLASS - 1), label.astype(np.int32))


def build_instances(section: Mapping) -> Instances | None:
    """What `instances` in the config's `data` describes; None where it is absent or null.

    Raises ConfigError for wrong keys and values.
    """
    if section.get(KEY) is None:
        return None
    check_mapping(section[KEY], where(section, KEY))
    return call(Instances, section[KEY], names=section.get("names", ()))


def add_instances(data, section: Mapping):
    """The raw data set with the instance maps that `section`, the config's `data`, asks for, if any.

    Raises ConfigError where it has instance maps of its own, or no label maps to compute them from.
    """
    make = build_instances(section)
    if make is None:
        return data
    if "instance" in data.fields:
        message = "the data have instance maps of their own: remove this key, or write data.instances: null"
        raise ConfigError(message, where(section, KEY))
    if not isinstance(data, FileData) or "label" not in data.fields:
        message = f"they are computed from label files, and the data have {listed(data.fields)}"
        raise ConfigError(message, where(section, KEY))
    return data.derived("instance", "label", make)


def _id(name: int | str, names: Sequence[str]) -> int:
    if isinstance(name, str):
        if name not in names:
            known = f"names are {listed(names)}" if names else "the config has no data.names"
            raise ValueError(
                f"classes: no class is called {shown(name)}.{did_you_mean(name, names)} The {known}"
            )
        return list(names).index(name)
    if not 0 <= name < PER_CLASS:
        raise ValueError(f"classes: {name} is no id of a class, 0 to {PER_CLASS - 1}")
    return name
