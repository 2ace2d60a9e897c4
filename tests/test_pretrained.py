"""The models that come with synthkit: whole, small, found by name, and good for something."""

import subprocess
import sys

import numpy as np
import pytest
from made_models import untrained
from small_styles import call

import synthkit
from synthkit import checkpoint, paths
from synthkit.cli import objects as command  # noqa: F401  (importing registers the command)
from synthkit.data.streets import Streets
from synthkit.editing.objects import Objects
from synthkit.errors import CheckpointError
from synthkit.runs import size_of

STREETS = paths.pretrained()["streets"]
BYTES = 6_000_000


@pytest.fixture(scope="module")
def model():
    return synthkit.load("streets", device="cpu")


@pytest.fixture(scope="module")
def scenes():
    return [Streets("test", size=(256, 512))[index] for index in range(3)]


def test_it_is_small_and_bears_no_trace_of_its_training():
    assert size_of(STREETS) <= BYTES and size_of(STREETS / "objects") <= 400_000
    (found, refused) = checkpoint.find(STREETS)
    assert not refused and not found.is_resumable and found.files == {"weights.safetensors", "state.json"}
    assert "/" not in found.path.joinpath("state.json").read_text().replace("pix2pixhd/", "")


def test_it_is_made_by_a_config_that_is_here(model):
    stage = list(synthkit.config.stages(synthkit.load_config("pix2pixhd/streets_256_small")).values())[-1]
    assert synthkit.config.plain(model.config["model"]) == synthkit.config.plain(stage["model"])
    assert model.step == stage["train"]["steps"]
    assert list(model.config["data"]["size"]) == [256, 512]


def test_it_draws_a_scene_in_the_styles_of_its_photo(model, scenes):
    """Nearer to the photo than with common styles and with another scene's photo, in each scene."""
    for scene, other in zip(scenes, scenes[1:] + scenes[:1], strict=True):
        photo = scene["image"].astype(float)
        maps = {field: scene[field] for field in ("label", "instance")}
        own, common = (model.translate(**maps, style_from=each) for each in (scene["image"], None))
        theirs = model.translate(label=other["label"], instance=other["instance"], style_from=other["image"])
        distances = [np.abs(np.asarray(each) - photo).mean() for each in (own, common, theirs)]
        assert distances[0] < 0.85 * min(distances[1:]), distances


def test_it_has_styles_and_objects_of_its_weights(model, scenes, recwarn):
    styles, objects = model.styles, Objects.load(STREETS)
    assert not recwarn.list and len(styles.centres) == 12
    assert objects.origin["step"] == styles.origin["step"] == str(model.step)
    assert {"car", "person", "tree", "sign"} <= set(objects.classes.values())
    assert all(len(each.code) == styles.width for each in objects.values())


def test_a_cars_style_is_seen(model, scenes):
    """In another of its styles the largest car changes much, and what is far from it hardly."""
    scene = scenes[0]
    ids, counts = np.unique(scene["instance"][scene["label"] == 7], return_counts=True)
    car = int(ids[counts.argmax()])
    maps = {field: scene[field] for field in ("label", "instance")}
    images = [
        np.asarray(model.translate(**maps, instance_style={car: cluster}), float)
        for cluster in range(len(model.styles.centres[7]))
    ]
    changes = [np.abs(each - images[0]).mean(2) for each in images[1:]]
    inside = scene["instance"] == car
    assert max(change[inside].mean() for change in changes) > 25
    assert all(change[~inside].mean() < change[inside].mean() / 4 for change in changes)


def test_a_path_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checkpoint.find(paths.Path("streets"))[0].path.is_relative_to(STREETS)
    untrained(tmp_path / "streets")
    assert synthkit.load("streets").step == 1
    with pytest.raises(CheckpointError, match="no run folder street, and shipped models are streets"):
        synthkit.load("street")


def test_commands_do_not_write_into_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = size_of(STREETS)
    for words in (("styles", "fit"), ("styles", "show"), ("objects", "collect"), ("objects", "show")):
        with pytest.raises(CheckpointError, match=r"streets comes with synthkit.*synthkit export streets"):
            call(*words, "streets")
    assert call("objects", "show", "streets", "--out", "page.html").strip() == "page.html"
    assert size_of(STREETS) == before


def test_translating_does_not_import_torchvision():
    """It takes over a second, of the few that a first image takes."""
    code = (
        "import sys, synthkit; from synthkit.data.streets import paint; scene = paint(0, 64, 128);"
        "synthkit.load('streets').translate(label=scene.label, instance=scene.instance);"
        "print('torchvision' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False True\n", done.stderr
