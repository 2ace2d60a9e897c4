"""Painting: strokes, eraser and fill, and which instance painted pixels belong to."""

import numpy as np
import pytest
from small_scenes import CAR, LETTERS, ROAD, SKY, TREE, Drawing, drawn, mask_of, same_maps


def distance(x: float, y: float, start, end) -> float:
    """From a point to the line between two others."""
    ax, ay, dx, dy = *start, end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = 0 if length == 0 else min(1, max(0, ((x - ax) * dx + (y - ay) * dy) / length))
    return ((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2) ** 0.5


def painted(shape, points, width: float) -> np.ndarray:
    """A stroke's pixels (H, W), one after the other."""
    lines = list(zip(points[:-1], points[1:], strict=True)) or [(points[0], points[0])]
    inside = [
        [min(distance(x, y, *line) for line in lines) <= width / 2 for x in range(shape[1])]
        for y in range(shape[0])
    ]
    return np.array(inside)


STROKES = [
    ([[4, 3]], 1),
    ([[4, 3]], 5),
    ([[4.5, 3.5]], 2.5),
    ([[1, 1], [14, 8]], 3),
    ([[1, 1], [14, 1], [14, 9], [2, 7]], 2),
    ([[-3, 4], [22, 6.25]], 4),
    ([[3, 3], [3, 3], [9, 3]], 1),
    ([[5, 2], [5, 2]], 3),
    ([[2.2, 9.7], [8.3, 0.1], [15.9, 9.9]], 1.5),
]


@pytest.mark.parametrize(("points", "width"), STROKES)
def test_a_stroke_has_the_pixels_near_its_line(points, width):
    scene = Drawing("\n".join(["s" * 17] * 11))
    inside = painted((11, 17), points, width)
    scene.edit("stroke", points=points, width=width, label="car")
    assert inside.any() and not inside.all()
    assert np.array_equal(scene.state.label, np.where(inside, CAR, SKY))
    assert np.array_equal(scene.state.instance, np.where(inside, 1, 0))


def test_a_stroke_has_round_ends():
    scene = Drawing("\n".join(["s" * 9] * 7))
    scene.edit("stroke", points=[[3, 3], [5, 3]], width=4, label="tree")
    assert scene.shows(
        """
        sssssssss
        sssnnnsss
        ssnnnnnss
        snnnnnnns
        ssnnnnnss
        sssnnnsss
        sssssssss
        """,
        n=(TREE, 1),
    )


def test_strokes_join_the_instance_that_they_touch():
    scene = Drawing()
    scene.edit("stroke", points=[[8, 2], [8, 3]], width=1, label="tree")
    assert scene.shows(
        """
        ssssssssss
        ssssssttss
        sscCsstTTs
        sscCsstTTs
        rrrrrrrrrr
        rrrrrrrrrr
        """
    )
    scene.edit("stroke", points=[[5, 0], [5, 2]], width=1, label="tree")
    assert (scene.state.instance[:3, 5] == 3000).all()


def test_strokes_join_the_instance_that_they_touch_or_cover_most():
    """Of the left car a pixel is covered and one touched, of the right one two are and one."""
    scene = Drawing("ssssss\nsccCCs\nssssCs\nssssCs\nssssss")
    scene.edit("stroke", points=[[2, 1], [4, 1]], width=1, label="car")
    assert (scene.state.instance[1, 2:5] == 2001).all() and scene.state.instance[1, 1] == 2000


def test_strokes_elsewhere_and_new_ones_get_new_ids():
    apart = [[0, 0], [1, 0]]
    for given, points in (({}, apart), ({"new": True}, apart), ({"new": True}, [[8, 2], [8, 3]])):
        scene = Drawing()
        scene.edit("stroke", points=points, width=1, label="tree", **given)
        assert [scene.state.instance[y, x] for x, y in points] == [3002, 3002]
        scene.edit("stroke", points=[[4, 5]], width=1, label="tree")
        assert scene.state.instance[5, 4] == 3003


def test_no_new_one_takes_the_id_of_one_that_the_eraser_can_bring_back():
    scene = Drawing()
    scene.edit("remove_object", instance=3001)
    scene.edit("add_object", mask=mask_of("#"), label="car", at=[0, 0])
    assert scene.state.instance[0, 0] == 3002
    scene.edit("erase", points=[[6, 2]], width=20)
    assert same_maps(scene.state, scene.opening)


def test_corners_do_not_touch():
    scene = Drawing("ssss\nsCss\nssss")
    scene.edit("stroke", points=[[2, 2]], width=1, label="car")
    assert scene.state.instance[2, 2] == 2002


def test_another_class_is_no_neighbour():
    scene = Drawing()
    scene.edit("stroke", points=[[8, 2]], width=1, label="car")
    assert scene.state.instance[2, 8] == 3002


def test_ids_that_would_pass_sixteen_bits_are_the_lowest_that_are_free():
    letters = {"m": (CAR, 2**16 - 1), "b": (TREE, 1), "d": (TREE, 3)}
    scene = Drawing("sssss\nsmmbd\nsssss", letters)
    for place, expected in (((0, 0), 2), ((4, 2), 4)):
        scene.edit("stroke", points=[place], width=1, label="road", new=True)
        assert scene.state.instance[place[1], place[0]] == expected


def test_ids_may_reach_the_largest():
    scene = Drawing("sss\nsms\nsss", {"m": (CAR, 2**16 - 2)})
    scene.edit("stroke", points=[[0, 0]], width=1, label="road")
    assert scene.state.instance[0, 0] == 2**16 - 1


def test_the_eraser_brings_back_what_was_there_at_first():
    scene = Drawing()
    scene.edit("stroke", points=[[0, 3], [9, 3]], width=1, label="road")
    scene.edit("remove_object", instance=3001)
    points, width = [[3, 3], [7, 2]], 2.5
    before, under = scene.state, painted((6, 10), points, width)
    scene.edit("erase", points=points, width=width)
    for name in ("label", "instance"):
        first, now = getattr(scene.opening, name), getattr(scene.state, name)
        assert np.array_equal(now, np.where(under, first, getattr(before, name)))
    scene.edit("erase", points=[[5, 3]], width=100)
    assert same_maps(scene.state, scene.opening)


def flooded(state, x: int, y: int) -> set[tuple[int, int]]:
    """The area around a pixel (x, y), by going on to each side in turn."""
    start = (state.label[y, x], state.instance[y, x])
    found: set[tuple[int, int]] = set()

    def visit(row: int, column: int) -> None:
        inside = 0 <= row < state.height and 0 <= column < state.width
        if (row, column) in found or not inside:
            return
        if (state.label[row, column], state.instance[row, column]) == start:
            found.add((row, column))
            for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
                visit(row + step[0], column + step[1])

    visit(y, x)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_fill_takes_the_area_of_one_label_and_instance(seed):
    draw = np.random.default_rng(seed)
    letters = list("srcC" if seed % 2 else "st")
    text = "\n".join("".join(draw.choice(letters, 12)) for _ in range(10))
    x, y = int(draw.integers(12)), int(draw.integers(10))
    scene = Drawing(text)
    rows, columns = np.array(sorted(flooded(scene.opening, x, y))).T
    after = scene.edit("fill", point=[x, y], label="road", new=True)
    label, ids = scene.opening.label.copy(), scene.opening.instance.copy()
    label[rows, columns], ids[rows, columns] = ROAD, ids.max() + 1
    assert np.array_equal(after.label, label) and np.array_equal(after.instance, ids)


def test_fill_joins_as_a_stroke_does():
    scene = Drawing()
    scene.edit("fill", point=[7, 2], label="tree")
    assert (scene.state.instance[2:4, 7] == 3000).all()
    scene.edit("fill", point=[2, 3], label="road")
    assert (scene.state.instance[2:4, 2] == LETTERS["r"][1]).all()
    scene.edit("fill", point=[3, 3], label="tree")
    assert (scene.state.instance[2:4, 3] == 3002).all()  # 3001 stays that of the right tree, which is gone


def test_fill_of_the_same_class_changes_nothing():
    scene = Drawing()
    for point, name in (([0, 0], "sky"), ([9, 5], "road"), ([6, 1], "tree")):
        scene.edit("fill", point=point, label=name)
    assert same_maps(scene.state, scene.opening)


def test_all_of_a_scene_may_be_painted_over():
    scene = Drawing()
    scene.edit("stroke", points=[[5, 3]], width=50, label="sky")
    assert same_maps(scene.state, drawn("\n".join(["s" * 10] * 6)))
