"""Styles of instances and classes, and the state whose statistics hold."""

from dataclasses import replace

import pytest
from small_scenes import CAR, ROAD, TREE, Drawing, library, same, same_maps

from synthkit.editing import Look
from synthkit.editing.state import ALL
from synthkit.errors import SynthkitError

STYLES = ({"cluster": 3}, {"seed": 7}, {"code": [0.5, -1.0, 2.0]})


@pytest.mark.parametrize("style", STYLES)
def test_an_instance_gets_a_style(style):
    scene = Drawing()
    scene.edit("set_style", instance=2000, **style)
    assert {each: look.plain() for each, look in scene.state.looks.items()} == {2000: style}
    assert not scene.state.class_looks and same_maps(scene.state, scene.opening)


def test_a_later_style_replaces_an_earlier_one():
    scene = Drawing()
    for style in STYLES:
        scene.edit("set_style", instance=2000, **style)
    scene.edit("set_style", instance=2001, seed=0)
    assert scene.state.looks == {2000: Look(code=(0.5, -1.0, 2.0)), 2001: Look(seed=0)}


@pytest.mark.parametrize("name", ["car", CAR])
def test_the_style_of_a_class_replaces_those_of_its_instances(name):
    scene = Drawing()
    for instance in (2000, 2001, 3000):
        scene.edit("set_style", instance=instance, cluster=1)
    scene.edit("set_style", label=name, cluster=2)
    assert scene.state.class_looks == {CAR: Look(cluster=2)}
    assert scene.state.looks == {3000: Look(cluster=1)}
    scene.edit("set_style", label="tree", seed=5)
    assert scene.state.class_looks == {CAR: Look(cluster=2), TREE: Look(seed=5)} and not scene.state.looks


def test_the_style_of_all_replaces_every_other():
    scene = Drawing()
    scene.edit("set_style", label="car", cluster=2)
    scene.edit("set_style", instance=3000, cluster=1)
    scene.edit("set_style", label="all", seed=9)
    assert scene.state.class_looks == {ALL: Look(seed=9)} and not scene.state.looks
    scene.edit("set_style", label="car", cluster=0)
    assert scene.state.class_looks == {ALL: Look(seed=9), CAR: Look(cluster=0)}


def test_an_image_of_a_single_style_takes_one_for_all():
    scene = Drawing(styles="image", width=3)
    scene.edit("set_style", label="all", seed=4)
    assert scene.state.class_looks == {ALL: Look(seed=4)}
    scene.edit("set_style", label="all", code=[1, 2, 3])
    assert scene.state.class_looks == {ALL: Look(code=(1.0, 2.0, 3.0))}
    for wrong in ({"instance": 2000, "seed": 1}, {"label": "car", "seed": 1}, {"label": "all", "cluster": 0}):
        with pytest.raises(SynthkitError, match="single style"):
            scene.edit("set_style", **wrong)


def test_styles_of_instances_hold_the_statistics_from_before():
    scene = Drawing()
    scene.edit("set_style", instance=2000, cluster=3)
    scene.edit("set_style", instance=3000, cluster=1)
    assert same(scene.state.anchor, scene.opening)


def test_the_style_of_a_class_is_rendered_anew():
    for label in ("car", "all"):
        scene = Drawing()
        scene.edit("set_style", instance=3000, cluster=3)
        scene.edit("set_style", label=label, seed=1)
        assert scene.state.anchor is None
        anew = scene.state
        scene.edit("set_style", instance=2000, seed=1)
        assert same(scene.state.anchor, anew)


def test_a_settled_scene_is_rendered_anew():
    scene = Drawing()
    scene.edit("set_style", instance=2000, cluster=3)
    before = scene.state
    scene.edit("settle")
    assert scene.state.anchor is None and same_maps(scene.state, before)
    assert scene.state.looks == before.looks
    settled = scene.state
    scene.edit("set_style", instance=3000, cluster=1)
    assert same(scene.state.anchor, settled)


def test_what_the_model_ignores_may_have_a_look_and_has_no_clusters():
    scene = Drawing("ss\nsv", {"v": (255, 9)})
    scene.edit("set_style", instance=9, seed=1)
    with pytest.raises(SynthkitError, match="cluster 0 of label 255"):
        scene.edit("set_style", instance=9, cluster=0)


def styled_at_opening() -> Drawing:
    scene = Drawing()
    opening = replace(scene.opening, looks={2000: Look(code=(1.0, 2.0, 3.0)), 2001: Look(cluster=1)})
    scene.scenery, scene.states = replace(scene.scenery, opening=opening), [opening]
    return scene


def test_an_instance_that_is_erased_to_its_class_of_old_has_its_look_of_then():
    scene = styled_at_opening()
    scene.edit("change_label", instance=2000, to="tree")
    scene.edit("set_style", instance=2000, cluster=3)
    scene.edit("erase", points=[[4, 2]], width=20)
    assert same(scene.state, replace(scene.scenery.opening, anchor=scene.state.anchor))


def test_the_eraser_leaves_the_looks_of_what_was_there():
    scene = styled_at_opening()
    scene.edit("set_style", instance=2000, seed=2)
    scene.edit("set_style", label="tree", seed=2)
    scene.edit("stroke", points=[[0, 2], [9, 2]], width=1, label="road")
    scene.edit("erase", points=[[4, 2]], width=20)
    assert scene.state.looks == {2000: Look(seed=2), 2001: Look(cluster=1)}


def test_a_look_goes_with_the_class_that_most_of_an_instance_has():
    """One id of two classes: paint decides which of them has more."""
    scene = Drawing("ccccc\nrrrss", {"c": (CAR, 7), "r": (ROAD, 7)})
    scene.edit("set_style", instance=7, cluster=3)
    scene.edit("stroke", points=[[0, 0]], width=1, label="sky")
    assert scene.state.instances[7].label == CAR and scene.state.looks
    scene.edit("stroke", points=[[1, 0], [2, 0]], width=1, label="sky")
    assert scene.state.instances[7].label == ROAD and not scene.state.looks


def test_an_object_whose_style_the_model_cannot_take_is_refused():
    scene = Drawing(width=4, objects=library(oak="##"))
    with pytest.raises(SynthkitError, match="code has 3 numbers: this model's styles have 4"):
        scene.edit("add_object", object="oak", at=[2, 2])
