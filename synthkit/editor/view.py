"""What a page is told of a scene: its instances, and its maps as runs over the box that changed."""

from typing import NamedTuple

import numpy as np

from synthkit.editing.state import ALL, State


class Box(NamedTuple):
    """A rectangle of pixels: its left upper corner and its size."""

    x: int
    y: int
    width: int
    height: int


def whole(state: State) -> Box:
    return Box(0, 0, state.width, state.height)


def changed_box(before: State, after: State) -> Box:
    """The smallest box around all pixels whose label or instance differs; without any, of no size.

    All of `after` where the two scenes have different sizes.
    """
    if before.label.shape != after.label.shape:
        return whole(after)
    changed = before.changed(after)
    rows = np.flatnonzero(changed.any(1))
    if not rows.size:
        return Box(0, 0, 0, 0)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(changed[top:bottom].any(0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    return Box(left, top, right - left, bottom - top)


def maps(state: State, box: Box) -> dict:
    """The part of the maps in a box: `regions`, pairs of label and instance, and `runs`, region and length.

    Runs go row by row and end with each row: [region, length, region, length, …].
    """
    rows, columns = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
    start, length = _runs(state.label[rows, columns], state.instance[rows, columns])
    label = state.label[rows, columns].ravel()[start].astype(np.int64)
    keys, region = np.unique(label << 32 | state.instance[rows, columns].ravel()[start], return_inverse=True)
    pairs = np.stack([keys >> 32, keys & 0xFFFFFFFF], 1)
    return {"regions": pairs.tolist(), "runs": np.stack([region, length], 1).ravel().tolist()}


def instances(state: State) -> list[dict]:
    """Each instance: its id, label, box, number of pixels, and its own look or None, by id."""
    boxes = _boxes(state)
    return [
        {
            "id": instance,
            "label": found.label,
            "box": boxes[instance],
            "pixels": found.pixels,
            "look": state.looks[instance].plain() if instance in state.looks else None,
        }
        for instance, found in state.instances.items()
    ]


def class_looks(state: State) -> dict[str, dict]:
    """The looks of classes by id, or by "all"."""
    return {"all" if label == ALL else str(label): look.plain() for label, look in state.class_looks.items()}


def _runs(label: np.ndarray, instance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the runs of equal pixels in maps (H, W) start, as flat indices, and how long they are."""
    starts = np.ones(label.shape, bool)
    starts[:, 1:] = (label[:, 1:] != label[:, :-1]) | (instance[:, 1:] != instance[:, :-1])
    start = np.flatnonzero(starts)
    return start, np.diff(start, append=label.size)


def _boxes(state: State) -> dict[int, Box]:
    """The box around each instance."""
    start, length = _runs(state.label, state.instance)
    row, left = np.divmod(start, state.width)
    ids, place = np.unique(state.instance.ravel()[start], return_inverse=True)
    low = np.full((2, len(ids)), max(state.label.shape))
    high = np.zeros_like(low)
    for axis, (first, last) in enumerate([(left, left + length), (row, row + 1)]):
        np.minimum.at(low[axis], place, first)
        np.maximum.at(high[axis], place, last)
    sides = np.concatenate([low, high - low]).T.tolist()
    return {instance: Box(*side) for instance, side in zip(ids.tolist(), sides, strict=True)}
