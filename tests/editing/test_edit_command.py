"""`synthkit edit`: a scene and a list of edits become pictures and an edited scene."""

import weakref

import numpy as np
import pytest
from PIL import Image, ImageSequence
from small_scenes import same
from small_styles import call

from synthkit.data.streets import paint
from synthkit.editing import Scene
from synthkit.editing.script import read_script
from synthkit.editing.steps import play
from synthkit.errors import DataError

SCRIPT = """\
- {edit: change_label, instance: 7000, to: tree}
- {edit: stroke, points: [[5, 60], [40, 58]], width: 5, label: grass}
- {edit: set_style, label: building, seed: 3}
- {edit: remove_object, instance: 2}
- {edit: settle}
"""
NAMES = ["opened", "change_label", "stroke", "set_style", "remove_object", "settle"]


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """A new scene with its photo, and a script beside it."""
    folder, painted = tmp_path_factory.mktemp("edit"), paint(7, 64, 128)
    (folder / "scene").mkdir()
    arrays = {"label": painted.label, "instance": painted.instance.astype(np.uint16), "photo": painted.image}
    for name, array in arrays.items():
        Image.fromarray(array).save(folder / "scene" / f"{name}.png")
    (folder / "edits.yaml").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def edited(maps):
    """What the command printed, and the folder that it wrote."""
    out = maps / "out"
    options = ("--script", maps / "edits.yaml", "--out", out, "--gif")
    return call("edit", maps / "scene", *options, "--run", "streets"), out


def test_an_image_of_each_step(maps, edited):
    printed, out = edited
    scene = Scene.load(maps / "scene", Scene.load(out / "scene").model)
    images = [scene.render()]
    for edit in read_script(maps / "edits.yaml"):
        scene.apply(edit)
        images.append(scene.render())
    for number, (name, image) in enumerate(zip(NAMES, images, strict=True)):
        file = f"{number:02}_{name}.png"
        assert np.array_equal(Image.open(out / file), image) and file in printed
    assert all(text in printed for text in scene.texts)
    assert same(Scene.load(out / "scene").state, scene.state)


def test_a_strip_and_an_animation(edited):
    out = edited[1]
    strip, steps = Image.open(out / "strip.png"), Image.open(out / "steps.gif")
    assert strip.width > 4 * 128 and strip.height > 2 * 2 * 64  # two rows of four
    files = sorted(out.glob("0*.png"))[:-1]  # settled, the scene is as it was: a GIF shows that for longer
    for frame, file in zip(ImageSequence.Iterator(steps), files, strict=True):
        assert np.abs(np.asarray(frame.convert("RGB"), int) - np.asarray(Image.open(file), int)).mean() < 8


def test_whole_images_of_earlier_steps_are_let_go(maps, monkeypatch):
    """Some hundreds of large ones would fill the memory."""
    images = []

    def watched(*given):
        for step in play(*given):
            images.append(weakref.ref(step.image))
            yield step
            assert sum(image() is not None for image in images) <= 2

    monkeypatch.setattr("synthkit.editing.steps.play", watched)
    options = ("--script", maps / "edits.yaml", "--out", maps / "watched", "--gif")
    call("edit", maps / "scene", *options, "--run", "streets")
    assert len(images) == len(NAMES)


def test_a_saved_scene_goes_on_with_its_own_model(maps, edited):
    (maps / "more.yaml").write_text("- {edit: fill, point: [3, 3], label: tree}")
    call("edit", edited[1] / "scene", "--script", maps / "more.yaml", "--out", maps / "more")
    scene = Scene.load(maps / "more" / "scene")
    assert scene.position == len(NAMES)
    assert sorted(path.name for path in (maps / "more").iterdir())[:2] == ["00_opened.png", "01_fill.png"]


def test_an_edit_that_cannot_be_draws_nothing(maps):
    (maps / "bad.yaml").write_text(SCRIPT + "- {edit: remove_object, instance: 99}\n- {edit: settle}")
    with pytest.raises(DataError, match=r"\[5\] \(.*bad.yaml:6:3\): instance 99 is not in this scene"):
        call("edit", maps / "scene", "--script", maps / "bad.yaml", "--out", maps / "bad", "--run", "streets")
    assert not list((maps / "bad").iterdir())


def test_out_and_script_are_checked_before_the_model_is_loaded(maps, edited, monkeypatch):
    monkeypatch.setattr("synthkit.inference.load", lambda run: pytest.fail("the model was loaded"))
    (maps / "wrong.yaml").write_text("- {edit: setle}")
    for script, out, message in (
        ("edits.yaml", edited[1], "not an empty folder"),
        ("wrong.yaml", maps / "new", "'setle'"),
        ("none.yaml", maps / "new", "no script"),
    ):
        with pytest.raises(Exception, match=message):
            call("edit", maps / "scene", "--script", maps / script, "--out", out, "--run", "streets")
    assert not (maps / "new").exists()
