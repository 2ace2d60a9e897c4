"""A scene as a folder: what comes back, and what is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_scenes import mask_of, same

import synthkit
from synthkit.data.streets import paint
from synthkit.editing import Scene
from synthkit.errors import CheckpointError, DataError, SynthkitError, SynthkitWarning
from synthkit.paths import pretrained

CAR = 7000
EDITS = (
    {"edit": "change_label", "instance": CAR, "to": "tree"},
    {"edit": "add_object", "object": "car_01", "at": [70.5, 50], "flip": True},
    {"edit": "add_object", "mask": mask_of(".##.\n####"), "label": 8, "at": (20, 40), "scale": 3},
    {"edit": "stroke", "points": [[5, 60], [40, 58.25]], "width": 5, "label": "grass"},
    {"edit": "set_style", "instance": 2, "code": [0.1, -0.7, 1 / 3]},
    {"edit": "set_style", "label": "all", "seed": 5},
    {"edit": "settle"},
)


@pytest.fixture(scope="module")
def model():
    return synthkit.load("streets")


@pytest.fixture(scope="module")
def painted():
    return paint(7, 64, 128)


def opened(model, painted, **given):
    from synthkit.editing.objects import Objects

    maps = {"label": painted.label, "instance": painted.instance, "photo": painted.image}
    return Scene.open(model, **maps | given, objects=Objects.load(pretrained()["streets"]))


@pytest.fixture(scope="module")
def edited(model, painted):
    """A scene with every kind of edit, the last two undone."""
    scene = opened(model, painted)
    for edit in EDITS:
        scene.apply(edit)
    scene.goto(len(EDITS) - 2)
    return scene


@pytest.fixture(scope="module")
def saved(edited, tmp_path_factory):
    return edited.save(tmp_path_factory.mktemp("scenes") / "mine")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved, tmp_path / "scene")


def test_states_texts_and_images_come_back(edited, saved, model):
    scene = Scene.load(saved, model)
    assert scene.position == edited.position and scene.texts == edited.texts
    assert np.array_equal(scene.render(), edited.render())
    assert np.array_equal(scene.render(), Image.open(saved / "image.png"))
    for position in range(len(EDITS) + 1):
        assert same(scene.goto(position), edited.goto(position))
        edited.goto(len(EDITS) - 2)


def test_another_process_draws_the_same_image(saved):
    code = (
        "import sys; from synthkit.editing import Scene; scene = Scene.load(sys.argv[1]); "
        "sys.stdout.buffer.write(scene.render().tobytes())"
    )
    drawn = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, check=True)
    assert drawn.stdout == Image.open(saved / "image.png").tobytes() and not drawn.stderr


def test_saved_again_a_scene_has_the_same_files(saved, model, tmp_path):
    again = Scene.load(saved, model).save(tmp_path / "again")
    files = sorted(path.relative_to(saved) for path in saved.rglob("*") if path.is_file())
    assert {"scene.json", "label.png", "edited_label.png", "masks", "objects"} <= {
        path.parts[0] for path in files
    }
    assert all((again / path).read_bytes() == (saved / path).read_bytes() for path in files)
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())


@pytest.mark.parametrize("largest", [255, 256, 2**16 - 1, 2**16, 2**24, 2**31 - 1])
def test_ids_of_any_size_come_back(model, painted, tmp_path, largest):
    instance = np.where(painted.instance == CAR, largest, painted.instance)
    scene = opened(model, painted, instance=instance)
    scene.remove_object(2)
    again = Scene.load(scene.save(tmp_path / "scene"), model)
    assert same(again.opening, scene.opening) and same(again.state, scene.state)


def test_a_folder_of_maps_is_a_new_scene(model, painted, tmp_path):
    Image.fromarray(painted.label).save(tmp_path / "label.png")
    assert same(Scene.load(tmp_path, model).state, Scene.open(model, label=painted.label).state)
    Image.fromarray(painted.instance.astype(np.uint16)).save(tmp_path / "instance.png")
    with pytest.raises(DataError, match="names a model: name a run with --run"):
        Scene.load(tmp_path)
    scene = Scene.load(tmp_path, model)
    assert same(scene.state, opened(model, painted, photo=None).state) and scene.objects
    Image.fromarray(painted.image).save(tmp_path / "photo.png")
    assert same(Scene.load(tmp_path, model).state, opened(model, painted).state)


def test_only_scenes_are_replaced(edited, folder, tmp_path):
    before = (folder / "image.png").read_bytes()
    edited.save(folder)
    assert (folder / "image.png").read_bytes() == before
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds notes.txt, which is no part of a scene"):
        edited.save(folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "label.png").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("other", "file"):
        with pytest.raises(DataError, match="there already and no scene"):
            edited.save(tmp_path / name)
    assert (tmp_path / "other" / "label.png").read_text() == (tmp_path / "file").read_text() == "mine"


def test_a_scene_is_written_whole_or_not_at_all(edited, folder, monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(DataError, match="no space left"):
        edited.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["scene"]


class KilledError(BaseException):
    """Nothing is tidied up behind it."""


def test_a_scene_that_a_kill_left_without_its_name_is_found(edited, folder, model, monkeypatch):
    """The old one has made room, and the new one has not come."""
    rename, before = Path.rename, (folder / "scene.json").read_bytes()

    def killed(path, target):
        if path.name == ".scene.partial":
            monkeypatch.setattr(Path, "rename", lambda *_: None)
            raise KilledError
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KilledError):
        edited.save(folder)
    monkeypatch.undo()
    assert not folder.exists()
    assert Scene.load(folder, model).position == edited.position
    assert (folder / "scene.json").read_bytes() == before


def spoilt(folder, change):
    """The folder with another scene.json."""
    content = json.loads((folder / "scene.json").read_text())
    change(content)
    (folder / "scene.json").write_text(json.dumps(content))
    return folder


def test_another_model_is_told_of(folder, model):
    for changed in ({"weights": "0"}, {"styles": "1"}, {}):
        spoilt(folder, lambda content, changed=changed: content["sha256"].update(changed))
    spoilt(folder, lambda content: content.update(run="runs/before"))
    with pytest.warns(SynthkitWarning, match="other weights and styles than .*streets.*runs/before"):
        Scene.load(folder, model)
    with pytest.raises(CheckpointError, match="scene.json.*runs/before.*\\n.*--run"):
        Scene.load(folder)


def point(content, number, **values):
    content["edits"][number].update(values)


BAD = {
    "format is 2": lambda content: content.update(format=2),
    "'edits' missing": lambda content: content.pop("edits"),
    "unknown key 'extra'": lambda content: content.update(extra=1),
    "width .*'128' is not an int": lambda content: content.update(width="128"),
    "128x64.* says 100x64": lambda content: content.update(width=100),
    "position 9": lambda content: content.update(position=9),
    "position.*True": lambda content: content.update(position=True),
    "edits.* is not a list": lambda content: content.update(edits={}),
    r"\[1\].*a mapping is needed": lambda content: content["edits"].insert(1, "settle"),
    r"edits\[0\].edit.*Did you mean 'change_label'": lambda content: point(content, 0, edit="change_labl"),
    r"edits\[0\].to.*1.5": lambda content: point(content, 0, to=1.5),
    r"edits\[0\].*instance 99 is not in this scene": lambda content: point(content, 0, instance=99),
    r"edits\[1\].*'lorry_01' is not in the library": lambda content: point(content, 1, object="lorry_01"),
    r"edits\[2\].mask.*lies outside": lambda content: point(content, 2, mask="../../label.png"),
    r"edits\[2\].mask.*'/etc/hostname' lies outside": lambda content: point(content, 2, mask="/etc/hostname"),
    r"edits\[2\].mask.*no such file": lambda content: point(content, 2, mask="masks/9.png"),
    "looks.car .*'car' is no id": lambda content: content["looks"].update(car={"cluster": 1}),
    "looks.1111.* is no id": lambda content: content["looks"].update({"1" * 5000: {"cluster": 1}}),
    "looks.2 .*cluster, seed": lambda content: content["looks"].update({"2": {"cluster": 1, "seed": 1}}),
    "looks.2.code": lambda content: content["looks"].update({"2": {"code": ["a"]}}),
    "code has 1 number": lambda content: content["looks"].update({"2": {"code": [1]}}),
    "cluster 99 of": lambda content: content["looks"].update({"2": {"cluster": 99}}),
    "NaN is no number": lambda content: content["looks"].update({"2": {"code": [float("nan")] * 3}}),
}


@pytest.mark.parametrize("message", BAD)
def test_a_bad_index_is_refused(folder, model, message):
    with pytest.raises(SynthkitError, match=message) as raised:
        Scene.load(spoilt(folder, BAD[message]), model)
    assert "scene" in str(raised.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "nonsense", "[" * 100_000, '{"format": 1' + "0" * 5000 + "}"]
)
def test_an_index_that_is_no_json_is_refused(folder, model, text):
    (folder / "scene.json").write_text(text)
    with pytest.raises(SynthkitError, match="scene.json"):
        Scene.load(folder, model)


@pytest.mark.parametrize("name", ["scene.json", "label.png", "instance.png", "masks/2.png", "objects"])
def test_links_that_lead_out_are_refused(folder, model, tmp_path, name):
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="outside|out of"):
        Scene.load(folder, model)


def test_without_the_check_links_would_be_followed(folder, model, tmp_path, monkeypatch, edited):
    (folder / "label.png").rename(tmp_path / "elsewhere")
    (folder / "label.png").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr("synthkit.editing.files.contained", lambda folder, name: folder / name)
    assert same(Scene.load(folder, model).opening, edited.opening)


def test_maps_that_do_not_fit_are_refused(folder, model, painted):
    label = painted.label.copy()
    label[3, 4] = 77
    for array, message in ((label, "label.png: label 77 at x=4, y=3"), (label[:8], "differ in size")):
        Image.fromarray(array).save(folder / "label.png")
        with pytest.raises(DataError, match=message):
            Scene.load(folder, model)
    with pytest.raises(DataError, match="no scene .*nowhere"):
        Scene.load(folder / "nowhere", model)
    (folder / "scene.json").unlink()
    (folder / "label.png").unlink()
    with pytest.raises(DataError, match="neither scene.json nor label.png"):
        Scene.load(folder, model)
