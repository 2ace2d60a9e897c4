"""Other people's folders, read as they are."""

import numpy as np
import pytest
import yaml
from PIL import Image

from synthkit.data.cityscapes import CLASSES
from synthkit.data.splits import build_data
from synthkit.errors import ConfigError, DataError
from synthkit.paths import configs_dir
from synthkit.registry import DATASETS


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).save(path)


def grey(path, value=0, size=(4, 6)):
    save(path, np.full(size, value, np.uint8))


def colour(path, value=0, size=(4, 6)):
    save(path, np.full((*size, 3), value, np.uint8))


def opened(root, split="train", type="folders", **more):
    return DATASETS.build({"type": type, "root": str(root), **more}, split=split)


def test_patterns_pick_the_files_of_each_field_from_one_folder(tmp_path):
    for number, stem in enumerate(("a", "b_2")):
        colour(tmp_path / "train" / f"{stem}_rgb.png", number)
        grey(tmp_path / "train" / f"{stem}_mask7.png", number)
    data = opened(
        tmp_path,
        folders={"label": "{split}", "image": "{split}"},
        patterns={"label": r"(?P<stem>.+)_mask\d[.]png", "image": r"(?P<stem>.+)_rgb[.]png"},
    )
    assert data.problems == []
    assert data.stems == ("a", "b_2")
    assert (data[1]["label"].max(), data[1]["image"].max()) == (1, 1)


def test_a_pattern_with_a_slash_reaches_inner_folders_and_links(tmp_path):
    colour(tmp_path / "elsewhere" / "x.png", 1)
    colour(tmp_path / "train_img" / ".cache" / "y.png")
    colour(tmp_path / "train_img" / "day" / "x.png", 2)
    (tmp_path / "train_img" / "night").symlink_to(tmp_path / "elsewhere")
    folders = {"image": "{split}_img"}
    data = opened(tmp_path, folders=folders, patterns={"image": "(?P<stem>[^/]+/.+)[.]png"})
    assert data.stems == ("day_x", "night_x")
    assert data.read("image", "night_x").max() == 1
    twice = opened(tmp_path, folders=folders, patterns={"image": "[^/]+/(?P<stem>.+)[.]png"})
    assert [(problem.kind, problem.place) for problem in twice.problems] == [
        ("two files of one stem", str(tmp_path / "train_img" / "night" / "x.png"))
    ]


def test_the_only_split_is_no_other_one(tmp_path):
    """Without {split}, val would be the training samples again, and its scores those of a memory."""
    colour(tmp_path / "photos" / "x.png")
    section = {"type": "folders", "root": str(tmp_path), "folders": {"image": "photos"}}
    assert len(build_data(section, "train")) == 1
    with pytest.raises(DataError, match=r"no split 'val', for no folder .* data.validation: 0.1, or"):
        build_data(section, "val")
    assert len(build_data(section | {"validation": 0.1}, "val")) == 1


def test_files_out_of_reach_are_hinted_at(tmp_path):
    colour(tmp_path / "train_img" / "day" / "x.png")
    (problem,) = opened(tmp_path).problems
    assert "such as day, are not looked into: in a config data.patterns" in problem.message
    (problem,) = opened(tmp_path, patterns={"image": ".+/(?P<stem>.+)[.]jpg"}).problems
    assert problem.kind == "no files"
    assert "none of its 1 images matches the pattern .+/" in problem.message


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"patterns": {"image": "(.+).png"}}, r"patterns: image: .* lacks the group \(\?P<stem>"),
        ({"patterns": {"image": "(?P<stem>.+"}}, "patterns: image: .* is no regular expression"),
        ({"patterns": {"images": "(?P<stem>.+)"}}, "patterns: unknown images"),
        ({"patterns": {"image": "(?P<stem>.+)"}, "suffixes": {"image": "_x"}}, "has a suffix, too"),
        ({"labels": {"colours": [[1, 2]]}}, "colours: row 0"),
        ({"type": "aligned", "direction": "left"}, "a_to_b"),
        ({"type": "cityscapes", "ids": "trainIds"}, "label.*train"),
    ],
)
def test_nonsense_in_the_config(tmp_path, more, reason):
    colour(tmp_path / "train_img" / "a.png")
    with pytest.raises(ConfigError, match=reason):
        opened(tmp_path, **more)


def test_labels_in_colour(tmp_path):
    save(tmp_path / "train_label" / "a.png", np.array([[[9, 9, 9], [7, 0, 0]]], np.uint8))
    data = opened(tmp_path, labels={"colours": [[7, 0, 0], [9, 9, 9]]})
    assert data[0]["label"].tolist() == [[1, 0]]


def test_a_and_b_folders(tmp_path):
    colour(tmp_path / "train_A" / "a.png", 10)
    colour(tmp_path / "train_B" / "a.png", 20)
    for direction, source, image in (("a_to_b", 10, 20), ("b_to_a", 20, 10)):
        sample = opened(tmp_path, type="ab_folders", direction=direction)[0]
        assert (sample["source"].max(), sample["image"].max()) == (source, image)
    grey(tmp_path / "test_A" / "a.png", 3)
    data = opened(tmp_path, "test", folders={"label": "{split}_A", "image": "{split}_B"})
    assert data.fields == ("label",)  # a test split may lack photos
    assert data[0]["label"].max() == 3


