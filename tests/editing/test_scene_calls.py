"""Calls of a scene as scripts make them: NumPy's numbers, photos, things too small to be seen."""

from copy import copy

import numpy as np
import pytest
from PIL import Image

import synthkit
from synthkit.data.transforms import PairedTransform
from synthkit.editing import Look, Scene
from synthkit.errors import SynthkitError

CAR = 7001
PHOTO = np.full((8, 8, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def model():
    return synthkit.load("streets")


@pytest.fixture(scope="module")
def resizing(model):
    """The model at half the size."""
    small = copy(model)
    small.transform = PairedTransform(resize=[16, 32])
    return small


def opened(model, car=slice(14, 28)):
    label = np.zeros((32, 64), np.int32)
    label[20:] = 2
    instance = label.copy()
    label[car, car], instance[car, car] = 7, CAR
    return Scene.open(model, label=label, instance=instance)


def test_labels_without_instances_are_checked_by_name(model, tmp_path):
    path = tmp_path / "höhe 1.png"
    Image.fromarray(np.full((1, 9), 40, np.uint8)).save(path)
    for label, message in (
        (path, "höhe 1.png: label 40 at x=0, y=0 is outside"),
        (np.full((4, 4), 40), "label: label 40 at x=0, y=0 is outside"),
        (np.zeros((4, 4, 3), np.uint8), "label: ids need shape"),
        (np.full((4, 4), np.nan), "label: ids need"),
    ):
        with pytest.raises(SynthkitError, match=message):
            Scene.open(model, label=label)


def test_numbers_and_arrays_of_numpy_are_taken(model):
    scene, same = opened(model), opened(model)
    scene.change_label(scene.state.instance.max(), to=np.int32(6))
    scene.stroke(np.array([[1, 2], [9, 9]]), width=np.float32(3), label=np.uint8(4))
    scene.set_style(np.int64(CAR), code=np.array([0.5, 1, 2], np.float32))
    same.change_label(CAR, to=6)
    same.stroke([[1, 2], [9, 9]], width=3.0, label=4)
    same.set_style(CAR, code=[0.5, 1.0, 2.0])
    assert scene.edits == same.edits and repr(scene.edits) == repr(same.edits)


def test_a_photo_is_one_style_and_of_one_thing(model):
    scene = opened(model)
    with pytest.raises(SynthkitError, match="photo and code are given"):
        scene.set_style(CAR, photo=PHOTO, code=[0, 0, 0])
    for whose in ({}, {"instance": CAR, "label": "car"}):
        with pytest.raises(SynthkitError, match="either instance or label"):
            scene.set_style(**whose, photo=PHOTO)
    with pytest.raises(SynthkitError, match="no style to all"):
        scene.set_style(label="all", photo=PHOTO)


@pytest.mark.parametrize("look", [Look(cluster=99), Look(seed=-1), Look(code=(1.0,))])
def test_a_thumbnail_of_no_style_of_the_model_is_refused(model, look):
    with pytest.raises(SynthkitError, match="cluster 99|seed is -1|code has 1"):
        opened(model).thumbnail(CAR, look)


def test_what_a_resize_loses_has_neither_thumbnail_nor_photo(resizing):
    """Its place among the ids is then that of another."""
    scene = opened(resizing, car=slice(14, 15))
    scene.stroke([[40, 10]], width=8, label="tree", new=True)
    assert max(scene.state.instances) > CAR in scene.state.instances
    for call in (lambda: scene.thumbnail(CAR, Look(seed=1)), lambda: scene.set_style(CAR, photo=PHOTO)):
        with pytest.raises(SynthkitError, match="7001 is too small to be seen"):
            call()
    assert scene.thumbnail(CAR + 1, Look(seed=1)).size > (1, 1)


def test_arguments_that_are_none_are_saved_as_such(model, tmp_path):
    scene, mask = opened(model), np.ones((3, 3), np.uint8)
    scene.add_object(None, mask=mask, label="tree", at=[5, 5])
    scene.apply({"edit": "add_object", "object": None, "mask": mask, "label": "tree", "at": [9, 5]})
    again = Scene.load(scene.save(tmp_path / "scene"), model)
    assert np.array_equal(again.state.instance, scene.state.instance)
