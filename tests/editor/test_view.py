"""What a page is told of a scene, against the maps themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthkit.data.streets import paint
from synthkit.editing import Look, State
from synthkit.editing.state import ALL
from synthkit.editor import view


def decoded(told, box):
    """The maps in a box, pixel by pixel, from its regions and runs."""
    regions, runs = told["regions"], told["runs"]
    pixels = [
        regions[region] for region, length in zip(runs[::2], runs[1::2], strict=True) for _ in range(length)
    ]
    return np.array(pixels).reshape(box.height, box.width, 2)


def small(label, instance):
    return State(label % 3, instance % 4 * 20_000)


MAPS = arrays.arrays(
    np.int32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 9)
)


@given(MAPS, st.data())
@settings(deadline=None, max_examples=80)
def test_runs_tell_every_pixel_of_a_box(maps, data):
    state = small(maps, maps // 2)
    x, y = data.draw(st.integers(0, state.width - 1)), data.draw(st.integers(0, state.height - 1))
    box = view.Box(
        x, y, data.draw(st.integers(1, state.width - x)), data.draw(st.integers(1, state.height - y))
    )
    there = decoded(view.maps(state, box), box)
    rows, columns = slice(y, y + box.height), slice(x, x + box.width)
    assert np.array_equal(there[..., 0], state.label[rows, columns])
    assert np.array_equal(there[..., 1], state.instance[rows, columns])


@given(MAPS, st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_the_changed_box_is_the_smallest(maps, seed):
    chance = np.random.default_rng(seed)
    before = small(maps, maps)
    other = np.where(chance.random(maps.shape) < 0.1, maps + 1, maps)
    after = small(other, other)
    where = np.argwhere((before.label != after.label) | (before.instance != after.instance))
    box = view.changed_box(before, after)
    if not len(where):
        assert box == (0, 0, 0, 0)
        return
    (top, left), (bottom, right) = where.min(0), where.max(0) + 1
    assert box == (left, top, right - left, bottom - top)


@given(MAPS)
@settings(deadline=None, max_examples=80)
def test_each_instance_has_its_box_its_pixels_and_its_label(maps):
    state = small(maps, maps // 2)
    told = view.instances(state)
    assert [each["id"] for each in told] == np.unique(state.instance).tolist()
    for each in told:
        rows, columns = np.nonzero(state.instance == each["id"])
        sides = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert each["box"] == sides and each["pixels"] == len(rows)
        assert each["label"] == np.bincount(state.label[rows, columns]).argmax()


def test_looks_are_told():
    maps = np.array([[0, 1]])
    looks = {"looks": {1: Look(cluster=3)}, "class_looks": {ALL: Look(seed=2), 1: Look(code=(0.5, 1.0))}}
    state = State(maps, maps, **looks)
    assert [each["look"] for each in view.instances(state)] == [None, {"cluster": 3}]
    assert view.class_looks(state) == {"all": {"seed": 2}, "1": {"code": [0.5, 1.0]}}


def test_a_scene_of_another_size_is_told_whole():
    first, second = State(np.zeros((4, 5)), np.zeros((4, 5))), State(np.zeros((4, 6)), np.zeros((4, 6)))
    assert view.changed_box(first, second) == view.whole(second) == (0, 0, 6, 4)


@pytest.mark.parametrize("size", [(1024, 2048)])
def test_a_large_scene_takes_few_runs(size):
    painted = paint(3, *size)
    state = State(painted.label, painted.instance)
    assert len(view.maps(state, view.whole(state))["runs"]) < size[0] * size[1] / 20
