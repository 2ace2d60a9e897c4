"""What a scene is at one moment: maps and looks, which never change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from synthkit.errors import DataError

ALL = -1  # stands for every class among the looks of classes
DENSE = 2**26  # up to so many pairs of id and label they are counted in a table


@dataclass(frozen=True)
class Look:
    """The style of an instance or of a class. Exactly one is given; DataError otherwise.

    cluster: one of the class's, from 0. seed: a cluster drawn by it, or where an image has a single style,
    a draw from the standard normal distribution. code: the numbers themselves.
    """

    cluster: int | None = None
    seed: int | None = None
    code: tuple[float, ...] | None = None

    def __post_init__(self):
        if len(self.plain()) != 1:
            raise DataError(f"a style is one of cluster, seed and code; these were given: {self.plain()}")

    def plain(self) -> dict:
        """As in an edit, such as {"cluster": 3}."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: list(value) if name == "code" else value
            for name, value in values.items()
            if value is not None
        }


class Instance(NamedTuple):
    """An instance of a scene: the label that most of its pixels have, and how many it has."""

    label: int
    pixels: int


@dataclass(frozen=True, eq=False)
class State:
    """A scene between two edits. Nothing in it changes: an edit makes another one.

    label, instance: (H, W) int32, read-only. looks: of single instances, by id, of those that are there;
    class_looks: of all others of a class, by label, or by ALL. What neither names has its class's most common
    style. anchor: the state whose statistics of instance norms hold when this one is rendered, so that what
    was not edited stays; None for its own.
    """

    label: np.ndarray
    instance: np.ndarray
    looks: Mapping[int, Look] = field(default_factory=dict)
    class_looks: Mapping[int, Look] = field(default_factory=dict)
    anchor: "State | None" = None

    def __post_init__(self):
        for name in ("label", "instance"):
            array = np.ascontiguousarray(getattr(self, name), np.int32)
            array = array.copy() if array.flags.writeable else array
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        there = {each: look for each, look in self.looks.items() if each in self.instances}
        object.__setattr__(self, "looks", MappingProxyType(there))
        object.__setattr__(self, "class_looks", MappingProxyType(dict(self.class_looks)))

    @property
    def height(self) -> int:
        return self.label.shape[0]

    @property
    def width(self) -> int:
        return self.label.shape[1]

    @cached_property
    def pairs(self) -> np.ndarray:
        """(R, 3) int64: instance, label and how many pixels have both, in the order of the instances."""
        labels = int(self.label.max()) + 1
        pairs = self.instance.astype(np.int64) * labels + self.label
        if pairs.max() < DENSE:
            counts = np.bincount(pairs.ravel())
            found = np.flatnonzero(counts)
            counts = counts[found]
        else:
            found, counts = np.unique(pairs, return_counts=True)
        return np.stack([found // labels, found % labels, counts], 1)

    @cached_property
    def instances(self) -> Mapping[int, Instance]:
        """The instances by id."""
        found: dict[int, Instance] = {}
        sizes: dict[int, int] = {}
        for instance, label, pixels in sorted(self.pairs.tolist(), key=lambda pair: -pair[2]):
            found.setdefault(instance, Instance(label, 0))
            sizes[instance] = sizes.get(instance, 0) + pixels
        return {each: found[each]._replace(pixels=sizes[each]) for each in sorted(found)}

    def mask(self, instance: int) -> np.ndarray:
        """The pixels (H, W) bool of an instance. Raises DataError where the scene has none of that id."""
        if instance not in self.instances:
            raise DataError(f"instance {instance} is not in this scene, which has {_ids(self.instances)}")
        return self.instance == instance

    def largest(self, label: int) -> int:
        """The instance of a label with most pixels. Raises DataError where the scene has none."""
        own = {each: found.pixels for each, found in self.instances.items() if found.label == label}
        if not own:
            raise DataError(f"the scene has no instance of label {label}")
        return max(own, key=own.get)

    def changed(self, other: "State") -> np.ndarray:
        """Where (H, W) bool the maps differ from those of another state of the same size."""
        return (self.label != other.label) | (self.instance != other.instance)

    def share(self, instance: int) -> float:
        """The share of the scene's pixels that an instance has, above 0 to 1."""
        return self.instances[instance].pixels / self.label.size

    def anchored(self) -> "State":
        """The same as its own anchor."""
        return self if self.anchor is None else replace(self, anchor=None)


def _ids(ids: Sequence[int]) -> str:
    """Up to thirty ids in words."""
    ids = list(map(str, ids))
    return ", ".join(ids[:30]) + (f" and {len(ids) - 30} more" if len(ids) > 30 else "")
