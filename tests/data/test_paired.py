import numpy as np
import pytest
from PIL import Image

from synthkit.data import open_data
from synthkit.data.paired import Folders
from synthkit.data.problems import refusal
from synthkit.errors import ConfigError, DataError
from synthkit.registry import DATASETS

CITYSCAPES = {"label": "_gtFine_labelIds", "instance": "_gtFine_instanceIds", "image": "_leftImg8bit"}


def write(root, folder, *names, size=(4, 3), dtype=np.uint8):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        shape = (*size[::-1], 3) if "img" in folder or folder[-1] in "AB" else size[::-1]
        Image.fromarray(np.full(shape, number, dtype)).save(root / folder / name)


def test_layout_of_pix2pixhd_is_the_default(tmp_path):
    for folder in ("train_label", "train_inst", "train_img"):
        write(tmp_path, folder, "b.png", "a.PNG", "c.png")
    (tmp_path / "train_img" / ".hidden.png").touch()
    (tmp_path / "train_img" / "notes.txt").touch()
    data = Folders("train", root=str(tmp_path), names=["road", "sky"], palette=[[1, 2, 3], [4, 5, 255]])
    assert data.fields == ("label", "instance", "image")
    assert data.names == ("road", "sky")
    assert data.palette.tolist() == [[1, 2, 3], [4, 5, 255]]
    assert data.palette.dtype == np.uint8
    assert [data[index]["name"] for index in range(len(data))] == ["a", "b", "c"]
    sample = data[0]
    assert (sample["label"] == 1).all()
    assert sample["label"].shape == (3, 4)
    assert sample["instance"].dtype == np.int32
    assert sample["image"].shape == (3, 4, 3)
    assert sample["files"]["image"] == str(tmp_path / "train_img" / "a.PNG")
    assert "source" not in sample


def test_given_folders_replace_the_default_ones(tmp_path):
    write(tmp_path, "test_A", "x.jpg")
    write(tmp_path, "test_B", "x.png")
    data = Folders("test", root=str(tmp_path), folders={"image": "{split}_B", "source": "{split}_A"})
    assert data.fields == ("image", "source")
    assert data[0]["source"].shape == data[0]["image"].shape == (3, 4, 3)


def test_suffixes_are_removed(tmp_path):
    write(tmp_path, "val_label", "a_1_gtFine_labelIds.png", "a_2_gtFine_labelIds.png")
    write(tmp_path, "val_img", "a_1.png", "a_2.png")
    data = Folders("val", root=str(tmp_path), suffixes={"label": "_gtFine_labelIds"})
    assert data.stems == ("a_1", "a_2")


def test_names_in_two_spellings_of_unicode_pair(tmp_path):
    write(tmp_path, "train_label", "caf\u00e9 1.png")
    write(tmp_path, "train_img", "cafe\u0301 1.png")
    assert Folders("train", root=str(tmp_path)).stems == ("caf\u00e9 1",)


def test_every_extension_in_any_case(tmp_path):
    names = ["a.png", "b.jpg", "c.JPEG", "d.webp", "e.bmp", "f.Tif", "g.tiff"]
    write(tmp_path, "train_img", *names)
    assert len(Folders("train", root=str(tmp_path))) == len(names)


def problems(split, root, **more):
    """The kinds, files and messages of a split's problems."""
    found = Folders(split, root=str(root), **more).problems
    return [(kind, place.removeprefix(f"{root}/"), message) for kind, place, message in found]


def test_leftovers_are_problems_in_both_directions(tmp_path):
    write(tmp_path, "train_label", "both.png", "a.png")
    write(tmp_path, "train_img", "both.png", "extra.png")
    assert problems("train", tmp_path) == [
        ("no partner", "train_label/a.png", "no image file has its stem 'a'"),
        ("no partner", "train_img/extra.png", "no label file has its stem 'extra'"),
    ]
    data = Folders("train", root=str(tmp_path))
    assert data.stems == ("both",)
    assert data.read("image", "both").shape == (3, 4, 3)
    assert data.files["label"]["a"] == tmp_path / "train_label" / "a.png"


def test_refusal_groups_by_folder_and_counts(tmp_path):
    write(tmp_path, "train_label", "both.png", *(f"{k:02}.png" for k in range(13)))
    write(tmp_path, "train_img", "both.png", "extra.png")
    message = str(refusal(Folders("train", root=str(tmp_path)).problems))
    assert message.startswith("14 problems in the files:\n")
    assert f"no partner: 13 in {tmp_path / 'train_label'}: 00.png, 01.png" in message
    assert "09.png and 3 more; of the first: no image file has its stem '00'" in message
    assert "10.png" not in message
    assert f"no partner: {tmp_path / 'train_img' / 'extra.png'}: no label" in message


