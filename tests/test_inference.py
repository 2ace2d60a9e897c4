"""A run as a callable model, and the same from the command line."""

import shutil

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from small_runs import tiny
from typer.testing import CliRunner

import synthkit
from synthkit import config
from synthkit.cli import app, show, train, translate  # noqa: F401  (importing registers the commands)
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError, DataError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inference") / "run"
    cfg = config.load(
        "pix2pixhd/streets_64",
        [
            "data.size=[32, 64]",
            "model.generator={channels: 4, downsamples: 2, blocks: 1}",
            "model.discriminator.channels=4",
            "model.losses.perceptual={_delete_: true, type: l1}",
            "train={steps: 1, batch_size: 1, workers: 0, validation_images: 1, precision: fp32}",
        ],
    )
    return synthkit.train(cfg, folder)


@pytest.fixture(scope="module")
def scene():
    return paint(7, 32, 64)


@pytest.fixture
def maps(tmp_path, scene):
    """Folders of two label and instance maps, with suffixes of their own."""
    for field, array in (("label", scene.label), ("instance", scene.instance.astype(np.uint16))):
        (tmp_path / field).mkdir()
        for name in ("a", "b c"):
            Image.fromarray(array).save(tmp_path / field / f"{name}_{field}Ids.png")
    return tmp_path


def test_arrays_images_and_paths_give_the_same(run, scene, maps):
    model = synthkit.load(run)
    given = {
        "array": (scene.label, scene.instance),
        "image": (Image.fromarray(scene.label), Image.fromarray(scene.instance.astype(np.uint16))),
        "path": (maps / "label" / "a_labelIds.png", str(maps / "instance" / "a_instanceIds.png")),
    }
    images = [np.asarray(model.translate(label=a, instance=b)) for a, b in given.values()]
    assert images[0].shape == (32, 64, 3)
    assert all(np.array_equal(image, images[0]) for image in images)


def test_sampling_in_training_is_the_same_path(run):
    """The picture that training drew is what the loaded model makes of the same maps."""
    from synthkit.registry import DATASETS

    sample = DATASETS.build({"type": "streets", "size": [32, 64]}, split="val")[0]
    drawn = Image.open(run / "samples" / "00000001" / "streets_val_00000.fake.png")
    image = synthkit.load(run).translate(label=sample["label"], instance=sample["instance"])
    assert np.array_equal(np.asarray(drawn), np.asarray(image))


@pytest.mark.parametrize("size", [(33, 65), (20, 96), (1, 1)])
def test_any_size_comes_back(run, size):
    scene = [np.zeros(size, kind) for kind in (np.uint8, np.int32)]
    assert synthkit.load(run).translate(label=scene[0], instance=scene[1]).size == size[::-1]


def test_wrong_inputs(run, scene, maps):
    model = synthkit.load(run)
    with pytest.raises(DataError, match="translates label \\+ instance; it was given label"):
        model.translate(label=scene.label)
    with pytest.raises(DataError, match="source"):
        model.translate(label=scene.label, instance=scene.instance, source=scene.image)
    label = scene.label.copy()
    label[2, 3] = 12
    with pytest.raises(DataError, match=r"label 12 at x=3, y=2 is outside 0\.\.11"):
        model.translate(label=label, instance=scene.instance)
    with pytest.raises(DataError, match="differ in size"):
        model.translate(label=scene.label[:16], instance=scene.instance)
    with pytest.raises(DataError, match="mode RGB"):
        model.translate(label=Image.fromarray(scene.image), instance=scene.instance)
    with pytest.raises(DataError, match="no such file"):
        model.translate(label=maps / "nothing.png", instance=scene.instance)


def test_a_run_is_all_it_needs(run, scene, tmp_path, monkeypatch):
    """A copy elsewhere, one checkpoint of it, and a call from another folder."""
    shutil.copytree(run / "checkpoints" / "00000001", tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    images = [
        np.asarray(synthkit.load(place).translate(label=scene.label, instance=scene.instance))
        for place in (run, "moved")
    ]
    assert np.array_equal(*images)
    with pytest.raises(CheckpointError, match="no run folder"):
        synthkit.load("nowhere")


@pytest.fixture(scope="module")
def source_run(tmp_path_factory):
    """A model of two-channel 12 bit sources in NPY, trained for one step."""
    folder = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(0)
    for name in ("train_A", "train_B", "val_A", "val_B"):
        (folder / name).mkdir()
    for split in ("train", "val"):
        np.save(folder / f"{split}_A" / "a.npy", rng.integers(0, 4096, (32, 48, 2), np.uint16))
        Image.fromarray(rng.integers(0, 256, (32, 48, 3), np.uint8)).save(folder / f"{split}_B" / "a.png")
    cfg = config.load(
        "pix2pixhd/streets_64",
        [
            f"data={{_delete_: true, type: ab_folders, root: {folder}}}",
            "model.inputs={_delete_: true, source: {channels: 2, range: [0, 4095]}}",
            "model.generator={channels: 4, downsamples: 2, blocks: 1}",
            "model.discriminator.channels=4",
            "model.losses.perceptual={_delete_: true, type: l1}",
            "train={steps: 1, batch_size: 1, workers: 0, validation_images: 1, precision: fp32}",
        ],
    )
    return synthkit.train(cfg, folder / "run"), folder / "val_A" / "a.npy"


def test_sources_of_any_depth_translate_from_arrays_and_files(source_run, tmp_path):
    run, path = source_run
    model, array = synthkit.load(run), np.load(path)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", planarconfig="contig")
    drawn = np.asarray(Image.open(run / "samples" / "00000001" / "a.fake.png"))
    for source in (path, array, array.astype(np.float64), tmp_path / "a.tif"):
        np.testing.assert_array_equal(np.asarray(model.translate(source=source)), drawn)
    with pytest.raises(DataError, match="source: value 4096 at x=0, y=0, channel 0"):
        model.translate(source=np.full((4, 4, 2), 4096))
    with pytest.raises(DataError, match="has 1 channel, and the model wants 2"):
        model.translate(source=Image.new("L", (8, 8)))
    result = CliRunner().invoke(
        app, ["translate", str(run), str(tmp_path / "o"), "--source", str(path.parent)]
    )
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "o" / "a.png")), drawn)


