"""Instance maps computed from label maps as they are read."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from small_runs import tiny

import synthkit
from synthkit.config import from_dict
from synthkit.data import open_data
from synthkit.data.check import check
from synthkit.data.check.sample import Needs
from synthkit.data.export import Export
from synthkit.data.instances import components, instance_map
from synthkit.data.instances.computed import Instances
from synthkit.data.splits import build_data
from synthkit.errors import ConfigError, DataError
from synthkit.inputs import BoundaryInput

NAMES = ["sky", "road", "car", "tree"]


def blocks(seed, size=(24, 32), classes=4):
    small = np.random.default_rng(seed).integers(0, classes, (size[0] // 4, size[1] // 4))
    return small.repeat(4, 0).repeat(4, 1).astype(np.uint8)


@pytest.fixture
def root(tmp_path):
    for split in ("train", "val"):
        for folder in ("label", "img"):
            (tmp_path / f"{split}_{folder}").mkdir()
        for number in range(3):
            label = blocks(number)
            Image.fromarray(label).save(tmp_path / f"{split}_label" / f"{number}.png")
            photo = np.stack([label * 60] * 3, -1)
            Image.fromarray(photo).save(tmp_path / f"{split}_img" / f"{number}.png")
    return tmp_path


def section(root, instances, **keys):
    data = {"type": "folders", "root": str(root), "names": NAMES, "instances": instances, **keys}
    return from_dict({"data": data})["data"]


def samples(section, *, training=False):
    fields = ("label", "instance", "image")
    return open_data(section, "train", training=training, fields=fields, classes=4, ignore=None, seed=0)


def test_objects_are_the_connected_areas_of_the_classes(root):
    made = build_data(section(root, {"classes": ["car", 3]}), "train")[0]["instance"]
    label = blocks(0)
    assert made.dtype == np.int32
    for thing in (2, 3):
        parts, count = ndimage.label(label == thing, np.ones((3, 3)))
        own = [np.unique(made[parts == number]) for number in range(1, count + 1)]
        assert all(len(ids) == 1 and ids[0] >= 1000 for ids in own)
        assert len({ids[0] for ids in own}) == count
    assert (made[label < 2] == label[label < 2]).all()
    assert np.array_equal(made, instance_map(label, components(label, [2, 3]), numbering="running"))


def test_all_classes_by_default_and_none(root):
    label = blocks(0)
    every = build_data(section(root, {}), "train")[0]["instance"]
    assert len(np.unique(every)) == sum(ndimage.label(label == k, np.ones((3, 3)))[1] for k in range(4))
    assert (every >= 1000).all()
    assert np.array_equal(build_data(section(root, {"classes": []}), "train")[0]["instance"], label)


@pytest.mark.parametrize("classes", [None, [], [2]])
def test_boundaries_are_those_of_the_labels_whatever_the_classes(classes):
    label = blocks(5)
    boundary = BoundaryInput()
    ids = [
        torch.from_numpy(ids.astype(np.int32))[None, None]
        for ids in (Instances(classes=classes)(label, "x"), label)
    ]
    assert torch.equal(*(boundary({"instance": each}) for each in ids))


def test_a_crop_does_not_part_an_object(root):
    """Ids of a cropped, flipped sample are those of the whole map at the same places."""
    config = section(root, {"classes": None}, transform={"crop": [8, 8], "flip": True})
    whole = [sample["instance"] for sample in samples(section(root, {}))]
    for number, sample in enumerate(samples(config, training=True)):
        windows = whole[number][0].unfold(0, 8, 1).unfold(1, 8, 1)
        crop = sample["instance"][0]
        assert any((windows == each).all(-1).all(-1).any() for each in (crop, crop.flip(1)))


def test_null_is_none_of_it(root):
    assert "instance" not in build_data(section(root, None), "train").fields


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        ({"classes": ["cat"]}, r"data.instances.*no class is called 'cat'. Did you mean 'car'\? .*names are"),
        ({"classes": [-1]}, "-1 is no id of a class"),
        ({"classes": 2}, "data.instances.classes"),
        ({"class": [2]}, "unknown key 'class'"),
        ([2], "a mapping is needed"),
    ],
)
def test_wrong_keys_are_refused(root, instances, message):
    with pytest.raises(ConfigError, match=message):
        build_data(section(root, instances), "train")


def test_data_with_instance_maps_of_their_own_are_refused(root):
    (root / "train_inst").mkdir()
    Image.fromarray(blocks(0)).save(root / "train_inst" / "0.png")
    with pytest.raises(ConfigError, match=r"data.instances.*instance maps of their own"):
        build_data(section(root, {}), "train")


def test_data_without_label_maps_are_refused(root):
    with pytest.raises(ConfigError, match=r"computed from label files, and the data have image"):
        build_data(section(root, {}, folders={"image": "{split}_img"}), "train")
    with pytest.raises(ConfigError, match=r"instance maps of their own"):
        build_data(from_dict({"data": {"type": "streets", "instances": {}}})["data"], "train")


def test_labels_that_are_ids_of_objects_are_refused(root):
    Image.fromarray(np.full((24, 32), 1000, np.uint16)).save(root / "train_label" / "0.png")
    with pytest.raises(DataError, match=r"0.png: label 1000: ids from 1000 on"):
        build_data(section(root, {}), "train")[0]


def test_check_and_export_agree(root, tmp_path):
    config = section(root, {"classes": [2]})
    report = check(config, ["train"], Needs(fields=("label", "instance"), classes=4), workers=0)
    assert report.splits[0].fields == ("label", "instance", "image")
    assert not report.problems
    export = Export(config, "train", tmp_path / "out")
    list(export.run(0))
    written = np.asarray(Image.open(tmp_path / "out" / "train_inst" / "1.png"))
    assert np.array_equal(written, build_data(config, "train")[1]["instance"])


def test_a_trained_model_computes_them_too(root, tmp_path):
    data = f"data={{_delete_: true, type: folders, root: '{root}', instances: {{}}}}"
    cfg = tiny(data, "train.steps=1", "model.inputs.label.classes=4")
    model = synthkit.load(synthkit.train(cfg, tmp_path / "run"))
    label = blocks(9)
    assert model.fields == ("label",)
    computed = model.translate(label=label)
    given = model.translate(label=label, instance=Instances()(label, "label"))
    other = model.translate(label=label, instance=np.zeros_like(label))
    assert np.array_equal(computed, given)
    assert not np.array_equal(computed, other)
