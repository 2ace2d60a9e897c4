"""Instances that change their class, come, go and move: exact maps of small drawings."""

import numpy as np
import pytest
from small_scenes import CAR, ROAD, SKY, TREE, Drawing, library, mask_of, same_maps

from synthkit.editing import Look, State
from synthkit.errors import SynthkitError


def test_another_class_keeps_the_id():
    scene = Drawing()
    scene.edit("change_label", instance=2000, to="tree")
    assert scene.shows(
        """
        ssssssssss
        ssssssttss
        ssnCsstTss
        ssnCsstTss
        rrrrrrrrrr
        rrrrrrrrrr
        """,
        n=(TREE, 2000),
    )
    scene.edit("change_label", instance=2000, to=CAR)
    assert same_maps(scene.state, scene.opening)


def test_another_class_drops_the_look_of_the_old_one():
    scene = Drawing()
    for instance in (2000, 2001):
        scene.edit("set_style", instance=instance, cluster=1)
    scene.edit("change_label", instance=2000, to="tree")
    assert scene.state.looks == {2001: Look(cluster=1)}


L_SHAPE = """
    #..
    #..
    ###
"""
ADDED = """
    ssssssssss
    ssssssttss
    sscCnstTss
    sscCnstTss
    rrrrnnnrrr
    rrrrrrrrrr
"""
NEW = 3002  # one above the largest


def test_a_mask_is_set_down_around_its_middle():
    scene = Drawing()
    scene.edit("add_object", mask=mask_of(L_SHAPE), label="car", at=[5, 3])
    assert scene.shows(ADDED, n=(CAR, NEW))
    assert not scene.state.looks


def test_a_mask_may_be_numbers():
    scene = Drawing()
    scene.edit("add_object", mask=mask_of(L_SHAPE).astype(np.uint8), label="car", at=(5.0, 3.0))
    assert scene.shows(ADDED, n=(CAR, NEW))


def test_a_mask_is_mirrored_and_cut_off_at_the_border():
    scene = Drawing()
    scene.edit("add_object", mask=mask_of(L_SHAPE), label="car", at=[0, 0], flip=True)
    assert scene.shows(
        """
        snssssssss
        nnssssttss
        sscCsstTss
        sscCsstTss
        rrrrrrrrrr
        rrrrrrrrrr
        """,
        n=(CAR, NEW),
    )


def test_a_mask_is_scaled_around_its_middle():
    scene = Drawing()
    scene.edit("add_object", mask=mask_of("##\n##"), label="car", at=[4.5, 2.5], scale=2)
    assert scene.shows(
        """
        ssssssssss
        sssnnnntss
        sscnnnnTss
        sscnnnnTss
        rrrnnnnrrr
        rrrrrrrrrr
        """,
        n=(CAR, NEW),
    )
    scene = Drawing()
    scene.edit("add_object", mask=np.ones((6, 3), bool), label="car", at=[4, 0.5], scale=1 / 3)
    assert scene.shows(
        """
        ssssnsssss
        ssssnsttss
        sscCsstTss
        sscCsstTss
        rrrrrrrrrr
        rrrrrrrrrr
        """,
        n=(CAR, NEW),
    )


def test_a_mask_of_empty_borders_lies_by_its_box():
    scene = Drawing()
    scene.edit("add_object", mask=np.pad(mask_of(L_SHAPE), ((0, 4), (2, 5))), label="car", at=[5, 3])
    assert scene.shows(ADDED, n=(CAR, NEW))


def test_an_object_is_as_high_as_in_its_own_scene_and_brings_its_style():
    """Its scene has twelve lines and this one six: half the size at scale 1."""
    for scale, rows in ((1, (2, 4)), (2, (1, 5)), (0.5, (2, 3))):
        scene = Drawing(objects=library(oak="####\n####\n####\n####"))
        middle = (rows[0] + rows[1] - 1) / 2
        scene.edit("add_object", object="oak", at=[4 + (rows[1] - rows[0] - 1) / 2, middle], scale=scale)
        expected = scene.opening.instance.copy()
        expected[rows[0] : rows[1], 4 : 4 + rows[1] - rows[0]] = NEW
        assert np.array_equal(scene.state.instance, expected)
        assert (scene.state.label[expected == NEW] == TREE).all()
        assert scene.state.looks == {NEW: Look(code=(0.1, 0.2, 0.3))}


def test_a_model_without_styles_takes_objects_without_theirs():
    scene = Drawing(objects=library(oak="##\n##"), styles="none", width=0)
    scene.edit("add_object", object="oak", at=[4, 3])
    assert not scene.state.looks and (scene.state.instance == NEW).sum() == 1


