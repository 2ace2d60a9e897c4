"""The edits: each a pure function from one state to the next.

An edit is plain data: `edit` names the operation, the other keys are its arguments. Coordinates are pixels,
`[x, y]` from the upper left corner; classes are given by name or id, instances by id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from synthkit import build
from synthkit.editing import painting
from synthkit.editing.arguments import coordinates, line, pixel, place, positive
from synthkit.editing.scenery import Scenery
from synthkit.editing.state import ALL, Look, State
from synthkit.errors import ConfigError, DataError, did_you_mean, shown

MOST_CHANGED = 1 / 8  # share of a scene up to which it is still the same, for the statistics of norms
LARGEST = 2**16 - 1  # id in a PNG of 16 bits
KEY = "edit"


def apply(scenery: Scenery, state: State, edit: Mapping) -> State:
    """The state after an edit.

    Raises ConfigError for an operation that there is not, and for missing, unknown and mistyped arguments;
    DataError for what is not in the scene.
    """
    operation = find(edit)
    return build.call(operation, build.without(edit, KEY), scenery=scenery, state=state)


def find(edit: Mapping) -> Callable:
    """The operation that an edit names. Raises ConfigError where there is none of that name."""
    build.check_mapping(edit)
    name = build.need(edit, KEY)
    if not isinstance(name, str) or name not in OPERATIONS:
        raise ConfigError(
            f"edit {shown(name)} is none.{did_you_mean(name, OPERATIONS)} There are: {', '.join(OPERATIONS)}",
            build.where(edit, KEY),
        )
    return OPERATIONS[name]


def change_label(scenery: Scenery, state: State, *, instance: int, to: str | int) -> State:
    """Give an instance another class. It keeps its id, and loses the style of its old class."""
    return _painted(state, state.mask(instance), scenery.label(to), instance)


def add_object(
    scenery: Scenery,
    state: State,
    *,
    at: Sequence[float],
    object: str | None = None,
    mask: np.ndarray | None = None,
    label: str | int | None = None,
    scale: float = 1.0,
    flip: bool = False,
) -> State:
    """Set an object down, the middle of its box at `at`, as a new instance.

    `object` is one of the library, in its own style, as high in this scene as in its own where scale is 1.
    In its place a `mask` (h, w) of 0 and 1 with a `label`, pixel for pixel where scale is 1.
    """
    if (object is None) == (mask is None) or (mask is None) != (label is None):
        raise ConfigError("give either object, or mask and label")
    new, looks = _new_id(scenery, state), state.looks
    if object is not None:
        found = scenery.object(object)
        mask, label, scale = found.mask, found.label, positive("scale", scale) * state.height / found.height
        if found.code is not None and scenery.styles == "instance":
            looks = {**looks, new: Look(code=found.code)}
            scenery.check(looks[new], label)
    return _painted(state, place(mask, at, scale, flip, state), scenery.label(label), new, looks=looks)


def remove_object(scenery: Scenery, state: State, *, instance: int) -> State:
    """Take an instance away. Each pixel takes label and instance of the nearest pixel of what surrounds it.

    That is every instance of another class that has no fewer pixels; where there is none such, any other.
    """
    return _next(state, *_filled(state, instance))


def move_object(
    scenery: Scenery,
    state: State,
    *,
    instance: int,
    by: Sequence[float] = (0, 0),
    scale: float = 1.0,
    flip: bool = False,
) -> State:
    """Move an instance by [dx, dy], make it larger or smaller around its middle, mirror it.

    It keeps id and style. Its old place is filled as by `remove_object`.
    """
    mask, (dx, dy) = state.mask(instance), coordinates("by", [by])[0]
    rows, columns = box = painting.box_of(mask)
    middle = ((columns.start + columns.stop - 1) / 2 + dx, (rows.start + rows.stop - 1) / 2 + dy)
    moved = place(mask[box], middle, scale, flip, state)
    label, ids = _filled(state, instance)
    label[moved], ids[moved] = state.instances[instance].label, instance
    return _next(state, label, ids)


def stroke(
    scenery: Scenery,
    state: State,
    *,
    points: Sequence[Sequence[float]],
    width: float,
    label: str | int,
    new: bool = False,
) -> State:
    """Paint a line with round ends, `width` pixels wide; one point is a disc.

    It joins the instance of that label that it covers and touches most. Where there is none, or if `new`, it
    is an instance of its own.
    """
    return _brushed(scenery, state, line(points, width, state), label, new)


def erase(scenery: Scenery, state: State, *, points: Sequence[Sequence[float]], width: float) -> State:
    """Give the pixels under a stroke the label and the instance that they had when the scene was opened.

    An instance that this brings back, or its class, has its style of then, too.
    """
    mask, opening = line(points, width, state), scenery.opening
    label, ids = (np.where(mask, *pair) for pair in zip(_maps(opening), _maps(state), strict=True))
    after = _next(state, label, ids)
    back = {
        each: look
        for each, look in opening.looks.items()
        if _label(after, each) == _label(opening, each) != _label(state, each)
    }
    return replace(after, looks={**after.looks, **back}) if back else after


def fill(
    scenery: Scenery, state: State, *, point: Sequence[float], label: str | int, new: bool = False
) -> State:
    """Give another label to the area of one label and instance around a pixel; it joins as `stroke`."""
    x, y = pixel("point", point, state)
    same = (state.label == state.label[y, x]) & (state.instance == state.instance[y, x])
    return _brushed(scenery, state, painting.area(same, x, y), label, new)


def set_style(
    scenery: Scenery,
    state: State,
    *,
    instance: int | None = None,
    label: str | int | None = None,
    cluster: int | None = None,
    seed: int | None = None,
    code: Sequence[float] | None = None,
) -> State:
    """Give an instance, or all of a class, a style: a cluster of the class, a draw by a seed, or numbers.

    The label "all" stands for every class. A class's style takes the place of those of its instances, and
    the scene is rendered anew, statistics of norms included; an instance's leaves all else as it is, unless
    it covers more than an eighth of the scene.
    """
    if (instance is None) == (label is None):
        raise ConfigError("give either instance or label")
    look = Look(cluster, seed, None if code is None else tuple(map(float, code)))
    if instance is not None:
        state.mask(instance)
        scenery.check(look, state.instances[instance].label)
        anchor = (state.anchor or state) if state.share(instance) <= MOST_CHANGED else None
        return replace(state, looks={**state.looks, instance: look}, anchor=anchor)
    label = scenery.class_label(label)
    scenery.check(look, label)
    return _class_styled(state, label, look)


def settle(scenery: Scenery, state: State) -> State:
    """Render the scene anew, statistics of norms included, and hold these from now on."""
    return state.anchored()


OPERATIONS: dict[str, Callable] = {
    each.__name__: each
    for each in (
        change_label, add_object, remove_object, move_object, stroke, erase, fill, set_style, settle,
    )
}  # fmt: skip


def _class_styled(state: State, label: int, look: Look) -> State:
    """The state with the look for a label, or ALL, in place of those of instances, and as its own anchor."""
    if label == ALL:
        return replace(state, looks={}, class_looks={ALL: look}, anchor=None)
    others = {each: own for each, own in state.looks.items() if state.instances[each].label != label}
    return replace(state, looks=others, class_looks={**state.class_looks, label: look}, anchor=None)


def _brushed(scenery: Scenery, state: State, mask: np.ndarray, label: str | int, new: bool) -> State:
    """The state with a mask painted in a class, as part of the instance that it belongs to."""
    label = scenery.label(label)
    joined = None if new else _beside(state, mask, label)
    return _painted(state, mask, label, _new_id(scenery, state) if joined is None else joined)


def _beside(state: State, mask: np.ndarray, label: int) -> int | None:
    """The instance of a label with most pixels in or beside a mask; the lowest id of several."""
    box = painting.grown(painting.box_of(mask), 1, mask.shape)
    there = painting.around(mask[box]) & (state.label[box] == label)
    ids, counts = np.unique(state.instance[box][there], return_counts=True)
    return int(ids[counts.argmax()]) if len(ids) else None


def _filled(state: State, instance: int) -> tuple[np.ndarray, np.ndarray]:
    """Label and instance map without an instance, as `remove_object` fills it."""
    mask = state.mask(instance)
    rows, columns = painting.nearest(mask, _surroundings(state, instance))
    label, ids = (each.copy() for each in _maps(state))
    label[mask], ids[mask] = state.label[rows, columns], state.instance[rows, columns]
    return label, ids


def _surroundings(state: State, instance: int) -> np.ndarray:
    """The pixels (H, W) bool that may fill an instance's place. Raises DataError where there are none."""
    own = state.instances[instance]
    others = {each: found for each, found in state.instances.items() if each != instance}
    if not others:
        raise DataError(f"instance {instance} is all there is in this scene: nothing could fill its place")
    larger = [
        each for each, found in others.items() if found.label != own.label and found.pixels >= own.pixels
    ]
    return np.isin(state.instance, larger or list(others))


