"""Instance maps out of label maps and objects: which pixels belong to the same car.

As in Cityscapes, a pixel of an object holds class * 1000 + k, where k counts the objects of its class in this
picture from 0, and every other pixel holds its class id, so that one 16 bit PNG tells both.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from synthkit.errors import DataError

PER_CLASS = 1000
MOST = 999  # objects of one class in one picture
LARGEST = 2**16 - 1
NUMBERINGS = ("class", "running")


class Shape(NamedTuple):
    """The pixels of one object, mask (H, W) bool. What is not `counted`, such as a crowd, gets no number."""

    mask: np.ndarray
    counted: bool = True


def components(label: np.ndarray, things: Collection[int]) -> np.ndarray:
    """The connected components of the classes `things` in `label` (H, W), as an object map (H, W) int32.

    Neighbours touch by a side or a corner. 0 is no object; objects count from 1, class by class in ascending
    order, and within a class from the top down.
    """
    objects = np.zeros(label.shape, np.int32)
    count = 0
    for thing, box in _boxes(label, things):
        parts, found = ndimage.label(label[box] == thing, np.ones((3, 3)), output=np.int32)
        np.add(parts, count, out=objects[box], where=parts > 0)
        count += found
    return objects


def _boxes(label: np.ndarray, things: Collection[int]) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Each of the classes that is there, ascending, and the smallest window (rows, columns) that holds it."""
    largest = min(max(things, default=-1), int(label.max()))
    boxes = ndimage.find_objects(label.astype(np.int32) + 1, max_label=largest + 1) if largest >= 0 else []
    return ((thing, boxes[thing]) for thing in sorted(things) if thing < len(boxes) and boxes[thing])


def paint(size: tuple[int, int], shapes: Iterable[Shape]) -> np.ndarray:
    """Shapes laid over one another, the later ones on top, as an object map (H, W) int32 of `size`."""
    objects = np.zeros(size, np.int32)
    number = 0
    for mask, counted in shapes:
        number += counted
        objects[mask] = number if counted else 0
    return objects


def instance_map(
    label: np.ndarray,
    objects: np.ndarray,
    *,
    things: Collection[int] | None = None,
    numbering: str = "class",
) -> np.ndarray:
    """The instance map (H, W) uint16 of a label map and an object map, both (H, W) integers from 0.

    An object is of the class that most of its visible pixels have in `label`; its pixels of other classes
    are not its own, so that no instance crosses a class. `things` are the classes that have objects, by
    default all. `numbering` says what an object's pixels hold: "class", class * 1000 + k, or "running",
    1000 + k with k over all classes, which class 0 and classes over 64 need.
    Raises DataError for more than 999 objects of a class and for what does not fit into 16 bits.
    """
    if label.shape != objects.shape:
        raise DataError(f"the label map has size {label.shape} and the objects {objects.shape}")
    if label.max() >= PER_CLASS:
        raise DataError(f"class {label.max()}: ids from {PER_CLASS} on stand for objects")
    classes = _classes(label, objects)
    counted = (classes >= 0) & (np.isin(classes, list(things)) if things is not None else True)
    ids = np.zeros(len(classes), np.int64)
    ids[counted] = _running(classes[counted]) if numbering == "running" else _by_class(classes[counted])
    own = counted[objects] & (label == classes[objects])
    return np.where(own, ids[objects], label).astype(np.uint16)


def _classes(label: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """The most common label of each object, -1 for one without a visible pixel and for the none at 0."""
    width = int(label.max()) + 1
    pairs = objects.astype(np.int64) * width + label
    votes = np.bincount(pairs.ravel(), minlength=(int(objects.max()) + 1) * width).reshape(-1, width)
    classes = np.where(votes.any(1), votes.argmax(1), -1)
    classes[0] = -1
    return classes


def _by_class(classes: np.ndarray) -> np.ndarray:
    """class * 1000 + k for objects of these classes, k counting each class's own."""
    ids = np.zeros(len(classes), np.int64)
    for thing in np.unique(classes).tolist():
        own = np.flatnonzero(classes == thing)
        _check_class(thing, len(own))
        ids[own] = thing * PER_CLASS + np.arange(len(own))
    return ids


def _check_class(thing: int, count: int) -> None:
    advice = "numbering: running gives objects the ids from 1000 on, whatever their class"
    if thing == 0:
        raise DataError(f"class 0: its objects would have the ids of classes without objects; {advice}")
    if count > MOST:
        raise DataError(f"class {thing}: {count} objects in one picture, at most {MOST} have ids; {advice}")
    if thing * PER_CLASS + count - 1 > LARGEST:
        raise DataError(f"class {thing}: id {thing * PER_CLASS} and more do not fit into 16 bits; {advice}")


def _running(classes: np.ndarray) -> np.ndarray:
    if PER_CLASS + len(classes) - 1 > LARGEST:
        raise DataError(f"{len(classes)} objects in one picture: their ids do not fit into 16 bits")
    return PER_CLASS + np.arange(len(classes))
