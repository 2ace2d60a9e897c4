"""Scenes drawn by hand: a character a pixel."""

from types import SimpleNamespace

import numpy as np

from synthkit.editing import State
from synthkit.editing.operations import apply
from synthkit.editing.scenery import SceneClass, Scenery

NAMES = ("sky", "road", "car", "tree")
SKY, ROAD, CAR, TREE = range(4)
LETTERS = {
    "s": (SKY, 0),
    "r": (ROAD, 1),
    "c": (CAR, 2000),
    "C": (CAR, 2001),
    "t": (TREE, 3000),
    "T": (TREE, 3001),
}

STREET = """
    ssssssssss
    ssssssttss
    sscCsstTss
    sscCsstTss
    rrrrrrrrrr
    rrrrrrrrrr
"""


def drawn(text: str, more: dict | None = None) -> State:
    """The state of a drawing; a letter is a label and an instance, `more` adds others."""
    letters = LETTERS | (more or {})
    cells = np.array([[letters[letter] for letter in line] for line in text.split()])
    return State(cells[..., 0], cells[..., 1])


def mask_of(text: str) -> np.ndarray:
    """A mask (h, w) bool: # is inside."""
    return np.array([[letter == "#" for letter in line] for line in text.split()])


def library(**masks: str) -> dict:
    """Objects by name: trees in a scene of twelve lines, each with a code of its own."""
    return {
        name: SimpleNamespace(
            name=name, label=TREE, mask=mask_of(mask), height=12, code=(0.1, 0.2, 0.3), thumbnail=None
        )
        for name, mask in masks.items()
    }


class Drawing:
    """A drawing that is edited, with the state after each edit."""

    def __init__(self, text: str = STREET, more: dict | None = None, **given):
        self.letters = LETTERS | (more or {})
        self.opening = drawn(text, more)
        classes = [SceneClass(label, name, (0, 0, label), styles=4) for label, name in enumerate(NAMES)]
        self.scenery = Scenery(self.opening, classes, **{"styles": "instance", "width": 3} | given)
        self.states = [self.opening]

    @property
    def state(self) -> State:
        return self.states[-1]

    def edit(self, name: str, **arguments) -> State:
        self.states.append(apply(self.scenery, self.state, {"edit": name, **arguments}))
        return self.state

    def shows(self, text: str, **more: tuple[int, int]) -> bool:
        """Whether the state is that of another drawing, in whose letters `more` are."""
        return same_maps(self.state, drawn(text, self.letters | more))


def same_maps(first: State, second: State) -> bool:
    return np.array_equal(first.label, second.label) and np.array_equal(first.instance, second.instance)


def same(first: State | None, second: State | None) -> bool:
    """Whether two states are equal in all that they hold."""
    if first is None or second is None:
        return first is second
    looks = first.looks == second.looks and first.class_looks == second.class_looks
    return same_maps(first, second) and looks and same(first.anchor, second.anchor)
