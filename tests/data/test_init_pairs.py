"""Which files of people's folders make a sample, by their names and folders, and of which split it is."""

from pathlib import Path

import pytest
from made_folders import coloured, fill, label, photo, written

from synthkit.data.init.layouts import recognise
from synthkit.errors import DataError


def paths_of(samples):
    """The files of each sample by field."""
    return [samples.data[index]["files"] for index in range(len(samples))]


def test_suffixes(tmp_path):
    for split in ("train", "val"):
        fill(tmp_path / "d" / f"{split}_label", label, suffix="_gtFine_labelIds")
        fill(tmp_path / "d" / f"{split}_img", photo, suffix="_leftImg8bit")
    _, cfg, _ = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["suffixes"] == {"label": "_gtFine_labelIds", "image": "_leftImg8bit"}


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


def test_names_that_do_not_pair(tmp_path):
    fill(tmp_path / "d" / "train_img", photo)
    fill(tmp_path / "d" / "train_label", label)
    for number, path in enumerate(sorted((tmp_path / "d" / "train_img").iterdir())):
        path.rename(path.with_name(f"{'abcd'[number]}.png"))
    with pytest.raises(
        DataError, match="no two files have the same name: .*train_label: street 0 …; .*train_img: a …"
    ):
        recognise(tmp_path / "d")


def test_two_folders_without_splits_hold_a_tenth_out(tmp_path):
    fill(tmp_path / "d" / "photos", photo, count=20, ending=".jpg")
    fill(tmp_path / "d" / "masks", label, count=20, suffix="_mask")
    layout, cfg, (train, val) = written(tmp_path / "d", tmp_path)
    assert cfg["data"]["folders"] == {"label": "masks", "image": "photos"}
    assert cfg["data"]["suffixes"] == {"label": "_mask"}
    assert (len(train), len(val)) == (18, 2)
    assert "a tenth of the training samples is held out" in layout.notes[0]


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
