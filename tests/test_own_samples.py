"""A trained model translates the samples of its own data without naming a file."""

import numpy as np
import pytest
from PIL import Image
from small_runs import tiny
from small_styles import call

import synthkit
from synthkit import config
from synthkit.data.streets import paint
from synthkit.errors import DataError
from synthkit.own_samples import OwnSamples
from synthkit.registry import DATASETS


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return synthkit.train(tiny("train.steps=1", "train.batch_size=1"), tmp_path_factory.mktemp("own") / "run")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A model of drawings whose data, files, have photos alone, and the folder of these."""
    folder = tmp_path_factory.mktemp("edges")
    for split in ("train", "val"):
        (folder / f"{split}_img").mkdir()
        for name in "ab":
            Image.fromarray(paint(7, 32, 64).image).save(folder / f"{split}_img" / f"{name}.png")
    cfg = tiny("model.inputs={_delete_: true, edge: {detector: canny}}", "train.steps=1")
    data = {"type": "folders", "root": str(folder)}
    run = synthkit.train(config.from_dict(config.plain(cfg) | {"data": data}), folder / "run")
    return run, folder / "val_img"


def test_the_split_is_translated_as_its_maps_are(run, tmp_path):
    printed = call("translate", run, tmp_path / "out", "--split", "val", "--count", 2)
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["streets_val_00000.png", "streets_val_00001.png"] and "2 images" in printed
    data = DATASETS.build({"type": "streets", "size": [16, 32]}, split="val")
    for index, name in enumerate(files):
        maps = {field: data[index][field] for field in ("label", "instance")}
        expected = synthkit.load(run).translate(**maps, seed=index)
        assert np.array_equal(Image.open(tmp_path / "out" / name), expected)


def test_all_samples_are_those_of_the_split(run):
    assert len(OwnSamples(synthkit.load(run), "train")) == 5


def test_one_image_may_be_a_file(run, tmp_path):
    call("translate", run, tmp_path / "one.png", "--split", "val", "--count", 1)
    assert Image.open(tmp_path / "one.png").size == (32, 16)


def test_edges_are_found_in_photos(drawn, tmp_path):
    run, photos = drawn
    call("translate", run, tmp_path / "out", "--split", "val")
    expected = synthkit.load(run).translate(edge_from=photos / "b.png", seed=1)
    assert np.array_equal(Image.open(tmp_path / "out" / "b.png"), expected)


def test_what_cannot_be(run, drawn, tmp_path):
    with pytest.raises(DataError, match="own data: leave out label"):
        call("translate", run, tmp_path / "out", "--split", "val", "--label", tmp_path / "a.png")
    for out, count in ((drawn[1], 2), (drawn[1] / "a.png", 1)):
        with pytest.raises(DataError, match=r"val_img holds the run's own data"):
            call("translate", drawn[0], out, "--split", "val", "--count", count)
    with pytest.raises(DataError, match="for split 'test'.*splits there: train, val"):
        call("translate", drawn[0], tmp_path / "out", "--split", "test")
    assert not (tmp_path / "out").exists()
