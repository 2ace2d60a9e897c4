"""Folders as people have them: each must be recognised, and the written config must read its samples."""

import numpy as np
import pytest
from made_folders import (
    binary,
    coloured,
    depth,
    edges,
    fill,
    instance,
    label,
    pair,
    photo,
    two_splits,
    written,
)
from PIL import Image

from synthkit.data.init.layouts import recognise
from synthkit.errors import DataError


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


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        recognise(tmp_path / "nowhere")
