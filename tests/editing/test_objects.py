"""Libraries of objects: what is written comes back, and nothing else is taken in."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthkit.editing import objects as module
from synthkit.editing.objects import Objects, SceneObject
from synthkit.errors import ConfigError, DataError


def car(name: str = "car_01", code=(0.25, -1.5)) -> SceneObject:
    mask = np.ones((4, 6), bool)
    mask[:2, 3:] = False
    thumbnail = np.random.default_rng(0).integers(0, 256, (8, 10, 3), np.uint8)
    return SceneObject(name, 7, mask, 64, code, Image.fromarray(thumbnail))


def library(*objects: SceneObject) -> Objects:
    return Objects({each.name: each for each in objects}, {7: "car"}, {"split": "train"})


@pytest.fixture
def run(tmp_path):
    library(car()).save(tmp_path / "run")
    return tmp_path / "run"


def test_a_library_comes_back_as_it_was_written(tmp_path):
    written = library(car(), car("tree-2", None))
    assert written.save(tmp_path / "run") == tmp_path / "run" / "objects"
    found = Objects.load(tmp_path / "run")
    assert list(found) == ["car_01", "tree-2"] and found.classes == {7: "car"}
    assert dict(found.origin) == {"split": "train"} and list(found.by_class()) == [7]
    for name, each in found.items():
        assert each.plain() == written[name].plain()
        np.testing.assert_array_equal(each.mask, written[name].mask)
        np.testing.assert_array_equal(each.thumbnail, written[name].thumbnail)
    with pytest.raises(ValueError, match="read-only"):
        found["car_01"].mask[0, 0] = False


def test_a_library_is_replaced_whole_or_not_at_all(run, monkeypatch):
    library(car("bus_01"), car("bus_02")).save(run)
    assert list(Objects.load(run)) == ["bus_01", "bus_02"]
    calls = []

    def full(ids, path, **options):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_ids", full)
    with pytest.raises(DataError, match=r"objects cannot be written.*No space"):
        library(car("a"), car("b")).save(run)
    assert list(Objects.load(run)) == ["bus_01", "bus_02"]
    assert [path.name for path in run.iterdir()] == ["objects"]


def test_a_replacement_that_was_cut_short_is_taken_back(run, monkeypatch):
    """The process died between the two renames, or the second of them fails."""
    (run / "objects").rename(run / ".objects.replaced")
    (run / ".objects.partial").mkdir()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_ids", full)
        with pytest.raises(DataError, match="No space"):
            library(car("bus_01")).save(run)
    assert list(Objects.load(run)) == ["car_01"]
    rename = Path.rename
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda old, new: full() if "partial" in old.name else rename(old, new))
        with pytest.raises(DataError, match="No space"):
            library(car("bus_01")).save(run)
    assert list(Objects.load(run)) == ["car_01"] and [path.name for path in run.iterdir()] == ["objects"]


def rewritten(run, change) -> None:
    path = run / "objects" / "objects.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content)))


WRONG = {
    "upwards": ({"name": "../../secret"}, r"\.\./secret"),
    "absolute": ({"name": "/etc/passwd"}, "/etc/passwd"),
    "nothing": ({"name": ""}, "name is ''"),
    "a line": ({"name": "car_01\n"}, r"car_01\\n"),
    "letters": ({"name": "caché"}, "caché"),
    "number": ({"name": 3}, "name.*3 is not a str"),
    "truth": ({"label": True}, "label.*True"),
    "below": ({"label": -1}, "label is -1"),
    "flat": ({"height": 0}, "height 0"),
    "half": ({"height": 6.5}, "6.5 is not an int"),
    "not a number": ({"code": [0.1, float("nan")]}, "NaN is no number"),
    "without end": ({"code": [0.1, -(10**400)]}, "are plain data"),
    "empty code": ({"code": []}, r"code is \[\]"),
    "text": ({"code": "12"}, "'12'"),
    "unknown key": ({"eval": "1"}, "eval"),
    "no such file": ({"name": "car_02"}, "car_02_mask.png: there is no such file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_library_may_hold_is_refused(run, case):
    change, message = WRONG[case]
    rewritten(run, lambda content: content | {"objects": [content["objects"][0] | change]})
    with pytest.raises((DataError, ConfigError), match=message) as caught:
        Objects.load(run)
    assert "objects" in str(caught.value)  # the file


FILES = {
    "no JSON": ("{", "cannot be read"),
    "a list": ("[]", "a mapping is needed"),
    "deep": ("[" * 100_000, "cannot be read"),
    "of tomorrow": ('{"format": 2, "objects": []}', "format is 2"),
    "no objects": ('{"format": 1}', "'objects' missing"),
    "no class": ('{"format": 1, "objects": [], "classes": {"car": "7"}}', "class 'car' is no id"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_list_that_cannot_be_read_is_named(run, case):
    text, message = FILES[case]
    (run / "objects" / "objects.json").write_text(text)
    with pytest.raises((DataError, ConfigError), match=message) as caught:
        Objects.load(run)
    assert "objects.json" in str(caught.value)


def test_a_name_stands_once(run):
    rewritten(run, lambda content: content | {"objects": content["objects"] * 2})
    with pytest.raises(DataError, match=r"objects\.json: two objects"):
        Objects.load(run)


@pytest.mark.parametrize("name", ["car_01.png", "car_01_mask.png", "objects.json"])
def test_links_that_lead_out_are_not_followed(run, name):
    inside, outside = run / "objects" / name, run.parent / name
    inside.rename(outside)
    inside.symlink_to(outside)
    with pytest.raises(DataError, match=f"{name}' lies outside"):
        Objects.load(run)
    inside.unlink()
    outside.rename(run / name)
    inside.symlink_to(run / name)  # the same file within the run
    assert list(Objects.load(run)) == ["car_01"]


def test_a_pipe_does_not_stop_it(run):
    path = run / "objects" / "objects.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="there is no library"):
        Objects.load(run)


def test_masks_hold_zero_and_one_and_are_no_larger_than_allowed(run):
    path = run / "objects" / "car_01_mask.png"
    for mask, message in (
        (np.full((4, 6), 2, np.uint8), "a mask holds 0 and 1"),
        (np.zeros((4, 6), np.uint8), "some 1"),
        (np.ones((1, module.LARGEST + 1), np.uint8), "4097x1 pixels"),
    ):
        Image.fromarray(mask).save(path)
        with pytest.raises(DataError, match=f"car_01_mask.png: .*{message}"):
            Objects.load(run)
    Image.fromarray(np.ones((1, module.LARGEST), np.uint8)).save(path)
    assert Objects.load(run)["car_01"].mask.shape == (1, module.LARGEST)


def test_a_run_without_a_library_says_how_to_make_one(tmp_path):
    with pytest.raises(DataError, match="synthkit objects collect"):
        Objects.load(tmp_path)
