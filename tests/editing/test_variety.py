"""The few that stand for many."""

import numpy as np

from synthkit.editing.variety import varied

SHAPES = {
    "square": lambda y, x: x >= 0,
    "slope": lambda y, x: x >= y,
    "wedge": lambda y, x: y >= x,
    "cut": lambda y, x: (x < 0.4) & (y < 0.4) | (y > 0.8),
}


def mask(shape: str, side: int) -> np.ndarray:
    return SHAPES[shape](*((np.indices((side, side)) + 0.5) / side))


def plain(masks) -> np.ndarray:
    """Codes of things that have no style."""
    return np.zeros((len(masks), 0))


def test_shapes_are_different_and_none_is_odd():
    """Three shapes and an odd one: one of each, and the odd one never."""
    shapes = [shape for shape in ("square", "slope", "wedge") for _ in range(8)]
    masks = [mask(shape, 12 + 2 * (place % 8)) for place, shape in enumerate(shapes)]
    masks.append(mask("cut", 40))
    assert sorted(shapes[place] for place in varied(masks, plain(masks), 3)) == ["slope", "square", "wedge"]
    assert len(masks) - 1 not in varied(masks, plain(masks), 12)


def test_styles_are_different_the_most_common_first():
    codes = np.array([[0.0]] * 9 + [[5.0]] * 6)
    masks = [mask("square", 16)] * 15
    assert [codes[place, 0] for place in varied(masks, codes, 2)] == [0, 5]
    assert len(varied(masks, codes, 12)) == 2  # no more than there are


def test_of_alike_ones_the_largest_of_the_middle_is_taken():
    masks = [mask("square", side) for side in (10, 11, 12, 13, 14)]
    (place,) = varied(masks, plain(masks), 1)
    sizes = np.log([side**2 for side in (10, 11, 12, 13, 14)])
    near = np.flatnonzero(abs(sizes - sizes.mean()) <= np.median(abs(sizes - sizes.mean())))
    assert place == near.max() and 0 < place < 4


def test_one_thing_stands_for_itself():
    assert varied([mask("slope", 9)], np.ones((1, 3)), 5) == [0]