def test_gradients_and_modes_are_left_alone(run, scene):
    translator = synthkit.load(run).translator
    translator.networks.train()
    batch = {"label": torch.zeros(1, 1, 8, 8).int(), "instance": torch.zeros(1, 1, 8, 8).int()}
    assert not translator.translate(batch).requires_grad
    assert all(module.training for module in translator.networks.modules())


def test_command_translates_folders_and_files(run, maps, tmp_path):
    folders = ["--label", str(maps / "label"), "--instance", str(maps / "instance")]
    result = CliRunner().invoke(app, ["translate", str(run), str(tmp_path / "out"), *folders])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b c.png"]
    files = [
        *("--label", str(maps / "label" / "a_labelIds.png")),
        *("--instance", str(maps / "instance" / "a_instanceIds.png")),
    ]
    result = CliRunner().invoke(app, ["translate", str(run), str(tmp_path / "one.png"), *files])
    assert result.exit_code == 0, result.output
    assert Image.open(tmp_path / "one.png").size == (64, 32)


def test_coloured_labels_are_read_as_in_training(tmp_path, scene):
    """Trained on label maps in colours: a coloured file or image has the bits of the ids it stands for."""
    colours = np.random.default_rng(0).permutation(256)[:36].reshape(12, 3).astype(np.uint8)
    for split in ("train", "val"):
        for field, array in (("label", colours[scene.label]), ("img", scene.image)):
            folder = tmp_path / f"{split}_{field}"
            folder.mkdir()
            Image.fromarray(array).save(folder / "a.png")
    data = {"type": "folders", "root": str(tmp_path), "labels": {"colours": colours.tolist()}}
    cfg = tiny("model.inputs.boundary=null", "train.steps=1", "train.batch_size=1")
    run = synthkit.train(config.from_dict(config.plain(cfg) | {"data": data}), tmp_path / "run")
    model, file = synthkit.load(run), tmp_path / "val_label" / "a.png"
    images = [model.translate(label=label) for label in (scene.label, file, Image.open(file))]
    assert images[0].tobytes() == images[1].tobytes() == images[2].tobytes()
    file = tmp_path / "unknown.png"
    Image.new("RGB", (32, 16), (1, 2, 3)).save(file)
    with pytest.raises(DataError, match=r"unknown\.png: colour \[1, 2, 3\] at x=0, y=0 is in no row"):
        model.translate(label=file)


def test_tables_of_ids_outlive_the_checkpoint(tmp_path, scene):
    """Masks of 0 and 255: JSON makes text of the table's keys, and the model reads files all the same."""
    mask = np.where(scene.label > 2, 255, 0).astype(np.uint8)
    for split in ("train", "val"):
        for field, array in (("label", mask), ("img", scene.image)):
            (tmp_path / f"{split}_{field}").mkdir()
            Image.fromarray(array).save(tmp_path / f"{split}_{field}" / "a.png")
    data = {"type": "folders", "root": str(tmp_path), "labels": {"ids": {0: 0, 255: 1}}}
    cfg = tiny("model.inputs={_delete_: true, label: {classes: 2}}", "train.steps=1", "train.batch_size=1")
    run = synthkit.train(config.from_dict(config.plain(cfg) | {"data": data}), tmp_path / "run")
    model = synthkit.load(run)
    images = [model.translate(label=label) for label in (mask // 255, tmp_path / "val_label" / "a.png")]
    assert images[0].tobytes() == images[1].tobytes()


def test_inputs_are_never_written_over(run, maps, tmp_path):
    for field in ("label", "instance"):
        for path in (maps / field).iterdir():
            path.rename(path.with_name(path.name.replace(f"_{field}Ids", "")))
    before = (maps / "label" / "a.png").read_bytes()
    folders = ["--label", str(maps / "label"), "--instance", str(maps / "instance")]
    for out in (maps / "label", maps / "instance"):
        result = CliRunner().invoke(app, ["translate", str(run), str(out), *folders])
        assert isinstance(result.exception, DataError)
        assert "would be written over" in str(result.exception)
    files = ["--label", str(maps / "label" / "a.png"), "--instance", str(maps / "instance" / "a.png")]
    result = CliRunner().invoke(app, ["translate", str(run), str(maps / "label" / "a.png"), *files])
    assert "would be written over" in str(result.exception)
    assert (maps / "label" / "a.png").read_bytes() == before
