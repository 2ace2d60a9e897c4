"""`synthkit data` as its users meet it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image


def synthkit(*arguments, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "synthkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


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
        "_base_: _base_/pix2pixhd_small\n"
        "model: {inputs: {label: {classes: 3}}}\n"
        "data: {type: folders, root: data}\n"
        "train: {steps: 10}\n"
    )
    (tmp_path / "mine.yaml").write_text(text)
    return tmp_path


def test_check_lists_the_damaged_file_and_ends_with_1(mine):
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


def test_check_of_a_sound_data_set_ends_with_0():
    result = synthkit("data", "check", "pix2pixhd/streets_64", "data.count=40", "--split", "train")
    assert result.returncode == 0, result.stdout
    assert "train: 40 samples of label, instance, image" in result.stdout
    assert " 2  road " in result.stdout
    assert "ready to train" in result.stdout


def test_instances_writes_maps_and_counts_objects(mine):
    result = synthkit("data", "instances", "data/train_label", "data/train_inst", "--things", "2", cwd=mine)
    assert result.returncode == 0, result.stderr
    assert "4 instance maps: data/train_inst\nobjects: class 2: " in result.stdout
    again = synthkit("data", "instances", "data/train_label", "data/train_inst", "--things", "2", cwd=mine)
    assert again.returncode == 1
    assert again.stderr.startswith("error: data/train_inst is there already")


def test_wrong_things_are_one_message(mine):
    result = synthkit("data", "instances", "data/train_label", "out", "--things", "2,car", cwd=mine)
    assert result.returncode == 1
    assert result.stderr == "error: --things '2,car': write class ids as in --things 8,9,10\n"


def test_export_writes_folders_and_overwrites_nothing(tmp_path):
    out = tmp_path / "streets"
    result = synthkit("data", "export", "pix2pixhd/streets_64", out, "--count", 3)
    assert result.returncode == 0, result.stderr
    assert "train: 3 samples: train_label, train_inst, train_img" in result.stdout
    assert {path.name for path in out.iterdir()} >= {"train_label", "train_inst", "train_img", "val_label"}
    again = synthkit("data", "export", "pix2pixhd/streets_64", out)
    assert again.returncode == 1
    assert "not an empty folder" in again.stderr