def test_open_data_refuses_what_has_problems(tmp_path):
    write(tmp_path, "train_label", "a.png")
    write(tmp_path, "train_img", "a.png", "b.png")
    section = {"type": "folders", "root": str(tmp_path)}
    with pytest.raises(DataError, match=r"1 problem in the files:\s+no partner: .*train_img/b.png"):
        open_data(section, "train", training=True, fields=("label",), classes=9, ignore=None, seed=0)


def test_leftovers_that_share_an_ending_suggest_a_suffix(tmp_path):
    write(tmp_path, "train_label", "a_1_labelIds.png", "a_2_labelIds.png")
    write(tmp_path, "train_img", "a_1.png", "a_2.png")
    assert "suffixes: {label: _labelIds}" in problems("train", tmp_path)[0][2]


def test_wrong_suffix_names_the_file_and_the_ending_that_all_share(tmp_path):
    write(tmp_path, "train_label", "a_1_labelIds.png", "a_2_labelIds.png")
    write(tmp_path, "train_img", "a_1.png")
    found = problems("train", tmp_path, suffixes={"label": "_color"})
    message = "its stem lacks the suffix '_color', as 2 of 2 files here do; all files here end in '_labelIds'"
    assert found == [("no suffix", f"train_label/a_{k}_labelIds.png", message) for k in (1, 2)]


def test_two_files_of_one_stem(tmp_path):
    write(tmp_path, "train_img", "a.jpg", "a.png")
    ((kind, place, message),) = problems("train", tmp_path)
    assert (kind, place) == ("two files of one stem", "train_img/a.png")
    assert "train_img/a.jpg" in message


def test_empty_folder(tmp_path):
    write(tmp_path, "train_label", "a.png")
    (tmp_path / "train_img").mkdir()
    ((kind, place, message),) = problems("train", tmp_path)
    assert (kind, place) == ("no files", "train_img")
    assert message.startswith("0 images in it (looked for .png, .jpg")


def test_missing_root_is_shown_whole_with_what_it_should_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"{tmp_path}/nowhere: .*train_img, train_inst, train_label"):
        Folders("train", root="nowhere")


def test_missing_split_lists_the_splits_there_are(tmp_path):
    write(tmp_path, "train_label", "a.png")
    write(tmp_path, "val_img", "a.png")
    with pytest.raises(DataError, match=r"split 'test' .*splits there: train, val$"):
        Folders("test", root=str(tmp_path))
    with pytest.raises(DataError, match=r"\(test/A\); splits there: none"):
        Folders("test", root=str(tmp_path), folders={"image": "{split}/A"})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            {"folders": {"img": "{split}"}},
            "folders: unknown img; the fields are label, instance, image, source",
        ),
        ({"suffixes": {"labels": "_x"}}, "suffixes: unknown labels"),
        ({"palette": [[1, 2]]}, r"palette: .*\[red, green, blue\]"),
        ({"palette": [[1, 2, 256]]}, "palette: .*0 to 255"),
    ],
)
def test_nonsense_in_the_config(tmp_path, wrong, reason):
    write(tmp_path, "train_img", "a.png")
    with pytest.raises(ConfigError, match=reason):
        DATASETS.build({"type": "folders", "root": str(tmp_path), **wrong}, split="train")


def test_real_cityscapes(shared_data):
    data = Folders("train", root=str(shared_data / "cityscapes-sample"), suffixes=CITYSCAPES)
    assert len(data) == 8
    assert data.fields == ("label", "instance", "image")
    sample = data[0]
    assert sample["name"] == "aachen_000000_000019"
    assert sample["label"].shape == sample["instance"].shape == sample["image"].shape[:2] == (1024, 2048)
    things = sample["instance"] >= 1000
    assert sample["instance"].max() > 32767
    np.testing.assert_array_equal(sample["instance"][things] // 1000, sample["label"][things])


def test_real_cityscapes_test_split_has_no_photos(shared_data):
    data = Folders("test", root=str(shared_data / "cityscapes-sample"), suffixes=CITYSCAPES)
    assert data.fields == ("label", "instance")
    assert len(data) == 15


def test_real_camvid(shared_data):
    data = Folders("train", root=str(shared_data / "camvid-256"))
    assert data.fields == ("label", "image")
    assert len(data) == 367
    assert data[0]["label"].shape == (192, 256)
    assert data[0]["label"].max() == 11
