"""Images of scenes: what an edit changes of them, what it leaves, and what stops a rendering."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import synthkit
from synthkit.data.streets import paint
from synthkit.editing import Look, Scene
from synthkit.editing.rendering import KEPT, CancelledError
from synthkit.nn import norms

CAR = 7000
FAR = 136  # pixels: what the shipped network sees around a pixel, and the boundary beside it


@pytest.fixture(scope="module")
def model():
    return synthkit.load("streets")


@pytest.fixture
def painted():
    return paint(10**7 + 3, 128, 512)


@pytest.fixture
def scene(model, painted):
    return Scene.open(model, label=painted.label, instance=painted.instance, photo=painted.image)


def pixels(image):
    return np.asarray(image).astype(int)


def far_from(where):
    """The pixels (H, W) in columns that are more than FAR from each of those."""
    columns = np.flatnonzero(where.any(0))
    x = np.arange(where.shape[1])
    return np.broadcast_to((x < columns.min() - FAR) | (x > columns.max() + FAR), where.shape)


EDITS = (
    {"edit": "change_label", "instance": CAR, "to": "tree"},
    {"edit": "set_style", "instance": CAR, "cluster": 1},
    {"edit": "remove_object", "instance": CAR},
    {"edit": "stroke", "points": [[90, 110], [130, 112]], "width": 9, "label": "car", "new": True},
)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit["edit"])
def test_an_edit_changes_the_image_about_it_and_no_pixel_far_away(scene, edit):
    before = scene.render()
    state = scene.apply(edit)
    where = state.changed(scene.opening) if edit["edit"] != "set_style" else state.instance == CAR
    difference = np.abs(pixels(scene.render()) - pixels(before)).max(2)
    assert difference[where].mean() > 8
    assert far_from(where).any() and difference[far_from(where)].max() == 0
    settled = np.abs(pixels(scene.renderer.render(state.anchored())) - pixels(before)).max(2)
    assert settled[far_from(where)].max() > 0  # statistics of its own spread the edit


def test_a_scene_that_was_not_edited_is_what_the_model_translates(scene, model, painted):
    plain = model.translate(label=painted.label, instance=painted.instance, style_from=painted.image)
    difference = np.abs(pixels(scene.render()) - pixels(plain))
    assert difference.mean() < 0.5 and difference.max() < 16  # norms round otherwise


def test_undoing_brings_the_image_back_to_the_bit(scene, model):
    images = [scene.render().tobytes()]
    for edit in EDITS[:2]:
        scene.apply(edit)
        images.append(scene.render().tobytes())
    assert len(set(images)) == 3
    scene.undo()
    assert scene.render().tobytes() == images[1]
    scene.goto(0)
    assert scene.render().tobytes() == images[0]
    other = Scene(model, scene.opening)  # with a renderer that has drawn nothing
    for edit in EDITS[:2]:
        other.apply(edit)
    assert other.render().tobytes() == images[2]


def test_statistics_are_taken_once_for_all_edits(scene, monkeypatch):
    scene.render()
    taken = []
    monkeypatch.setattr(norms.torch, "var_mean", lambda *a, **k: taken.append(a) or (1 / 0))
    for edit in EDITS[:2]:
        scene.apply(edit)
        scene.render()
    with pytest.raises(ZeroDivisionError):
        scene.renderer.render(scene.state.anchored())
    assert len(taken) == 1


def test_statistics_of_few_anchors_are_kept(scene):
    for seed in range(KEPT + 2):
        scene.set_style(label="car", seed=seed)
        scene.render(preview=True)
    assert len(scene.renderer._statistics) == KEPT


def test_looks_are_those_of_the_instance_then_of_its_class_then_common(scene, model, painted):
    plain = Scene.open(model, label=painted.label, instance=painted.instance)
    centres = model.styles.centres[7]

    def code(instance):
        style = plain.renderer._view(plain.state).style
        return style[0, :, *np.argwhere(plain.state.instance == instance)[0]]

    assert code(CAR).tolist() == centres[0].tolist()
    plain.set_style(label="car", cluster=2)
    plain.set_style(7001, code=[0.5, -0.25, 0.125])
    assert code(CAR).tolist() == centres[2].tolist() and code(7001).tolist() == [0.5, -0.25, 0.125]
    plain.set_style(label="all", seed=5)
    assert code(CAR).tolist() in centres.tolist()
    drawn = model.translate(label=painted.label, instance=painted.instance, style="sample", seed=5)
    assert np.abs(pixels(plain.render()) - pixels(drawn)).mean() < 0.5


def test_a_thumbnail_shows_the_instance_as_the_scene_would(scene):
    scene.render()
    state = scene.set_style(CAR, cluster=2)
    whole = pixels(scene.render())
    scene.undo()
    thumbnail = pixels(scene.thumbnail(CAR, Look(cluster=2)))
    rows, columns = np.nonzero(state.instance == CAR)
    margin = max(16, round(0.2 * max(np.ptp(rows) + 1, np.ptp(columns) + 1)))
    part = whole[
        max(0, rows.min() - margin) : rows.max() + 1 + margin,
        max(0, columns.min() - margin) : columns.max() + 1 + margin,
    ]
    assert thumbnail.shape == part.shape
    assert np.abs(thumbnail - part).mean() < 12 < np.abs(thumbnail - part[:, ::-1]).mean()


def test_a_preview_has_the_scene_s_size_and_looks_alike(scene):
    image, preview = scene.render(), scene.render(preview=True)
    assert preview.size == image.size and preview.tobytes() != image.tobytes()
    assert np.abs(pixels(image) - pixels(preview)).mean() < 30


def test_a_rendering_stops_soon_and_leaves_nothing_behind(scene):
    calls = []

    def after_five():
        calls.append(1)
        return len(calls) > 5

    with pytest.raises(CancelledError):
        scene.renderer.render(scene.state, cancelled=after_five)
    assert len(calls) == 6 and not scene.renderer._statistics
    hooks = [each._forward_pre_hooks for each in scene.model.translator.networks["generator"].modules()]
    assert not any(hooks) and scene.render().size == (512, 128)


def test_a_photo_of_a_thing_gives_its_style(scene):
    shades = []
    for shade in (40, 220):
        state = scene.set_style(CAR, photo=np.full((40, 60, 3), shade, np.uint8))
        shades.append(pixels(scene.render())[state.instance == CAR].mean())
        scene.undo()
    assert shades[0] < shades[1] - 10


def test_a_whole_class_or_much_of_the_scene_is_rendered_anew(scene):
    assert scene.set_style(label="car", cluster=1).anchor is None
    small = scene.set_style(CAR, cluster=1)
    assert small.anchor is not None
    largest = max(scene.state.instances, key=scene.state.share)
    assert scene.state.share(largest) > 1 / 8 and scene.set_style(largest, cluster=1).anchor is None
    assert replace(small, anchor=None).anchored().anchor is None


def test_without_an_instance_map_connected_areas_are_instances(model, painted):
    opened = Scene.open(model, label=painted.label)
    assert {each.label for each in opened.opening.instances.values()} == set(np.unique(painted.label))
    cars, _ = ndimage.label(painted.label == 7, np.ones((3, 3)))
    areas = {tuple(np.argwhere(cars == number)[0]) for number in range(1, cars.max() + 1)}
    ids = [each for each, found in opened.opening.instances.items() if found.label == 7]
    assert {tuple(np.argwhere(opened.opening.instance == each)[0]) for each in ids} == areas
    assert opened.render().size == (512, 128)
