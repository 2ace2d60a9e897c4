"""What is wrong with the arrays of one sample."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from synthkit.data.samples import LARGEST_ID

FOREIGN = 0.05  # share of an instance's pixels that may have another class: maps are drawn by hand
SHOWN = 5


class Finding(NamedTuple):
    """A kind of problem and what to know about it; the place is the caller's to say."""

    kind: str
    message: str


def shape_findings(array: np.ndarray, *, is_map: bool) -> Iterator[Finding]:
    """An array that is no map (H, W) of whole numbers, or no image (H, W, C) of numbers."""
    kinds, shape = ("iu", "(height, width)") if is_map else ("uif", "(height, width, channels)")
    if array.ndim != shape.count(",") + 1 or array.dtype.kind not in kinds or not array.size:
        numbers = "whole numbers" if is_map else "numbers"
        yield Finding("shape", f"{array.shape} {array.dtype}, where {shape} and {numbers} are needed")


def constant_findings(image: np.ndarray) -> Iterator[Finding]:
    """An image (H, W, C) of one value."""
    if image.min() == image.max():
        yield Finding("constant image", f"every value is {image.flat[0]}")


def label_findings(label: np.ndarray, classes: int | None, ignore: int | None) -> Iterator[Finding]:
    """What training would refuse in a label map (H, W), and a map of one class alone."""
    wrong_ids = list(id_findings(label))
    yield from wrong_ids
    if wrong_ids or classes is None:
        return
    wrong = label >= classes
    if ignore is not None:
        wrong &= label != ignore
    if wrong.any():
        values = np.unique(label[wrong]).tolist()
        others = "" if ignore is None else f" and {ignore}"
        message = f"{_first(label, wrong)}{_values(values)}; allowed are 0 to {classes - 1}{others}"
        yield Finding("255 not declared" if values == [255] else "label out of range", message)
    elif label.min() == label.max():
        yield Finding("constant label map", f"every pixel is {label.flat[0]}")


def id_findings(ids: np.ndarray) -> Iterator[Finding]:
    """Ids below 0 or over 2**31 - 1."""
    wrong = (ids < 0) | (ids > LARGEST_ID)
    if wrong.any():
        yield Finding("id out of range", _first(ids, wrong))


def instance_findings(instance: np.ndarray, label: np.ndarray, bits: int) -> Iterator[Finding]:
    """What looks wrong in an instance map beside its label map, both (H, W), when saved with `bits` bits."""
    clipped = (instance == 255) & (label != 255)
    if bits == 8 and clipped.any():
        yield Finding("clipped instance ids", _first(instance, clipped))
    crossing = crossing_instances(instance, label)
    if crossing:
        yield Finding("instance over several classes", f"{len(crossing)} of them: ids {_listed(crossing)}")


def crossing_instances(instance: np.ndarray, label: np.ndarray) -> list[int]:
    """The instance ids of which more than FOREIGN of the pixels have another label than most have.

    Pixels whose id is their label belong to no object.
    """
    objects = instance != label
    if not objects.any():
        return []
    ids, rows = _compact(instance[objects])
    labels, columns = _compact(label[objects])
    votes = np.bincount(rows * len(labels) + columns, minlength=len(ids) * len(labels))
    votes = votes.reshape(len(ids), len(labels))
    return ids[votes.max(1) < (1 - FOREIGN) * votes.sum(1)].tolist()


def source_findings(
    source: np.ndarray, channels: int | None, span: tuple[float, float] | None
) -> Iterator[Finding]:
    """What training would refuse in a source (H, W, C); `channels` and `span` are the model's."""
    found = source.shape[2]
    if channels not in (None, found) and (channels, found) != (3, 1):
        yield Finding("channel count", f"{found} channels, the model wants {channels}")
    if source.dtype.kind == "f" and not np.isfinite(source).all():
        yield Finding("values not finite", _first(source, ~np.isfinite(source)))
    elif span is not None and (source.min() < span[0] or source.max() > span[1]):
        message = f"{source.min():g} to {source.max():g}, allowed are {span[0]:g} to {span[1]:g}"
        yield Finding("values out of range", message)
    elif span is None and (source.dtype.kind == "f" or source.dtype.itemsize > 2):
        yield Finding("range missing", f"{source.dtype} from {source.min():g} to {source.max():g}")


def span_of(source: np.ndarray) -> tuple[float, float] | None:
    """The lowest and highest finite value, if there is any."""
    finite = source[np.isfinite(source)] if source.dtype.kind == "f" else source
    return (float(finite.min()), float(finite.max())) if finite.size else None


def uses_little(kind: str, low: float, high: float) -> bool:
    """Whether values from `low` to `high` are less than half of what 16 bits hold, as 12 bit photos are."""
    return kind in ("uint16", "int16") and max(-low, high) < np.iinfo(kind).max / 2


def count_ids(ids: np.ndarray) -> dict[int, int]:
    """Pixels by id."""
    if ids.max(initial=0) >= 2**16 or ids.min(initial=0) < 0:
        values, counts = np.unique(ids, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))
    counts = np.bincount(ids.ravel())
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _compact(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ids that there are, ascending, and for each pixel (N,) which one it has; sorts only wide ids."""
    flat = ids.ravel()
    if flat.min() < 0 or flat.max() >= 2**20:
        return np.unique(flat, return_inverse=True)
    there = np.zeros(int(flat.max()) + 1, np.intp)
    there[flat] = 1
    return np.flatnonzero(there), (np.cumsum(there) - 1)[flat]


def _first(array: np.ndarray, wrong: np.ndarray) -> str:
    y, x, *channel = (int(part) for part in np.unravel_index(wrong.argmax(), wrong.shape))
    place = f"x={x}, y={y}" + (f", channel {channel[0]}" if channel else "")
    count = int(wrong.sum())
    return f"{array[(y, x, *channel)]} at {place}" + (f" and at {count - 1} more" if count > 1 else "")


def _values(values: list[int]) -> str:
    return f": ids {_listed(values)}" if len(values) > 1 else ""


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values[:SHOWN])) + (" …" if len(values) > SHOWN else "")
