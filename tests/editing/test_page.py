"""docs/editing.md: its script is one, and its lines of Python run."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

import synthkit
from synthkit.data.streets import Streets, paint
from synthkit.editing import Scene
from synthkit.editing.operations import OPERATIONS
from synthkit.editing.script import read_script

PAGE = (Path(__file__).parents[2] / "docs" / "editing.md").read_text(encoding="utf-8")


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def test_the_script_edits_the_exported_scene(tmp_path):
    (tmp_path / "edits.yaml").write_text(block("yaml"), encoding="utf-8")
    sample = Streets("val", size=(256, 512))[0]
    scene = Scene.open(synthkit.load("streets"), label=sample["label"], instance=sample["instance"])
    for edit in read_script(tmp_path / "edits.yaml"):
        scene.apply(edit)
    assert scene.position == 3


def test_the_lines_of_python_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    painted = paint(10**7 + 3, 256, 512)
    for name, array in (("label", painted.label), ("photo", painted.image)):
        Image.fromarray(array).save(f"{name}.png")
    Image.fromarray(painted.instance.astype(np.uint16)).save("instance.png")
    exec(block("python"), {})
    assert Image.open("edited.png").size == (512, 256)
    assert Scene.load("scenes/mine").position == 3


def test_the_table_names_every_edit():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(OPERATIONS)
