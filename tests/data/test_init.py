"""Folders as people have them: each must be recognised, and the written config must read its samples."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthkit.config import load
from synthkit.data import open_data
from synthkit.data.init import draft
from synthkit.data.init.layouts import recognise
from synthkit.data.splits import validation_split
from synthkit.errors import DataError
from synthkit.inputs import build_inputs, sample_checks

COLOURS = np.array([[0, 0, 0], [128, 64, 128], [70, 130, 180]], np.uint8)


def photo(rng):
    return rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)


def label(rng):
    ids = np.zeros((64, 96), np.uint8)
    ids[: rng.integers(10, 30)] = 1
    ids[30:60, rng.integers(0, 20) : rng.integers(40, 90)] = 2
    return ids


def instance(rng):
    ids = label(rng).astype(np.uint16)
    return np.where(ids == 2, 2000 + np.arange(96) // 48, ids).astype(np.uint16)


def coloured(rng):
    return COLOURS[label(rng)]


def binary(rng):
    return (label(rng) == 2).astype(np.uint8) * 255


def depth(rng):
    return rng.random((64, 96)).astype(np.float32) * 80


def pair(rng):
    return np.concatenate([photo(rng), photo(rng)], 1)


def fill(folder, maker, *, count=4, suffix="", ending=".png"):
    folder.mkdir(parents=True)
    rng = np.random.default_rng("val" in folder.as_posix().rpartition("/d/")[2])
    for number in range(count):
        path = folder / f"street {number}{suffix}{ending}"
        if ending == ".npy":
            np.save(path, maker(rng))
        else:
            Image.fromarray(maker(rng)).save(path)


def written(root, tmp_path):
    """The config that is written for a folder, read back, and its training samples and validation samples."""
    layout, _, text = draft(root)
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    cfg = load(path)
    inputs = build_inputs(cfg["model"]["inputs"])
    fields = [each.field for each in inputs.values()]
    parts = [
        open_data(
            cfg["data"], split, training=training, fields=(*fields, "image"), seed=0, **sample_checks(inputs)
        )
        for split, training in (("train", True), (validation_split(cfg["data"]), False))
    ]
    for part in parts:
        for index in range(len(part)):
            part[index]
    return layout, cfg, parts


def paths_of(samples):
    """The files of each sample by field."""
    return [samples.data[index]["files"] for index in range(len(samples))]


def two_splits(root, **makers):
    for split, count in (("train", 4), ("val", 2)):
        for folder, maker in makers.items():
            fill(root / folder.format(split=split), maker, count=count)


def test_pix2pixhd(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_label": label, "{split}_inst": instance, "{split}_img": photo})
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert layout.name == "pix2pixHD's folders"
    assert layout.notes == []
    assert cfg["data"].keys() == {"type", "root", "transform"}
    assert cfg["model"]["inputs"]["label"] == {"classes": 3}
    assert cfg["model"]["inputs"]["boundary"] == {}
    assert (len(train), len(val)) == (4, 2)


def test_without_instances_there_is_no_boundary(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_label": label, "{split}_img": photo})
    _, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["model"]["inputs"].keys() == {"label"}


def test_suffixes(tmp_path):
    for split in ("train", "val"):
        fill(tmp_path / "d" / f"{split}_label", label, suffix="_gtFine_labelIds")
        fill(tmp_path / "d" / f"{split}_img", photo, suffix="_leftImg8bit")
    _, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["suffixes"] == {"label": "_gtFine_labelIds", "image": "_leftImg8bit"}


def test_a_and_b_of_photos(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_A": photo, "{split}_B": photo})
    layout, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["type"] == "ab_folders"
    assert cfg["model"]["inputs"]["source"]["channels"] == 3
    assert layout.notes == []
    assert train.fields == ("image", "source")


def test_a_and_b_of_labels_and_photos(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_A": label, "{split}_B": photo})
    _, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"] == {"label": "{split}_A", "image": "{split}_B"}
    assert cfg["model"]["inputs"]["label"]["classes"] == 3


def test_images_side_by_side(tmp_path):
    two_splits(tmp_path / "d", **{"{split}": pair})
    layout, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["type"] == "aligned"
    assert "b_to_a" in layout.notes[0]
    assert train[0]["image"].shape == (3, 64, 96)


@pytest.mark.parametrize("folders", [["d"], ["d/train", "d/val"], ["d/holiday 2019"]])
def test_photos_alone_are_made_from_their_edges(tmp_path, folders):
    for folder in folders:
        fill(tmp_path / folder, photo, count=5)
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert layout.name == "photos"
    assert cfg["model"]["inputs"] == {"edge": {}}
    assert train.fields == ("image", "edge")
    assert train[0]["edge"].any()
    assert (len(train), len(val)) == ((5, 5) if len(folders) == 2 else (4, 1))


def edges(rng):
    return np.where(label(rng) == 2, 0, 255).astype(np.uint8)


def test_a_folder_of_edges_is_one_of_drawings(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_edge": edges, "{split}_img": photo, "{split}_label": label})
    layout, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert layout.name == "pix2pixHD's folders"
    assert cfg["model"]["inputs"] == {"label": {"classes": 3}, "edge": {}}
    assert train.data.fields == ("label", "image", "edge")
    fill(tmp_path / "e" / "canny", edges)
    fill(tmp_path / "e" / "photos", photo)
    _, cfg, (train, _) = written(tmp_path / "e", tmp_path)
    assert cfg["data"]["folders"] == {"image": "photos", "edge": "canny"}
    assert train[0]["edge"].mean() < 0.5


def test_the_cityscapes_tree(tmp_path):
    for split in ("train", "val"):
        for folder, maker, suffix in (
            ("gtFine", label, "_gtFine_labelIds"),
            ("gtFine", instance, "_gtFine_instanceIds"),
            ("leftImg8bit", photo, "_leftImg8bit"),
        ):
            fill(tmp_path / suffix, maker, suffix=suffix)
            (tmp_path / "d" / folder / split / "aachen").mkdir(parents=True, exist_ok=True)
            for path in (tmp_path / suffix).iterdir():
                path.rename(tmp_path / "d" / folder / split / "aachen" / path.name)
            (tmp_path / suffix).rmdir()
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert layout.name == "the Cityscapes tree"
    assert cfg["data"]["type"] == "cityscapes"
    assert len(train) == len(val) == 4


def test_the_coco_stuff_tree(tmp_path):
    two_splits(tmp_path / "d", **{"images/{split}2017": photo, "annotations/{split}2017": label})
    _, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"] == {"label": "annotations/{split}2017", "image": "images/{split}2017"}


def test_two_folders_without_splits_hold_a_tenth_out(tmp_path):
    fill(tmp_path / "d" / "photos", photo, count=20, ending=".jpg")
    fill(tmp_path / "d" / "masks", label, count=20, suffix="_mask")
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"] == {"label": "masks", "image": "photos"}
    assert cfg["data"]["suffixes"] == {"label": "_mask"}
    assert (len(train), len(val)) == (18, 2)
    assert "a tenth of the training samples is held out" in layout.notes[0]


def test_label_maps_in_colour_get_a_table(tmp_path):
    two_splits(tmp_path / "d", **{"{split}/colors": coloured, "{split}/photos": photo})
    layout, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["labels"]["colours"] == [[0, 0, 0], [70, 130, 180], [128, 64, 128]]
    assert cfg["model"]["inputs"]["label"]["classes"] == 3
    assert "in colour" in layout.notes[0]
    assert train[0]["label"].unique().tolist() == [0, 1, 2]


def test_label_maps_saved_as_jpeg_are_doubted(tmp_path):
    for split in ("train", "val"):
        fill(tmp_path / "d" / split / "masks", coloured, ending=".jpg")
        fill(tmp_path / "d" / split / "photos", photo)
    layout, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"]["source"] == "{split}/masks"
    assert "{split}/masks sounds like label maps and holds photos: taken for sources" in layout.notes


def test_masks_of_0_and_255(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_mask": binary, "{split}_img": photo})
    layout, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["labels"] == {"ids": {0: 0, 255: 1}}
    assert cfg["model"]["inputs"]["label"] == {"classes": 2}
    assert "255 becomes class 1" in layout.notes[0]
    assert train[0]["label"].unique().tolist() == [0, 1]


def test_float_sources_get_a_range(tmp_path):
    for split in ("train", "val"):
        fill(tmp_path / "d" / split / "depth", depth, ending=".npy")
        fill(tmp_path / "d" / split / "rgb", photo)
    _, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    source = cfg["model"]["inputs"]["source"]
    assert source["channels"] == 1
    assert source["range"][0] < 1 < 79 < source["range"][1]
    assert train[0]["source"].abs().max() <= 1


def test_large_photos_of_many_sizes_are_scaled_and_cropped(tmp_path):
    two_splits(tmp_path / "d", **{"{split}_A": photo, "{split}_B": photo})
    for folder in ("train_A", "train_B"):
        array = np.random.default_rng(0).integers(0, 256, (700, 500, 3)).astype(np.uint8)
        Image.fromarray(array).save(tmp_path / "d" / folder / "street 1.png")
    _, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["transform"] == {"scale_short": 64, "crop": [64, 64], "flip": True}
    assert train[1]["image"].shape == (3, 64, 64)


@pytest.mark.parametrize(
    ("makers", "message"),
    [
        ({}, "there are no images in it"),
        ({"{split}": label}, "one folder of images, {split}"),
        ({"{split}_a": label, "{split}_b": label}, r"no photos, .*{split}_a \(maps of ids\)"),
        ({"val_img": photo, "val_label": label}, "no folder with training images; images are in .*val_img"),
    ],
)
def test_what_is_not_recognised_says_what_was_looked_for(tmp_path, makers, message):
    (tmp_path / "d").mkdir()
    for folder, maker in makers.items():
        fill(tmp_path / "d" / folder.format(split="train"), maker)
    with pytest.raises(DataError, match=message) as caught:
        recognise(tmp_path / "d")
    assert "Looked for: train_label and train_img (pix2pixHD)" in str(caught.value)


def test_names_that_do_not_pair(tmp_path):
    fill(tmp_path / "d" / "train_img", photo)
    fill(tmp_path / "d" / "train_label", label)
    for number, path in enumerate(sorted((tmp_path / "d" / "train_img").iterdir())):
        path.rename(path.with_name(f"{'abcd'[number]}.png"))
    with pytest.raises(
        DataError, match="no two files have the same name: .*train_label: street 0 …; .*train_img: a …"
    ):
        recognise(tmp_path / "d")


def test_starts_of_names(tmp_path):
    fill(tmp_path / "d" / "train_img", photo)
    fill(tmp_path / "d" / "train_label", label, suffix="_mask")
    for path in (tmp_path / "d" / "train_img").iterdir():
        path.rename(path.with_name(path.name.replace("street ", "img_")))
    _, cfg, (train, _) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["patterns"] == {
        "label": r"street\ (?P<stem>.+)_mask[.][^.]+",
        "image": "img_(?P<stem>.+)[.][^.]+",
    }
    assert len(train) == 3
    assert all(Path(files["image"]).stem[4:] in files["label"] for files in paths_of(train))


@pytest.mark.parametrize("splits", [("train", "test"), ("Train", "Test")])
@pytest.mark.parametrize(
    "folders",
    [("{split}A", "{split}B"), ("{split}/masks", "{split}/images"), ("gt/{split}/a", "rgb/{split}/a")],
)
def test_files_of_other_splits_are_no_pairs(tmp_path, splits, folders):
    """The same names in both splits: each training pair must come from the folders that train."""
    for split in splits:
        for folder, maker in zip(folders, (label, photo), strict=True):
            fill(tmp_path / "d" / folder.format(split=split), maker)
    layout, _, (train, val) = written(tmp_path / "d", tmp_path)
    for files in paths_of(train):
        assert all(splits[0] in Path(path).relative_to(tmp_path).as_posix() for path in files.values())
    assert len(val) == (4 if splits[1] == "test" else 1)
    assert any("not used: " in note for note in layout.notes) == (splits[1] == "Test")


def test_nested_folders(tmp_path):
    """The same names in each folder: a pair is of one folder, and all folders are read."""
    for split, places in (("train", ("day", "night")), ("val", ("dusk",))):
        for place in places:
            fill(tmp_path / "d" / "rgb" / split / place, photo, suffix="_rgb", ending=".jpg")
            fill(tmp_path / "d" / "gt" / split / place, coloured, suffix="_gt")
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"] == {"label": "gt/{split}", "image": "rgb/{split}"}
    assert (len(train), len(val)) == (8, 4)
    for files in [*paths_of(train), *paths_of(val)]:
        assert Path(files["label"]).parent.name == Path(files["image"]).parent.name
    assert not any("not used" in note for note in layout.notes)


def test_scenes_pair_within_themselves(tmp_path):
    for scene in ("a", "b"):
        fill(tmp_path / "d" / scene / "rgb", photo)
        fill(tmp_path / "d" / scene / "mask", label)
    layout, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"] == {"label": "a/mask", "image": "a/rgb"}
    assert "not used: b/mask, b/rgb" in layout.notes


def test_other_words_for_splits_are_said_to_be_left_out(tmp_path):
    for split in ("training", "validation"):
        fill(tmp_path / "d" / "images" / split, photo)
        fill(tmp_path / "d" / "annotations" / split, label)
    layout, *_ = written(tmp_path / "d", tmp_path)
    assert "not used: annotations/validation, images/validation" in layout.notes


def test_one_sample_trains_and_validates(tmp_path):
    fill(tmp_path / "d" / "train_label", label, count=1)
    fill(tmp_path / "d" / "train_img", photo, count=1)
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["validation"] == "train"
    assert layout.notes == ["there is one sample, which validates, too"]  # and no photo is in two splits
    assert len(train) == len(val) == 1


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        recognise(tmp_path / "nowhere")