def test_sources_that_are_no_images(tmp_path):
    for folder in ("train_A", "train_B"):
        colour(tmp_path / folder / "a.png")
    (tmp_path / "train_A" / "a.png").unlink()
    depth = np.linspace(0, 9, 24, dtype=np.float32).reshape(4, 6)
    np.save(tmp_path / "train_A" / "a.npy", depth)
    np.testing.assert_array_equal(opened(tmp_path, type="ab_folders")[0]["source"][..., 0], depth)


def test_side_by_side_images(tmp_path):
    pair = np.random.default_rng(0).integers(0, 256, (4, 12, 3), np.uint8)
    save(tmp_path / "train" / "1.png", pair)
    left, right = pair[:, :6], pair[:, 6:]
    for direction, source, image in (("a_to_b", left, right), ("b_to_a", right, left)):
        data = opened(tmp_path, type="aligned", direction=direction)
        assert data.fields == ("image", "source")
        sample = data[0]
        np.testing.assert_array_equal(sample["source"], source)
        np.testing.assert_array_equal(sample["image"], image)
    with pytest.raises(DataError, match=r"\(val\); splits there: train"):
        opened(tmp_path, "val", type="aligned")


def test_an_odd_width_names_the_file(tmp_path):
    colour(tmp_path / "train" / "1.png", size=(4, 7))
    with pytest.raises(DataError, match=r"train/1.png: is 7 pixels wide"):
        opened(tmp_path, type="aligned")[0]


def cityscapes(root, ids, size=(4, 9)):
    """One scene per city in the folders of the data set, with the label ids `ids`."""
    label = np.resize(np.array(ids, np.uint8), size)
    for city, number in (("aachen", 1), ("bochum", 2)):
        stem = f"{city}_000000_00001{number}"
        save(root / "gtFine" / "train" / city / f"{stem}_gtFine_labelIds.png", label)
        save(
            root / "gtFine" / "train" / city / f"{stem}_gtFine_instanceIds.png",
            label.astype(np.uint16) * 1000,
        )
        colour(root / "gtFine" / "train" / city / f"{stem}_gtFine_color.png", size=size)
        colour(root / "leftImg8bit" / "train" / city / f"{stem}_leftImg8bit.png", size=size)
    return label


def test_cityscapes_as_it_is_published(tmp_path):
    label = cityscapes(tmp_path, range(34))
    data = opened(tmp_path, type="cityscapes")
    assert data.problems == []
    assert data.stems == ("aachen_000000_000011", "bochum_000000_000012")
    sample = data[0]
    np.testing.assert_array_equal(sample["label"], label)
    assert sample["instance"].max() == 33000
    assert len(data.names) == len(data.palette) == 35


def test_cityscapes_plates_are_class_34(tmp_path):
    cityscapes(tmp_path, [26, 255])
    assert set(opened(tmp_path, type="cityscapes")[0]["label"].flat) == {26, 34}


def test_cityscapes_train_ids(tmp_path):
    """The ids that the benchmark's table gives, spelt out a second time."""
    train = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    label = cityscapes(tmp_path, [*range(34), 255, 255])
    data = opened(tmp_path, type="cityscapes", ids="train")
    expected = [[train.index(value) if value in train else 255 for value in row] for row in label.tolist()]
    assert data[0]["label"].tolist() == expected
    assert data.names[0] == "road"
    assert data.names[18] == "bicycle"
    assert len(data.names) == len(data.palette) == 19
    void = opened(tmp_path, type="cityscapes", ids="train_void")
    assert np.array_equal(void[0]["label"], np.where(data[0]["label"] == 255, 19, data[0]["label"]))
    assert void.names == (*data.names, "void")


def test_cityscapes_names_are_those_of_the_other_layout():
    folders = yaml.safe_load((configs_dir() / "_base_" / "cityscapes.yaml").read_text())["data"]
    assert [name for name, _, _ in CLASSES] == folders["names"]
    assert [list(shade) for _, _, shade in CLASSES] == folders["palette"]


def test_real_cityscapes_in_its_tree(shared_data, tmp_path):
    for folder, kind in (("train_label", "gtFine"), ("train_inst", "gtFine"), ("train_img", "leftImg8bit")):
        for path in (shared_data / "cityscapes-sample" / folder).iterdir():
            place = tmp_path / kind / "train" / path.name.partition("_")[0]
            place.mkdir(parents=True, exist_ok=True)
            (place / path.name).symlink_to(path)
    data = opened(tmp_path, type="cityscapes", ids="train")
    assert data.problems == []
    assert len(data) == 8
    sample = data[0]
    assert sample["label"].shape == sample["image"].shape[:2] == (1024, 2048)
    assert set(np.unique(sample["label"])) <= {*range(19), 255}
    cars = sample["label"] == 13
    assert (sample["instance"][cars] // 1000 == 26).all()


def test_real_coco_stuff_in_both_layouts(shared_data, tmp_path):
    spade = opened(shared_data / "coco-stuff-sample", "val")
    assert spade.problems == []
    assert spade.fields == ("label", "instance", "image")
    for folder, place in (("val_label", "annotations"), ("val_img", "images")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "val2017").symlink_to(shared_data / "coco-stuff-sample" / folder)
    tree = yaml.safe_load((configs_dir() / "_base_" / "coco_stuff_tree.yaml").read_text())["data"]
    published = opened(tmp_path, "val", folders=tree["folders"])
    assert published.stems == spade.stems
    np.testing.assert_array_equal(published[0]["label"], spade[0]["label"])
    assert len({sample["image"].shape for sample in (spade[index] for index in range(len(spade)))}) > 1
