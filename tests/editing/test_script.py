"""Lists of edits in files: read whole, and refused whole."""

import json

import numpy as np
import pytest
from PIL import Image
from small_scenes import Drawing, mask_of

from synthkit.editing.script import read_script
from synthkit.errors import SynthkitError

TEXT = """\
# a street
- {edit: change_label, instance: 2000, to: tree}
- edit: stroke
  points: [[1, 2], [3.5, 2]]
  width: 1
  label: 1
- {edit: set_style, label: all, code: [1, 2e-1, -3]}
"""
EDITS = [
    {"edit": "change_label", "instance": 2000, "to": "tree"},
    {"edit": "stroke", "points": [[1, 2], [3.5, 2]], "width": 1, "label": 1},
    {"edit": "set_style", "label": "all", "code": [1, 0.2, -3]},
]


@pytest.fixture
def read(tmp_path):
    """The edits of a script of this text."""

    def write(text: str, name: str = "edits.yaml"):
        (tmp_path / name).write_text(text)
        return read_script(tmp_path / name)

    return write


def test_yaml_and_json_say_the_same(read):
    indented = "edits:\n" + TEXT.replace("# a street\n", "")
    assert read(TEXT) == read(indented) == EDITS
    for indent in (None, 1):
        assert read(json.dumps(EDITS, indent=indent), "edits.json") == EDITS
        assert read(json.dumps({"edits": EDITS}, indent=indent), "edits.json") == EDITS


def test_what_is_read_can_be_done(read):
    scene = Drawing()
    for edit in read(TEXT):
        scene.edit(**{"name": edit.pop("edit")} | edit)
    assert len(scene.states) == 4


BAD = {
    "edits.yaml: a list of edits is needed, not None": "",
    "edits.yaml: a list of edits is needed, not 'settle'": "settle",
    "edits.yaml: a list of edits is needed, not \\[\\]": "edits: []",
    "unknown key 'edit'.*Did you mean 'edits'": "edit: settle",
    "\\[1\\] .*edits.yaml.* a mapping is needed, not 'settle'": "- {edit: settle}\n- settle",
    "\\[0\\].edit \\(.*edits.yaml:1:4\\): .*'setle'.*Did you mean 'settle'": "- {edit: setle}",
    "\\[0\\] \\(.*edits.yaml:1:3\\): 'edit' is missing": "- {instance: 1}",
    "\\[1\\].now \\(.*edits.yaml:2:18\\): unknown key 'now'": "- {edit: settle}\n- {edit: settle, now: 1}",
    "\\[0\\].two .*edits.yaml:2:3.*Valid keys: instance, to": "- edit: change_label\n  two: car",
    "\\[0\\] .*edits.yaml:1:3.*'to' missing": "- {edit: change_label, instance: 1}",
    "\\[0\\].instance .*'car' is not an int": "- {edit: remove_object, instance: car}",
    "\\[0\\].points .*'abc' is not": "- {edit: stroke, points: abc, width: 1, label: 0}",
    "\\[0\\].points .*is not": "- {edit: stroke, points: [[1, b]], width: 1, label: 0}",
    "\\[0\\].flip .*1 is not a bool": "- {edit: move_object, instance: 1, flip: 1}",
    "edits.yaml:1:27: 'yes' means": "- {edit: fill, point: [1, yes], label: 0}",
    "edits.yaml:1:3.*tag": "- !!python/object:os.system {}",
    "edits.yaml.*longer than": "# " + "x" * 10**6,
    "edits.yaml.*deep": "[" * 1000,
    "edits.yaml:1:18: duplicate key 'edit'": "- {edit: settle, edit: settle}",
}


@pytest.mark.parametrize("message", BAD)
def test_a_bad_script_names_the_place(read, message):
    with pytest.raises(SynthkitError, match=message):
        read(BAD[message])


def test_files_that_are_no_text(read, tmp_path):
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe- {}")
    for name, message in (
        ("bytes.yaml", "cannot be read"),
        (".", "cannot be read"),
        ("no.yaml", "no script"),
    ):
        with pytest.raises(SynthkitError, match=message):
            read_script(tmp_path / name)


def masked(name: str) -> str:
    return f"- {{edit: add_object, mask: {name}, label: car, at: [3, 3]}}"


def test_masks_lie_beside_the_script(read, tmp_path):
    shape = mask_of("##.\n.##").astype(np.uint8)
    (tmp_path / "masks").mkdir()
    for name, array in (("a.png", shape), ("masks/b.png", shape * 255), ("c.png", shape.astype(bool))):
        Image.fromarray(array).save(tmp_path / name)
        (edit,) = read(masked(name))
        assert np.array_equal(edit["mask"], shape) and edit["mask"].dtype == np.uint8


def test_masks_elsewhere_and_of_other_numbers_are_refused(read, tmp_path):
    (tmp_path / "scripts").mkdir()
    Image.fromarray(np.eye(3, dtype=np.uint8)).save(tmp_path / "eye.png")
    Image.fromarray(np.full((3, 3), 7, np.uint8)).save(tmp_path / "scripts" / "seven.png")
    Image.fromarray(np.zeros((3, 3, 3), np.uint8)).save(tmp_path / "scripts" / "colour.png")
    (tmp_path / "scripts" / "link.png").symlink_to(tmp_path / "eye.png")
    for name, message in {
        "../eye.png": "lies outside",
        str(tmp_path / "eye.png"): "lies outside",
        "link.png": "lies outside",
        '"a\\0b"': "lies outside",
        "none.png": "no such file",
        "seven.png": "0 and 1, or 0 and 255, and not 7",
        "colour.png": "mode RGB",
        ".": "folder",
    }.items():
        with pytest.raises(SynthkitError, match=rf"\[0\].mask \(.*edits.yaml:1:22\): .*{message}"):
            read(masked(name), "scripts/edits.yaml")


def test_without_the_check_masks_elsewhere_would_be_read(read, tmp_path, monkeypatch):
    (tmp_path / "scripts").mkdir()
    Image.fromarray(np.eye(3, dtype=np.uint8)).save(tmp_path / "eye.png")
    monkeypatch.setattr("synthkit.editing.script.contained", lambda folder, name: folder / name)
    assert read(masked("../eye.png"), "scripts/edits.yaml")[0]["mask"].sum() == 3
