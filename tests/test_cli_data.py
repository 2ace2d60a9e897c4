"""`synthkit data` as its users meet it."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from synthkit.cli import main
from synthkit.inference import needed_options


@pytest.fixture
def synthkit(monkeypatch, capsys):
    """`synthkit(*arguments, cwd=…)` runs the command in this process."""

    def run(*arguments, cwd=None) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["synthkit", *map(str, arguments)])
        if cwd:
            monkeypatch.chdir(cwd)
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    return run


@pytest.fixture
def mine(tmp_path):
    """A data set of the user's own with one damaged photo, and its config."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2)):
        for field in ("label", "img"):
            folder = tmp_path / "data" / f"{split}_{field}"
            folder.mkdir(parents=True)
            for number in range(count):
                shape = (32, 64) if field == "label" else (32, 64, 3)
                array = rng.integers(0, 3 if field == "label" else 256, shape).astype(np.uint8)
                Image.fromarray(array).save(folder / f"{number}.png")
    path = tmp_path / "data" / "train_img" / "1.png"
    path.write_bytes(path.read_bytes()[:500])
    text = (
        "_base_: _base_/default\n"
        "model: {inputs: {label: {classes: 3}}}\n"
        "data: {type: folders, root: data}\n"
        "train: {steps: 10}\n"
    )
    (tmp_path / "mine.yaml").write_text(text)
    return tmp_path


def test_check_lists_the_damaged_file_and_ends_with_1(synthkit, mine):
    result = synthkit("data", "check", "mine.yaml", "--out", "report.json", "--workers", 2, cwd=mine)
    assert result.returncode == 1, result.stderr
    assert "error damaged file" in result.stdout
    assert f"{mine}/data/train_img/1.png: " in result.stdout
    assert "1 error, 0 warnings: training would stop" in result.stdout
    report = json.loads((mine / "report.json").read_text())
    assert report["errors"] == len(report["problems"]) == 1
    assert report["problems"][0]["place"] == f"{mine}/data/train_img/1.png"
    assert sum(row["pixels"] for row in report["splits"]["train"]["classes"]) == 4 * 32 * 64
    assert report["splits"]["val"]["sizes"] == [{"height": 32, "width": 64, "samples": 2}]
    assert "label: {classes: 3}" in report["settings"]


def test_check_of_a_sound_data_set_ends_with_0(synthkit):
    result = synthkit("data", "check", "pix2pixhd/streets_64", "data.count=40", "--split", "train")
    assert result.returncode == 0, result.stdout
    assert "train: 40 samples of label, instance, image" in result.stdout
    assert " 2  road " in result.stdout
    assert "ready to train" in result.stdout


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.batch_size=two", "train.batch_size (command line): 'two': a whole number from 1 is needed"),
        ("data.validation=1.5", "data.validation (command line): 1.5: the name of a split is needed"),
        ("model.generator.channels=none", "model.generator.channels (command line): 'none' is not"),
        ("data.transform.resize=[1]", "resize: [height, width] in pixels is needed"),
    ],
)
def test_a_wrong_config_is_one_message(synthkit, mine, override, message):
    result = synthkit("data", "check", "mine.yaml", override, cwd=mine)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_instances_writes_maps_and_counts_objects(synthkit, mine):
    result = synthkit("data", "instances", "data/train_label", "data/train_inst", "--things", "2", cwd=mine)
    assert result.returncode == 0, result.stderr
    assert "4 instance maps: data/train_inst\nobjects: class 2: " in result.stdout
    again = synthkit("data", "instances", "data/train_label", "data/train_inst", "--things", "2", cwd=mine)
    assert again.returncode == 1
    assert again.stderr.startswith("error: data/train_inst is there already")


def test_wrong_things_are_one_message(synthkit, mine):
    result = synthkit("data", "instances", "data/train_label", "out", "--things", "2,car", cwd=mine)
    assert result.returncode == 1
    assert result.stderr == "error: --things '2,car': write class ids as in --things 8,9,10\n"


def test_export_writes_folders_and_overwrites_nothing(synthkit, tmp_path):
    out = tmp_path / "streets"
    result = synthkit("data", "export", "pix2pixhd/streets_64", out, "--count", 3)
    assert result.returncode == 0, result.stderr
    assert "train: 3 samples: train_label, train_inst, train_img" in result.stdout
    assert {path.name for path in out.iterdir()} >= {"train_label", "train_inst", "train_img", "val_label"}
    again = synthkit("data", "export", "pix2pixhd/streets_64", out)
    assert again.returncode == 1
    assert "not an empty folder" in again.stderr


def test_init_writes_a_config_once(synthkit, mine):
    Image.new("RGB", (64, 32)).save(mine / "data" / "train_img" / "1.png")
    result = synthkit("data", "init", "data", cwd=mine)
    assert result.returncode == 0, result.stderr
    assert "recognised: pix2pixHD's folders" in result.stdout
    assert "label     {split}_label, maps of ids" in result.stdout
    assert "label: {classes: 3}" in (mine / "data.yaml").read_text()
    again = synthkit("data", "init", "data", cwd=mine)
    assert again.returncode == 1
    assert again.stderr.startswith("error: data.yaml is there already")


def test_show_draws_more_classes_than_there_are_colours(synthkit, mine):
    path = mine / "data" / "train_img" / "1.png"
    Image.new("RGB", (64, 32)).save(path)
    result = synthkit("data", "show", "mine.yaml", "model.inputs.label.classes=1000", cwd=mine)
    assert result.returncode == 0, result.stderr
    assert Image.open(mine / "data.png").width > 400
    result = synthkit("data", "show", "mine.yaml", "model.inputs.label.classes=many", cwd=mine)
    assert "model.inputs.label.classes (command line): 'many' is not an int" in result.stderr


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ({"inputs": {"source": {}}}, "--source SOURCE"),
        ({"inputs": {"label": {"classes": 2}, "boundary": None}}, "--label LABEL"),
        ({"inputs": {"boundary": {}, "label": {"classes": 2}}}, "--label LABEL --instance INSTANCE"),
        ({"inputs": {"source": {}}, "encoder": {"type": "x"}}, "--source SOURCE"),
    ],
)
def test_training_ends_with_the_options_of_its_model(model, options):
    assert needed_options({"model": model, "data": {"type": "folders"}}) == options
    of_pairs = options.replace("--source SOURCE", "--pair PAIR")
    assert needed_options({"model": model, "data": {"type": "aligned"}}) == of_pairs