def _new_id(scenery: Scenery, state: State) -> int:
    """One above the largest id, as long as 16 bits hold it; then the lowest that is not in use.

    Those of the scene as it was opened are in use, for `erase` brings them back.
    """
    used = state.instances.keys() | scenery.opening.instances.keys()
    largest = max(used)
    return largest + 1 if largest < LARGEST else next(free for free in count() if free not in used)


def _painted(
    state: State, mask: np.ndarray, label: int, instance: int, looks: Mapping | None = None
) -> State:
    labels, ids = (each.copy() for each in _maps(state))
    labels[mask], ids[mask] = label, instance
    return _next(state, labels, ids, looks)


def _next(state: State, label: np.ndarray, ids: np.ndarray, looks: Mapping | None = None) -> State:
    """The state with other maps. An instance that has become one of another class loses its look."""
    for array in (label, ids):
        array.flags.writeable = False  # so that the state need not copy them
    looks = state.looks if looks is None else looks
    after = State(label, ids, looks, state.class_looks, _anchor(state, label, ids))
    kept = {
        each: look for each, look in after.looks.items() if _label(state, each) in (None, _label(after, each))
    }
    return after if len(kept) == len(after.looks) else replace(after, looks=kept)


def _label(state: State, instance: int) -> int | None:
    """The label of an instance, if it is there."""
    return state.instances[instance].label if instance in state.instances else None


def _anchor(before: State, label: np.ndarray, ids: np.ndarray) -> State | None:
    """The state whose statistics are held after an edit; None where it has become another scene.

    Those of a scene of one area say nothing about others.
    """
    anchor = before.anchor or before
    changed = np.mean((label != anchor.label) | (ids != anchor.instance))
    return anchor if len(anchor.instances) > 1 and changed <= MOST_CHANGED else None


def _maps(state: State) -> tuple[np.ndarray, np.ndarray]:
    return state.label, state.instance