def surroundings(state: State, instance: int) -> np.ndarray:
    """By the words of the operation: pixels of other instances that may fill the place of one."""
    sizes = {each: (state.instance == each).sum() for each in np.unique(state.instance)}
    classes = {each: np.bincount(state.label[state.instance == each]).argmax() for each in sizes}
    large = [
        each
        for each in sizes
        if each != instance and classes[each] != classes[instance] and sizes[each] >= sizes[instance]
    ]
    return np.isin(state.instance, large or [each for each in sizes if each != instance])


def without(state: State, instance: int) -> tuple[np.ndarray, np.ndarray]:
    """Label and instance with one removed, pixel by pixel."""
    label, ids = state.label.copy(), state.instance.copy()
    sources = np.argwhere(surroundings(state, instance))  # by row, then by column
    for row, column in np.argwhere(state.instance == instance):
        distances = ((sources - (row, column)) ** 2).sum(1)
        nearest = tuple(sources[distances.argmin()])  # the first of equal ones
        label[row, column], ids[row, column] = state.label[nearest], state.instance[nearest]
    return label, ids


def test_what_surrounds_an_instance_fills_its_place():
    scene = Drawing()
    scene.edit("remove_object", instance=3000)
    assert scene.shows(
        """
        ssssssssss
        ssssssssss
        sscCsssTss
        sscCsssTss
        rrrrrrrrrr
        rrrrrrrrrr
        """
    )
    scene.edit("remove_object", instance=2000)
    assert not np.isin(scene.state.instance, 2000).any()
    assert scene.state.instance[2, 2] == SKY and scene.state.instance[3, 2] in (SKY, ROAD)


@pytest.mark.parametrize("seed", range(12))
def test_a_place_is_filled_as_a_double_loop_fills_it(seed):
    """Scenes of random rectangles; among the instances are pieces, small ones, and one of two classes."""
    draw = np.random.default_rng(seed)
    label, ids = np.zeros((2, 14, 17), int)
    for instance in range(1, 7):
        top, left = draw.integers(0, 12, 2)
        box = np.s_[top : top + draw.integers(1, 9), left : left + draw.integers(1, 9)]
        label[box], ids[box] = draw.integers(0, 4), instance
    state = State(label, ids)
    for instance in np.unique(ids).tolist():
        scene = Drawing()
        scene.states = [state]
        after = scene.edit("remove_object", instance=instance)
        expected = without(state, instance)
        assert np.array_equal(after.label, expected[0]) and np.array_equal(after.instance, expected[1])


def test_where_nothing_large_is_left_anything_fills():
    scene = Drawing("sssct", {})
    scene.edit("remove_object", instance=0)
    assert scene.shows("cccct")


def test_all_of_a_scene_cannot_be_removed():
    scene = Drawing("ss\nss")
    with pytest.raises(SynthkitError):
        scene.edit("remove_object", instance=0)


def test_an_instance_moves_and_keeps_id_and_look():
    scene = Drawing()
    scene.edit("set_style", instance=3000, cluster=2)
    scene.edit("move_object", instance=3000, by=[-2, 2])
    assert scene.shows(
        """
        ssssssssss
        ssssssssss
        sscCsssTss
        sscCttsTss
        rrrrtrrrrr
        rrrrtrrrrr
        """
    )
    assert scene.state.looks == {3000: Look(cluster=2)}


def test_an_instance_is_mirrored_and_scaled_in_its_place():
    scene = Drawing("ssssss\nsttsss\nstssss\nssssss\nssssss")
    scene.edit("move_object", instance=3000, by=[0, 0], flip=True)
    assert scene.shows("ssssss\nsttsss\nsstsss\nssssss\nssssss")
    scene = Drawing("ssssss\nsstsss\nssssss\nssssss")
    scene.edit("move_object", instance=3000, by=[1, 1], scale=3)
    assert scene.shows("ssssss\nssttts\nssttts\nssttts")


def test_an_instance_is_cut_off_at_the_border_but_not_lost():
    scene = Drawing()
    scene.edit("move_object", instance=3001, by=[2, 3])
    assert scene.state.instance[5, 9] == 3001 and (scene.state.instance == 3001).sum() == 1
    with pytest.raises(SynthkitError, match="outside"):
        scene.edit("move_object", instance=3001, by=[1, 0])


def test_a_move_onto_itself_leaves_what_lay_around():
    """What a moved instance hides is gone; what it uncovers is filled."""
    scene = Drawing("ssss\nsctr\nssss")
    scene.edit("move_object", instance=2000, by=[1, 0])
    assert scene.shows("ssss\nsscr\nssss")
